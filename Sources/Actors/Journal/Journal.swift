public import Platform

/// The SQLite file in which the daemon keeps what must survive it: runs, decisions, events on their way, what is known
/// of each model, and the four tables that people write cycles into.
///
/// It runs on a thread of its own, because every call may wait for the disk or for another process's lock. Each method
/// is one transaction, on the disk when it returns.
public actor Journal {
  /// The file.
  public nonisolated let path: String
  /// True where it was opened only to be read, beside the daemon that writes.
  public nonisolated let isReadOnly: Bool
  /// Bounds of what it keeps.
  nonisolated let limits: JournalLimits
  private nonisolated let thread: ThreadExecutor
  private var database: SQLiteDatabase?

  private init(path: String, readOnly: Bool, limits: JournalLimits, thread: ThreadExecutor) {
    self.path = path
    isReadOnly = readOnly
    self.limits = limits
    self.thread = thread
  }

  /// The journal's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Opens the journal and brings it to the current schema.
  ///
  /// - Parameters:
  ///   - path: the file; it and its directories are created, readable for this user only.
  ///   - readOnly: reads what exists and creates nothing: for commands beside the daemon.
  ///   - limits: bounds of what is kept.
  ///   - thread: the thread to run on; nil for one of its own.
  public static func open(
    path: String, readOnly: Bool = false, limits: JournalLimits = JournalLimits(), thread: ThreadExecutor? = nil
  ) async throws(JournalFailure) -> Journal {
    let own: ThreadExecutor
    do throws(ThreadFailure) {
      if let thread { own = thread } else { own = try ThreadExecutor(name: "journal") }
    } catch {
      throw .database(SQLiteFailure(kind: .other, path: path, description: "\(path): \(error)"))
    }
    let journal = Journal(path: path, readOnly: readOnly, limits: limits, thread: own)
    try await journal.connect()
    return journal
  }

  /// Closes the file; every later call fails with a failure of the kind `closed`.
  ///
  /// - Parameter keepsLog: leaves what was committed in the log beside the file: quicker for a command that ends.
  public func close(keepsLog: Bool = false) {
    database?.close(keepsLog: keepsLog)
    database = nil
  }

  private func connect() throws(JournalFailure) {
    do {
      let opened = try SQLiteDatabase(path: path, access: isReadOnly ? .readOnly : .readWrite)
      if isReadOnly {
        try JournalSchema.migrations.check(opened)
      } else {
        try JournalSchema.migrations.migrate(opened)
      }
      database = opened
    } catch {
      throw JournalFailure(wrapping: error, path: path)
    }
  }

  /// Runs a transaction that writes.
  package func write<Result>(_ body: (SQLiteDatabase) throws -> Result) throws(JournalFailure) -> Result {
    guard !isReadOnly else { throw .readOnly(path: path) }
    let database = try connected()
    // What goes into a file that nobody finds again is not recorded.
    guard !database.hasMoved else { throw .database(moved) }
    do {
      return try database.transaction(.immediate) { try body(database) }
    } catch {
      throw JournalFailure(wrapping: error, path: path)
    }
  }

  /// Runs queries that see one state of the file.
  package func read<Result>(_ body: (SQLiteDatabase) throws -> Result) throws(JournalFailure) -> Result {
    let database = try connected()
    do {
      return try database.transaction(.deferred) { try body(database) }
    } catch {
      throw JournalFailure(wrapping: error, path: path)
    }
  }

  private var moved: SQLiteFailure {
    SQLiteFailure(
      kind: .moved, path: path,
      description: "\(path): the file was moved, replaced or deleted while it was open. Put it back, or restart to "
        + "begin a new one.")
  }

  private func connected() throws(JournalFailure) -> SQLiteDatabase {
    guard let database else {
      throw .database(SQLiteFailure(kind: .closed, path: path, description: "\(path): the journal is closed."))
    }
    return database
  }
}

/// Bounds of what a journal keeps; what is oldest goes first.
public struct JournalLimits: Sendable, Hashable {
  /// Decisions that are kept by default.
  public static let decisions = 100_000
  /// Events that may wait to be delivered by default.
  public static let waitingEvents = 100_000
  /// Delivered events that are kept by default.
  public static let deliveredEvents = 10_000
  /// Runs that are kept by default.
  public static let runs = 100_000
  /// Steps of one run that are kept by default.
  public static let stepsOfRun = 1_000
  /// Bytes of one text from outside (an error, a detail) that are kept.
  static let textBytes = 8_192

  /// Decisions that are kept.
  public var decisions: Int
  /// Events that may wait to be delivered, blocked ones included: none of them is ever dropped, new runs are refused.
  public var waitingEvents: Int
  /// Delivered events that are kept.
  public var deliveredEvents: Int
  /// Runs that are kept, with their steps; one that is open is never dropped.
  public var runs: Int
  /// Steps of one run that are kept.
  public var stepsOfRun: Int

  /// The bounds, each at least 1.
  public init(
    decisions: Int = Self.decisions, waitingEvents: Int = Self.waitingEvents,
    deliveredEvents: Int = Self.deliveredEvents, runs: Int = Self.runs, stepsOfRun: Int = Self.stepsOfRun
  ) {
    self.decisions = max(1, decisions)
    self.waitingEvents = max(1, waitingEvents)
    self.deliveredEvents = max(1, deliveredEvents)
    self.runs = max(1, runs)
    self.stepsOfRun = max(1, stepsOfRun)
  }
}
