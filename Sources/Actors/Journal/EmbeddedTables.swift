package import Platform

/// The four tables that people and other programs read and write with the `sqlite3` shell.
public enum EmbeddedTables {
  /// A table and what it should have.
  struct Table {
    /// Its name.
    var name: String
    /// Its columns in order.
    var columns: [Column]
    /// Its indices: name and what follows `ON`.
    var indices: [(name: String, on: String)]
  }

  /// A column.
  struct Column {
    /// Its name.
    var name: String
    /// Its type.
    var type: String
    /// What else a new table says of it; an old one is not changed.
    var more = ""
  }

  /// `learning_stats.timestamp` as text that orders as time does, see `orderKey(of:)`.
  package static let orderKey = orderKey(of: "timestamp")
  /// `learning_events.created_at` likewise.
  static let eventKey = orderKey(of: "created_at")

  /// Rows of `learning_events` that are judgements. The plus keeps SQLite from looking them up by their type, which is
  /// nearly all there are: they are found by their time.
  static let isJudgement = "+event_type IN ('approval', 'rejection', 'correction', 'edited')"

  /// A column of stamps as text that orders as time does, NULL where it cannot be read: the journal's own form as it is,
  /// seconds or milliseconds since 1970, an offset without minutes, and whatever else SQLite reads as a date.
  ///
  /// It is part of indices, so it must be written the same in every query and never change: a new form needs a
  /// migration. Nothing in it depends on the clock ('now' begins with no digit).
  private static func orderKey(of column: String) -> String {
    """
    CASE \
    WHEN \(column) GLOB '\(canonicalGlob)' THEN \(column) \
    WHEN \(column) NOT GLOB '*[^0-9]*' AND length(\(column)) BETWEEN 9 AND 11 \
    THEN strftime('\(format)', CAST(\(column) AS INTEGER), 'unixepoch') \
    WHEN \(column) NOT GLOB '*[^0-9]*' AND length(\(column)) BETWEEN 12 AND 14 \
    THEN strftime('\(format)', CAST(\(column) AS INTEGER) / 1000.0, 'unixepoch') \
    WHEN \(column) GLOB '[0-9]*:*[+-][0-9][0-9]' THEN strftime('\(format)', \(column) || ':00') \
    WHEN \(column) GLOB '[0-9]*' THEN strftime('\(format)', \(column)) END
    """
  }

  private static let format = "%Y-%m-%dT%H:%M:%f000Z"
  private static let digit = "[0-9]"
  private static let two = digit + digit
  private static let canonicalGlob =
    two + two + "-" + two + "-" + two + "T" + two + ":" + two + ":" + two + "." + two + two + two + "Z"

  /// A new id, for rows that are written without one.
  private static let newID = """
    DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-' || \
    hex(randomblob(2)) || '-' || hex(randomblob(6))))
    """
  private static let now = "DEFAULT (strftime('\(format)', 'now'))"

  private static let id = Column(name: "id", type: "TEXT", more: "PRIMARY KEY NOT NULL " + newID)
  private static let createdAt = Column(name: "created_at", type: "TEXT", more: now)
  private static let metadata = Column(name: "metadata", type: "TEXT")

  static let learningStats = Table(
    name: "learning_stats",
    columns: [
      id, Column(name: "timestamp", type: "TEXT", more: now), Column(name: "model", type: "TEXT"),
      Column(name: "model_version", type: "TEXT"), Column(name: "window_minutes", type: "INTEGER"),
      Column(name: "total_events", type: "INTEGER"), Column(name: "accepted", type: "INTEGER"),
      Column(name: "rejected", type: "INTEGER"), Column(name: "edited", type: "INTEGER"),
      Column(name: "accept_rate", type: "REAL"), Column(name: "avg_accepted_confidence", type: "REAL"),
      Column(name: "avg_rejected_confidence", type: "REAL"), Column(name: "confidence_gap", type: "REAL"),
      Column(name: "metrics", type: "TEXT"), createdAt,
    ],
    indices: [
      (name: "learning_stats_newest", on: "learning_stats(model, \(orderKey) DESC, id DESC)")
    ])

  static let learningEvents = Table(
    name: "learning_events",
    columns: [
      id, Column(name: "submission_id", type: "TEXT"), Column(name: "event_type", type: "TEXT"),
      Column(name: "approved", type: "INTEGER"), Column(name: "model_version", type: "TEXT"),
      Column(name: "confidence_score", type: "REAL"), metadata, createdAt,
    ],
    indices: [
      (name: "learning_events_newest", on: "learning_events(event_type, created_at DESC)"),
      (name: "learning_events_time", on: "learning_events(\(eventKey))"),
    ])

  static let systemEvents = Table(
    name: "system_events",
    columns: [
      id, Column(name: "timestamp", type: "TEXT", more: now), Column(name: "event_type", type: "TEXT"),
      Column(name: "notes", type: "TEXT"), metadata,
    ],
    indices: [(name: "system_events_newest", on: "system_events(timestamp DESC)")])

  static let learningSamples = Table(
    name: "learning_samples",
    columns: [
      id, createdAt, Column(name: "model", type: "TEXT"), Column(name: "model_version", type: "TEXT"),
      Column(name: "prompt", type: "TEXT"), Column(name: "completion", type: "TEXT"),
      Column(name: "correction", type: "TEXT"), Column(name: "approved", type: "INTEGER"), metadata,
    ],
    indices: [(name: "learning_samples_newest", on: "learning_samples(model, created_at DESC)")])

  static let all = [learningStats, learningEvents, systemEvents, learningSamples]

  /// The SQL that makes all of them, for the `sqlite3` shell.
  package static var script: String {
    let statements = all.flatMap { table in [table.create] + table.indices.map { table.create(index: $0) } }
    return "-- Tables of retraind for SQLite; the daemon makes them in its own file by itself.\n"
      + statements.map { $0 + ";" }.joined(separator: "\n")
  }

  /// The SQL that makes one of the tables by hand; nil for another name.
  package static func sql(of name: String) -> String? { all.first { $0.name == name }?.create }

  /// The SQL of all four tables with their indices, as `retraind schema` prints it.
  public static var sql: String {
    all.map { table in
      ([table.create] + table.indices.map { table.create(index: $0) }).map { $0 + ";\n" }.joined()
    }.joined(separator: "\n")
  }

  /// Makes what is missing: tables, columns that an older table lacks, indices. Never changes a row.
  static func create(in database: SQLiteDatabase) throws {
    for table in all {
      try database.run(table.create)
      let present = try columns(of: table.name, in: database)
      for column in table.columns where !present.contains(where: { $0.name == column.name }) {
        try database.run("ALTER TABLE \(table.name) ADD COLUMN \(column.name) \(column.type)")
      }
      for index in table.indices { try database.run(table.create(index: index)) }
    }
  }

  /// Makes the indices of `learning_events` that an older file lacks; nothing where somebody dropped the table.
  static func indexEvents(in database: SQLiteDatabase) throws {
    let present = Set(try columns(of: learningEvents.name, in: database).map(\.name))
    guard present.contains("event_type"), present.contains("created_at") else { return }
    for index in learningEvents.indices { try database.run(learningEvents.create(index: index)) }
  }

  /// A table's columns as they are in the file, lower-cased; empty where it does not exist.
  package static func columns(of table: String, in database: SQLiteDatabase) throws -> [PresentColumn] {
    try database.query("SELECT name, type, [notnull], pk FROM pragma_table_info(?1)", [.text(table)]) { row in
      PresentColumn(
        name: row[0].text?.lowercased() ?? "", type: row[1].text?.uppercased() ?? "",
        refusesNull: row[2].integer == 1, isKey: (row[3].integer ?? 0) > 0)
    }
  }

  /// A column that a table of the file has.
  package struct PresentColumn: Sendable, Hashable {
    /// Its name.
    package var name: String
    /// Its declared type.
    package var type: String
    /// Whether it refuses NULL.
    package var refusesNull: Bool
    /// Whether it is part of the primary key.
    package var isKey: Bool
  }
}

extension EmbeddedTables.Table {
  /// The statement that makes it.
  fileprivate var create: String {
    let columns = columns.map { column in
      "  \(column.name) \(column.type)\(column.more.isEmpty ? "" : " " + column.more)"
    }
    return "CREATE TABLE IF NOT EXISTS \(name) (\n\(columns.joined(separator: ",\n"))\n)"
  }

  /// The statement that makes one of its indices.
  fileprivate func create(index: (name: String, on: String)) -> String {
    "CREATE INDEX IF NOT EXISTS \(index.name) ON \(index.on)"
  }
}
