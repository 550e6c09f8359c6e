/// The steps that bring a file to the current schema; the file's `user_version` counts those that are done.
public struct SQLiteMigrations {
  /// One step; runs inside the transaction that also counts it.
  public typealias Step = (SQLiteDatabase) throws -> Void

  /// Marks the files of one application (`PRAGMA application_id`).
  public var applicationID: Int32
  /// Every step ever released, oldest first.
  public var steps: [Step]

  /// Makes a list.
  public init(applicationID: Int32, steps: [Step]) {
    self.applicationID = applicationID
    self.steps = steps
  }

  /// Refuses a file that is newer than this program, another application's, or, for reading only, older.
  public func check(_ database: SQLiteDatabase) throws {
    let owner = try pragma("application_id", of: database)
    guard owner == 0 || owner == Int64(applicationID) else {
      throw SQLiteFailure(
        kind: .foreign, path: database.path,
        description: "\(database.path): this database belongs to another application. Name another file.")
    }
    let version = try pragma("user_version", of: database)
    // Each of our steps writes both numbers at once: a counted version without an owner is somebody else's count.
    guard owner != 0 || version == 0 else {
      throw SQLiteFailure(
        kind: .foreign, path: database.path,
        description: "\(database.path): this database belongs to another application (it counts its versions in "
          + "user_version, \(version), and names no application). Name another file.")
    }
    guard version <= Int64(steps.count) else {
      throw SQLiteFailure(
        kind: .newerSchema, path: database.path,
        description: "\(database.path): a newer version wrote this database (schema \(version), this one knows "
          + "\(steps.count)). Install that version again, or name another file.")
    }
    guard database.access == .readWrite || version == Int64(steps.count) else {
      throw SQLiteFailure(
        kind: .olderSchema, path: database.path,
        description: version == 0
          ? "\(database.path): nothing has been recorded in this file yet. Start the daemon once."
          : "\(database.path): an older version wrote this database. Start the daemon once to bring it up to date.")
    }
  }

  /// Runs the steps that the file lacks, each in a transaction of its own. Safe beside others that do the same.
  public func migrate(_ database: SQLiteDatabase) throws {
    try check(database)
    while try pragma("user_version", of: database) < Int64(steps.count) {
      try database.transaction(.immediate) {
        // Read again: another process may have done the step while this one waited for the lock.
        try check(database)
        let version = Int(try pragma("user_version", of: database))
        guard steps.indices.contains(version) else { return }
        try steps[version](database)
        try database.run("PRAGMA user_version = \(version + 1)")
        try database.run("PRAGMA application_id = \(applicationID)")
      }
    }
  }

  private func pragma(_ name: String, of database: SQLiteDatabase) throws -> Int64 {
    try database.first("PRAGMA \(name)") { row in row[0].integer ?? 0 } ?? 0
  }
}
