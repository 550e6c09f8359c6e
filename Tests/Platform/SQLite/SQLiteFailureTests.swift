import Testing

@testable import Platform

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#endif

@Suite(.timeLimit(.minutes(5))) struct SQLiteFailureTests {
  let directory: SQLiteTemporaryDirectory

  init() throws { directory = try SQLiteTemporaryDirectory() }

  private func failure(_ body: () throws -> Void) -> SQLiteFailure? {
    do {
      try body()
      return nil
    } catch {
      return error as? SQLiteFailure
    }
  }

  @Test func aFullFileSaysSoAndGoesOnWhenThereIsRoom() throws {
    let database = try SQLiteDatabase(path: directory.file())
    try database.run("CREATE TABLE t (v)")
    try database.run("PRAGMA max_page_count = 4")
    let full = failure {
      try database.transaction {
        try database.run("INSERT INTO t VALUES (1)")
        try database.run("INSERT INTO t VALUES (zeroblob(100000))")
      }
    }
    #expect(full?.kind == .full)
    #expect(full?.description.contains(directory.file()) == true)
    #expect(full?.description.contains("Free space") == true)
    #expect(full?.description.contains("by itself") == false)
    #expect(!database.isInTransaction)
    try database.run("PRAGMA max_page_count = 10000")
    try database.run("INSERT INTO t VALUES (2)")
    #expect(try database.query("SELECT v FROM t") { row in row[0] } == [2])
  }

  @Test func aFullDiskIsFullHoweverSQLiteSaysIt() {
    for code: Int32 in [13, 10 | (19 << 8), 10, 14] {
      #expect(SQLiteFailure(extendedCode: code, systemError: ENOSPC, path: "/p", message: "").kind == .full)
    }
    #expect(SQLiteFailure(extendedCode: 10, systemError: EIO, path: "/p", message: "").kind == .inputOutput)
    #expect(SQLiteFailure(extendedCode: 14, systemError: EACCES, path: "/p", message: "").kind == .cannotOpen)
  }

  @Test(arguments: [SQLiteDatabase.Access.readWrite, .readOnly])
  func whatIsNoFileIsRefusedAtOnce(access: SQLiteDatabase.Access) throws {
    try #require(mkfifo(directory.file("pipe"), 0o600) == 0)
    try #require(mkdir(directory.file("directory"), 0o700) == 0)
    for path in [directory.file("pipe"), directory.file("directory"), "/dev/zero"] {
      let refused = failure { _ = try SQLiteDatabase(path: path, access: access) }
      #expect(refused?.kind == .notADatabase, "\(path)")
      #expect(refused?.description.hasPrefix("\(path): this is a ") == true)
    }
  }

  @Test func aLockThatIsHeldTooLongIsTransient() throws {
    let holder = try SQLiteDatabase(path: directory.file())
    try holder.run("CREATE TABLE t (v)")
    let waiter = try SQLiteDatabase(path: directory.file(), access: .readWrite, busyTimeout: 1)
    try holder.run("BEGIN IMMEDIATE")
    let locked = failure { _ = try waiter.transaction { try waiter.run("INSERT INTO t VALUES (1)") } }
    #expect(locked?.kind == .locked)
    #expect(locked?.isTransient == true)
    #expect(locked?.description.contains("fuser \(directory.file())") == true)
    try holder.run("COMMIT")
    try waiter.transaction { try waiter.run("INSERT INTO t VALUES (1)") }
  }

  @Test func aFileOfAnotherKindIsNoDatabase() throws {
    try directory.write(Array("model,accepted\nm,12\n".utf8) + [UInt8](repeating: 0x41, count: 4096), to: "test.db")
    let failure = failure { _ = try SQLiteDatabase(path: directory.file()) }
    #expect(failure?.kind == .notADatabase)
    #expect(failure?.description.contains("no SQLite database") == true)
  }

  @Test func aDamagedFileSaysHowToRescueIt() throws {
    do {
      let database = try SQLiteDatabase(path: directory.file())
      try database.run("CREATE TABLE t (v)")
      try database.run("INSERT INTO t VALUES (zeroblob(50000))")
      try database.run("PRAGMA wal_checkpoint(TRUNCATE)")
      database.close()
    }
    var bytes = try directory.read()
    for index in 4096..<bytes.count { bytes[index] = 0xAB }
    try directory.write(bytes, to: "test.db")
    let failure = failure {
      let database = try SQLiteDatabase(path: directory.file())
      _ = try database.query("SELECT v FROM t") { row in row[0] }
    }
    #expect(failure?.kind == .corrupted)
    #expect(failure?.description.contains(".recover") == true)
  }

  @Test func aReadOnlyConnectionCreatesNothing() throws {
    let absent = failure { _ = try SQLiteDatabase(path: directory.file("none.db"), access: .readOnly) }
    #expect(absent?.kind == .absent)
    #expect(!FileManager.default.fileExists(atPath: directory.file("none.db")))
  }

  @Test func aReadOnlyConnectionWritesNothing() throws {
    let writer = try SQLiteDatabase(path: directory.file())
    try writer.execute(script: "CREATE TABLE t (v); INSERT INTO t VALUES (1);")
    let reader = try SQLiteDatabase(path: directory.file(), access: .readOnly)
    #expect(try reader.query("SELECT v FROM t") { row in row[0] } == [1])
    #expect(failure { try reader.run("INSERT INTO t VALUES (2)") }?.kind == .readOnly)
  }

  @Test func aPlaceThatCannotBeCreatedNamesThePart() throws {
    try directory.write([], to: "file")
    let failure = failure { _ = try SQLiteDatabase(path: directory.file("file/x/test.db")) }
    #expect(failure?.kind == .cannotOpen)
    #expect(failure?.description.contains(directory.file("file/x")) == true)
  }

  @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
  func aReadOnlyDirectorySaysSo() throws {
    try FileManager.default.createDirectory(atPath: directory.file("ro"), withIntermediateDirectories: false)
    chmod(directory.file("ro"), 0o500)
    defer { chmod(directory.file("ro"), 0o700) }
    let failure = failure { _ = try SQLiteDatabase(path: directory.file("ro/test.db")) }
    #expect(failure?.kind == .readOnly)
    #expect(failure?.description.contains("chown") == true)
  }

  @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
  func aReadOnlyFileIsNotOpenedForWriting() throws {
    do { try SQLiteDatabase(path: directory.file()).run("CREATE TABLE t (v)") }
    chmod(directory.file(), 0o400)
    #expect(failure { _ = try SQLiteDatabase(path: directory.file()) }?.kind == .readOnly)
  }

  @Test func aRefusedRowTellsTheColumnAndNeverTheValue() throws {
    let database = try SQLiteDatabase(path: directory.file())
    try database.run("CREATE TABLE t (v TEXT UNIQUE)")
    try database.run("INSERT INTO t VALUES ('secret')")
    let failure = failure { try database.run("INSERT INTO t VALUES ('secret')") }
    #expect(failure?.kind == .constraint)
    #expect(failure?.code == 19)
    #expect(failure?.extendedCode == 2067)
    #expect(failure?.description.contains("t.v") == true)
    #expect(failure?.description.contains("secret") == false)
  }

  @Test func aClosedConnectionSaysSo() throws {
    let database = try SQLiteDatabase(path: directory.file())
    database.close()
    #expect(failure { try database.run("SELECT 1") }?.kind == .closed)
    #expect(failure { try database.execute(script: "SELECT 1") }?.kind == .closed)
  }

  @Test func aFileThatWasReplacedIsNoticed() throws {
    let database = try SQLiteDatabase(path: directory.file())
    try database.run("CREATE TABLE t (v)")
    #expect(!database.hasMoved)
    try FileManager.default.moveItem(atPath: directory.file(), toPath: directory.file("moved.db"))
    #expect(database.hasMoved)
  }
}

@Suite(.timeLimit(.minutes(5))) struct SQLiteMigrationsTests {
  let directory: SQLiteTemporaryDirectory

  init() throws { directory = try SQLiteTemporaryDirectory() }

  private static func list(_ count: Int) -> SQLiteMigrations {
    SQLiteMigrations(
      applicationID: 77, steps: (0..<count).map { step in { try $0.run("CREATE TABLE t\(step) (v)") } })
  }

  private func kind(_ body: () throws -> Void) -> SQLiteFailure.Kind? {
    do {
      try body()
      return nil
    } catch {
      return (error as? SQLiteFailure)?.kind
    }
  }

  @Test func eachStepRunsOnce() throws {
    for count in [1, 3, 3] {
      let database = try SQLiteDatabase(path: directory.file())
      try Self.list(count).migrate(database)
      #expect(try database.first("PRAGMA user_version") { row in row[0].integer } == Int64(count))
      #expect(
        try database.first("SELECT count(*) FROM sqlite_schema WHERE type = 'table'") { row in row[0].integer }
          == Int64(count))
    }
  }

  @Test func aStepThatFailsLeavesTheFileAsItWas() throws {
    let database = try SQLiteDatabase(path: directory.file())
    var list = Self.list(1)
    list.steps.append { database in
      try database.run("CREATE TABLE half (v)")
      try database.run("this is no SQL")
    }
    #expect(kind { try list.migrate(database) } == .other)
    #expect(try database.first("PRAGMA user_version") { row in row[0].integer } == 1)
    #expect(try database.first("SELECT 1 FROM sqlite_schema WHERE name = 'half'") { _ in true } == nil)
  }

  @Test func aNewerFileIsRefusedAndLeftAlone() throws {
    let database = try SQLiteDatabase(path: directory.file())
    try Self.list(3).migrate(database)
    #expect(kind { try Self.list(2).migrate(database) } == .newerSchema)
    #expect(try database.first("PRAGMA user_version") { row in row[0].integer } == 3)
  }

  @Test func anotherApplicationsFileIsRefused() throws {
    let database = try SQLiteDatabase(path: directory.file())
    try database.run("PRAGMA application_id = 5")
    #expect(kind { try Self.list(1).migrate(database) } == .foreign)
  }

  @Test(arguments: [1, 2, 77])
  func aFileThatCountsItsVersionsAndNamesNoOwnerIsRefused(version: Int) throws {
    let database = try SQLiteDatabase(path: directory.file())
    try database.execute(script: "CREATE TABLE foo (a); PRAGMA user_version = \(version)")
    #expect(kind { try Self.list(3).migrate(database) } == .foreign)
    #expect(try database.first("PRAGMA user_version") { row in row[0].integer } == Int64(version))
    #expect(try database.first("PRAGMA application_id") { row in row[0].integer } == 0)
  }

  @Test func anOlderFileIsNotReadWithoutItsNewTables() throws {
    try Self.list(1).migrate(try SQLiteDatabase(path: directory.file()))
    let reader = try SQLiteDatabase(path: directory.file(), access: .readOnly)
    #expect(kind { try Self.list(2).check(reader) } == .olderSchema)
    #expect(kind { try Self.list(1).check(reader) } == nil)
  }

  @Test func manyMayOpenANewFileAtOnce() async throws {
    let path = directory.file()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { try Self.list(5).migrate(try SQLiteDatabase(path: path)) }
      }
      try await group.waitForAll()
    }
    let database = try SQLiteDatabase(path: path)
    #expect(try database.first("PRAGMA user_version") { row in row[0].integer } == 5)
  }
}
