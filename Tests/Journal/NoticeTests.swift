import Platform
import Rules
import Testing

@testable import Journal

/// Notices in the journal: once for each change, bounded, and with what they tell or not at all.
@Suite("Notices", .timeLimit(.minutes(5)))
struct NoticeTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ limits: JournalLimits = JournalLimits()) async throws -> Journal {
    try await Journal.open(path: directory.file(), limits: limits)
  }

  private func notice(
    _ id: String, _ standing: Notice.Standing? = nil, sinks: [String] = ["a"], at seconds: Int64 = 0
  ) -> Notice {
    Notice(id: id, kind: "degraded", model: "m", text: "t", sinks: sinks, standing: standing, at: Sample.time(seconds))
  }

  @Test("a change is told once, the same again never, the way back once; also by the next process")
  func standings() async throws {
    var journal = try await open()
    let bad = Notice.Standing("verdict m", "degraded")
    let good = Notice.Standing("verdict m", nil)
    try await journal.announce([notice("0", good)])
    try await journal.announce([notice("1", bad)])
    try await journal.announce([notice("2", bad)])
    await journal.close()
    journal = try await open()
    #expect(try await journal.areNews([notice("3", bad)]) == false)
    #expect(try await journal.areNews([notice("3", good)]))
    try await journal.announce([notice("3", bad), notice("4", good), notice("5", good), notice("6", bad)])
    #expect(try await journal.notices(limit: 9).map(\.event) == ["6", "4", "1"])
    #expect(try await journal.rememberedSubjects() == ["verdict m"])
  }

  @Test("what is only remembered tells nobody, and changes only what is there where it says so")
  func silent() async throws {
    let journal = try await open()
    let renewed = Notice.Standing("verdict m", "renewed", onlyIfPresent: true, isTold: false)
    try await journal.announce([notice("1", renewed)])
    #expect(try await journal.rememberedSubjects().isEmpty)
    try await journal.announce([notice("2", Notice.Standing("verdict m", "degraded")), notice("3", renewed)])
    // The next decline of the new version is news again.
    try await journal.announce([notice("4", Notice.Standing("verdict m", "degraded"))])
    #expect(try await journal.notices(limit: 9).map(\.event) == ["4", "2"])
  }

  @Test("a row for each sink goes its way: retried, delivered, given up; the first of a sink first")
  func course() async throws {
    let journal = try await open()
    try await journal.announce([notice("1", sinks: ["a", "b"]), notice("2", sinks: ["a"])])
    let first = try #require(try await journal.firstNotice(for: "a"))
    #expect(first.event == "1" && first.state == .pending && first.nextAttemptAt == Sample.time(0))
    try await journal.settle(notice: first.id, .retry(error: "down", at: Sample.time(9)), at: Sample.time(5))
    let again = try #require(try await journal.firstNotice(for: "a"))
    #expect(again.id == first.id && again.attempts == 1 && again.nextAttemptAt == Sample.time(9))
    var counts = try #require(try await journal.counts("a"))
    #expect(counts.pending == 2 && counts.lastFailure == "down" && counts.lastFailureAt == Sample.time(5))
    #expect(counts.nextAttempt == Sample.time(9) && counts.lastDelivery == nil)
    try await journal.settle(notice: first.id, .delivered, at: Sample.time(9))
    let second = try #require(try await journal.firstNotice(for: "a"))
    #expect(second.event == "2")
    try await journal.settle(notice: second.id, .dead(why: "no"), at: Sample.time(10))
    counts = try #require(try await journal.counts("a"))
    #expect(counts.pending == 0 && counts.delivered == 1 && counts.dead == 1 && counts.deadWhy == "no")
    #expect(counts.lastDelivery == Sample.time(9))
    #expect(try await journal.firstNotice(for: "a") == nil)
    #expect(try await journal.firstNotice(for: "b")?.event == "1")
    // What has ended stays so, but for one that arrived after all.
    try await journal.settle(notice: first.id, .dead(why: "late"), at: Sample.time(11))
    try await journal.settle(notice: second.id, .delivered, at: Sample.time(12))
    #expect(try await journal.counts("a")?.delivered == 2)
  }

  @Test("the same notice for the same sink is one row")
  func unique() async throws {
    let journal = try await open()
    try await journal.announce([notice("1"), notice("1")])
    #expect(try await journal.counts("a")?.pending == 1)
  }

  @Test("what waits for a sink is bounded, and so is what is kept")
  func bounds() async throws {
    let journal = try await open(JournalLimits(waitingNotices: 3, endedNotices: 4))
    for number in 1...5 { try await journal.announce([notice("\(number)", sinks: ["a", "b"])]) }
    let counts = try #require(try await journal.counts("a"))
    #expect(counts.pending == 3 && counts.dead == 2)
    #expect(counts.deadWhy?.hasPrefix("gave way to newer ones") == true)
    #expect(try await journal.firstNotice(for: "a")?.event == "3")
    for _ in 0..<3 {
      let row = try #require(try await journal.firstNotice(for: "a"))
      try await journal.settle(notice: row.id, .delivered, at: Sample.time(1))
    }
    #expect(try await journal.notices(limit: 99).count { $0.state != .pending } == 4)
    #expect(try await journal.counts("b")?.pending == 3)
  }

  @Test("very many at once are told by number")
  func many() async throws {
    let journal = try await open()
    try await journal.announce((1...200).map { notice("\($0)", Notice.Standing("verdict \($0)", "degraded")) })
    let rows = try await journal.notices(limit: 999)
    #expect(rows.count == Journal.noticesAtOnce + 1)
    #expect(rows.first?.text.hasPrefix("… and \(200 - Journal.noticesAtOnce) more") == true)
    #expect(try await journal.rememberedSubjects().count == 200)
  }

  @Test("the end of a run and what is told of it are one transaction")
  func withTheRun() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil, memory: { $0.activeRun = "run-1" })
    let fence = try await journal.takeFence(run: "run-1")
    let told = notice("1")
    try await journal.transition(
      run: "run-1", fence: fence, to: .failed, memory: { $0.circuit = .open(reason: "r") }, at: Sample.time(1),
      notices: { before, now in
        before?.circuit == .closed && now?.circuit == .open(reason: "r") ? [told] : []
      })
    #expect(try await journal.notices(limit: 9).map(\.event) == ["1"])
    // A transition that is refused tells nothing.
    await #expect(throws: JournalFailure.self) {
      try await journal.transition(
        run: "run-1", fence: fence, to: .succeeded, at: Sample.time(2), notices: { _, _ in [notice("2")] })
    }
    #expect(try await journal.notices(limit: 9).count == 1)
  }

  @Test("what is told and cannot be written takes what it tells with it")
  func together() async throws {
    let journal = try await open()
    try await journal.write { database in
      try database.execute(
        script: """
          CREATE TRIGGER test_refuse BEFORE INSERT ON retraind_notifications BEGIN SELECT RAISE(ABORT, 'refused'); END;
          """)
    }
    await #expect(throws: JournalFailure.self) {
      try await journal.storeDecisions([Sample.decision()], notices: [notice("1", Notice.Standing("k", "v"))])
    }
    #expect(try await journal.decisions(limit: 9).isEmpty)
    #expect(try await journal.rememberedSubjects().isEmpty)
  }

  @Test("a sink that takes nothing any more is closed, and its neighbour is not")
  func closing() async throws {
    let journal = try await open()
    try await journal.announce([notice("1", sinks: ["a", "b"]), notice("2", sinks: ["a", "b"])])
    #expect(try await journal.closeNotices(of: "a", because: "gone", at: Sample.time(1)) == 2)
    #expect(try await journal.counts("a")?.dead == 2)
    #expect(try await journal.counts("b")?.pending == 2)
  }
}

extension Journal {
  /// How it stands with one sink.
  fileprivate func counts(_ sink: String) throws(JournalFailure) -> SinkCounts? {
    try sinkCounts().first { $0.sink == sink }
  }
}
