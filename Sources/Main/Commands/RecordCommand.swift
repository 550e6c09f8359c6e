import Actors
import Journal
import Platform
import Rules

/// `retraind record`: adds a cycle to the active store.
enum RecordCommand {
  static func run(
    _ options: RecordOptions, _ loaded: LoadedConfiguration, _ requests: SignalRequests, _ context: ProgramContext
  ) async -> Int32 {
    var cycle = ControlRequest.Cycle()
    cycle.id = options.id
    cycle.model = options.model
    cycle.modelVersion = options.version
    cycle.microseconds = options.timestamp?.microseconds
    cycle.windowMinutes = options.windowMinutes
    cycle.accepted = options.accepted
    cycle.rejected = options.rejected
    cycle.edited = options.edited
    cycle.acceptRate = options.rate
    do {
      try refuseUntimely(options.timestamp)
      // Asked before: afterwards it is known.
      let note = await ModelNames.unknown(options.model, loaded)?.note
      let answer = try await record(cycle, loaded, requests, context)
      let isThere = answer.isThere ?? false
      if let note {
        context.terminal.say(note)
        if !isThere { context.terminal.say(takeBack(answer.id, loaded)) }
      }
      let done = "The cycle \(isThere ? "was already there" : "WAS recorded"), as \(answer.id): do not record it again."
      if context.global.json {
        struct Recorded: Encodable {
          var id: String
          var model: String
          var isFirst: Bool
          var windowMinutes: Int64?
          var outcome: FeedbackAnswer.Outcome
        }
        let recorded = Recorded(
          id: answer.id, model: options.model, isFirst: answer.isFirst, windowMinutes: answer.windowMinutes,
          outcome: isThere ? .alreadyThere : .added)
        context.terminal.print(try JSON.encode(recorded), done: done)
      } else {
        let first = answer.isFirst ? ", its first" : ""
        let words =
          isThere
          ? "cycle \(answer.id) of \(options.model) was already there; nothing was written"
          : "recorded cycle \(answer.id) of \(options.model)\(first)"
        context.terminal.print(words, done: done)
      }
      return ExitCode.success
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  /// How a cycle of a name that was mistyped goes away again.
  private static func takeBack(_ id: String, _ loaded: LoadedConfiguration) -> String {
    let sql = "DELETE FROM learning_stats WHERE id = '\(id.replacing("'", with: "''"))'"
    let way =
      loaded.settings.supabase?.isComplete == true
      ? "in the project's SQL editor: \(sql);"
      // Easier to read, where a shell finds nothing in it to replace.
      : "sqlite3 \(ProgramPath.quoted(loaded.paths.database)) "
        + (ProgramPath.quoted(id) == id ? "\"\(sql)\"" : ProgramPath.quoted(sql))
    return "retraind: if it is not meant, take the cycle back: \(way)"
  }

  /// A cycle that has not ended yet would be kept, and left out of every check; one of long ago is a wrong clock's.
  private static func refuseUntimely(_ timestamp: Timestamp?) throws(CommandFailure) {
    let now = Timestamp(microseconds: WallClock.system.microseconds())
    guard let timestamp, let why = CycleRefusal.untimely(timestamp, now: now) else { return }
    throw CommandFailure(code: ExitCode.usage, "--timestamp: \(why)")
  }

  private static func record(
    _ cycle: ControlRequest.Cycle, _ loaded: LoadedConfiguration, _ requests: SignalRequests,
    _ context: ProgramContext
  ) async throws -> RecordAnswer {
    let link = DaemonLink(loaded, requests: requests, context.terminal)
    let reply = try await link.ask(
      ControlRequest(.record, cycle: cycle), unanswered: "It may still record the cycle when it goes on.")
    if let reply {
      guard let answer = reply.recorded else {
        throw CommandFailure(code: ExitCode.failure, "the daemon did not say whether it was recorded")
      }
      return answer
    }
    return try await CycleWriter.add(cycle, loaded)
  }
}

/// `retraind retrain MODEL` and `retraind rollback MODEL`.
enum ModelRunCommand {
  static func run(
    _ command: ControlRequest.Command, _ options: ModelRunOptions, _ loaded: LoadedConfiguration,
    _ requests: SignalRequests, _ context: ProgramContext
  ) async -> Int32 {
    let progress = ProgressLine(context.terminal)
    do {
      let answer = try await stopped(by: requests) {
        try await Self.answer(command, options, loaded, requests, progress, context)
      }
      progress.end()
      return show(answer, of: command, context)
    } catch {
      progress.end()
      return CommandFailure.report(error, context)
    }
  }

  private static func answer(
    _ command: ControlRequest.Command, _ options: ModelRunOptions, _ loaded: LoadedConfiguration,
    _ requests: SignalRequests, _ progress: ProgressLine, _ context: ProgramContext
  ) async throws -> RunAnswer {
    // Ollama may know it all the same.
    if let note = await ModelNames.unknown(options.model, loaded)?.note { context.terminal.say(note) }
    let link = DaemonLink(loaded, requests: requests, context.terminal)
    var request = ControlRequest(command, model: options.model, waits: options.wait)
    request.isTyped = true
    if let reply = try await link.ask(request, onProgress: { progress.show($0) }) {
      guard let answer = reply.run else {
        throw CommandFailure(code: ExitCode.failure, "the daemon gave no answer")
      }
      return answer
    }
    State.require(loaded, context)
    // Nobody else would carry it out: without a daemon the command itself does, to the end.
    return try await OneShot.with(loaded, context) { monitor in
      try await monitor.run(
        command == .rollback ? .rollback : .pull, of: options.model, waits: true, isTyped: true,
        progress: { progress.show($0) })
    }
  }

  private static func show(
    _ answer: RunAnswer, of command: ControlRequest.Command, _ context: ProgramContext
  ) -> Int32 {
    let isGood = answer.error == nil
    let done = "Run \(answer.run) of \(answer.model) WAS \(answer.isJoined ? "joined" : "requested"): \(answer.state)."
    if context.global.json {
      context.terminal.print((try? JSON.encode(answer, isPretty: true)) ?? "{}", done: done)
    } else {
      let joined = answer.isJoined ? " (joined: one for this model was under way)" : ""
      context.terminal.print(
        "\(answer.model): \(RunWords.outcome(state: answer.state, result: answer.result)) (run \(answer.run))\(joined)",
        done: done)
      if isGood, answer.state == RunState.recorded.rawValue {
        let wait = command == .rollback ? "`rollback` without --no-wait" : "`retrain --wait`"
        context.terminal.say(
          "The daemon carries it out: `retraind history --runs` shows how it ends, \(wait) waits for that.")
      }
      if let error = answer.error { context.terminal.say("retraind: \(error)") }
    }
    return isGood ? ExitCode.success : ExitCode.failure
  }
}

/// `retraind reload`: has the daemon read its configuration again, and waits for the answer.
enum ReloadCommand {
  static func run(_ loaded: LoadedConfiguration, _ requests: SignalRequests, _ context: ProgramContext) async -> Int32 {
    do {
      let link = DaemonLink(loaded, requests: requests, context.terminal)
      guard let reply = try await link.ask(ControlRequest(.reload)) else {
        throw CommandFailure(
          code: ExitCode.unavailable,
          "no daemon answers at \(loaded.paths.socket): start one with `retraind run`, or give its --state-dir"
            + moved(loaded))
      }
      guard let answer = reply.reload else {
        throw CommandFailure(code: ExitCode.failure, "the daemon did not say whether it reloaded")
      }
      if context.global.json {
        context.terminal.print(try JSON.encode(answer, isPretty: true))
      } else if answer.error == nil {
        context.terminal.print(answer.changes.isEmpty ? "reloaded: nothing changed" : "reloaded:")
        for change in answer.changes { context.terminal.print("  \(change)") }
        for field in answer.needsRestart { context.terminal.say("needs a restart: \(field)") }
      }
      if let error = answer.error {
        throw CommandFailure(code: ExitCode.configuration, "the daemon keeps its old configuration: \(error)")
      }
      return ExitCode.success
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  /// What else may be the reason where the place comes from a file, which may say another one than it said when the
  /// daemon read it; empty where it does not.
  private static func moved(_ loaded: LoadedConfiguration) -> String {
    guard let file = loaded.file else { return "" }
    switch loaded.source(of: ["store", "path"]) {
    case .flag, .environment: return ""
    case .file, .default:
      return ". If store.path has changed in \(file) since the daemon started, it still listens beside the old one: "
        + "send it HUP (`kill -HUP PID`, or `systemctl reload retraind`) for the rest of the file, or restart it to move"
    }
  }
}
