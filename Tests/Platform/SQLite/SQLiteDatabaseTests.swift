import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct SQLiteDatabaseTests {
  let directory: SQLiteTemporaryDirectory

  init() throws { directory = try SQLiteTemporaryDirectory() }

  private func open() throws -> SQLiteDatabase { try SQLiteDatabase(path: directory.file()) }

  @Test(arguments: [
    SQLiteValue.null, .integer(.min), .integer(.max), .real(0.1), .real(-.infinity), .text(""), .text("a\u{0}b'\"; --"),
    .text("e\u{301} 🙂"), .blob([]), .blob([0, 255, 7]), .text(String(repeating: "x", count: 10_000)),
  ])
  func everyValueComesBackAsItWas(value: SQLiteValue) throws {
    let database = try open()
    try database.run("CREATE TABLE t (v)")
    try database.run("INSERT INTO t VALUES (?1)", [value])
    #expect(try database.query("SELECT v FROM t") { row in row[0] } == [value])
    #expect(try database.first("SELECT count(*) FROM t WHERE v IS ?1", [value]) { row in row[0] } == .integer(1))
  }

  @Test func notANumberIsStoredAsNull() throws {
    let database = try open()
    #expect(try database.first("SELECT ?1", [.real(.nan)]) { row in row[0] } == .null)
  }

  @Test func aColumnBeyondTheLastIsNull() throws {
    #expect(try open().first("SELECT 1") { row in row[7] } == .null)
  }

  @Test func opensWithWALFullSyncAndForeignKeys() throws {
    let database = try open()
    #expect(try database.first("PRAGMA journal_mode") { row in row[0].text } == "wal")
    #expect(try database.first("PRAGMA synchronous") { row in row[0].integer } == 2)
    #expect(try database.first("PRAGMA foreign_keys") { row in row[0].integer } == 1)
    #expect(try database.first("PRAGMA busy_timeout") { row in row[0].integer } == 5000)
  }

  @Test func createsDirectoriesAndFilesForThisUserOnly() throws {
    let path = directory.file("a/b/c.db")
    let database = try SQLiteDatabase(path: path)
    try database.run("CREATE TABLE t (v)")
    #expect(directory.mode(of: path) == 0o600)
    #expect(directory.mode(of: path + "-wal") == 0o600)
    #expect(directory.mode(of: directory.file("a")) == 0o700)
    #expect(directory.mode(of: directory.file("a/b")) == 0o700)
  }

  @Test func theNumberOfValuesMustFit() throws {
    let database = try open()
    #expect(throws: SQLiteFailure.self) { try database.run("SELECT ?1, ?2", [1]) }
    #expect(throws: SQLiteFailure.self) { try database.run("SELECT ?1", [1, 2]) }
  }

  @Test func aQueryMayRunInsideARowOfTheSameQuery() throws {
    let database = try open()
    try database.execute(script: "CREATE TABLE t (v); INSERT INTO t VALUES (1), (2), (3);")
    let sql = "SELECT v FROM t ORDER BY v"
    let inner = try database.query(sql) { _ throws(SQLiteFailure) in
      try database.query(sql) { row in row[0].integer }.count
    }
    #expect(inner == [3, 3, 3])
  }

  @Test func moreStatementsThanTheCacheHoldsStillRun() throws {
    let database = try open()
    for number in 0..<(SQLiteDatabase.maxCachedStatements * 2 + 1) {
      #expect(try database.first("SELECT \(number)") { row in row[0].integer } == Int64(number))
    }
  }

  @Test func aTransactionIsAllOrNothing() throws {
    struct Stop: Error {}
    let database = try open()
    try database.run("CREATE TABLE t (v)")
    #expect(throws: Stop.self) {
      try database.transaction {
        try database.run("INSERT INTO t VALUES (1)")
        throw Stop()
      }
    }
    #expect(!database.isInTransaction)
    try database.transaction {
      try database.run("INSERT INTO t VALUES (2)")
      try database.transaction { try database.run("INSERT INTO t VALUES (3)") }
    }
    #expect(try database.query("SELECT v FROM t ORDER BY v") { row in row[0] } == [2, 3])
  }

  @Test func aReadTransactionSeesOneState() throws {
    let reader = try open()
    let writer = try open()
    try writer.execute(script: "CREATE TABLE t (v); INSERT INTO t VALUES (1);")
    let counts = try reader.transaction(.deferred) {
      let before = try reader.first("SELECT count(*) FROM t") { row in row[0].integer }
      try writer.run("INSERT INTO t VALUES (2)")
      return [before, try reader.first("SELECT count(*) FROM t") { row in row[0].integer }]
    }
    #expect(counts == [1, 1])
    #expect(try reader.first("SELECT count(*) FROM t") { row in row[0].integer } == 2)
  }

  @Test func aDoubleQuotedNameIsNeverAString() throws {
    #expect(throws: SQLiteFailure.self) { try open().run("SELECT \"no such column\"") }
  }
}

@Suite(.timeLimit(.minutes(5))) struct SQLiteValueTests {
  @Test func numbersAreReadFromWhateverTheyWereStoredAs() {
    #expect(SQLiteValue.text(" 12 ").integer == 12)
    #expect(SQLiteValue.text("12.0").integer == 12)
    #expect(SQLiteValue.text("1e3").integer == 1000)
    #expect(SQLiteValue.real(12).integer == 12)
    #expect(SQLiteValue.blob([0x37]).integer == 7)
    #expect(SQLiteValue.text("0.5").real == 0.5)
    #expect(SQLiteValue.integer(1).real == 1)
    #expect(SQLiteValue.text("NaN").real?.isNaN == true)
    #expect(SQLiteValue.text("-Infinity").real == -.infinity)
  }

  @Test(arguments: [
    SQLiteValue.null, .text(""), .text("   "), .text("abc"), .text("12.5"), .real(12.5), .real(.nan), .real(1e300),
    .text("99999999999999999999"), .text("NaN"), .blob([0xFF]), .text(String(repeating: "1", count: 5000)),
  ])
  func whatIsNoWholeNumberIsNone(value: SQLiteValue) {
    #expect(value.integer == nil)
  }

  @Test func bytesThatAreNoTextAreReplaced() {
    #expect(SQLiteValue.blob([0x61, 0xFF]).text == "a\u{FFFD}")
  }
}
