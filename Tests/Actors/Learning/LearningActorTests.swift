import Journal
import Platform
import Rules
import Stores
import Supervision
import TestSupport
import Testing

@testable import Actors

/// Judgements in a real journal that become cycles in it.
@Suite("Learning", .timeLimit(.minutes(5)))
struct LearningActorTests {
  /// A journal, and who makes cycles in it.
  fileprivate struct Stage {
    let bench: MonitorBench
    let journal: Journal
    let settings: SettingsBox
    let parts: Parts
    var actor: LearningActor

    init(_ learning: LearningSettings = LearningSettings()) async throws {
      bench = try MonitorBench()
      journal = try await Journal.open(path: bench.paths.database)
      settings = SettingsBox(Settings(model: "m", learning: learning))
      parts = bench.parts()
      actor = LearningActor(journal: journal, parts: parts, settings: settings)
      // Half past noon, so that hours are closed.
      bench.clock.advance(by: .seconds(12 * 3600 + 1800))
    }

    /// As after a restart.
    mutating func restart() { actor = LearningActor(journal: journal, parts: parts, settings: settings) }

    /// Adds judgements, minutes after midnight.
    func judge(_ kinds: [Judgement.Kind], minute: Int, model: String = "m", version: String? = nil) async throws {
      let judgements = kinds.map { kind in
        var judgement = Judgement(kind, model: model)
        judgement.modelVersion = version
        judgement.microseconds = MonitorBench.origin + Int64(minute) * 60_000_000
        return judgement
      }
      _ = try await JudgementRecorder(journal: journal, settings: settings.current).add(
        judgements, identifier: parts.identifiers.next, now: bench.now)
    }

    /// The cycles that stand there: end in minutes after midnight, accepted, rejected.
    func cycles() throws -> [[Int64]] {
      try SQLiteDatabase(path: bench.paths.database, access: .readOnly).query(
        "SELECT timestamp, accepted, rejected, window_minutes FROM learning_stats ORDER BY timestamp, id"
      ) { row in
        let end = row[0].timestamp?.microseconds ?? 0
        return [
          (end - MonitorBench.origin) / 60_000_000, row[1].integer ?? -1, row[2].integer ?? -1, row[3].integer ?? -1,
        ]
      }
    }

    func execute(_ script: String) throws { try SQLiteDatabase(path: bench.paths.database).execute(script: script) }
  }

  @Test("cycles that were missed are told to the monitor once, and only where there are any")
  func caughtUp() async throws {
    var stage = try await Stage()
    let told = EventRecorder<Int>()
    func restarted() -> LearningActor {
      LearningActor(journal: stage.journal, parts: stage.parts, settings: stage.settings) { told.record(1) }
    }
    stage.actor = restarted()
    _ = await stage.actor.look()
    #expect(told.all.isEmpty)
    try await stage.judge([.approval, .rejection], minute: 60)
    _ = await stage.actor.look()
    // It is no longer the first look: the next check is soon enough.
    #expect(try stage.cycles().count == 1)
    #expect(told.all.isEmpty)
    try await stage.judge([.rejection], minute: 200)
    stage.actor = restarted()
    _ = await stage.actor.look()
    _ = await stage.actor.look()
    #expect(try stage.cycles().count == 2)
    #expect(told.all.count == 1)
  }

  @Test("what is closed becomes a cycle, what is open waits, and looking again changes nothing")
  func makes() async throws {
    var stage = try await Stage()
    try await stage.judge([.approval, .approval, .rejection, .edited], minute: 11 * 60 + 5)
    try await stage.judge([.approval], minute: 12 * 60 + 5)
    #expect(await stage.actor.look() == .seconds(15 * 60))
    #expect(try stage.cycles() == [[720, 2, 1, 60]])
    let before = try stage.rows()
    _ = await stage.actor.look()
    stage.restart()
    _ = await stage.actor.look()
    #expect(try stage.rows() == before)
    #expect(stage.bench.lines("A cycle of m was made of 4 judgements: 2 accepted, 1 rejected").count == 1)
    // At 13:01 the next one is not closed yet, at 13:02 it is.
    stage.bench.clock.advance(by: .seconds(31 * 60))
    #expect(await stage.actor.look() == .seconds(60))
    #expect(try stage.cycles().count == 1)
    stage.bench.clock.advance(by: .seconds(60))
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[720, 2, 1, 60], [780, 1, 0, 60]])
    await stage.journal.close()
  }

  @Test(
    "whatever length and patience become, and wherever the clock goes, no judgement is in two cycles", arguments: 0..<40
  )
  func oneCycleEach(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var stage = try await Stage()
    for minute in 0..<180 { try await stage.judge([.approval], minute: 9 * 60 + minute) }
    for _ in 0..<8 {
      let interval = Duration.seconds([60, 120, 900, 1800, 3600].randomElement(using: &random) ?? 60)
      let settle = Duration.seconds([0, 120, 3600, 7200].randomElement(using: &random) ?? 0)
      stage.settings.replace(Settings(model: "m", learning: LearningSettings(interval: interval, settle: settle)))
      switch Int.random(in: 0..<4, using: &random) {
      case 0: stage.bench.jump(by: .seconds(Int.random(in: -7200...7200, using: &random)))
      case 1: stage.restart()
      default: stage.bench.clock.advance(by: .seconds(Int.random(in: 0...1800, using: &random)))
      }
      _ = await stage.actor.look()
      let counted = try stage.cycles().reduce(0) { $0 + $1[1] }
      #expect(counted <= 180, "seed \(seed)")
    }
    // Late enough for everything, however long it is waited.
    stage.bench.clock.advance(by: .seconds(6 * 3600 + 8 * 7200))
    _ = await stage.actor.look()
    #expect(try stage.cycles().reduce(0) { $0 + $1[1] } == 180, "seed \(seed)")
    await stage.journal.close()
  }

  @Test("what a clock that ran far ahead left behind is counted when it is right again")
  func clockAhead() async throws {
    let stage = try await Stage()
    _ = await stage.actor.look()
    try await stage.judge([.approval, .approval], minute: 11 * 60)
    stage.bench.jump(by: .seconds(9 * 86_400))
    _ = await stage.actor.look()
    stage.bench.jump(by: .seconds(-9 * 86_400))
    _ = await stage.actor.look()
    #expect(try stage.cycles().map { $0[1] } == [2])
    await stage.journal.close()
  }

  @Test("a cycle shorter than its minutes says one more, so that none is taken for one of a later version")
  func parts() async throws {
    for (interval, minutes) in [(Duration.seconds(20), Int64(1)), (.seconds(90), 2), (.seconds(120), 2)] {
      let stage = try await Stage(LearningSettings(interval: interval))
      try await stage.judge([.approval], minute: 60)
      _ = await stage.actor.look()
      #expect(try stage.cycles().map { $0[3] } == [minutes])
      await stage.journal.close()
    }
  }

  @Test("the store's reader sees the cycle, and the status how far it is")
  func seen() async throws {
    let stage = try await Stage()
    try await stage.judge([.approval, .rejection], minute: 11 * 60 + 5, version: "v1")
    try await stage.judge([.approval], minute: 12 * 60 + 5)
    _ = await stage.actor.look()
    let row = try #require(try await EmbeddedStore(stage.journal).newestRows(of: nil, limit: 5).first?.rows.first)
    #expect(row.model == "m")
    #expect(row.modelVersion == "v1")
    #expect(row.acceptRate == 0.5)
    #expect(row.totalEvents == 2)
    let status = try #require(await StatusReport.Learning.of(stage.journal, now: stage.bench.now))
    #expect(status.pending == 1)
    #expect(status.through == "2026-01-15T12:00:00Z")
    #expect(status.lastCycle?.id == row.id)
    #expect(status.lastCycle?.accepted == 1)
    await stage.journal.close()
  }

  @Test("a judgement that comes late corrects its cycle; one that is too late does not")
  func late() async throws {
    let stage = try await Stage()
    stage.bench.clock.advance(by: .seconds(8 * 86_400))
    let day = 8 * 1440
    try await stage.judge([.approval], minute: day + 660)
    _ = await stage.actor.look()
    try await stage.judge([.rejection], minute: day + 661)
    try await stage.judge([.rejection], minute: day + 60)
    try await stage.judge([.rejection], minute: 60)
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[Int64(day) + 120, 0, 1, 60], [Int64(day) + 720, 1, 1, 60]])
    // Only that one has changed, though a newer one was looked at.
    try await stage.judge([.rejection], minute: day + 61)
    _ = await stage.actor.look()
    #expect(
      stage.bench.lines("A cycle of m was made of 2 judgements: 0 accepted, 2 rejected, until 2026-01-23T02:00:00Z")
        .count == 1)
    await stage.journal.close()
  }

  @Test("intervals that were missed are made at the next start, as far back as judgements count")
  func missed() async throws {
    var stage = try await Stage()
    _ = await stage.actor.look()
    stage.bench.clock.advance(by: .seconds(200 * 3600 - 12 * 3600))
    for hour in 0..<200 { try await stage.judge([.approval], minute: hour * 60 + 1) }
    stage.restart()
    _ = await stage.actor.look()
    // Half past eight of the ninth day: from eight o'clock seven days before on.
    let cycles = try stage.cycles()
    #expect(cycles.count == 168)
    #expect(cycles.first?[0] == 1980)
    #expect(cycles.last?[0] == 12_000)
    await stage.journal.close()
  }

  @Test("more judgements than are read at a time, also of one instant, count once each")
  func pages() async throws {
    var stage = try await Stage()
    let many = LearningActor.page * 2 + 7
    try stage.execute(
      """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(many))
      INSERT INTO learning_events (id, event_type, approved, metadata, created_at)
      SELECT 'a' || i, 'approval', 1, '{"model":"m"}', '2026-01-15 11:00:00+00:00' FROM n;
      INSERT INTO learning_events (event_type, approved, metadata, created_at)
      VALUES ('rejection', 0, '{"model":"m"}', '2026-01-15T10:59:59.999999Z'),
        ('rejection', 0, '{"model":"m"}', '1768478340'), ('model_retrain', 0, '{"model":"m"}', '2026-01-15T11:30:00Z'),
        ('approval', 1, 'no json', '2026-01-15T11:30:00Z'), ('approval', 1, '{"model":"m"}', 'no time');
      """)
    _ = await stage.actor.look()
    // Without a model it is a cycle of its own.
    let counts = try stage.cycles().map { [$0[0], $0[1], $0[2]] }
    #expect(Set(counts) == [[660, 0, 1], [720, Int64(many), 1], [720, 1, 0]])
    #expect(counts.count == 3)
    stage.restart()
    _ = await stage.actor.look()
    #expect(try stage.cycles().count == 3)
    await stage.journal.close()
  }

  @Test("another length holds from now on: no judgement is in two cycles, over a restart as well")
  func otherLength() async throws {
    var stage = try await Stage()
    for hour in 6..<12 { try await stage.judge([.approval, .rejection], minute: hour * 60 + 15) }
    _ = await stage.actor.look()
    stage.settings.replace(
      Settings(model: "m", learning: LearningSettings(interval: .seconds(600), settle: .seconds(120))))
    try await stage.judge([.approval], minute: 12 * 60 + 15)
    stage.restart()
    _ = await stage.actor.look()
    // Late for what was made with the old length.
    try await stage.judge([.approval], minute: 6 * 60 + 50)
    _ = await stage.actor.look()
    stage.restart()
    _ = await stage.actor.look()
    let cycles = try stage.cycles()
    #expect(cycles.first == [420, 2, 1, 60])
    #expect(cycles.last == [740, 1, 0, 10])
    #expect(cycles.count == 7)
    #expect(cycles.map { $0[1] + $0[2] }.reduce(0, +) == 14)
    await stage.journal.close()
  }

  @Test("a wall clock that jumps ahead and back closes too early and corrects, and makes nothing twice")
  func jumps() async throws {
    let stage = try await Stage()
    try await stage.judge([.approval], minute: 11 * 60)
    try await stage.judge([.approval], minute: 12 * 60 + 10)
    stage.bench.jump(by: .seconds(86_400))
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[720, 1, 0, 60], [780, 1, 0, 60]])
    stage.bench.jump(by: .seconds(-86_400))
    _ = await stage.actor.look()
    try await stage.judge([.rejection], minute: 12 * 60 + 20)
    _ = await stage.actor.look()
    // The hour is not over by the clock as it is now.
    #expect(try stage.cycles() == [[720, 1, 0, 60], [780, 1, 0, 60]])
    stage.bench.clock.advance(by: .seconds(3600))
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[720, 1, 0, 60], [780, 1, 1, 60]])
    stage.bench.jump(by: .seconds(-30 * 86_400))
    _ = await stage.actor.look()
    #expect(try stage.cycles().count == 2)
    await stage.journal.close()
  }

  @Test("a journal that takes nothing is told once, and everything is made when it can be written again")
  func unwritable() async throws {
    let stage = try await Stage()
    try await stage.judge([.approval], minute: 11 * 60)
    try stage.execute(
      "CREATE TRIGGER test_refuse BEFORE INSERT ON learning_stats BEGIN SELECT RAISE(ABORT, 'refused'); END;")
    #expect(await stage.actor.look() == LearningActor.retry)
    #expect(await stage.actor.look() == LearningActor.retry)
    #expect(stage.bench.lines("Cycles could not be made of judgements").count { !$0.hasPrefix("debug") } == 1)
    #expect(await stage.actor.lastError?.contains("refused") == true)
    #expect(try stage.cycles().isEmpty)
    try stage.execute("DROP TRIGGER test_refuse;")
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[720, 1, 0, 60]])
    #expect(await stage.actor.lastError == nil)
    #expect(stage.bench.lines("Cycles are made of judgements again").count == 1)
    await stage.journal.close()
  }

  @Test("tables that somebody dropped are told or have nothing, and are used when they are there again")
  func dropped() async throws {
    let stage = try await Stage()
    try await stage.judge([.approval], minute: 11 * 60)
    try stage.execute("ALTER TABLE learning_stats RENAME TO away;")
    _ = await stage.actor.look()
    #expect(await stage.actor.lastError?.contains("learning_stats does not exist") == true)
    try stage.execute("ALTER TABLE away RENAME TO learning_stats; ALTER TABLE learning_events RENAME TO away;")
    _ = await stage.actor.look()
    #expect(await stage.actor.lastError == nil)
    #expect(try stage.cycles().isEmpty)
    try stage.execute("ALTER TABLE away RENAME TO learning_events;")
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[720, 1, 0, 60]])
    await stage.journal.close()
  }

  @Test("judgements that contradict themselves are told, once while they are as many")
  func contradictions() async throws {
    let stage = try await Stage()
    try await stage.judge([.approval], minute: 11 * 60)
    try stage.execute(
      """
      INSERT INTO learning_events (event_type, approved, metadata, created_at)
      VALUES ('approval', 0, '{"model":"m"}', '2026-01-15T11:30:00Z');
      """)
    _ = await stage.actor.look()
    #expect(try stage.cycles() == [[720, 1, 0, 60]])
    #expect(stage.bench.lines("1 judgement in learning_events counts in no cycle").count == 1)
    await stage.journal.close()
  }

  @Test("a daemon does it by itself when the time has come, and a check then sees it")
  func daemon() async throws {
    let bench = try MonitorBench()
    let learning = LearningSettings(interval: .seconds(60), settle: .seconds(5))
    let monitor = try await bench.start(Settings(model: "m", learning: learning), mode: .daemon)
    await bench.logged("Check 1: ")
    // All at once: whenever it looks, it sees all of them or none.
    let judgements = (0..<12).map { number in
      var judgement = Judgement(number % 4 == 3 ? .rejection : .approval, model: "m")
      judgement.microseconds = MonitorBench.origin + Int64(number / 4) * 60_000_000 - 180_000_000
      return judgement
    }
    #expect(try await monitor.feedback(judgements).judgements.allSatisfy { $0.outcome == .added })
    await bench.advance(until: bench.log, within: .seconds(600), pause: .seconds(60)) {
      $0.contains { $0.contains("3 cycles were made of judgements") }
    }
    let check = try #require(try await monitor.check().first)
    #expect(check.verdict == .healthy)
    #expect(check.average == 0.75)
    #expect(check.have == 3)
    #expect(await monitor.status().learning?.lastCycle?.accepted == 3)
    await monitor.stop()
  }

  @Test("where it is switched off, or cycles come from elsewhere, nothing is made")
  func off() async throws {
    #expect(!Settings(learning: LearningSettings(isEnabled: false)).makesCycles)
    let supabase = SupabaseSettings(url: "http://127.0.0.1:9", key: Secret("k"))
    #expect(!Settings(supabase: supabase).makesCycles)
    #expect(Settings(supabase: SupabaseSettings(url: "http://127.0.0.1:9")).makesCycles)
    #expect(Settings().makesCycles)
    let bench = try MonitorBench()
    let monitor = try await bench.start(
      Settings(learning: LearningSettings(isEnabled: false)), mode: .daemon)
    #expect(await monitor.status().learning == nil)
    await monitor.stop()
  }
}

extension LearningActorTests.Stage {
  /// Everything that stands in the table.
  fileprivate func rows() throws -> [[SQLiteValue]] {
    try SQLiteDatabase(path: bench.paths.database, access: .readOnly).query("SELECT * FROM learning_stats ORDER BY id")
    {
      row in (0..<15).map { row[$0] }
    }
  }
}
