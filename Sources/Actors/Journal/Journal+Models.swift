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

  /// What is known of some models, in one query; those that nothing is known of are left out.
  public func memories(of models: [String]) throws(JournalFailure) -> [String: ModelMemory] {
    try read { database in
      var found: [String: ModelMemory] = [:]
      let isShort = models.count <= Self.maxNamesInQuery
      // A few lengths only, so that few statements are prepared; NULL equals no name.
      var length = 1
      while length < models.count { length *= 2 }
      let list = isShort ? " WHERE model IN (\((1...length).map { "?\($0)" }.joined(separator: ",")))" : ""
      let names = models.map(SQLiteValue.text) + Array(repeating: .null, count: max(0, length - models.count))
      let wanted = Set(models)
      let rows = try database.query(
        "SELECT \(Self.memoryColumns) FROM retraind_models\(list)", isShort ? names : [], Self.readMemory)
      for (model, memory) in rows where wanted.contains(model) { found[model] = memory }
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
    let before = try database.first(
      "SELECT \(Self.memoryColumns) FROM retraind_models WHERE model = ?1", [.text(model)], Self.readMemory)?.1
    var memory = before ?? ModelMemory()
    change(&memory)
    if memory != before { try put(memory, of: model, in: database) }
    return memory
  }

  private func put(_ memory: ModelMemory, of model: String, in database: SQLiteDatabase) throws {
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
        .text(model), SQLiteValue(memory.firedThrough), SQLiteValue(memory.lastRunEnded),
        SQLiteValue(memory.lastChange?.rawValue), SQLiteValue(memory.windowStart), SQLiteValue(memory.failures),
        SQLiteValue(memory.retryAt), SQLiteValue(memory.retryRun), SQLiteValue(memory.activeRun), .text(circuit),
        SQLiteValue(clipped: circuitReason),
      ])
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
