import Actors
import Journal
import Platform
import Rules

/// `retraind check`: one full check, by the daemon where one runs, else in this process.
enum CheckCommand {
  /// Runs that are told of.
  static let mostTold = 20

  static func run(
    _ options: CheckOptions, _ loaded: LoadedConfiguration, _ requests: SignalRequests, _ context: ProgramContext,
    _ thread: ThreadExecutor?
  ) async -> Int32 {
    let progress = ProgressLine(context.terminal)
    do {
      let entries = try await stopped(by: requests) {
        try await Self.entries(options, loaded, requests, progress, context, thread)
      }
      progress.end()
      show(entries, loaded, context)
      return entries.map(\.exitCode).max() ?? 1
    } catch {
      progress.end()
      return CommandFailure.report(error, context)
    }
  }

  private static func entries(
    _ options: CheckOptions, _ loaded: LoadedConfiguration, _ requests: SignalRequests, _ progress: ProgressLine,
    _ context: ProgramContext, _ thread: ThreadExecutor?
  ) async throws -> [CheckEntry] {
    // Before anything is written down about it. Where nothing at all is known yet, any name is as good as another.
    if let model = options.model, let unknown = await ModelNames.unknown(model, loaded, readsStore: true),
      !unknown.known.isEmpty
    {
      throw CommandFailure(code: ExitCode.unavailable, unknown.refusal)
    }
    let request = ControlRequest(
      .check, model: options.model, isDryRun: options.dryRun, waits: !options.noWait)
    let link = DaemonLink(loaded, requests: requests, context.terminal)
    if let reply = try await link.ask(request, onProgress: { progress.show($0) }) {
      return reply.checks ?? []
    }
    if let obstacle = State.obstacle(on: loaded.paths.database) {
      throw CommandFailure(code: obstacle.code, obstacle.reason)
    }
    for warning in loaded.warnings { context.terminal.say("retraind: \(warning)") }
    do {
      let tell: @Sendable (LogLevel, String) -> Void = { level, text in
        if level >= .warning { context.terminal.say("retraind: \(text)") }
      }
      if options.dryRun {
        let entries = try await DryCheck.run(
          loaded.settings, paths: loaded.paths, model: options.model, thread: thread, tell: tell)
        await tellOfWaiting(options.model, loaded, context)
        return entries
      }
      let quick = try await QuickCheck.run(
        loaded.settings, paths: loaded.paths, model: options.model, thread: thread, tell: tell)
      if let quick { return quick }
    } catch {
      let (code, reason) = StartRefusal.explain(error, paths: loaded.paths)
      throw CommandFailure(code: code, reason)
    }
    if options.noWait {
      context.terminal.say("retraind: no daemon runs here that would carry a run out, so this command waits for it.")
    }
    let entries = try await OneShot.with(loaded, context) { monitor in
      let entries = try await monitor.check(
        model: options.model, isDryRun: false, waits: true, progress: { progress.show($0) })
      // What an earlier process left unfinished went on with the start of this one; its end would interrupt it again.
      for run in try await monitor.finishOpenRuns(progress: { progress.show($0) }) {
        let outcome = RunWords.outcome(state: run.state, result: run.result, error: run.error)
        context.terminal.say(
          "retraind: run \(run.run) of \(run.model.shownName), which was left unfinished, went on: \(outcome.shownText)"
        )
      }
      return entries
    }
    if entries.contains(where: { $0.action == .failed }) {
      context.terminal.say(
        "retraind: no daemon runs here that would try it again: `retraind run` does, or a later `retraind check`.")
    }
    return entries
  }

  /// Names what an evaluation leaves alone and a check goes on with.
  private static func tellOfWaiting(_ model: String?, _ loaded: LoadedConfiguration, _ context: ProgramContext) async {
    // Whoever holds the lock carries them out.
    guard FileLock.holder(at: loaded.paths.lock) == nil,
      let journal = try? await Journal.open(path: loaded.paths.database, readOnly: true)
    else { return }
    let runs = (try? await journal.openRuns()) ?? []
    await journal.close()
    for run in runs.prefix(mostTold) where model.map({ ModelName.isSame($0, run.model) }) ?? true {
      context.terminal.say(
        "retraind: run \(run.id) of \(run.model.shownName) waits (\(run.state.rawValue)): `retraind check` without --dry-run "
          + "goes on with it, and so does `retraind run`")
    }
  }

  private static func show(_ entries: [CheckEntry], _ loaded: LoadedConfiguration, _ context: ProgramContext) {
    let terminal = context.terminal
    if context.global.json {
      terminal.print(JSONText.of(.array(entries.map(\.document)), isPretty: true))
      return
    }
    if entries.isEmpty {
      terminal.print(
        "No model to watch yet: \(loaded.paths.database) has no cycle and the configuration names no model.")
      terminal.say("Record one with `retraind record --model NAME --accepted N --rejected N`.")
    }
    guard !entries.isEmpty else { return }
    terminal.print(entries.map { CheckText.line($0, terminal) }.joined(separator: "\n"))
  }
}

/// A check's entry for people.
enum CheckText {
  static func line(_ entry: CheckEntry, _ terminal: Terminal) -> String {
    let mark: String
    switch entry.verdict {
    case .healthy: mark = terminal.paint("✔ healthy", .green)
    case .degraded: mark = terminal.paint("✘ degraded", .red)
    case .insufficient, .stale, .unattributed: mark = terminal.paint("? \(entry.verdict.rawValue)", .yellow)
    }
    let model = entry.model?.shownName ?? "(no model)"
    var text = "\(mark)  \(model): \(entry.reason.shownText)"
    switch entry.action {
    // How a run ended stands in the reason.
    case .none, .succeeded, .failed: break
    case .started, .joined, .suppressed, .exhausted: text += " → \(entry.action.rawValue)"
    }
    if let what = entry.quarantine {
      text += "\n  \(entry.quarantined == 1 ? "1 row" : "\(entry.quarantined) rows") quarantined: \(what)."
    }
    if entry.verdict == .unattributed, entry.model == nil {
      text += "\n  The rows name no model: set `model: \"NAME\"` in retraind.json5, or give --model to check."
    }
    return text
  }
}

/// Why a command failed, with its exit code.
struct CommandFailure: Error, CustomStringConvertible {
  /// The exit code.
  var code: Int32
  /// For people.
  var description: String

  /// Makes a failure.
  init(code: Int32, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Says why and gives the exit code.
  static func report(_ error: any Error, _ context: ProgramContext) -> Int32 {
    switch error {
    case let failure as CommandFailure:
      context.explainFailure(failure.description, code: failure.code)
      return failure.code
    case OneShot.Failure.ended(let code, let reason):
      context.explainFailure(reason, code: code)
      return code
    case is CancellationError:
      context.explainFailure(
        "stopped; what was under way is recorded and goes on at the next start", code: ExitCode.forced)
      return ExitCode.forced
    case let failure as JournalFailure:
      let (code, reason) = StartRefusal.explain(failure)
      context.explainFailure(reason, code: code)
      return code
    case let refusal as RunRefusal where refusal.isUnknownModel:
      context.explainFailure(refusal.description, code: ExitCode.unavailable)
      return ExitCode.unavailable
    case _ where Patience.isWorthwhile(error):
      context.explainFailure("\(error)", code: ExitCode.temporary)
      return ExitCode.temporary
    default:
      context.explainFailure("\(error)", code: ExitCode.failure)
      return ExitCode.failure
    }
  }
}

/// How work ended that a signal may stop.
private enum Ending<T: Sendable>: Sendable {
  /// With a value.
  case value(T)
  /// With an error.
  case failure(any Error)
  /// Not: it was asked to stop.
  case stopped
}

/// Runs work until it ends or a signal asks to stop, which cancels it.
func stopped<T: Sendable>(
  by requests: SignalRequests, _ work: @escaping @Sendable () async throws -> T
) async throws -> T {
  let ending = await withTaskGroup(of: Ending<T>.self) { group -> Ending<T> in
    group.addTask {
      do { return .value(try await work()) } catch { return .failure(error) }
    }
    group.addTask {
      while !Task.isCancelled {
        if await requests.next().stop { return .stopped }
      }
      return .stopped
    }
    defer { group.cancelAll() }
    return await group.next() ?? .stopped
  }
  switch ending {
  case .value(let value): return value
  case .failure(let error): throw error
  case .stopped: throw CancellationError()
  }
}
