import Actors
import Journal
import Ollama
import Platform
import Rules
import Stores

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `retraind demo`: the main job from a declining model to the refreshed one, on the daemon's own path.
///
/// It ignores the configuration, works in a temporary directory, and talks to a stand-in model server in this process,
/// unless `--ollama MODEL` names a model on a real one: then `OLLAMA_HOST` says where that is, and nothing else counts.
enum DemoCommand {
  /// The model of the stand-in.
  static let model = "demo-assistant:7b"
  /// Judgements of the pretended cycles, oldest first: a model that declines.
  static let cycles: [(accepted: Int64, rejected: Int64)] = [
    (46, 6), (44, 9), (40, 14), (33, 21), (27, 26), (22, 31), (17, 34),
  ]
  /// The same on the version that the refresh brings.
  static let recovery: [(accepted: Int64, rejected: Int64)] = [(38, 12), (44, 8), (47, 5)]

  static func run(_ options: DemoOptions, _ context: ProgramContext) async -> Int32 {
    do {
      let directory = try context.global.stateDirectory ?? temporaryDirectory()
      guard access(StatePaths.join(directory, "retraind.db"), F_OK) != 0 else {
        throw CommandFailure(
          code: ExitCode.usage,
          "\(directory) holds the state of a daemon, and the demo would write invented cycles into it: name a new "
            + "directory, or none for a temporary one")
      }
      let model = options.ollamaModel ?? Self.model
      let server = options.ollamaModel == nil ? try DemoModelServer(model: model) : nil
      if let server {
        Task.detached { try? await onOwnThread(name: "demo server") { server.serve() } }
      }
      defer { server?.stop() }
      var settings = Settings()
      settings.model = model
      settings.ollama.host = server.map { "http://127.0.0.1:\($0.port)" } ?? context.environment["OLLAMA_HOST"]
      settings.ollama.transport = .api
      let paths = StatePaths(
        database: StatePaths.join(directory, "retraind.db"), log: StatePaths.join(directory, "model_retrainer.log"))
      let demo = Demo(
        model: model, directory: directory, isStandIn: server != nil, settings: settings, paths: paths,
        context: context)
      return try await demo.run()
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  private static func temporaryDirectory() throws -> String {
    var template = Array("/tmp/retraind-demo-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw DemoFailure("no temporary directory could be made in /tmp: \(String(cString: strerror(errno)))")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// One demo on its way.
struct Demo: Sendable {
  let model: String
  let directory: String
  let isStandIn: Bool
  let settings: Settings
  let paths: StatePaths
  let context: ProgramContext

  /// What `--json` prints at the end.
  struct Summary: Encodable {
    var directory: String
    var model: String
    var isStandIn: Bool
    var check: CheckEntry
    var nextCheck: CheckEntry?
    var explanation: Explanation?
    var events: [EventEntry]
    var runs: [RunEntry]
    var status: StatusReport
  }

  func run() async throws -> Int32 {
    talk("retraind demo: in \(directory); \(surroundings).")
    try await seed()
    let log = Log(destination: .file(paths.log))
    var parts = try Parts.real(settings, log: log, environment: [:])
    // The stand-in is this process's own: nobody else can overlap there. A real server's lane is everybody's.
    if isStandIn { parts.laneLock = nil }
    talk("\n2. The daemon starts; its first check comes at once.")
    let monitor = try await RetrainMonitor.start(settings, paths: paths, parts: parts)
    let progress = ProgressLine(context.terminal)
    // The first scheduled check fires; this one joins its run and waits for it.
    let checks = try await monitor.check(model: model, progress: { progress.show($0) })
    progress.end()
    talk("   The run has ended: \(checks.first?.action.rawValue ?? "no model was found").")
    if isStandIn { try await recover(monitor) }
    // What the status shows is the last check's: one after the run tells how things stand then.
    let next = try await monitor.check(model: model, progress: { progress.show($0) }).first
    progress.end()
    // The outbox is its own child: the event is there once the monitor has drained.
    let status = await monitor.status()
    await monitor.stop()
    log.flush()
    guard let check = checks.first else { throw DemoFailure("the check found no model") }
    try await tell(check, next: next, status)
    return check.action == .failed ? ExitCode.failure : ExitCode.success
  }

  /// What it works with, in words.
  private var surroundings: String {
    if isStandIn { return "no configuration, no environment, a stand-in model server in this process" }
    let host = context.environment["OLLAMA_HOST"].map { "\($0.shownName) ($OLLAMA_HOST)" }
    return "no configuration, and \(model.shownName) is really refreshed on the model server at "
      + (host ?? OllamaEndpoint.standard.url)
  }

  /// People accept the new version: cycles that began after the refresh.
  private func recover(_ monitor: RetrainMonitor) async throws {
    let now = WallClock.system.microseconds()
    for (index, counts) in DemoCommand.recovery.enumerated() {
      var cycle = ControlRequest.Cycle()
      cycle.model = model
      cycle.microseconds = now + Int64(index)
      cycle.windowMinutes = 0
      cycle.accepted = counts.accepted
      cycle.rejected = counts.rejected
      _ = try await monitor.record(cycle)
    }
  }

  /// A rate as a bar.
  private func bar(_ accepted: Int64, _ rejected: Int64) -> String {
    let rate = Double(accepted) / Double(accepted + rejected)
    let bar = String(repeating: "▇", count: Int(rate * 40))
    return "   \(Explanation.three(rate))  "
      + context.terminal.paint(bar, rate < settings.rules.threshold ? .red : .green)
  }

  /// A declining model: one cycle an hour, each worse than the one before.
  private func seed() async throws {
    talk("\n1. Seven cycles of judgements on \(model), one an hour:")
    let journal = try await Journal.open(path: paths.database)
    let store = EmbeddedStore(journal)
    let now = WallClock.system.microseconds()
    var identifiers = IdentifierSource.fromSystem()
    let hour: Int64 = 3_600_000_000
    for (index, cycle) in DemoCommand.cycles.enumerated() {
      let end = now - Int64(DemoCommand.cycles.count - 1 - index) * hour
      try await store.add(
        CycleRow(
          id: identifiers.next(at: end), model: model, timestamp: Timestamp(microseconds: end), windowMinutes: 60,
          accepted: cycle.accepted, rejected: cycle.rejected))
      talk(bar(cycle.accepted, cycle.rejected))
    }
    await journal.close()
  }

  private func tell(_ check: CheckEntry, next: CheckEntry?, _ status: StatusReport) async throws {
    let journal = try await Journal.open(path: paths.database, readOnly: true)
    let runs = try await journal.runs(model: model, limit: 10)
    var explanation: Explanation?
    if let run = runs.first, let id = run.decisionID, let decision = try await journal.decision(id) {
      explanation = Explanation(decision, run: run)
    }
    let events = try await journal.events(limit: 10).map { EventEntry($0) }
    await journal.close()
    if context.global.json {
      let summary = Summary(
        directory: directory, model: model, isStandIn: isStandIn, check: check, nextCheck: next,
        explanation: explanation, events: events, runs: runs.map { RunEntry($0) }, status: status)
      context.terminal.print(try JSON.encode(summary, isPretty: true))
      return
    }
    talk("\n3. The decision (`retraind explain`):")
    for line in explanation?.lines(context.terminal) ?? ["no decision"] { talk("   \(line)") }
    talk("\n4. The recorded event (`retraind history --events`):")
    for event in events { talk("   \(event.line(context.terminal))") }
    talk("\n5. The run (`retraind history --runs`):")
    for run in runs { talk("   \(RunEntry(run).line(context.terminal))") }
    talk(isStandIn ? "\n6. Three cycles on the new version, and the next check:" : "\n6. The next check:")
    if isStandIn { for cycle in DemoCommand.recovery { talk(bar(cycle.accepted, cycle.rejected)) } }
    if let next { talk("   \(CheckText.line(next, context.terminal))") }
    talk("\n7. The status at the end (`retraind status`):")
    for line in StatusText.lines(status, context.terminal) { talk("   \(line)") }
    talk(
      """

      All of it is in \(paths.database), which the sqlite3 shell reads, and the log beside it. Look again:
        \(ProgramPath.forShell) explain --state-dir \(ProgramPath.quoted(directory))
      Remove it: rm -r \(ProgramPath.quoted(directory))
      """)
  }

  private func talk(_ line: String) {
    if context.global.json { context.terminal.say(line) } else { context.terminal.print(line) }
  }
}
