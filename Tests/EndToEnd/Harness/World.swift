import Glibc
import Ollama
import Platform

/// A directory, a stand-in of Ollama and the programs that run on them: each test has its own.
struct World: Sendable {
  /// Everything that this world's programs write is below it.
  let directory: String
  /// The state directory.
  let state: String
  /// Ollama, from when it runs.
  private(set) var standIn: StandIn?
  /// What is ended with the world.
  private let roster = Guarded<[Child]>([])
  /// Marks this world's processes, also those that they start.
  private static let marker = "RETRAIND_TEST_WORLD"

  /// Makes a world, runs a body in it, and removes it with every process of it.
  ///
  /// - Parameter serving: what the stand-in is told; nil for none.
  static func with(_ serving: [String]? = [], _ body: (World) async throws -> Void) async throws {
    await Slots.worlds.take()
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await run(serving, body))
    } catch {
      outcome = .failure(error)
    }
    await Slots.worlds.giveBack()
    try outcome.get()
  }

  private static func run(_ serving: [String]?, _ body: (World) async throws -> Void) async throws {
    var template = Array("/tmp/retraind-e2e-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HarnessFailure("no directory in /tmp: \(errno)") }
    var world = World(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    do {
      mkdir(world.path("bin"), 0o755)
      mkdir(world.state, 0o700)
      symlink(try Binaries.standIn, world.path("bin/ollama"))
      if let serving { world.standIn = try await StandIn.start(serving, in: world) }
      try await body(world)
      try world.expectNoRace()
    } catch {
      let log = Files.text(world.logPath).suffix(4000)
      await world.tearDown()
      throw HarnessFailure("\(error)\nthe log ends with:\n\(log)")
    }
    await world.tearDown()
  }

  private init(_ directory: String) {
    self.directory = directory
    state = "\(directory)/state"
  }

  /// A path in the world's directory.
  func path(_ name: String) -> String { "\(directory)/\(name)" }
  /// A path in the state directory.
  func statePath(_ name: String) -> String { "\(state)/\(name)" }
  /// The daemon's log.
  var logPath: String { statePath("model_retrainer.log") }

  /// Writes the configuration that `retraind` finds in this world, and returns its path.
  @discardableResult
  func configure(_ text: String, file: String = "retraind.json5") throws -> String {
    try Files.write(text, to: path(file))
    return path(file)
  }

  /// Starts a program in this world.
  func start(_ program: String, _ arguments: [String], _ variables: [String: String] = [:]) throws -> Child {
    let number = roster.withLock { $0.count }
    let child = try Child(
      program, arguments, environment: environment(variables), directory: directory,
      output: path("\(number)-\(arguments.first ?? "").out"), error: path("\(number)-\(arguments.first ?? "").err"))
    roster.withLock { $0.append(child) }
    return child
  }

  /// Starts `retraind` on this world's state directory, or on another one.
  func retraind(_ arguments: [String], state: String? = nil, _ variables: [String: String] = [:]) throws -> Child {
    try start(Binaries.retraind, arguments + ["--state-dir", state ?? self.state], variables)
  }

  /// Starts the daemon and waits until it has started.
  func daemon(_ arguments: [String] = [], _ variables: [String: String] = [:]) async throws -> Child {
    let earlier = startLines
    let child = try retraind(["run"] + arguments, variables)
    try await waitUntil("the start of the daemon") { startLines > earlier || child.end != nil }
    guard child.end == nil else { throw HarnessFailure("the daemon ended: \(child.error.suffix(1000))") }
    return child
  }

  /// How often a daemon has started here.
  private var startLines: Int { logLines.count { $0.contains("Model retrain monitor started") } }

  /// The lines of the daemon's log.
  var logLines: [Substring] { Files.lines(logPath) }

  /// Runs `retraind` to its end.
  func run(_ arguments: [String], state: String? = nil, _ variables: [String: String] = [:]) async throws -> Finished {
    let child = try retraind(arguments, state: state, variables)
    return Finished(end: try await child.waitForEnd(), output: child.output, error: child.error)
  }

  /// Runs `retraind`, which has to succeed.
  @discardableResult
  func succeed(_ arguments: [String], state: String? = nil) async throws -> Finished {
    let finished = try await run(arguments, state: state)
    guard finished.code == 0 else {
      throw HarnessFailure("retraind \(arguments.joined(separator: " ")): \(finished.end): \(finished.error)")
    }
    return finished
  }

  /// What this world's programs find in their environment; nothing of ours but what sanitizers and coverage need.
  private func environment(_ variables: [String: String]) -> [String: String] {
    var all = [
      "PATH": "\(path("bin")):/usr/bin:/bin", "HOME": directory, "XDG_CONFIG_HOME": path("none"), "TZ": "UTC",
      World.marker: directory,
    ]
    if let standIn { all["OLLAMA_HOST"] = standIn.host }
    for name in ["TSAN_OPTIONS", "LLVM_PROFILE_FILE", "LD_LIBRARY_PATH"] {
      if let value = getenv(name) { all[name] = String(cString: value) }
    }
    return all.merging(variables) { $1 }
  }

  /// This world's processes whose program's name is this, as `/proc` shows them: also those that nobody waits for.
  func processes(named name: String) -> [pid_t] {
    let marker = "\(World.marker)=\(directory)"
    return Files.names(in: "/proc").compactMap { pid_t($0) }.filter { pid in
      let words = Files.text("/proc/\(pid)/cmdline").split(separator: "\0")
      guard let program = words.first?.split(separator: "/").last, name.isEmpty || program == name else { return false }
      return Files.text("/proc/\(pid)/environ").split(separator: "\0").contains(Substring(marker))
    }
  }

  /// What the thread sanitizer found in a program goes to its standard error, and not always into its exit code.
  private func expectNoRace() throws {
    for child in roster.withLock({ $0 }) {
      let text = child.error
      guard let race = text.firstRange(of: "WARNING: ThreadSanitizer") else { continue }
      throw HarnessFailure("\(child.words.prefix(3)): \(text[race.lowerBound...].prefix(4000))")
    }
  }

  /// Ends whatever runs here and removes the directory.
  private func tearDown() async {
    for child in roster.withLock({ $0 }).reversed() { await child.killAndReap() }
    for pid in processes(named: "") { kill(pid, SIGKILL) }
    Files.removeAll(directory)
    // The lane's lock lies outside, under the name of a port that nobody else has had: hundreds would gather there.
    if let standIn { remove(LaneLockDirectory.laneLockPath(endpoint: standIn.host) { _ in nil }) }
  }
}
