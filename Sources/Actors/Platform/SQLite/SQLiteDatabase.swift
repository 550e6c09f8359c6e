internal import CSQLite

/// A connection to a SQLite file: WAL, every commit on the disk before it returns, foreign keys held.
///
/// Not Sendable: an actor on a thread of its own owns it, because every call may block on the disk or on a lock.
public final class SQLiteDatabase {
  /// What a connection may do.
  public enum Access: Sendable, Hashable {
    /// Reads and writes; creates the file and its directories.
    case readWrite
    /// Only reads what exists, beside a process that writes.
    case readOnly
  }

  /// Longest wait for another process's lock.
  public static let busyTimeoutSeconds = 5
  /// Prepared statements that are kept for their next use.
  public static let maxCachedStatements = 128
  /// Tries to switch a new file to WAL: SQLite does not wait for the lock there.
  static let walAttempts = 50
  /// Milliseconds between them.
  static let walPause: Int32 = 100
  /// Bytes that a WAL file keeps after a checkpoint.
  static let walSizeLimit = 16 << 20

  /// The file.
  public let path: String
  /// What this connection may do.
  public let access: Access
  /// Whether closing leaves file and log as they are: nothing may go into a file that somebody else has put there.
  public var leavesFile = false
  private var handle: OpaquePointer?
  private var cache: [String: SQLiteStatement] = [:]

  /// Opens the file.
  public convenience init(path: String, access: Access = .readWrite) throws(SQLiteFailure) {
    try self.init(path: path, access: access, busyTimeout: Int32(Self.busyTimeoutSeconds) * 1000)
  }

  /// Opens the file with another wait for locks, in milliseconds.
  ///
  /// - Parameter leavesNoTrace: makes nothing beside a file that nobody has open; only for reading, and for a moment,
  ///   since what others begin to write meanwhile is not seen.
  package init(path: String, access: Access, busyTimeout: Int32, leavesNoTrace: Bool = false) throws(SQLiteFailure) {
    self.path = path
    self.access = access
    if access == .readWrite {
      try SQLiteFile.prepare(path: path)
    } else {
      try SQLiteFile.requireRegular(path: path)
      if leavesNoTrace, let still = SQLiteFile.nameWithoutTrace(of: path) {
        try connect(to: still, busyTimeout: busyTimeout)
        return
      }
    }
    do throws(SQLiteFailure) {
      try connect(to: path, busyTimeout: busyTimeout)
    } catch {
      guard access == .readOnly, error.kind == .cannotOpen, let unchanging = SQLiteFile.unchangingName(of: path) else {
        throw error
      }
      try connect(to: unchanging, busyTimeout: busyTimeout)
    }
  }

  /// Opens the file by its path or by a URI, and looks into it.
  private func connect(to name: String, busyTimeout: Int32) throws(SQLiteFailure) {
    // As a URI only what is one: a path may begin with `file:`, too.
    let flags =
      (access == .readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | (name == path ? 0 : SQLITE_OPEN_URI)
    let code = sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard code == SQLITE_OK, let handle else {
      let failure = failure(code)
      close()
      throw failure
    }
    do throws(SQLiteFailure) {
      sqlite3_busy_timeout(handle, busyTimeout)
      _ = retraind_sqlite3_refuse_quoted_strings(handle)
      try configure(handle, isUnchanging: name != path)
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Bytes of the log up to which `close(keepsLog:)` keeps it: whoever opens the file next reads all of them.
  static let keptLog: Int64 = 256 << 10

  /// Closes the connection; every later call throws `closed`.
  ///
  /// - Parameter keepsLog: leaves what was committed in the log beside the file, as a running program does, while that
  ///   is short: saves a process that ends at once most of its waits for the disk.
  public func close(keepsLog: Bool = false) {
    cache = [:]
    if let handle, leavesFile || keepsLog && SQLiteFile.size(path: path + "-wal") <= Self.keptLog {
      _ = retraind_sqlite3_keep_log(handle)
    }
    if let handle { sqlite3_close_v2(handle) }
    handle = nil
  }

  private func configure(_ handle: OpaquePointer, isUnchanging: Bool) throws(SQLiteFailure) {
    // Then the index of the log is kept in memory: there is no room for it beside the file.
    if isUnchanging { try run("PRAGMA locking_mode = EXCLUSIVE") }
    try run("PRAGMA foreign_keys = ON")
    // Reads the header, so that a file that is no database is told here and not at the first query.
    _ = try query("PRAGMA schema_version") { row in row[0].integer }
    guard access == .readWrite else { return }
    // SQLite opens a file that it may not write without saying so.
    guard sqlite3_db_readonly(handle, "main") == 0 else { throw failure(SQLITE_READONLY) }
    try run("PRAGMA synchronous = FULL")
    try switchToWAL()
    try run("PRAGMA journal_size_limit = \(Self.walSizeLimit)")
  }

  private func switchToWAL() throws(SQLiteFailure) {
    var attempt = 1
    while true {
      do throws(SQLiteFailure) {
        try run("PRAGMA journal_mode = WAL")
        return
      } catch {
        guard error.kind == .locked, attempt < Self.walAttempts else { throw error }
        attempt += 1
        sqlite3_sleep(Self.walPause)
      }
    }
  }

  // MARK: Statements

  /// Runs one statement to its end and returns the rows that it changed. The values go to ?1, ?2, ...
  @discardableResult
  public func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteFailure) -> Int {
    try step(sql, values) { (_: borrowing SQLiteRow) throws(SQLiteFailure) -> Bool in true }
    guard let handle else { throw closedFailure }
    return Int(sqlite3_changes(handle))
  }

  /// Runs a query and reads every row.
  public func query<Row>(
    _ sql: String, _ values: [SQLiteValue] = [], _ read: (borrowing SQLiteRow) throws(SQLiteFailure) -> Row
  ) throws(SQLiteFailure) -> [Row] {
    var rows: [Row] = []
    try step(sql, values) { (row: borrowing SQLiteRow) throws(SQLiteFailure) -> Bool in
      rows.append(try read(row))
      return true
    }
    return rows
  }

  /// Runs a query and reads its first row; nil where it has none.
  public func first<Row>(
    _ sql: String, _ values: [SQLiteValue] = [], _ read: (borrowing SQLiteRow) throws(SQLiteFailure) -> Row
  ) throws(SQLiteFailure) -> Row? {
    var first: Row?
    try step(sql, values) { (row: borrowing SQLiteRow) throws(SQLiteFailure) -> Bool in
      first = try read(row)
      return false
    }
    return first
  }

  /// Runs several statements without values, separated by semicolons.
  public func execute(script: String) throws(SQLiteFailure) {
    guard let handle else { throw closedFailure }
    let code = sqlite3_exec(handle, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// Steps through the rows until `visit` returns false.
  private func step(
    _ sql: String, _ values: [SQLiteValue], _ visit: (borrowing SQLiteRow) throws(SQLiteFailure) -> Bool
  ) throws(SQLiteFailure) {
    let statement = try prepare(sql)
    defer { statement.reset() }
    statement.isIdle = false
    let bound = statement.bind(values)
    guard bound == SQLITE_OK else { throw failure(bound) }
    while true {
      switch sqlite3_step(statement.handle) {
      case SQLITE_ROW: guard try visit(SQLiteRow(handle: statement.handle)) else { return }
      case SQLITE_DONE: return
      case let code: throw failure(code)
      }
    }
  }

  private func prepare(_ sql: String) throws(SQLiteFailure) -> SQLiteStatement {
    guard let handle else { throw closedFailure }
    if let cached = cache[sql], cached.isIdle { return cached }
    var prepared: OpaquePointer?
    let code = sqlite3_prepare_v2(handle, sql, -1, &prepared, nil)
    guard code == SQLITE_OK, let prepared else { throw failure(code == SQLITE_OK ? SQLITE_MISUSE : code) }
    let statement = SQLiteStatement(handle: prepared)
    if cache[sql] == nil {
      if cache.count >= Self.maxCachedStatements { cache = [:] }
      cache[sql] = statement
    }
    return statement
  }

  // MARK: State

  /// SQLite's own connection, for what other files of this module ask it; nil once closed.
  var connection: OpaquePointer? { handle }

  /// Whether a transaction is open.
  public var isInTransaction: Bool { handle.map { sqlite3_get_autocommit($0) == 0 } ?? false }

  /// Whether the file that is open is no longer the one at its path.
  public var hasMoved: Bool {
    guard let handle else { return false }
    var moved: Int32 = 0
    let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
    return code == SQLITE_OK && moved != 0
  }

  /// Bytes of the file as they lie on the disk, and the file's size; nil where they cannot be read.
  func bytesOnDisk(at offset: Int64, count: Int) -> (bytes: [UInt8], size: Int64)? {
    guard let handle else { return nil }
    var size: Int64 = 0
    var code = SQLITE_OK
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      code = retraind_sqlite3_read_file(handle, buffer.baseAddress, Int32(clamping: count), offset, &size)
      initialized = count
    }
    return code == SQLITE_OK ? (bytes, size) : nil
  }

  private var closedFailure: SQLiteFailure {
    SQLiteFailure(kind: .closed, path: path, description: "\(path): the database is closed.")
  }

  private func failure(_ code: Int32) -> SQLiteFailure {
    guard let handle else {
      return SQLiteFailure(
        extendedCode: code, systemError: 0, path: path, message: String(cString: sqlite3_errstr(code)))
    }
    let extended = sqlite3_extended_errcode(handle)
    let isSame = extended & 0xFF == code & 0xFF
    let message = isSame ? String(cString: sqlite3_errmsg(handle)) : String(cString: sqlite3_errstr(code))
    return SQLiteFailure(
      extendedCode: isSame ? extended : code, systemError: sqlite3_system_errno(handle), path: path, message: message)
  }
}
