/// Transactions: all of it or nothing.
extension SQLiteDatabase {
  /// When a transaction takes its lock.
  public enum TransactionKind: String, Sendable, Hashable {
    /// At once, for writing: waits for other writers up to the busy timeout, and cannot fail by a later upgrade.
    case immediate = "BEGIN IMMEDIATE"
    /// At the first read: everything in it sees one state of the file.
    case deferred = "BEGIN DEFERRED"
  }

  /// Runs `body` in a transaction: commits when it returns, rolls back when it throws. Inside another transaction it
  /// becomes part of that one.
  @discardableResult
  public func transaction<Result>(
    _ kind: TransactionKind = .immediate, _ body: () throws -> Result
  ) throws -> Result {
    guard !isInTransaction else { return try body() }
    try run(kind.rawValue)
    do {
      let result = try body()
      try run("COMMIT")
      return result
    } catch {
      // SQLite has rolled back by itself after some failures (full disk, I/O); the first error is the one to tell.
      if isInTransaction { _ = try? run("ROLLBACK") }
      throw error
    }
  }
}
