import Rules
import Testing

@testable import Journal

@Suite(.timeLimit(.minutes(5))) struct RunTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ limits: JournalLimits = JournalLimits()) async throws -> Journal {
    try await Journal.open(path: directory.file(), limits: limits)
  }

  private func failure(_ body: () async throws(JournalFailure) -> Void) async -> JournalFailure? {
    do throws(JournalFailure) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  @Test func aRunIsRecordedWithAllThatBelongsToIt() async throws {
    let journal = try await open()
    let decision = try await journal.storeDecisions([Sample.decision()])[0]
    try await journal.beginRun(
      run: Sample.run(), event: Sample.event(), decision: decision, memory: { $0 = Sample.memory })
    var expected = Sample.run()
    expected.state = .recorded
    expected.eventID = "event-1"
    expected.decisionID = decision
    #expect(try await journal.run("run-1") == expected)
    #expect(try await journal.activeRun(model: "m") == expected)
    #expect(try await journal.activeRun(model: "other") == nil)
    #expect(try await journal.runs(model: "m", limit: 10) == [expected])
    #expect(try await journal.runs(limit: 10) == [expected])
    #expect(try await journal.latestDecisions(limit: 99).first(where: { $0.model == "m" })?.run == "run-1")
    #expect(try await journal.memory(of: "m") == Sample.memory)
    let pending = try await journal.pendingEvents(limit: 10, now: Sample.time(0))
    #expect(
      pending == [OutboxRow(event: Sample.event(), nextAttemptAt: Sample.time(0), createdAt: Sample.time(0))])
    #expect(try await journal.steps(of: "run-1").map(\.state) == [.requested, .recorded])
  }

  @Test func absenceIsToldFromADigestThatNobodyHasRead() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil) { _ in }
    #expect(try await journal.run("run-1")?.wasAbsent == false)
    try await journal.transition(
      run: "run-1", fence: 0, to: .pulling, change: RunChangeSet(wasAbsent: true), at: Sample.time(1))
    try await journal.transition(run: "run-1", fence: 0, to: .pulling, at: Sample.time(2))
    let run = try #require(try await journal.run("run-1"))
    #expect(run.wasAbsent)
    #expect(run.digestBefore == nil)
  }

  @Test func aRunIsBegunOnce() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil, memory: { _ in })
    let again = await failure { () async throws(JournalFailure) in
      try await journal.beginRun(
        run: Sample.run(), event: Sample.event(), decision: nil, memory: { $0 = Sample.memory })
    }
    #expect(again == .runExists("run-1"))
    #expect(try await journal.outboxCounts() == OutboxCounts())
    #expect(try await journal.memory(of: "m") == ModelMemory())
  }

  @Test func whoLostTheFenceChangesNothing() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil, memory: { _ in })
    let first = try await journal.takeFence(run: "run-1")
    let second = try await journal.takeFence(run: "run-1")
    #expect([first, second] == [1, 2])
    let stale = await failure { () async throws(JournalFailure) in
      try await journal.transition(
        run: "run-1", fence: first, to: .pulling, memory: { $0 = Sample.memory }, at: Sample.time(1))
    }
    #expect(stale == .fenced(run: "run-1", current: 2, given: 1))
    #expect(try await journal.run("run-1")?.state == .recorded)
    #expect(try await journal.memory(of: "m") == ModelMemory())
    #expect(try await journal.steps(of: "run-1").count == 2)
    try await journal.transition(run: "run-1", fence: second, to: .pulling, at: Sample.time(1))
    #expect(try await journal.run("run-1")?.state == .pulling)
  }

  @Test func anIllegalStepChangesNothing() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil, memory: { _ in })
    let illegal = await failure { () async throws(JournalFailure) in
      try await journal.transition(
        run: "run-1", fence: 0, to: .succeeded, memory: { $0 = Sample.memory }, at: Sample.time(1))
    }
    #expect(illegal == .illegalTransition(run: "run-1", from: .recorded, to: .succeeded))
    #expect(try await journal.run("run-1")?.state == .recorded)
    #expect(try await journal.memory(of: "m") == ModelMemory())
  }

  @Test func anUnknownRunIsSaidToBe() async throws {
    let journal = try await open()
    let fence = await failure { () async throws(JournalFailure) in _ = try await journal.takeFence(run: "none") }
    #expect(fence == .unknownRun("none"))
    let step = await failure { () async throws(JournalFailure) in
      try await journal.transition(run: "none", fence: 0, to: .pulling, at: Sample.time(1))
    }
    #expect(step == .unknownRun("none"))
    #expect(try await journal.run("none") == nil)
    #expect(try await journal.steps(of: "none") == [])
  }

  @Test func aFailedRunGoesOnAsTheNextAttemptOfTheSameRun() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil, memory: { _ in })
    try await journal.transition(
      run: "run-1", fence: 0, to: .pulling, stage: "pulling", detail: "8 of 40 MB",
      change: RunChangeSet(digestBefore: "sha256:aa"), at: Sample.time(1))
    try await journal.transition(
      run: "run-1", fence: 0, to: .failed, change: RunChangeSet(error: "server down", retryAt: Sample.time(900)),
      at: Sample.time(2))
    let failed = try #require(try await journal.run("run-1"))
    #expect(failed.startedAt == Sample.time(1))
    #expect(failed.endedAt == Sample.time(2))
    #expect(failed.error == "server down")
    #expect(failed.retryAt == Sample.time(900))
    #expect(try await journal.openRuns() == [])

    let fence = try await journal.takeFence(run: "run-1")
    try await journal.transition(
      run: "run-1", fence: fence, to: .recorded, change: RunChangeSet(attempt: 2), at: Sample.time(900))
    let again = try #require(try await journal.run("run-1"))
    #expect(again.attempt == 2)
    #expect(again.endedAt == nil)
    #expect(again.error == nil)
    #expect(again.retryAt == nil)
    #expect(again.digestBefore == "sha256:aa")
    #expect(again.startedAt == Sample.time(1))
    #expect(try await journal.openRuns() == [again])

    for state in [RunState.pulling, .verifying, .promoting] {
      try await journal.transition(run: "run-1", fence: fence, to: state, at: Sample.time(901))
    }
    try await journal.transition(
      run: "run-1", fence: fence, to: .succeeded, change: RunChangeSet(digestAfter: "sha256:bb", result: "updated"),
      memory: { $0 = Sample.memory }, at: Sample.time(902))
    let done = try #require(try await journal.run("run-1"))
    #expect(done.result == "updated")
    #expect(done.digestAfter == "sha256:bb")
    #expect(done.endedAt == Sample.time(902))
    #expect(try await journal.memory(of: "m") == Sample.memory)
    let steps = try await journal.steps(of: "run-1")
    #expect(
      steps.map(\.state)
        == [.requested, .recorded, .pulling, .failed, .recorded, .pulling, .verifying, .promoting, .succeeded])
    #expect(steps.map(\.attempt) == [1, 1, 1, 1, 2, 2, 2, 2, 2])
    #expect(steps[2].detail == "8 of 40 MB")
    #expect(steps[2].at == Sample.time(1))
  }

  @Test func interruptedRunsAreOpenAndEndedOnesAreNot() async throws {
    let journal = try await open()
    for (index, end) in [RunState.interrupted, .cancelled, .failed, .pulling].enumerated() {
      try await journal.beginRun(
        run: Sample.run("run-\(index)", model: "m\(index)", at: Int64(index)), event: nil, decision: nil,
        memory: { _ in })
      try await journal.transition(run: "run-\(index)", fence: 0, to: end, at: Sample.time(9))
    }
    #expect(try await journal.openRuns().map(\.id) == ["run-0", "run-3"])
    #expect(try await journal.activeRun(model: "m0")?.id == "run-0")
    #expect(try await journal.activeRun(model: "m1") == nil)
    #expect(try await journal.runs(limit: 2).map(\.id) == ["run-3", "run-2"])
    #expect(try await journal.runs(limit: -1) == [])
  }

  @Test func onlyWhatIsOverIsDroppedForRoom() async throws {
    let journal = try await open(JournalLimits(runs: 2, stepsOfRun: 3))
    for index in 0..<5 {
      try await journal.beginRun(
        run: Sample.run("run-\(index)", at: Int64(index)), event: nil, decision: nil, memory: { _ in })
      if index != 0 {
        try await journal.transition(run: "run-\(index)", fence: 0, to: .cancelled, at: Sample.time(9))
      }
    }
    #expect(try await journal.runs(limit: 9).map(\.id) == ["run-4", "run-3", "run-0"])
    #expect(try await journal.steps(of: "run-1") == [])
    for stage in 0..<5 {
      try await journal.transition(run: "run-0", fence: 0, to: .recorded, stage: "\(stage)", at: Sample.time(9))
    }
    #expect(try await journal.steps(of: "run-0").map(\.stage) == ["2", "3", "4"])
  }

  @Test(arguments: Sample.hostileNames)
  func namesAreTakenAsTheyAre(name: String) async throws {
    let journal = try await open()
    try await journal.beginRun(
      run: Sample.run(name, model: name), event: Sample.event(name, run: name, model: name), decision: nil,
      memory: { $0 = Sample.memory })
    let fence = try await journal.takeFence(run: name)
    try await journal.transition(run: name, fence: fence, to: .pulling, at: Sample.time(1))
    try await journal.storeDecisions([Sample.decision(name)])
    #expect(try await journal.activeRun(model: name)?.id == name)
    #expect(try await journal.memories(of: [name, "other"]) == [name: Sample.memory])
    #expect(try await journal.latestDecisions(limit: 99).first(where: { $0.model == name })?.model == name)
    try await journal.markDelivered(eventID: name, table: "system_events", at: Sample.time(2))
    #expect(try await journal.outboxEvent(name)?.event.model == name)
  }

  @Test func longTextsFromOutsideAreCut() async throws {
    let journal = try await open()
    try await journal.beginRun(run: Sample.run(), event: nil, decision: nil, memory: { _ in })
    let long = String(repeating: "é", count: 1_000_000)
    try await journal.transition(
      run: "run-1", fence: 0, to: .failed, detail: long, change: RunChangeSet(error: long), at: Sample.time(1))
    let kept = try #require(try await journal.run("run-1")?.error)
    #expect(kept.utf8.count < 9_000)
    #expect(kept.hasPrefix("éé"))
  }
}
