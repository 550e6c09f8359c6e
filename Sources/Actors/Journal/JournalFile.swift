internal import Platform

/// Tells whether the file under the journal is still the one that it opened. One that is replaced has another inode; one
/// that is overwritten or cut in place has not, and SQLite, which trusts its caches, would go on writing into it.
///
/// The file of a database with a log changes only by checkpoints. Those of this process are over when a write returns,
/// so that what lies on the disk then lies there before the next write, too, unless somebody else was there: another
/// program's checkpoint, which is fine, or another program's file.
struct JournalFile {
  /// What the mark of a file begins with; a random number follows.
  private static let markPrefix = "retraind-file:"
  /// Key of the mark in the table of things that are known once.
  private static let markKey = "file"

  /// What lay on the disk after the last write; nil before the first look.
  private var seen: SQLiteFileState?
  /// Log and index that are open; nil before the first look.
  private var logFiles: SQLiteLogFiles?
  /// This file's mark; nil before the first write.
  private var mark: String?
  /// True once a write that marked it is committed.
  private var isMarked = false
  /// True once the mark was seen on the disk: it may stand in the log for long.
  private var isMarkOnDisk = false

  /// Looks when the file has been opened.
  mutating func onOpened(_ database: SQLiteDatabase) {
    seen = database.fileState()
    logFiles = database.logFiles()
  }

  /// Whether the log that is open, or its index, is no longer the one beside the file: what is written would go where
  /// nobody finds it again.
  func hasLostLog(_ database: SQLiteDatabase) -> Bool { logFiles.map { $0 != database.logFiles() } ?? false }

  /// Whether nobody but this connection has written since its last write: then what stands in its log can be brought
  /// into the file. Somebody who did has left it in a log of his own, in ours, or in the file.
  func isUntouched(_ database: SQLiteDatabase) -> Bool {
    guard let seen, let logFiles, let now = database.fileState(), now.file == seen.file, now.head == seen.head else {
      return false
    }
    return logFiles.hasSameLog(database.logFiles()) ? now.log == seen.log : now.log.size == 0
  }

  /// Looks before a write: whether somebody else wrote the file since the last look. Then `isForeign` says who it was.
  func hasChanged(_ database: SQLiteDatabase) -> Bool {
    guard let seen, let now = database.fileState() else { return false }
    return now.file != seen.file || now.head != seen.head
  }

  /// Whether what somebody else wrote is no file of ours by its head alone. Outside of the write's transaction, which
  /// may not even begin on such a file.
  func isPlainlyForeign(_ database: SQLiteDatabase) -> Bool {
    guard let seen, let now = database.fileState() else { return false }
    // A young file's own number may still stand in its log.
    let owners = [seen.applicationID, Int64(JournalSchema.applicationID)]
    if !now.isDatabase || now.pageSize != seen.pageSize || !owners.contains(now.applicationID) { return true }
    return now.file.size < seen.file.size && now.head == seen.head
  }

  /// Whether what somebody else wrote is another file's content. Inside the transaction of the write.
  func isForeign(_ database: SQLiteDatabase) throws -> Bool {
    guard let seen, let now = database.fileState() else { return false }
    switch try marks(database, pageSize: now.pageSize) {
    case .own: break
    case .others: return true
    case .none: if isMarkOnDisk { return true }
    }
    // Somebody who wrote through SQLite left that in the log. Who did not can have brought into the file what stands in
    // the log at most, which is what this connection sees.
    guard now.log == seen.log else { return false }
    let here = [
      try number("page_count", database), try number("freelist_count", database),
      try number("schema_version", database),
    ]
    return here != [now.pages, now.freePages, now.schemaVersion]
  }

  /// Marks the file, inside the transaction of the first write.
  mutating func markOnce(_ database: SQLiteDatabase) throws {
    guard !isMarked else { return }
    try database.run(
      """
      INSERT INTO retraind_meta (key, value) VALUES (?1, ?2 || lower(hex(randomblob(16)))) ON CONFLICT (key) DO NOTHING
      """, [.text(Self.markKey), .text(Self.markPrefix)])
    mark = try database.first("SELECT value FROM retraind_meta WHERE key = ?1", [.text(Self.markKey)]) { row in
      row[0].text
    }.flatMap { $0 }
  }

  /// Looks after a write.
  mutating func onWritten(_ database: SQLiteDatabase) {
    isMarked = mark != nil
    let now = database.fileState()
    if let now, !isMarkOnDisk, now.file != seen?.file, case .own? = try? marks(database, pageSize: now.pageSize) {
      isMarkOnDisk = true
    }
    seen = now
  }

  /// Whose mark stands in the file.
  private enum Mark {
    case own
    case others
    case none
  }

  /// Reads the mark from the disk itself: SQLite would answer from its cache or its log.
  private func marks(_ database: SQLiteDatabase, pageSize: Int64) throws -> Mark {
    let root = try database.first("SELECT rootpage FROM sqlite_schema WHERE name = 'retraind_meta'") { row in
      row[0].integer
    }
    guard let mark, let number = root.flatMap({ $0 }), let page = database.pageOnDisk(number, size: pageSize) else {
      return .none
    }
    if page.firstRange(of: Array(mark.utf8)) != nil { return .own }
    return page.firstRange(of: Array(Self.markPrefix.utf8)) != nil ? .others : .none
  }

  private func number(_ pragma: String, _ database: SQLiteDatabase) throws -> Int64 {
    try database.first("PRAGMA \(pragma)") { row in row[0].integer ?? 0 } ?? 0
  }
}
