import Actors
import Platform
import Rules

/// `retraind feedback --import`: adds the judgements of a file in batches, each of them whole or not at all.
///
/// A line that cannot be taken is told and left out. What is in stays in: the same file again adds what is missing.
enum FeedbackImport {
  /// Refused lines that are told one by one; more are only counted.
  static let mostTold = 50
  /// Names of models that are looked up.
  static let mostNames = 100

  /// How many lines came to what.
  private struct Counts {
    var added = 0
    var present = 0
    var refused = 0
    /// Those among the added that came too late for a cycle.
    var late = 0
    /// The last line that is in, or was refused.
    var line = 0
    /// What was wrong, in the order of the lines.
    var told: [String] = []

    mutating func refuse(_ why: String) {
      refused += 1
      if told.count < mostTold { told.append(why) }
    }
  }

  static func run(
    _ path: String, model: String?, _ loaded: LoadedConfiguration, _ link: DaemonLink, _ requests: SignalRequests,
    _ context: ProgramContext
  ) async throws -> Int32 {
    // Between two batches nothing is half done: a signal may end it at any instant.
    requests.endAtOnce(true)
    defer { requests.endAtOnce(false) }
    let file = Guarded(try FeedbackFile(path, model: model))
    var counts = Counts()
    var names = ImportedNames()
    // Also where it ends early: what is in is in.
    defer { for note in names.notes(besides: model) { context.terminal.say(note) } }
    var isLast = false
    while !isLast {
      let now = Timestamp(microseconds: WallClock.system.microseconds())
      do {
        let batch = try await onOwnThread(name: "import") { try file.withLock { try $0.next(now: now) } }
        isLast = batch.isLast
        let told = counts.told.count
        await names.look(at: batch.judgements.compactMap(\.judgement.model), loaded)
        try await add(batch, of: path == "-" ? "standard input" : path, to: &counts, now: now, loaded, link)
        for line in counts.told.dropFirst(told) where !context.global.json { context.terminal.say("retraind: \(line)") }
        requests.endAtOnce(true)
      } catch {
        if counts.line > 0, !context.global.json {
          context.terminal.say(
            "retraind: the lines up to \(counts.line) are done (\(words(counts))), the rest is not: import the file "
              + "again, what is in is left out")
        }
        throw error
      }
    }
    if context.global.json {
      context.terminal.print(
        JSONText.of(
          .object([
            ("added", .integer(Int64(counts.added))), ("already_there", .integer(Int64(counts.present))),
            ("refused", .integer(Int64(counts.refused))), ("in_no_cycle", .integer(Int64(counts.late))),
            ("lines", .integer(Int64(counts.line))),
            ("errors", .array(counts.told.map { .text($0) })),
          ])))
    } else {
      if counts.refused > counts.told.count {
        context.terminal.say("retraind: and \(counts.refused - counts.told.count) more refused lines")
      }
      if counts.late > 0 {
        context.terminal.say("retraind: \(counts.late) of the added are \(FeedbackCommand.lateWords)")
      }
      context.terminal.print(words(counts))
    }
    return counts.refused > 0 ? ExitCode.failure : ExitCode.success
  }

  private static func add(
    _ batch: FeedbackFile.Batch, of name: String, to counts: inout Counts, now: Timestamp,
    _ loaded: LoadedConfiguration, _ link: DaemonLink
  ) async throws {
    var refused = batch.refused.map { (line: $0.position?.line ?? 0, why: $0.description) }
    if !batch.judgements.isEmpty {
      let answer = try await FeedbackCommand.add(batch.judgements.map(\.judgement), loaded, link)
      for (entry, judgement) in zip(answer.judgements, batch.judgements) {
        switch entry.outcome {
        case .added:
          counts.added += 1
          if FeedbackCommand.isLate(judgement.judgement, now: now, loaded) { counts.late += 1 }
        case .alreadyThere: counts.present += 1
        case .refused:
          refused.append((judgement.line, "\(name):\(judgement.line):1: id: \(entry.why ?? "refused")"))
        }
      }
    }
    for line in refused.sorted(by: { $0.line < $1.line }) { counts.refuse(line.why) }
    counts.line = batch.lastLine
  }

  private static func words(_ counts: Counts) -> String {
    "\(counts.added) added, \(counts.present) already there, \(counts.refused) refused"
  }
}

/// The names of models in a file, and which of them nothing here had heard of before.
private struct ImportedNames {
  /// Lines of each name, as it is written.
  private var lines: [String: Int] = [:]
  /// Those that were new when the first line of them came.
  private var new: [ModelNames.Unknown] = []

  /// Looks at the names of some lines, before these are added.
  mutating func look(at models: [String], _ loaded: LoadedConfiguration) async {
    for model in models {
      if let count = lines[model] {
        lines[model] = count + 1
      } else if lines.count < FeedbackImport.mostNames {
        lines[model] = 1
        if let unknown = await ModelNames.unknown(model, loaded) { new.append(unknown) }
      }
    }
  }

  /// What is to be said of them: a rare name beside a frequent one that is nearly the same, too.
  ///
  /// - Parameter named: the model of `--model`, which is told of already.
  func notes(besides named: String?) -> [String] {
    new.compactMap { unknown in
      if let named, ModelName.normalised(named) == ModelName.normalised(unknown.model) { return nil }
      let frequent = lines.filter { $0.value > lines[unknown.model, default: 0] }.keys.sorted()
      return ModelNames.Unknown(model: unknown.model, known: unknown.known + frequent).note
    }
  }
}
