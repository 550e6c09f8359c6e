internal import CSQLite

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What SQLite would not do, told for people: what happened, where, and what to do.
public struct SQLiteFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// Failures by what a caller does about them.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The disk, or the file's own bound, is full.
    case full
    /// The file or its directory cannot be written.
    case readOnly
    /// Another process held the lock for longer than the busy timeout.
    case locked
    /// The file is damaged.
    case corrupted
    /// The file is something other than a SQLite database.
    case notADatabase
    /// A newer version of the program wrote the file.
    case newerSchema
    /// An older version wrote the file, and it is open only to be read.
    case olderSchema
    /// A row holds what this version does not know.
    case unreadable
    /// The file is a SQLite database of another application.
    case foreign
    /// There is no such file.
    case absent
    /// The file was moved, replaced or deleted while it was open.
    case moved
    /// Something else was written over the file while it was open.
    case overwritten
    /// The file or its directory cannot be opened.
    case cannotOpen
    /// The disk failed to read or write.
    case inputOutput
    /// A row breaks a rule of its table.
    case constraint
    /// The connection is closed.
    case closed
    /// Anything else: an error in a statement, a value that is too long.
    case other
  }

  /// What kind it is.
  public var kind: Kind
  /// SQLite's primary result code; 0 where SQLite was not asked.
  public var code: Int32
  /// SQLite's extended result code; 0 where SQLite was not asked.
  public var extendedCode: Int32
  /// The database file.
  public var path: String
  /// For people: what happened, where, what to do.
  public var description: String

  /// Makes a failure that SQLite itself did not report.
  public init(kind: Kind, path: String, description: String) {
    self.kind = kind
    code = 0
    extendedCode = 0
    self.path = path
    self.description = description
  }

  /// Makes the failure of a result code; `message` is SQLite's own wording, which names tables and columns, never
  /// values.
  init(extendedCode: Int32, systemError: Int32, path: String, message: String) {
    self.extendedCode = extendedCode
    code = extendedCode & 0xFF
    self.path = path
    kind = Self.kind(of: extendedCode, systemError: systemError)
    description = Self.words(for: kind, path: path, message: message, systemError: systemError)
  }

  /// True where the same call may succeed later without anybody's doing.
  public var isTransient: Bool { kind == .locked }

  private static func kind(of extendedCode: Int32, systemError: Int32) -> Kind {
    switch extendedCode & 0xFF {
    case SQLITE_FULL: .full
    case SQLITE_READONLY, SQLITE_PERM: extendedCode == readOnlyMoved ? .moved : .readOnly
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .locked
    case SQLITE_CORRUPT: .corrupted
    case SQLITE_NOTADB: .notADatabase
    // Where there is no room for the shared memory beside the file, SQLite says only that the disk failed.
    case SQLITE_IOERR where isFull(systemError), SQLITE_CANTOPEN where isFull(systemError): .full
    case SQLITE_CANTOPEN, SQLITE_AUTH: .cannotOpen
    case SQLITE_IOERR: .inputOutput
    case SQLITE_CONSTRAINT, SQLITE_MISMATCH: .constraint
    default: .other
    }
  }

  /// True for the system's words for a disk or a quota that is used up.
  private static func isFull(_ systemError: Int32) -> Bool { systemError == ENOSPC || systemError == EDQUOT }

  /// SQLITE_READONLY_DBMOVED, a macro that Swift does not import.
  private static let readOnlyMoved: Int32 = SQLITE_READONLY | (4 << 8)

  private static func words(for kind: Kind, path: String, message: String, systemError: Int32) -> String {
    switch kind {
    case .full:
      "\(path): no space left to write. Free space on its disk (or raise the quota)."
    case .readOnly:
      "\(path): the database is read-only for this user. Give the file and its directory to the user that runs this "
        + "(chown), or mount the disk writable."
    case .locked:
      "\(path): locked by another process for over \(SQLiteDatabase.busyTimeoutSeconds) s. Find it with "
        + "`fuser \(path)`; an open transaction in a sqlite3 shell ends with COMMIT or ROLLBACK. "
        + "Where nobody has it, its file system has no locks: choose a local directory."
    case .corrupted:
      "\(path): the database is damaged (\(message)). Stop the daemon, keep a copy, and rescue what is in it: "
        + "sqlite3 \(path) .recover | sqlite3 \(path).recovered"
    case .notADatabase:
      "\(path): this file is no SQLite database. Move it away, or name another file."
    case .newerSchema, .olderSchema, .unreadable, .foreign, .absent, .closed:
      "\(path): \(message)"
    case .moved:
      "\(path): the file was moved, replaced or deleted while it was open. Put it back, or restart to begin a new one."
    case .overwritten:
      "\(path): something else was written over the file while it was open. Stop this program, put the right file in "
        + "its place, remove \(path)-wal and \(path)-shm, and start again."
    case .cannotOpen:
      "\(path): cannot be opened (\(SQLiteFile.words(for: systemError) ?? message)). Check that the directory exists "
        + "and that this user may read and write in it."
    case .inputOutput:
      "\(path): the disk failed (\(SQLiteFile.words(for: systemError) ?? message)). Check the disk and the system's log."
    case .constraint:
      "\(path): a row was refused: \(message)."
    case .other:
      "\(path): \(message)."
    }
  }
}
