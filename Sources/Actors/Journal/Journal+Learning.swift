internal import Platform
public import Rules

/// Reading judgements and writing the cycles that are made of them.
extension Journal {
  /// A judgement and where it stands in the order of reading.
  public struct JudgedRow: Sendable {
    /// The judgement.
    public var event: JudgedEvent
    /// Its place among those of the same time.
    public var place: Int64
  }

  /// Judgements in no cycle that are counted at most: a status is no reason to read a table through.
  public static let mostPending = 10_000

  private static let throughKey = "learning_through"
  private static let lastKey = "learning_last"
  private static let layoutKey = "learning_layout"

  /// The place of the newest row of `learning_events`; 0 where it has none or does not exist.
  public func newestEventPlace() throws(JournalFailure) -> Int64 {
    try read { database in
      guard try !EmbeddedTables.columns(of: "learning_events", in: database).isEmpty else { return 0 }
      return try database.first("SELECT max(rowid) FROM learning_events") { $0[0].integer ?? 0 } ?? 0
    }
  }

  /// The time of the earliest judgement behind a place; nil where there is none as new as `bound`.
  public func earliestJudgement(behind place: Int64, notBefore bound: Timestamp) throws(JournalFailure) -> Timestamp? {
    try read { database in
      // By place: what is behind it is little, however many judgements there are.
      try database.first(
        """
        SELECT min(\(EmbeddedTables.eventKey)) FROM learning_events NOT INDEXED
        WHERE rowid > ?1 AND \(EmbeddedTables.isJudgement) AND \(EmbeddedTables.eventKey) >= ?2
        """, [.integer(place), SQLiteValue(bound)]
      ) { $0[0].timestamp } ?? nil
    }
  }

  /// Judgements in the order of their times.
  ///
  /// - Parameters:
  ///   - start: the first moment.
  ///   - place: of those at the first moment, only those behind this place.
  ///   - end: the first moment that is not meant.
  public func judgements(
    from start: Timestamp, behind place: Int64, before end: Timestamp, limit: Int
  ) throws(JournalFailure) -> [JudgedRow] {
    let key = EmbeddedTables.eventKey
    return try read { database in
      try database.query(
        """
        SELECT rowid, \(key), event_type, approved, model_version, confidence_score,
        \(Self.modelOfEvent("metadata")) FROM learning_events
        WHERE \(EmbeddedTables.isJudgement) AND \(key) >= ?1 AND \(key) < ?2 AND (\(key) > ?1 OR rowid > ?3)
        ORDER BY \(key), rowid LIMIT ?4
        """, [SQLiteValue(start), SQLiteValue(end), .integer(place), SQLiteValue(limit)]
      ) { row in
        JudgedRow(
          event: JudgedEvent(
            at: row[1].timestamp ?? start, type: row[2].text ?? "", isApproved: row[3].integer.map { $0 != 0 },
            model: row[6].text.flatMap { $0.isEmpty ? nil : $0 },
            modelVersion: row[4].text.flatMap { $0.isEmpty ? nil : $0 }, confidence: row[5].real),
          place: row[0].integer ?? 0)
      }
    }
  }

  /// Writes cycles; those that are there are corrected.
  ///
  /// - Returns: those that are new or say something else now.
  public func put(_ cycles: [BuiltCycle]) throws(JournalFailure) -> [BuiltCycle] {
    try write { database in
      let present = Set(try EmbeddedTables.columns(of: "learning_stats", in: database).map(\.name))
      guard !present.isEmpty else {
        throw SQLiteFailure(
          kind: .other, path: path,
          description: "\(path): the table learning_stats does not exist, so no cycle was made. Run in "
            + "`sqlite3 \(path)`: \(EmbeddedTables.sql(of: "learning_stats") ?? "");")
      }
      var changed: [BuiltCycle] = []
      for cycle in cycles {
        let values = cycle.columns.filter { present.contains($0.name) }
        let names = values.map(\.name)
        let others = names.dropFirst()
        let rows = try database.run(
          """
          INSERT INTO learning_stats (\(names.joined(separator: ", ")))
          VALUES (\(SQLiteValue.placeholders(names.count)))
          ON CONFLICT (id) DO UPDATE SET \(others.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
          WHERE \(others.map { "\($0) IS NOT excluded.\($0)" }.joined(separator: " OR "))
          """, values.map(\.value))
        if rows > 0 { changed.append(cycle) }
      }
      if let newest = cycles.max(by: { ($0.end, $0.id) < ($1.end, $1.id) }) {
        let last = try meta(Self.lastKey, in: database).flatMap { try cycleEnd($0, in: database) }
        if last.map({ $0 <= newest.end }) ?? true { try setMeta(Self.lastKey, newest.id, in: database) }
      }
      return changed
    }
  }

  /// The end of the newest cycle that was ever made of judgements, however the clock or the settings stood.
  public func newestMadeCycle() throws(JournalFailure) -> Timestamp? {
    try read { database in
      let through = try meta(Self.throughKey, in: database).flatMap { Timestamp(parsing: $0) }
      let columns = Set(try EmbeddedTables.columns(of: "learning_stats", in: database).map(\.name))
      guard columns.isSuperset(of: ["timestamp", "metrics"]) else { return through }
      let newest =
        try database.first(
          "SELECT max(timestamp) FROM learning_stats WHERE metrics LIKE '%\"made_of\":\"learning_events\"%'"
        ) { $0[0].timestamp } ?? nil
      return [through, newest].compactMap { $0 }.max()
    }
  }

  /// Takes note of how far cycles are made and how time is divided; writes only where that is news.
  public func setLearned(through: Timestamp, layout: String) throws(JournalFailure) {
    let isKnown = try read { database in
      try meta(Self.throughKey, in: database) == through.sortableText
        && meta(Self.layoutKey, in: database) == layout
    }
    if isKnown { return }
    try write { database in
      try setMeta(Self.throughKey, through.sortableText, in: database)
      try setMeta(Self.layoutKey, layout, in: database)
    }
  }

  /// Takes note of how time is divided from now on: before the first cycle is made by it, so that a kill in between
  /// leaves no cycle of which nobody knows the division.
  public func setLearningLayout(_ layout: String) throws(JournalFailure) {
    guard try learningLayout() != layout else { return }
    try write { database in try setMeta(Self.layoutKey, layout, in: database) }
  }

  /// How time was divided so far; nil where nobody has divided it yet.
  public func learningLayout() throws(JournalFailure) -> String? {
    try read { try meta(Self.layoutKey, in: $0) }
  }

  /// How far cycles are made.
  ///
  /// - Parameter bound: older judgements are in no cycle and never will be.
  public func learningProgress(notBefore bound: Timestamp) throws(JournalFailure) -> LearningProgress {
    let (through, last, pending) = try read { database in
      let through = try meta(Self.throughKey, in: database).flatMap { Timestamp(parsing: $0) }
      let from = max(through ?? bound, bound)
      let isThere = try !EmbeddedTables.columns(of: "learning_events", in: database).isEmpty
      let pending =
        isThere
        ? try database.first(
          """
          SELECT count(*) FROM (
            SELECT 1 FROM learning_events
            WHERE \(EmbeddedTables.isJudgement) AND \(EmbeddedTables.eventKey) >= ?1 LIMIT ?2
          )
          """, [SQLiteValue(from), SQLiteValue(Self.mostPending)]
        ) { $0[0].integer ?? 0 } : 0
      return (through, try meta(Self.lastKey, in: database), Int(clamping: pending ?? 0))
    }
    return LearningProgress(
      through: through,
      last: try last.flatMap { id throws(JournalFailure) in
        try builtCycle(id)
      }, pending: pending)
  }

  private func builtCycle(_ id: String) throws(JournalFailure) -> CycleRow? {
    try read { database in
      try database.first(
        "SELECT model, model_version, timestamp, accepted, rejected, edited FROM learning_stats WHERE id = ?1",
        [.text(id)]
      ) { row in
        CycleRow(
          id: id, model: row[0].text, modelVersion: row[1].text, timestamp: row[2].timestamp,
          accepted: row[3].integer, rejected: row[4].integer, edited: row[5].integer)
      }
    }
  }

  private func cycleEnd(_ id: String, in database: SQLiteDatabase) throws -> Timestamp? {
    try database.first("SELECT timestamp FROM learning_stats WHERE id = ?1", [.text(id)]) { $0[0].timestamp } ?? nil
  }
}

extension BuiltCycle {
  /// What stands in the row; the id first.
  fileprivate var columns: [(name: String, value: SQLiteValue)] {
    [
      ("id", .text(id)), ("timestamp", SQLiteValue(end)), ("model", SQLiteValue(model)),
      ("model_version", SQLiteValue(modelVersion)),
      // Rounded up: a cycle that began before the model changed is never taken for one of the new version.
      ("window_minutes", .integer((end.microseconds - start.microseconds + 59_999_999) / 60_000_000)),
      ("total_events", .integer(total)), ("accepted", .integer(accepted)), ("rejected", .integer(rejected)),
      ("edited", .integer(edited)), ("accept_rate", SQLiteValue(acceptRate)),
      ("avg_accepted_confidence", SQLiteValue(acceptedConfidence)),
      ("avg_rejected_confidence", SQLiteValue(rejectedConfidence)), ("confidence_gap", SQLiteValue(confidenceGap)),
      (
        "metrics",
        .text(
          JSONText.of(
            .object([
              ("made_of", .text("learning_events")), ("interval_start", .text(start.rfc3339)),
              ("corrections", .integer(corrections)),
            ])))
      ),
    ]
  }
}
