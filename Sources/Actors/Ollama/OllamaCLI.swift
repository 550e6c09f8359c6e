public import Platform
internal import Rules

/// An Ollama server, through the `ollama` program.
public struct OllamaCLI: ModelServer {
  /// How long a command other than a pull may take: the program itself waits for ever.
  static let commandTimeout = Duration.seconds(60)
  /// Bytes of output that are kept of a command: `list` prints 100 for each model.
  static let keptOutput = 4 << 20
  /// Bytes of output that are kept of a pull: its error is in the last ones.
  static let keptPullOutput = 64 << 10
  /// What systemd tells us alone and a child must not see.
  static let privateVariables: Set<String> = [
    "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
  ]

  /// What the daemon is trusted with and its children are not.
  static let secretPrefixes = ["SUPABASE_", "NEXT_PUBLIC_SUPABASE_", "CREDENTIALS_DIRECTORY", "RETRAIND_CONFIG"]

  /// Path, or name to look up in `PATH`.
  let program: String
  /// The child's environment.
  let environment: [String: String]
  /// What runs it.
  let runner: any ProcessRunner
  /// Time from SIGTERM to SIGKILL.
  let grace: Duration
  /// How long a pull may go without getting on.
  let timeouts: PullTimeouts
  /// What pulls are watched with.
  let clock: PullClock
  /// True where registries are asked without TLS.
  let isInsecure: Bool

  /// Makes a client; runs nothing yet.
  ///
  /// - Parameters:
  ///   - host: what `OLLAMA_HOST` is set to; nil leaves it as it is in the environment.
  ///   - environment: what the child inherits.
  public init(
    program: String = "ollama", host: String?, environment: [String: String], runner: any ProcessRunner,
    grace: Duration = .seconds(10), timeouts: PullTimeouts = .cli, clock: PullClock = .system,
    isInsecure: Bool = false
  ) {
    self.program = program
    var inherited = environment.filter { variable in
      !Self.privateVariables.contains(variable.key) && !Self.secretPrefixes.contains { variable.key.hasPrefix($0) }
    }
    if let host { inherited["OLLAMA_HOST"] = host }
    self.environment = inherited
    self.runner = runner
    self.grace = grace
    self.timeouts = timeouts
    self.clock = clock
    self.isInsecure = isInsecure
  }

  /// What it is.
  public var name: String { "ollama CLI (\(program))" }

  /// True where the program can be started, whether or not a server answers it.
  public func isInstalled() async -> Bool {
    do throws(ModelServerFailure) {
      _ = try await run(["--version"])
      return true
    } catch {
      return error.kind != .missingProgram && error.kind != .exhausted
    }
  }

  /// What the server has under a name.
  public func digest(of model: String) async throws(ModelServerFailure) -> ModelDigest? {
    try OllamaAPI.check(model)
    return try await models().named(model)
  }

  /// Every model that the server has.
  public func models() async throws(ModelServerFailure) -> [ModelDigest] {
    let result = try await run(["list"])
    try expectSuccess(result, "ollama list")
    return CLIOutput.models(in: result.standardOutput)
  }

  /// What a name holds.
  public func content(of model: String) async throws(ModelServerFailure) -> ModelContent? {
    try OllamaAPI.check(model)
    let result = try await run(["show", "--modelfile", model])
    try expectSuccess(result, "ollama show --modelfile \(model)", missingIsFine: true)
    return ModelContent(modelfile: String(decoding: result.standardOutput, as: UTF8.self))
  }

  /// Gives a model a second name.
  public func copy(_ model: String, to other: String) async throws(ModelServerFailure) {
    try OllamaAPI.check(model)
    try OllamaAPI.check(other)
    try expectSuccess(try await run(["cp", model, other]), "ollama cp \(model) \(other)")
  }

  /// Removes a name.
  public func delete(_ model: String) async throws(ModelServerFailure) {
    try OllamaAPI.check(model)
    try expectSuccess(try await run(["rm", model]), "ollama rm \(model)", missingIsFine: true)
  }

  /// Ends the runner that serves a name's weights; a name that is not there has none.
  public func unload(_ model: String) async throws(ModelServerFailure) {
    try OllamaAPI.check(model)
    try expectSuccess(try await run(["stop", model]), "ollama stop \(model)", missingIsFine: true)
  }

  // MARK: - One command

  /// Runs a command that answers soon, and ends it where it does not.
  private func run(_ arguments: [String]) async throws(ModelServerFailure) -> ProcessResult {
    let words = "ollama \(arguments.joined(separator: " "))"
    let command = command(arguments, kept: Self.keptOutput)
    let runner = runner
    let clock = clock
    let limit = clock.now() + Self.commandTimeout
    let end = await WatchedPull.run(
      clock: clock, deadline: { limit }, stall: { $0 >= limit ? .beforeFirstLayer : nil },
      attempt: { () async -> Result<ProcessResult, ProcessFailure> in
        do throws(ProcessFailure) {
          return .success(try await runner.run(command) { _ in })
        } catch {
          return .failure(error)
        }
      })
    let result: Result<ProcessResult, ProcessFailure>
    var isLate = false
    switch end {
    case .finished(let ended): result = ended
    case .stalled(_, let ended): (result, isLate) = (ended, true)
    }
    switch result {
    case .failure(let failure): throw missing(failure)
    case .success(let result):
      guard result.wasTerminated, result.ending != .exited(code: 0) else { return result }
      if isLate, !Task.isCancelled {
        let seconds = Self.commandTimeout.components.seconds
        throw ModelServerFailure(
          .stalled, "\(words) did not end within \(seconds) s and was stopped; the Ollama server may hang")
      }
      throw ModelServerFailure(.cancelled, "\(words) was cancelled; its processes have ended")
    }
  }

  /// A command line.
  func command(_ arguments: [String], kept: Int) -> ProcessCommand {
    ProcessCommand(
      program: program, arguments: arguments, environment: environment, grace: grace, keptOutput: kept)
  }

  /// The failure for a program that cannot be started.
  func missing(_ failure: ProcessFailure) -> ModelServerFailure {
    if Shortage.isMeant(by: failure.code) {
      return ModelServerFailure(.exhausted, "\(program) cannot be started now: \(failure.description)")
    }
    return ModelServerFailure(
      .missingProgram,
      "\(program) cannot be started: \(failure.description); install Ollama (https://ollama.com/download), "
        + "or set ollama.transport to \"api\"")
  }

  /// Turns an exit code into a failure, in the program's own words.
  func expectSuccess(
    _ result: ProcessResult, _ words: String, missingIsFine: Bool = false
  ) throws(ModelServerFailure) {
    switch result.ending {
    case .exited(code: 0): return
    case .exited(let code):
      guard let text = CLIOutput.error(in: result.standardError) else {
        throw ModelServerFailure(.server, "\(words) exited with code \(code) and said nothing about why")
      }
      let kind = ServerText.kind(ofError: text)
      if missingIsFine, kind == .unknownModel { return }
      throw ModelServerFailure(kind, "\(words) failed: \(ServerText.printable(text))")
    case .signalled(let signal):
      throw ModelServerFailure(.server, "\(words) was ended by signal \(signal), which is none of ours")
    }
  }
}
