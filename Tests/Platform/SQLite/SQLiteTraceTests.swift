import Testing

@testable import Platform

/// A look that leaves nothing behind.
@Suite(.timeLimit(.minutes(5))) struct SQLiteTraceTests {
  let directory: SQLiteTemporaryDirectory

  init() throws { directory = try SQLiteTemporaryDirectory() }

  private func look() throws -> Int64? {
    let database = try SQLiteDatabase(
      path: directory.file(), access: .readOnly, busyTimeout: 100, leavesNoTrace: true)
    return try database.first("SELECT count(*) FROM t") { row in row[0].integer ?? -1 }
  }

  private var beside: [Bool] {
    ["-wal", "-shm", "-journal"].map { SQLiteFile.stamp(path: directory.file() + $0) != SQLiteFileState.Stamp() }
  }

  @Test func nothingIsMadeBesideAFileThatNobodyHasOpen() throws {
    let writer = try SQLiteDatabase(path: directory.file())
    try writer.run("CREATE TABLE t (v)")
    try writer.run("INSERT INTO t VALUES (1)")
    writer.close()
    try #require(beside == [false, false, false])
    let before = SQLiteFile.stamp(path: directory.file())
    #expect(try look() == 1)
    #expect(beside == [false, false, false])
    #expect(SQLiteFile.stamp(path: directory.file()) == before)
  }

  @Test func whatStandsInTheLogOfAWriterIsSeen() throws {
    let writer = try SQLiteDatabase(path: directory.file())
    try writer.run("CREATE TABLE t (v)")
    for value in 1...3 { try writer.run("INSERT INTO t VALUES (?1)", [.integer(Int64(value))]) }
    #expect(try look() == 3)
    try writer.run("INSERT INTO t VALUES (4)")
    #expect(try look() == 4)
    writer.close()
  }

  @Test func aFileThatIsNotThereIsNotMade() throws {
    #expect(throws: SQLiteFailure.self) { try look() }
    #expect(SQLiteFile.stamp(path: directory.file()) == SQLiteFileState.Stamp())
    #expect(SQLiteWriter.now(path: directory.file()) == nil)
  }
}
