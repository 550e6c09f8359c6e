import Platform
import Rules
import Testing

@testable import Journal

@Suite(.timeLimit(.minutes(5))) struct JournalFileTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func failure(_ body: () async throws(JournalFailure) -> Void) async -> JournalFailure? {
    do throws(JournalFailure) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  private func kind(_ failure: JournalFailure?) -> SQLiteFailure.Kind? {
    if case .database(let database) = failure { database.kind } else { nil }
  }

  @Test func makesTheTablesOfTheDesignAndItsOwn() async throws {
    let journal = try await Journal.open(path: directory.file("deep/er/retraind.db"))
    #expect(await journal.unwritable() == nil)
    let database = try SQLiteDatabase(path: journal.path, access: .readOnly)
    let names = try database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") { row in
      row[0].text ?? ""
    }
    #expect(
      names.filter { !$0.hasPrefix("sqlite_") } == [
        "learning_events", "learning_samples", "learning_stats", "retraind_decisions", "retraind_meta",
        "retraind_mirror", "retraind_models", "retraind_notifications", "retraind_outbox", "retraind_run_steps",
        "retraind_runs", "retraind_standings", "system_events",
      ])
    let columns = try database.query("SELECT name FROM pragma_table_info('learning_stats')") { row in row[0].text ?? ""
    }
    #expect(
      columns == [
        "id", "timestamp", "model", "model_version", "window_minutes", "total_events", "accepted", "rejected",
        "edited", "accept_rate", "avg_accepted_confidence", "avg_rejected_confidence", "confidence_gap", "metrics",
        "created_at",
      ])
  }

  @Test func thePrintedSchemaMakesTheSameTables() async throws {
    _ = try await Journal.open(path: directory.file())
    let byHand = try SQLiteDatabase(path: directory.file("by-hand.db"))
    try byHand.execute(script: EmbeddedTables.sql)
    let made = try SQLiteDatabase(path: directory.file(), access: .readOnly)
    let sql = "SELECT name, sql FROM sqlite_schema WHERE name LIKE 'learning%' OR name LIKE 'system%' ORDER BY name"
    let rows = try byHand.query(sql) { row in [row[0], row[1]] }
    #expect(rows.count == 9)
    #expect(try made.query(sql) { row in [row[0], row[1]] } == rows)
    // And a second time changes nothing.
    try byHand.execute(script: EmbeddedTables.sql)
  }

  @Test func takesOverOlderTablesWithWhatTheyHold() async throws {
    do {
      let old = try SQLiteDatabase(path: directory.file())
      try old.execute(
        script: """
          CREATE TABLE learning_stats (id INTEGER PRIMARY KEY, timestamp TEXT, accept_rate REAL);
          INSERT INTO learning_stats VALUES (1, '2026-01-01 00:00:00', 0.5);
          """)
    }
    _ = try await Journal.open(path: directory.file())
    let database = try SQLiteDatabase(path: directory.file(), access: .readOnly)
    let row = try database.first("SELECT id, accept_rate, model, accepted FROM learning_stats") { row in
      (0..<4).map { row[$0] }
    }
    #expect(row == [1, 0.5, nil, nil])
  }

  @Test func aNewerFileIsRefused() async throws {
    do { _ = try await Journal.open(path: directory.file()) }
    try SQLiteDatabase(path: directory.file()).run("PRAGMA user_version = 99")
    let failure = await failure { () async throws(JournalFailure) in _ = try await Journal.open(path: directory.file())
    }
    #expect(kind(failure) == .newerSchema)
    #expect(failure?.description.contains("schema 99") == true)
  }

  @Test func aDamagedFileIsRefused() async throws {
    try directory.write([UInt8](repeating: 0x55, count: 8192))
    let failure = await failure { () async throws(JournalFailure) in _ = try await Journal.open(path: directory.file())
    }
    #expect(kind(failure) == .notADatabase)
    #expect(failure?.description.contains(directory.file()) == true)
  }

  @Test func aPlaceThatCannotBeMadeIsRefused() async throws {
    try directory.write([], to: "file")
    let path = directory.file("file/retraind.db")
    #expect(
      kind(await failure { () async throws(JournalFailure) in _ = try await Journal.open(path: path) }) == .cannotOpen)
  }

  @Test func readingOnlyCreatesNothingAndWritesNothing() async throws {
    let path = directory.file()
    let absent = await failure { () async throws(JournalFailure) in
      _ = try await Journal.open(path: path, readOnly: true)
    }
    #expect(kind(absent) == .absent)
    #expect(!directory.exists("retraind.db"))

    let writer = try await Journal.open(path: path)
    let reader = try await Journal.open(path: path, readOnly: true)
    try await writer.updateMemory(of: "m") { $0 = Sample.memory }
    #expect(try await reader.memory(of: "m") == Sample.memory)
    let refused = await failure { () async throws(JournalFailure) in
      try await reader.updateMemory(of: "n") { $0 = Sample.memory }
    }
    #expect(refused == .readOnly(path: path))
    #expect(await reader.unwritable() != nil)
  }

  @Test func aClosedJournalSaysSo() async throws {
    let journal = try await Journal.open(path: directory.file())
    await journal.close()
    await journal.close()
    let failure = await failure { () async throws(JournalFailure) in _ = try await journal.openRuns() }
    #expect(kind(failure) == .closed)
    #expect(await journal.unwritable() != nil)
  }

  @Test func whatWasCommittedSurvivesAKill() async throws {
    let journal = try await Journal.open(path: directory.file())
    let decision = try await journal.storeDecisions([Sample.decision()])[0]
    try await journal.beginRun(
      run: Sample.run(), event: Sample.event(), decision: decision, memory: { $0 = Sample.memory })
    let fence = try await journal.takeFence(run: "run-1")
    try await journal.transition(run: "run-1", fence: fence, to: .pulling, stage: "pulling", at: Sample.time(1))
    let copy = try directory.copyAsAfterKill()

    let survivor = try await Journal.open(path: copy)
    #expect(try await survivor.openRuns().map(\.state) == [.pulling])
    #expect(try await survivor.pendingEvents(limit: 9, now: Sample.time(9)).map(\.event) == [Sample.event()])
    #expect(try await survivor.memory(of: "m") == Sample.memory)
    #expect(try await survivor.steps(of: "run-1").map(\.state) == [.requested, .recorded, .pulling])
    #expect(try await survivor.takeFence(run: "run-1") == fence + 1)
    await journal.close()
  }

  @Test func twoConnectionsWriteSideBySide() async throws {
    let path = directory.file()
    let one = try await Journal.open(path: path)
    let two = try await Journal.open(path: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, journal) in [one, two].enumerated() {
        group.addTask {
          for index in 0..<25 {
            try await journal.updateMemory(of: "m\(number)-\(index)") { $0.failures = index }
          }
        }
      }
      try await group.waitForAll()
    }
    let names = (0..<2).flatMap { number in (0..<25).map { "m\(number)-\($0)" } }
    #expect(try await one.memories(of: names).count == 50)
  }

  @Test func aFullDiskIsToldAndOverWhenThereIsRoom() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await journal.fill(leaving: 0)
    var run = Sample.run()
    run.configuration = String(repeating: "x", count: 100_000)
    let large = run
    let failure = await failure { () async throws(JournalFailure) in
      try await journal.beginRun(run: large, event: Sample.event(), decision: nil, memory: { $0 = Sample.memory })
    }
    #expect(kind(failure) == .full)
    #expect(try await journal.run("run-1") == nil)
    #expect(try await journal.outboxCounts() == OutboxCounts())
    #expect(try await journal.memory(of: "m") == ModelMemory())
    try await journal.empty()
    try await journal.beginRun(run: large, event: Sample.event(), decision: nil, memory: { $0 = Sample.memory })
    #expect(try await journal.run("run-1") != nil)
  }

  @Test func aJournalWhoseFileIsGoneIsNotWritable() async throws {
    let journal = try await Journal.open(path: directory.file())
    #expect(await journal.unwritable() == nil)
    try directory.move("retraind.db", to: "elsewhere.db")
    let failure = await failure { () async throws(JournalFailure) in try await journal.proveWritable() }
    #expect(kind(failure) == .moved)
    let refusal = await self.failure { () async throws(JournalFailure) in
      try await journal.beginRun(
        run: Sample.run(), event: Sample.event(), decision: nil, memory: { $0 = Sample.memory })
    }
    #expect(kind(refusal) == .moved)
    #expect(try await journal.run("run-1") == nil)
    try directory.move("elsewhere.db", to: "retraind.db")
    #expect(await journal.unwritable() == nil)
  }

  /// Every way of writing over a file under the journal, and what it was before.
  @Test(arguments: ["nothing", "text", "another", "another marked", "older", "shorter"])
  func aJournalThatIsOverwrittenIsNotWritable(with what: String) async throws {
    let journal = try await Journal.open(path: directory.file())
    try await journal.proveWritable()
    try await journal.checkpoint()
    let other = try await Journal.open(path: directory.file("other.db"))
    if what == "another marked" { try await other.proveWritable() }
    await other.close()
    switch what {
    case "nothing": try directory.write([])
    case "text": try directory.write(Array(repeating: 0x20, count: 200_000))
    case "another", "another marked": try directory.write(try directory.bytes("other.db"))
    case "older":
      let older = try directory.bytes()
      try await journal.updateMemory(of: String(repeating: "m", count: 20_000)) { $0 = Sample.memory }
      try await journal.checkpoint()
      try directory.write(older)
    default: try directory.write(Array(try directory.bytes().prefix(8192)))
    }
    let failure = await failure { () async throws(JournalFailure) in try await journal.proveWritable() }
    #expect(kind(failure) == .overwritten)
    #expect(failure?.isMoved == true)
    let refusal = await self.failure { () async throws(JournalFailure) in
      try await journal.beginRun(
        run: Sample.run(), event: Sample.event(), decision: nil, memory: { $0 = Sample.memory })
    }
    #expect(kind(refusal) == .overwritten)
    #expect(await journal.unwritable()?.contains("retraind.db-wal") == true)
    // Nor does it write into that file when it is closed.
    let there = try directory.bytes()
    await journal.close()
    #expect(try directory.bytes() == there)
  }

  @Test func whatOthersWriteThroughSQLiteIsNoDamage() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await journal.proveWritable()
    let shell = try SQLiteDatabase(path: directory.file())
    // A checkpoint of what the journal wrote, a write with a checkpoint behind it, one with none, and a shorter file.
    try shell.run("PRAGMA wal_checkpoint(PASSIVE)")
    #expect(await journal.unwritable() == nil)
    try shell.run("CREATE TABLE other (text TEXT)")
    try shell.run("INSERT INTO other VALUES (?1)", [.text(String(repeating: "x", count: 100_000))])
    try shell.run("PRAGMA wal_checkpoint(TRUNCATE)")
    #expect(await journal.unwritable() == nil)
    try shell.run("DROP TABLE other")
    #expect(await journal.unwritable() == nil)
    try shell.run("VACUUM")
    try shell.run("PRAGMA wal_checkpoint(TRUNCATE)")
    #expect(await journal.unwritable() == nil)
    try await journal.checkpoint()
    #expect(await journal.unwritable() == nil)
  }

  @Test func aSecondJournalKnowsTheMarkOfTheFirst() async throws {
    let first = try await Journal.open(path: directory.file())
    try await first.proveWritable()
    let second = try await Journal.open(path: directory.file())
    for _ in 0..<3 {
      try await second.proveWritable()
      try await second.checkpoint()
      try await first.proveWritable()
      try await first.checkpoint()
    }
  }

  @Test func itRunsOnItsOwnThread() async throws {
    let journal = try await Journal.open(path: directory.file())
    await journal.checkThread()
  }
}

extension Journal {
  fileprivate func checkThread() { preconditionIsolated() }
}
