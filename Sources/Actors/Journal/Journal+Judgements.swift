internal import Platform
public import Rules

/// What became of a judgement.
public enum JudgementOutcome: Sendable {
  /// It is a new row.
  case added
  /// It was there already and says the same.
  case present
  /// Its id belongs to a judgement that says something else; what that says.
  case conflict(String)
}

/// Adding to `learning_events` and `learning_samples`.
extension Journal {
  /// Adds judgements in one transaction: all of them or none. The same id twice is one row.
  ///
  /// - Parameters:
  ///   - judgements: each with its id.
  ///   - now: when those were made that bring no time.
  public func add(
    _ judgements: [(id: String, judgement: Judgement)], now: Timestamp
  ) throws(JournalFailure) -> [JudgementOutcome] {
    try write { database in
      try requireColumns(of: EmbeddedTables.learningEvents, in: database)
      if judgements.contains(where: \.judgement.isSample) {
        try requireColumns(of: EmbeddedTables.learningSamples, in: database)
      }
      return try judgements.map { id, judgement in
        if let there = try database.first(Self.storedSQL, [.text(id)], { StoredJudgement($0) }) {
          return there.says(judgement) ? .present : .conflict(there.words)
        }
        try insert(judgement, id: id, now: now, in: database)
        return .added
      }
    }
  }

  /// Judgements that are looked through for their models, the newest ones; older ones stand in cycles.
  public static let judgementsLookedAt = 10_000

  /// The models of the newest judgements.
  public func judgedModels() throws(JournalFailure) -> [String] {
    let names = try read { database -> [String?] in
      let columns = try EmbeddedTables.columns(of: "learning_events", in: database)
      guard columns.contains(where: { $0.name == "metadata" }) else { return [] }
      return try database.query(Self.judgedModelsSQL) { row in row[0].text }
    }
    return names.compactMap(\.self)
  }

  private static let judgedModelsSQL = """
    SELECT DISTINCT \(modelOfEvent("metadata")) FROM (SELECT metadata FROM learning_events
    WHERE event_type <> 'model_retrain' ORDER BY rowid DESC LIMIT \(judgementsLookedAt))
    """

  private func insert(_ judgement: Judgement, id: String, now: Timestamp, in database: SQLiteDatabase) throws {
    let at = judgement.microseconds.map { Timestamp(microseconds: $0) } ?? now
    let approved = SQLiteValue(judgement.kind.isApproved.map { $0 ? Int64(1) : 0 })
    try database.run(
      """
      INSERT INTO learning_events (id, submission_id, event_type, approved, model_version, confidence_score, metadata,
      created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """,
      [
        .text(id), SQLiteValue(judgement.submission), .text(judgement.kind.rawValue), approved,
        SQLiteValue(judgement.modelVersion), SQLiteValue(judgement.confidence),
        .text(JSONText.of(.object([("model", .optional(judgement.model))]))), SQLiteValue(at),
      ])
    guard judgement.isSample else { return }
    try database.run(
      """
      INSERT INTO learning_samples (id, created_at, model, model_version, prompt, completion, correction, approved,
      metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """,
      [
        .text(id), SQLiteValue(at), SQLiteValue(judgement.model), SQLiteValue(judgement.modelVersion),
        SQLiteValue(judgement.prompt), SQLiteValue(judgement.completion), SQLiteValue(judgement.correction), approved,
        .text(JSONText.of(.object([("event_type", .text(judgement.kind.rawValue))]))),
      ])
  }

  /// Refuses a table that cannot hold a judgement, and says what to do.
  private func requireColumns(of table: EmbeddedTables.Table, in database: SQLiteDatabase) throws {
    let present = Set(try EmbeddedTables.columns(of: table.name, in: database).map(\.name))
    let missing = table.columns.filter { !present.contains($0.name) }
    guard let first = missing.first else { return }
    let remedy =
      present.isEmpty
      ? EmbeddedTables.sql(of: table.name) ?? ""
      : missing.map { "ALTER TABLE \(table.name) ADD COLUMN \($0.name) \($0.type)" }.joined(separator: "; ")
    let what = present.isEmpty ? "does not exist" : "has no column \(first.name)"
    throw SQLiteFailure(
      kind: .other, path: path,
      description: "\(path): the table \(table.name) \(what), so no judgement was written. Run in `sqlite3 \(path)`: "
        + "\(remedy);")
  }

  private static let storedSQL = """
    SELECT e.event_type, e.model_version, e.confidence_score, \(modelOfStored), e.created_at, e.submission_id,
    s.prompt, s.completion, s.correction
    FROM learning_events AS e LEFT JOIN learning_samples AS s ON s.id = e.id WHERE e.id = ?1
    """

  private static let modelOfStored = modelOfEvent("e.metadata")

  /// The model that an event's metadata names; NULL where it names none, or is no JSON.
  static func modelOfEvent(_ metadata: String) -> String {
    "CASE WHEN json_valid(\(metadata)) THEN json_extract(\(metadata), '$.model') END"
  }
}

/// A judgement that is there.
private struct StoredJudgement {
  var type: String?
  var modelVersion: String?
  var confidence: Double?
  var model: String?
  var at: Timestamp?
  var submission: String?
  var texts: [String?]

  init(_ row: borrowing SQLiteRow) {
    type = row[0].text
    modelVersion = row[1].text
    confidence = Judgement.confidence(row[2].real)
    model = row[3].text
    at = row[4].timestamp
    submission = row[5].text
    texts = [row[6].text, row[7].text, row[8].text]
  }

  /// Whether it says what another one says; a time that the other does not name is as it is here.
  func says(_ other: Judgement) -> Bool {
    type == other.kind.rawValue && model.map(ModelName.normalised) == other.model.map(ModelName.normalised)
      && modelVersion == other.modelVersion && confidence == other.confidence && submission == other.submission
      && (other.microseconds == nil || other.microseconds == at?.microseconds)
      && texts == [other.prompt, other.completion, other.correction]
  }

  /// What it says, for people.
  var words: String {
    var words = [type ?? "no type", model.map { "of \($0)" } ?? "of no model"]
    if let modelVersion { words.append("version \(modelVersion)") }
    if let confidence { words.append("confidence \(confidence)") }
    if let at { words.append("made at \(at.rfc3339)") }
    if texts.contains(where: { $0 != nil }) { words.append("with its texts") }
    return words.joined(separator: ", ")
  }
}
