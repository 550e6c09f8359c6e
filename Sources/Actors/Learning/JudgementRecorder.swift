public import Journal
public import Rules

/// Adds judgements that people or programs send, in the daemon and in a command alike.
public struct JudgementRecorder: Sendable {
  /// Judgements that are added at once.
  public static let mostAtOnce = 500
  /// Most bytes of their texts together, and what each counts for beside them: however they are escaped, the request
  /// stays below the longest line that the daemon reads.
  public static let mostBytes = 140 * 1024
  /// See `mostBytes`.
  public static let overhead = 200

  private let journal: Journal
  private let settings: Settings

  /// Makes one over the embedded store.
  public init(journal: Journal, settings: Settings) {
    self.journal = journal
    self.settings = settings
  }

  /// Adds judgements, all of them or none: where it throws, nothing was written.
  ///
  /// - Parameters:
  ///   - identifier: makes ids for those that bring none.
  ///   - now: when those were made that bring no time.
  /// - Throws: `JudgementRefusal`, `JudgementsElsewhere`, or `JournalFailure`.
  public func add(
    _ judgements: [Judgement], identifier: () -> String, now: Timestamp
  ) async throws -> FeedbackAnswer {
    guard settings.supabase?.isComplete != true else { throw JudgementsElsewhere() }
    guard judgements.count <= Self.mostAtOnce else {
      throw JudgementRefusal(field: "judgements", message: "more than \(Self.mostAtOnce) at once")
    }
    var rows: [(id: String, judgement: Judgement)] = []
    for var judgement in judgements {
      try JudgementRefusal.check(judgement, now: now)
      judgement.confidence = Judgement.confidence(judgement.confidence)
      rows.append((judgement.id ?? identifier(), judgement))
    }
    let outcomes = try await journal.add(rows, now: now)
    return FeedbackAnswer(
      judgements: zip(rows, outcomes).map { row, outcome in
        switch outcome {
        case .added: FeedbackAnswer.Entry(id: row.id, outcome: .added)
        case .present: FeedbackAnswer.Entry(id: row.id, outcome: .alreadyThere)
        case .conflict(let there):
          FeedbackAnswer.Entry(id: row.id, outcome: .refused, why: Self.conflict(row.id, there))
        }
      })
  }

  private static func conflict(_ id: String, _ there: String) -> String {
    let shown = { (text: String) in PrintableText.clip(text, to: 240) }
    return "judgement \(PrintableText.clip(id, to: PrintableText.nameLength)) is there already and says something else "
      + "(\(shown(there))); it was not changed: a new judgement needs another id, or none"
  }
}
