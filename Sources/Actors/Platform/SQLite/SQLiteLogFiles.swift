internal import CSQLite

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Which files lie beside the database at a moment: its log and the log's index.
///
/// A connection has both open for as long as it lives, and nobody who keeps to SQLite's rules removes or replaces them
/// meanwhile. Where somebody else does, what this connection commits goes into files that nobody finds again, and
/// another program that opens the database sees a different one.
public struct SQLiteLogFiles: Sendable, Hashable {
  /// A file as the system knows it, whatever its name.
  struct Identity: Sendable, Hashable {
    /// Its file system.
    var device: UInt64
    /// Its number there.
    var number: UInt64
  }

  /// What the name of a log ends with.
  static let logSuffix = "-wal"
  /// What the name of a log's index ends with.
  static let indexSuffix = "-shm"

  /// The log; nil where there is none.
  var log: Identity?
  /// Its index; nil where there is none.
  var index: Identity?

  /// Whether the log is the same, whatever became of its index.
  public func hasSameLog(_ other: SQLiteLogFiles) -> Bool { log == other.log }

  /// The file that has a name now.
  private static func identity(_ path: String) -> Identity? {
    var information = stat()
    guard stat(path, &information) == 0 else { return nil }
    return Identity(
      device: UInt64(truncatingIfNeeded: information.st_dev), number: UInt64(truncatingIfNeeded: information.st_ino))
  }

  /// Those beside a database now.
  init(database path: String) {
    log = Self.identity(path + Self.logSuffix)
    index = Self.identity(path + Self.indexSuffix)
  }
}

extension SQLiteDatabase {
  /// Tries to get the file for oneself before its log is saved: readers hold it for a moment only.
  static let saveAttempts = 20
  /// Milliseconds between them.
  static let savePause: Int32 = 50

  /// Log and index beside the file now.
  public func logFiles() -> SQLiteLogFiles { SQLiteLogFiles(database: path) }

  /// Brings what stands in the log that is open, and that others may not find any more, into the file. Nobody else may
  /// have the file open meanwhile, since this connection's locks on the log may be seen by nobody.
  ///
  /// - Parameter isSafe: asked when nobody else has the file open: whether nobody has written to it.
  /// - Throws: a failure of the kind `locked` where somebody else has it open, `moved` where it is not safe.
  public func saveLog(if isSafe: () -> Bool) throws(SQLiteFailure) {
    guard let handle = connection, !isInTransaction else { return }
    var attempt = 1
    while retraind_sqlite3_lock_file(handle, 1) != SQLITE_OK {
      guard attempt < Self.saveAttempts else {
        throw SQLiteFailure(
          kind: .locked, path: path,
          description: "\(path): \(Self.lost), and another program has the file open, so that what was in them cannot "
            + "be saved. Close it: `fuser \(path)` finds it.")
      }
      attempt += 1
      sqlite3_sleep(Self.savePause)
    }
    defer { _ = retraind_sqlite3_lock_file(handle, 0) }
    guard isSafe() else {
      throw SQLiteFailure(
        kind: .moved, path: path,
        description: "\(path): \(Self.lost), and another program has written since, so nothing is recorded. Move "
          + "\(path)-wal and \(path)-shm, which hold what it wrote, to another place; where there are none, restart this program."
      )
    }
    let busy = try first("PRAGMA wal_checkpoint(TRUNCATE)") { row in row[0].integer } ?? 1
    guard busy == 0 else {
      throw SQLiteFailure(
        kind: .locked, path: path,
        description: "\(path): \(Self.lost), and a reader keeps what was in them from being saved. It is tried again.")
    }
  }

  private static let lost = "the log beside it (-wal, -shm) was deleted or replaced while it was open"
}
