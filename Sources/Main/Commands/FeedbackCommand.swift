import Actors
import Journal
import Platform
import Rules

/// `retraind feedback`: adds a judgement, or a file of them.
enum FeedbackCommand {
  static func run(
    _ options: FeedbackOptions, _ loaded: LoadedConfiguration, _ requests: SignalRequests, _ context: ProgramContext
  ) async -> Int32 {
    do {
      let link = DaemonLink(loaded, requests: requests, context.terminal)
      // Asked before: afterwards it is known.
      var note: String?
      if let model = options.model ?? options.judgement?.model {
        note = await ModelNames.unknown(model, loaded)?.note
      }
      defer { if let note { context.terminal.say(note) } }
      if let file = options.file {
        return try await FeedbackImport.run(file, model: options.model, loaded, link, requests, context)
      }
      guard let judgement = options.judgement else { return ExitCode.usage }
      let now = Timestamp(microseconds: WallClock.system.microseconds())
      do throws(JudgementRefusal) {
        try JudgementRefusal.check(judgement, now: now)
      } catch {
        throw CommandFailure(code: ExitCode.usage, error.description)
      }
      guard let entry = try await add([judgement], loaded, link).judgements.first else {
        throw CommandFailure(code: ExitCode.failure, "the daemon did not say whether it was recorded")
      }
      if let why = entry.why { throw CommandFailure(code: ExitCode.failure, why) }
      show(entry, of: judgement, context)
      if entry.outcome == .added, isLate(judgement, now: now, loaded) {
        context.terminal.say("retraind: warning: it is \(lateWords)")
      }
      if !loaded.settings.learning.isEnabled {
        context.terminal.say(
          "retraind: warning: learning.enabled is false, so no cycle is made of judgements; somebody else has to.")
      }
      return ExitCode.success
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  private static func show(_ entry: FeedbackAnswer.Entry, of judgement: Judgement, _ context: ProgramContext) {
    let model = judgement.model ?? ""
    let isNew = entry.outcome == .added
    let done = "The judgement \(isNew ? "WAS recorded" : "was already there"), as \(entry.id): do not record it again."
    if context.global.json {
      context.terminal.print(
        JSONText.of(
          .object([
            ("event_type", .text(judgement.kind.rawValue)), ("id", .text(entry.id)), ("model", .text(model)),
            ("outcome", .text(entry.outcome.rawValue)),
          ])), done: done)
    } else {
      let words = isNew ? "recorded judgement \(entry.id) of \(model)" : "judgement \(entry.id) was already there"
      context.terminal.print(words, done: done)
    }
  }

  /// What is so with a judgement that came too late.
  static let lateWords =
    "older than 7 days: kept, and in no cycle; cycles of so long ago are "
    + "added by `retraind record`"

  /// Whether a judgement is too old for a cycle, where this program makes them.
  static func isLate(_ judgement: Judgement, now: Timestamp, _ loaded: LoadedConfiguration) -> Bool {
    guard loaded.settings.makesCycles, let at = judgement.microseconds else { return false }
    return Timestamp(microseconds: at) < now.adding(.zero - LearningSettings.lateBound)
  }

  /// Adds judgements, all of them or none: through the daemon where one runs, else by itself.
  static func add(
    _ judgements: [Judgement], _ loaded: LoadedConfiguration, _ link: DaemonLink
  ) async throws -> FeedbackAnswer {
    let reply = try await link.ask(
      ControlRequest(.feedback, judgements: judgements),
      unanswered: "It may still record what was sent when it goes on; sending it again with the same id is safe.")
    if let reply {
      guard let answer = reply.feedback, answer.judgements.count == judgements.count else {
        throw CommandFailure(code: ExitCode.failure, "the daemon did not say whether it was recorded")
      }
      return answer
    }
    // Before anything is created: there would be nothing in it.
    if loaded.settings.supabase?.isComplete == true {
      throw CommandFailure(code: ExitCode.configuration, "\(JudgementsElsewhere())")
    }
    let journal: Journal
    do {
      journal = try await Journal.open(path: loaded.paths.database)
    } catch {
      let (code, reason) = StartRefusal.explain(error)
      throw CommandFailure(code: code, reason)
    }
    let now = WallClock.system.microseconds()
    let identifiers = Identifiers()
    do {
      let answer = try await JudgementRecorder(journal: journal, settings: loaded.settings).add(
        judgements, identifier: identifiers.next, now: Timestamp(microseconds: now))
      await journal.close()
      return answer
    } catch {
      await journal.close()
      throw error
    }
  }
}
