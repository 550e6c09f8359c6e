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
  /// Told when a write succeeds after one was refused.
  private nonisolated let onRecovered: @Sendable () -> Void
  /// Told what was mended by itself, in words.
  private nonisolated let onMended: @Sendable (String) -> Void
  private var database: SQLiteDatabase?
  /// True from the moment at which the file was closed to be opened anew until it is open again.
  private var isReopening = false
  /// Whether the file is still the one that was opened.
  private var file = JournalFile()
  /// True from a call that the database refused to the next write that it took.
  private var isRefusing = false

  private init(
    path: String, readOnly: Bool, limits: JournalLimits, thread: ThreadExecutor,
    onRecovered: @escaping @Sendable () -> Void, onMended: @escaping @Sendable (String) -> Void
  ) {
    self.onRecovered = onRecovered
    self.onMended = onMended
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
  ///   - leavesNoTrace: makes nothing beside a file that nobody has open, and waits for locks for a moment only: for a
  ///     look of one moment.
  ///   - limits: bounds of what is kept.
  ///   - thread: the thread to run on; nil for one of its own.
  ///   - onRecovered: called on the journal's thread when a write succeeds after one was refused.
  ///   - onMended: called there with what was wrong with the file and has been put right, in words.
  public static func open(
    path: String, readOnly: Bool = false, leavesNoTrace: Bool = false, limits: JournalLimits = JournalLimits(),
    thread: ThreadExecutor? = nil,
    onRecovered: @escaping @Sendable () -> Void = {}, onMended: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(JournalFailure) -> Journal {
    let own: ThreadExecutor
    do throws(ThreadFailure) {
      if let thread { own = thread } else { own = try ThreadExecutor(name: "journal") }
    } catch {
      throw .database(SQLiteFailure(kind: .other, path: path, description: "\(path): \(error)"))
    }
    let journal = Journal(
      path: path, readOnly: readOnly, limits: limits, thread: own, onRecovered: onRecovered, onMended: onMended)
    try await journal.connect(leavesNoTrace: leavesNoTrace)
    return journal
  }

  /// Closes the file; every later call fails with a failure of the kind `closed`.
  ///
  /// - Parameter keepsLog: leaves what was committed in the log beside the file: quicker for a command that ends.
  public func close(keepsLog: Bool = false) {
    // Where that cannot be done, SQLite tries the same as it closes.
    if let database, !isReadOnly, !database.hasMoved, file.hasLostLog(database) { try? save(database) }
    database?.close(keepsLog: keepsLog)
    database = nil
    isReopening = false
  }

  /// Milliseconds that a look of one moment waits for a lock.
  private static let shortWait: Int32 = 300

  private func connect(leavesNoTrace: Bool = false) throws(JournalFailure) {
    do {
      let opened =
        isReadOnly && leavesNoTrace
        ? try SQLiteDatabase(path: path, access: .readOnly, busyTimeout: Self.shortWait, leavesNoTrace: true)
        : try SQLiteDatabase(path: path, access: isReadOnly ? .readOnly : .readWrite)
      if isReadOnly {
        try JournalSchema.migrations.check(opened)
      } else {
        try JournalSchema.migrations.migrate(opened)
      }
      file = JournalFile()
      file.onOpened(opened)
      database = opened
      isReopening = false
    } catch {
      throw JournalFailure(wrapping: error, path: path)
    }
  }

  /// Runs a transaction that writes.
  package func write<Result>(_ body: (SQLiteDatabase) throws -> Result) throws(JournalFailure) -> Result {
    guard !isReadOnly else { throw .readOnly(path: path) }
    try mendLog()
    let database = try connected()
    // What goes into a file that nobody finds again is not recorded.
    guard !database.hasMoved else { throw noted(.database(moved)) }
    let hasChanged = file.hasChanged(database)
    do {
      if hasChanged, file.isPlainlyForeign(database) {
        database.leavesFile = true
        throw overwritten
      }
      let result = try database.transaction(.immediate) {
        if hasChanged, try file.isForeign(database) {
          database.leavesFile = true
          throw overwritten
        }
        try file.markOnce(database)
        return try body(database)
      }
      database.leavesFile = false
      file.onWritten(database)
      if isRefusing {
        isRefusing = false
        onRecovered()
      }
      return result
    } catch {
      throw noted(JournalFailure(wrapping: error, path: path))
    }
  }

  /// Runs queries that see one state of the file.
  package func read<Result>(_ body: (SQLiteDatabase) throws -> Result) throws(JournalFailure) -> Result {
    // What cannot be mended now can still be read; the next write says so.
    try? mendLog()
    let database = try connected()
    do {
      return try database.transaction(.deferred) { try body(database) }
    } catch {
      throw noted(JournalFailure(wrapping: error, path: path))
    }
  }

  /// Where somebody removed the log beside the file, brings what stands in it into the file and opens that anew: all
  /// that was recorded so far stays, and what is recorded next is found.
  private func mendLog() throws(JournalFailure) {
    guard !isReadOnly else { return }
    if let database, !database.hasMoved, file.hasLostLog(database) {
      do throws(SQLiteFailure) {
        try save(database)
      } catch {
        throw noted(.database(error))
      }
      // Leaves what lies beside the file now: it may be somebody's who has come this very moment.
      database.leavesFile = true
      database.close()
      self.database = nil
      isReopening = true
      onMended(
        "\(path): the log beside it was deleted or replaced while it was open. What was in it is saved; the file is "
          + "opened anew.")
    }
    guard isReopening else { return }
    do throws(JournalFailure) {
      try connect()
    } catch {
      throw noted(error)
    }
  }

  /// Brings what stands in the open log into the file, where nobody else has written.
  private func save(_ database: SQLiteDatabase) throws(SQLiteFailure) {
    let file = file
    try database.saveLog { !database.hasMoved && file.isUntouched(database) }
  }

  /// Remembers that the database refused, so that the next write that it takes is news.
  private func noted(_ failure: JournalFailure) -> JournalFailure {
    if case .database = failure { isRefusing = true }
    return failure
  }

  private var moved: SQLiteFailure {
    SQLiteFailure(
      kind: .moved, path: path,
      description: "\(path): the file was moved, replaced or deleted while it was open. Put it back, or restart to "
        + "begin a new one.")
  }

  private var overwritten: SQLiteFailure {
    SQLiteFailure(
      kind: .overwritten, path: path,
      description: "\(path): something else was written over the file while it was open, so nothing is recorded in it. "
        + "Stop the daemon, put the right file in its place, remove \(path)-wal and \(path)-shm, and start it again.")
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
  /// Notices that may wait for one sink by default.
  public static let waitingNotices = 1_000
  /// Notices that are kept by default after they were delivered or given up.
  public static let endedNotices = 2_000
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
  /// Notices that may wait for one sink; then the oldest is given up.
  public var waitingNotices: Int
  /// Notices that are kept after they were delivered or given up.
  public var endedNotices: Int

  /// The bounds, each at least 1.
  public init(
    decisions: Int = Self.decisions, waitingEvents: Int = Self.waitingEvents,
    deliveredEvents: Int = Self.deliveredEvents, runs: Int = Self.runs, stepsOfRun: Int = Self.stepsOfRun,
    waitingNotices: Int = Self.waitingNotices, endedNotices: Int = Self.endedNotices
  ) {
    self.decisions = max(1, decisions)
    self.waitingEvents = max(1, waitingEvents)
    self.deliveredEvents = max(1, deliveredEvents)
    self.runs = max(1, runs)
    self.stepsOfRun = max(1, stepsOfRun)
    self.waitingNotices = max(1, waitingNotices)
    self.endedNotices = max(1, endedNotices)
  }
}
