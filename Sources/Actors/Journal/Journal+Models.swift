internal import Platform
public import Rules

/// What earlier decisions and runs left behind for each model.
extension Journal {
  /// Names up to which `memories` asks for each by name; for more it reads the table once.
  static let maxNamesInQuery = 200

  /// What is known of a model; an empty memory where nothing is.
  public func memory(of model: String) throws(JournalFailure) -> ModelMemory {
    try memories(of: [model])[model] ?? ModelMemory()
  }

  /// What is known of some models, in one query, under the names as they are given; those that nothing is known of are
  /// left out. It is kept under the normalised name, so that two ways of writing a model have one memory.
  public func memories(of models: [String]) throws(JournalFailure) -> [String: ModelMemory] {
    let keys = models.map(ModelName.normalised)
    return try read { database in
      let isShort = models.count <= Self.maxNamesInQuery
      // Earlier versions kept it under the name as it was written.
      let asked = Array(Set(keys).union(models))
      // A few lengths only, so that few statements are prepared; NULL equals no name.
      var length = 1
      while length < asked.count { length *= 2 }
      let list = isShort ? " WHERE model IN (\(SQLiteValue.placeholders(length)))" : ""
      let names = asked.map(SQLiteValue.text) + Array(repeating: .null, count: max(0, length - asked.count))
      let rows = try database.query(
        "SELECT \(Self.memoryColumns) FROM retraind_models\(list)", isShort ? names : [], Self.readMemory)
      let kept = Dictionary(rows, uniquingKeysWith: { first, _ in first })
      var found: [String: ModelMemory] = [:]
      for (model, key) in zip(models, keys) {
        if let memory = kept[key] ?? kept[model] { found[model] = memory }
      }
      return found
    }
  }

  /// Changes what is known of a model, in one transaction; returns what is known then.
  @discardableResult
  public func updateMemory(of model: String, _ change: MemoryChange) throws(JournalFailure) -> ModelMemory {
    try write { database in try update(model, change, in: database) }
  }

  /// Changes what is known of a model within a transaction.
  @discardableResult
  func update(_ model: String, _ change: MemoryChange, in database: SQLiteDatabase) throws -> ModelMemory {
    let before = try known(of: model, in: database)
    var memory = before ?? ModelMemory()
    change(&memory)
    if memory != before { try put(memory, of: model, in: database) }
    return memory
  }

  /// What is known of a model within a transaction. What is kept under an old spelling is found too, and moves when it
  /// is written.
  func known(of model: String, in database: SQLiteDatabase) throws -> ModelMemory? {
    try database.first(
      "SELECT \(Self.memoryColumns) FROM retraind_models WHERE model IN (?1, ?2) ORDER BY model = ?1 DESC LIMIT 1",
      [.text(ModelName.normalised(model)), .text(model)], Self.readMemory)?.1
  }

  private func put(_ memory: ModelMemory, of model: String, in database: SQLiteDatabase) throws {
    let key = ModelName.normalised(model)
    if key != model { try database.run("DELETE FROM retraind_models WHERE model = ?1", [.text(model)]) }
    var circuit = "closed"
    var circuitReason: String?
    if case .open(let reason) = memory.circuit {
      circuit = "open"
      circuitReason = reason
    }
    try database.run(
      """
      INSERT OR REPLACE INTO retraind_models (\(Self.memoryColumns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """,
      [
        .text(key), SQLiteValue(memory.firedThrough), SQLiteValue(memory.lastRunEnded),
        SQLiteValue(memory.lastChange?.rawValue), SQLiteValue(memory.windowStart), SQLiteValue(memory.failures),
        SQLiteValue(memory.retryAt), SQLiteValue(memory.retryRun), SQLiteValue(memory.activeRun), .text(circuit),
        SQLiteValue(clipped: circuitReason),
      ])
  }

  /// SQL that holds for rows about a model, however they write its name; its values stand from `?first` on.
  static func isAbout(_ model: String, first: Int) -> (sql: String, values: [SQLiteValue]) {
    let names = ModelName.spellings(of: model)
    let places = names.indices.map { "?\(first + $0)" }.joined(separator: ",")
    return ("model IN (\(places))", names.map(SQLiteValue.text))
  }

  private static let memoryColumns = """
    model, fired_through, last_run_ended, last_change, window_start, failures, retry_at, retry_run, active_run, \
    circuit, circuit_reason
    """

  private static func readMemory(_ row: borrowing SQLiteRow) throws(SQLiteFailure) -> (String, ModelMemory) {
    (
      row[0].text ?? "",
      ModelMemory(
        firedThrough: row[1].timestamp, lastRunEnded: row[2].timestamp, lastChange: row[3].oneOf(RunChange.self),
        windowStart: row[4].timestamp, failures: row[5].count, retryAt: row[6].timestamp, retryRun: row[7].text,
        activeRun: row[8].text,
        circuit: row[9].text == "open" ? .open(reason: row[10].text ?? "") : .closed)
    )
  }
}
