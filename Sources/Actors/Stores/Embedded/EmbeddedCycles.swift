internal import Journal
internal import Platform
internal import Rules

/// Reading and writing `learning_stats`.
extension Journal {
  /// Most rows of one model that are read at once.
  static let maxRowsPerModel = 1_000_000
  /// Length of a cycle whose writer did not say it, in minutes.
  static let defaultWindowMinutes: Int64 = 60

  /// Makes the table again, as small as it may be; what is missing is added at the next start.
  static let learningStatsSQL = """
    CREATE TABLE learning_stats (id TEXT PRIMARY KEY, timestamp TEXT, model TEXT, model_version TEXT, \
    window_minutes INTEGER, total_events INTEGER, accepted INTEGER, rejected INTEGER, edited INTEGER, \
    accept_rate REAL);
    """

  /// See `StatsSource.newestRows(of:limit:)`.
  func newestCycles(
    of models: [String?]?, limit: Int, in table: CycleTable = .embedded
  ) throws(JournalFailure) -> [ModelRows] {
    let limit = min(max(0, limit), Self.maxRowsPerModel)
    // One more than asked for tells whether there are more.
    let fetched = SQLiteValue(limit + 1)
    return try read { database in
      do {
        return try Self.newest(of: models, fetched, in: table, database).newest(limit: limit)
      } catch  where (try? EmbeddedTables.columns(of: table.name, in: database).isEmpty) == true {
        throw SQLiteFailure(
          kind: .other, path: path,
          description: "\(path): the table learning_stats does not exist. Run in `sqlite3 \(path)`: "
            + Self.learningStatsSQL)
      }
    }
  }

  private static func newest(
    of models: [String?]?, _ count: SQLiteValue, in table: CycleTable, _ database: SQLiteDatabase
  ) throws -> CycleGroups {
    var groups = CycleGroups()
    guard let models else {
      for row in try database.query(table.newestOfAll, [count], readCycle) { groups.add(row) }
      return groups
    }
    for model in Set(models.map { $0 ?? "" }) {
      // Rows that name no model have NULL or nothing there.
      for name in model.isEmpty ? [SQLiteValue.null, .text("")] : [.text(model)] {
        for row in try database.query(table.newestOfOne, [count, name], readCycle) { groups.add(row) }
      }
    }
    return groups
  }

  /// See `StatsSource.add(_:)`.
  func addCycle(_ row: CycleRow) throws(JournalFailure) {
    try write { database in
      _ = try database.run(
        """
        INSERT INTO learning_stats (id, timestamp, model, model_version, window_minutes, total_events, accepted,
        rejected, edited, accept_rate) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING
        """,
        [
          .text(row.id), SQLiteValue(row.timestamp), SQLiteValue(row.model), SQLiteValue(row.modelVersion),
          .integer(row.windowMinutes ?? Self.defaultWindowMinutes), SQLiteValue(row.totalEvents),
          SQLiteValue(row.accepted), SQLiteValue(row.rejected), SQLiteValue(row.edited), Self.rate(of: row),
        ])
    }
  }

  /// See `StatsSource.cycle(_:)`.
  func cycle(_ id: String) throws(JournalFailure) -> CycleRow? {
    try read { database in
      try database.query(CycleTable.embedded.one, [.text(id)], Self.readCycle).first
    }
  }

  /// The rate that a row is stored with: its own, else that of its counts.
  static func rate(of row: CycleRow) -> SQLiteValue {
    if let rate = row.acceptRate {
      // SQLite stores NaN as NULL, which says that there is no rate: something else than a wrong one.
      return rate.isNaN ? "NaN" : .real(rate)
    }
    guard let accepted = row.accepted, let rejected = row.rejected, accepted >= 0, rejected >= 0 else { return .null }
    let judged = Double(accepted) + Double(rejected)
    return judged > 0 ? .real(Double(accepted) / judged) : .null
  }

  /// Reads a row whatever types its writer used.
  private static func readCycle(_ row: borrowing SQLiteRow) throws(SQLiteFailure) -> CycleRow {
    CycleRow(
      id: row[0].text ?? "", model: row[1].text.flatMap { $0.isEmpty ? nil : $0 }, modelVersion: row[2].text,
      timestamp: row[3].timestamp ?? row[10].timestamp, windowMinutes: row[4].integer, totalEvents: row[5].integer,
      accepted: row[6].integer, rejected: row[7].integer, edited: row[8].integer, acceptRate: row[9].real)
  }
}

/// Rows by model, in the order in which the models came.
struct CycleGroups {
  /// Where each model's rows are; those of rows that name none under the empty name. Keys that are no optionals: they
  /// hash as themselves, and a command need not look for how optionals do.
  private var positions: [String: Int] = [:]
  private var groups: [ModelRows] = []

  /// Adds a row to its model's.
  mutating func add(_ row: CycleRow) {
    let name = row.model ?? ""
    if let position = positions[name] {
      groups[position].rows.append(row)
    } else {
      positions[name] = groups.count
      groups.append(ModelRows(model: row.model, rows: [row], hasMore: false))
    }
  }

  /// Each model's newest rows, newest first; rows without a timestamp last, rows of the same time by id.
  func newest(limit: Int) -> [ModelRows] {
    groups.map { group in
      let rows = group.rows.sorted { left, right in
        (left.timestamp?.microseconds ?? .min, left.id) > (right.timestamp?.microseconds ?? .min, right.id)
      }
      return ModelRows(model: group.model, rows: Array(rows.prefix(limit)), hasMore: rows.count > limit)
    }
  }
}
