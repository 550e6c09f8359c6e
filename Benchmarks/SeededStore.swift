import CSQLite

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A state directory with cycles in it: retraind makes the tables, this fills them.
struct SeededStore {
  /// The state directory.
  let directory: String
  /// Models in it.
  let models: Int
  /// Accepted judgements of each cycle.
  let accepted: Int32

  /// Cycles of each model: the default window.
  static let cyclesPerModel = 5
  /// Judgements of each cycle.
  static let judged: Int32 = 50
  /// Accepted ones of a healthy model: above the default threshold, so that a check acts on nothing.
  static let healthy: Int32 = 40
  /// Accepted ones of a model that has declined, so that a check pulls it.
  static let declined: Int32 = 20

  /// The database.
  var database: String { directory + "/retraind.db" }

  /// Makes a store in which every model is as good as `accepted` of `judged` says.
  init(directory: String, models: Int, accepted: Int32 = healthy, retraind: String) throws(Failure) {
    self.directory = directory
    self.accepted = accepted
    self.models = models
    try makeDirectory(directory)
    // Any command that creates state does; the row itself is removed again.
    let record = try ChildProcess(
      [
        retraind, "record", "--state-dir", directory, "--model", "bench", "--accepted", "1", "--rejected", "0",
      ], in: directory)
    let ending = try record.wait()
    guard ending.code == 0 else {
      throw Failure("retraind record ended with \(ending.code)\n\(record.shownErrors)")
    }
    try fill()
  }

  private func fill() throws(Failure) {
    var connection: OpaquePointer?
    guard sqlite3_open(database, &connection) == SQLITE_OK else { throw Failure("cannot open \(database)") }
    defer { sqlite3_close_v2(connection) }
    func run(_ sql: String) throws(Failure) {
      guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
        throw Failure("\(database): \(String(cString: sqlite3_errmsg(connection))) in \(sql)")
      }
    }
    try run("PRAGMA busy_timeout = 5000")
    try run("BEGIN IMMEDIATE")
    try run("DELETE FROM learning_stats")
    var statement: OpaquePointer?
    let sql = """
      INSERT INTO learning_stats (id, timestamp, model, model_version, window_minutes, total_events, accepted,
      rejected, edited, accept_rate, created_at) VALUES (?1, ?2, ?3, 'v1', 60, ?4, ?5, ?6, 0, ?7, ?2)
      """
    guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK else {
      throw Failure("\(database): \(String(cString: sqlite3_errmsg(connection)))")
    }
    defer { sqlite3_finalize(statement) }
    let now = time(nil)
    let stamps = (0..<Self.cyclesPerModel).map { Self.stamp(now - (1 + $0) * 3600) }
    for model in 0..<models {
      for cycle in 0..<Self.cyclesPerModel {
        bind("bench-\(model)-\(cycle)", at: 1, of: statement)
        bind(stamps[cycle], at: 2, of: statement)
        bind("bench:\(model)", at: 3, of: statement)
        sqlite3_bind_int(statement, 4, Self.judged)
        sqlite3_bind_int(statement, 5, accepted)
        sqlite3_bind_int(statement, 6, Self.judged - accepted)
        sqlite3_bind_double(statement, 7, Double(accepted) / Double(Self.judged))
        guard sqlite3_step(statement) == SQLITE_DONE, sqlite3_reset(statement) == SQLITE_OK else {
          throw Failure("\(database): \(String(cString: sqlite3_errmsg(connection)))")
        }
      }
    }
    try run("COMMIT")
    try run("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  private func bind(_ text: String, at index: Int32, of statement: OpaquePointer?) {
    // SQLITE_TRANSIENT: SQLite copies the text before this returns.
    sqlite3_bind_text(statement, index, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
  }

  /// A time as RFC 3339 in UTC.
  static func stamp(_ seconds: time_t) -> String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
