import Platform
import Rules
import Testing

@testable import Journal

@Suite(.timeLimit(.minutes(5))) struct DecisionTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func everyNumberComesBack() async throws {
    let journal = try await Journal.open(path: directory.file())
    var bare = DecisionRow(
      at: Sample.time(2), model: nil,
      evaluation: Evaluation(
        model: nil, verdict: .unattributed, average: nil, threshold: 0.6, have: 0, need: 3, used: [], leftOut: [],
        accepted: 0, judged: 0, interval: nil, rule: "mean", ruleHash: "00", reason: "no model"),
      action: "none", why: "no model")
    var full = Sample.decision()
    let ids = try await journal.storeDecisions([full, bare])
    full.id = ids[0]
    bare.id = ids[1]
    #expect(ids[0] < ids[1])
    #expect(try await journal.decisions(limit: 9) == [bare, full])
    #expect(try await journal.decisions(model: "m", limit: 9) == [full])
    #expect(try await journal.latestDecisions(limit: 99).first(where: { $0.model == nil }) == bare)
    #expect(try await journal.latestDecisions(limit: 99).first(where: { $0.model == "m" }) == full)
    #expect(try await journal.latestDecisions(limit: 99).first(where: { $0.model == "other" }) == nil)
  }

  @Test func onlyTheNewestAreKept() async throws {
    let journal = try await Journal.open(path: directory.file(), limits: JournalLimits(decisions: 3))
    try await journal.storeDecisions((0..<10).map { Sample.decision("m\($0)") })
    #expect(try await journal.decisions(limit: 99).map(\.model) == ["m9", "m8", "m7"])
    try await journal.storeDecisions([Sample.decision("last")])
    #expect(try await journal.decisions(limit: 99).map(\.model) == ["last", "m9", "m8"])
  }

  @Test func aTableFullOfBadRowsMakesNoLargeDecision() async throws {
    let journal = try await Journal.open(path: directory.file())
    var decision = Sample.decision()
    decision.evaluation = MeanRule.evaluate(
      rows: (0..<20_000).map { CycleRow(id: "row-\($0)", timestamp: $0 % 4 == 0 ? nil : Sample.time(-Int64($0))) },
      model: "m", settings: RuleSettings(), windowStart: nil, now: Sample.time(0))
    #expect(decision.evaluation.leftOut.count == Evaluation.maximumLeftOut)
    #expect(decision.evaluation.leftOutCounts == [.noTimestamp: 5_000, .noJudgement: 15_000])
    decision.id = try await journal.storeDecisions([decision])[0]
    #expect(try await journal.decisions(limit: 9) == [decision])
    let shell = try SQLiteDatabase(path: directory.file())
    let size = try shell.first("SELECT length(left_out) FROM retraind_decisions") { row in row[0].integer ?? 0 }
    #expect((100..<10_000).contains(size ?? 0))
  }

  @Test func decisionsOfEarlierVersionsAreRead() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await journal.storeDecisions([Sample.decision()])
    let shell = try SQLiteDatabase(path: directory.file())
    try shell.run(#"UPDATE retraind_decisions SET left_out = '[{"id":"x","timestamp":null,"why":"noTimestamp"}]'"#)
    let evaluation = try await journal.decisions(limit: 1).first?.evaluation
    #expect(evaluation?.leftOut == [LeftOutRow(id: "x", timestamp: nil, why: .noTimestamp)])
    #expect(evaluation?.leftOutCounts == [.noTimestamp: 1])
  }

  @Test func noDecisionsAreNoTransaction() async throws {
    let journal = try await Journal.open(path: directory.file())
    #expect(try await journal.storeDecisions([]) == [])
  }

  @Test func aDecisionThatCannotBeReadSaysWhichAndStopsNothingElse() async throws {
    let journal = try await Journal.open(path: directory.file())
    try await journal.storeDecisions([Sample.decision()])
    let shell = try SQLiteDatabase(path: directory.file())
    try shell.run("UPDATE retraind_decisions SET used = 'no JSON'")
    #expect(try await journal.latestDecisions(limit: 99).first(where: { $0.model == "m" })?.evaluation.used == [])
    try shell.run("UPDATE retraind_decisions SET verdict = 'wonderful'")
    do {
      _ = try await journal.latestDecisions(limit: 99).first(where: { $0.model == "m" })
      Issue.record("an unknown verdict was read")
    } catch {
      #expect(error.description.contains("retraind_decisions.verdict"))
    }
    #expect(await journal.unwritable() == nil)
  }

  @Test func jsonIsValidWhateverATextHolds() async throws {
    let database = try SQLiteDatabase(path: directory.file("json.db"))
    for text in Sample.hostileNames + ["\u{7F}\u{1}\t\r\\", "</script>", "\u{2028}"] {
      let json = JSONText.of(.object([("k", .text(text)), (text, .array([.null, .integer(.min), .real(.nan)]))]))
      #expect(try database.first("SELECT json_valid(?1)", [.text(json)]) { row in row[0] } == 1)
      if !text.contains("\u{0}") {
        #expect(try database.first("SELECT json_extract(?1, '$.k')", [.text(json)]) { row in row[0].text } == text)
      }
    }
    #expect(JSONText.of(.array([.real(0.1), .real(1e-7), .integer(.max)])) == "[0.1,1e-07,9223372036854775807]")
  }
}

@Suite(.timeLimit(.minutes(5))) struct MemoryTests {
  @Test(arguments: [0, 1, 3, 200, 201, 700])
  func manyAreReadAtOnce(count: Int) async throws {
    let directory = try TemporaryDirectory()
    let journal = try await Journal.open(path: directory.file())
    let names = (0..<count).map { "model-\($0)" }
    var expected: [String: ModelMemory] = [:]
    for (index, name) in names.enumerated() where index % 3 != 1 { expected[name] = ModelMemory(failures: index) }
    for (name, memory) in expected { try await journal.updateMemory(of: name) { $0 = memory } }
    try await journal.updateMemory(of: "not asked for") { $0 = Sample.memory }
    #expect(try await journal.memories(of: names) == expected)
  }

  @Test func changesFromEverywhereAreAllKept() async throws {
    let directory = try TemporaryDirectory()
    let journal = try await Journal.open(path: directory.file())
    let other = try await Journal.open(path: directory.file())
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil) {
      $0.circuit = .open(reason: "broken")
      $0.failures = 5
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await other.onConfigurationChanged("m") }
      group.addTask {
        for _ in 0..<20 { try await journal.updateMemory(of: "m") { $0.lastRunEnded = Sample.time(1) } }
      }
      group.addTask {
        for _ in 0..<20 {
          try await other.transition(
            run: "run-1", fence: 0, to: .pulling, memory: { $0.windowStart = Sample.time(2) }, at: Sample.time(1))
        }
      }
      try await group.waitForAll()
    }
    let memory = try await journal.memory(of: "m")
    #expect(memory == ModelMemory(lastRunEnded: Sample.time(1), windowStart: Sample.time(2)))
  }

  @Test func theNextAttemptOfARunIsThatOfItsMemory() async throws {
    let directory = try TemporaryDirectory()
    let journal = try await Journal.open(path: directory.file())
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil) { _ in }
    let known = try await journal.transition(
      run: "run-1", fence: 0, to: .failed,
      memory: {
        $0.retryRun = "run-1"
        $0.retryAt = Sample.time(9)
      }, at: Sample.time(1))
    #expect(known?.retryRun == "run-1")
    #expect(try await journal.run("run-1")?.retryAt == Sample.time(9))
  }

  @Test func aMemoryIsReplacedAsAWhole() async throws {
    let directory = try TemporaryDirectory()
    let journal = try await Journal.open(path: directory.file())
    #expect(try await journal.memory(of: "m") == ModelMemory())
    try await journal.updateMemory(of: "m") { $0 = Sample.memory }
    try await journal.updateMemory(of: "m") { $0 = ModelMemory() }
    #expect(try await journal.memory(of: "m") == ModelMemory())
  }
}

@Suite(.timeLimit(.minutes(5))) struct EventHistoryTests {
  @Test func bothTablesAreReadAndNoneIsMissed() async throws {
    let directory = try TemporaryDirectory()
    let journal = try await Journal.open(path: directory.file())
    let shell = try SQLiteDatabase(path: directory.file())
    try shell.execute(
      script: """
        INSERT INTO system_events (id, timestamp, event_type, notes, metadata)
        VALUES ('a', '2026-01-02 00:00:00', 'model_retrain', 'first', '{}'), ('b', NULL, 'other', NULL, NULL);
        INSERT INTO learning_events (id, event_type, created_at)
        VALUES ('c', 'model_retrain', '2026-01-03T00:00:00Z'), ('d', 'rejection', '2026-01-04T00:00:00Z');
        """)
    let events = try await journal.events(limit: 9)
    #expect(events.map(\.id) == ["c", "a", "b"])
    #expect(events.map(\.table) == ["learning_events", "system_events", "system_events"])
    #expect(events[1].notes == "first")
    #expect(try await journal.events(limit: 1).map(\.id) == ["c"])
    try shell.run("DROP TABLE system_events")
    #expect(try await journal.events(limit: 9).map(\.id) == ["c"])
    try shell.run("DROP TABLE learning_events")
    #expect(try await journal.events(limit: 9) == [])
  }
}
