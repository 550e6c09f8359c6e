import Rules
import Testing

@testable import Journal

@Suite(.timeLimit(.minutes(5))) struct OutboxTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ limits: JournalLimits = JournalLimits()) async throws -> Journal {
    try await Journal.open(path: directory.file(), limits: limits)
  }

  private func record(_ number: Int, in journal: Journal) async throws(JournalFailure) {
    try await journal.beginRun(
      run: Sample.run("run-\(number)", at: Int64(number)), event: Sample.event("event-\(number)", run: "run-\(number)"),
      decision: nil, memory: { $0.failures = number })
  }

  @Test func anEventGoesItsWay() async throws {
    let journal = try await open()
    for number in 1...3 { try await record(number, in: journal) }
    let now = Sample.time(100)
    #expect(try await journal.pendingEvents(limit: 2, now: now).map(\.event.eventID) == ["event-1", "event-2"])
    #expect(try await journal.pendingEvents(limit: 9, now: Sample.time(1)).map(\.event.eventID) == ["event-1"])

    try await journal.markRetry(eventID: "event-1", error: "timed out", nextAttemptAt: Sample.time(200))
    try await journal.markBlocked(eventID: "event-2", why: "no table")
    #expect(try await journal.pendingEvents(limit: 9, now: now).map(\.event.eventID) == ["event-3"])
    #expect(try await journal.nextAttempt() == Sample.time(3))
    let retried = try #require(try await journal.outboxEvent("event-1"))
    #expect(retried.state == .pending)
    #expect(retried.attempts == 1)
    #expect(retried.lastError == "timed out")
    #expect(retried.nextAttemptAt == Sample.time(200))
    #expect(try await journal.blockedEvents(limit: 9).map(\.state) == [.blocked(why: "no table")])

    try await journal.markDelivered(eventID: "event-3", table: "system_events", at: now)
    let delivered = try #require(try await journal.outboxEvent("event-3"))
    #expect(delivered.state == .delivered(table: "system_events"))
    #expect(delivered.deliveredAt == now)
    #expect(
      try await journal.outboxCounts()
        == OutboxCounts(pending: 1, blocked: 1, delivered: 1, oldestUndelivered: Sample.time(1)))

    #expect(try await journal.retryBlocked() == 1)
    #expect(try await journal.retryBlocked() == 0)
    #expect(try await journal.pendingEvents(limit: 9, now: now).map(\.event.eventID) == ["event-2"])
    #expect(
      try await journal.pendingEvents(limit: 9, now: Sample.time(200)).map(\.event.eventID) == ["event-2", "event-1"])
  }

  @Test func whatWasDeliveredStaysSo() async throws {
    let journal = try await open()
    try await record(1, in: journal)
    try await journal.markDelivered(eventID: "event-1", table: "system_events", at: Sample.time(5))
    try await journal.markRetry(eventID: "event-1", error: "late", nextAttemptAt: Sample.time(6))
    try await journal.markBlocked(eventID: "event-1", why: "late")
    #expect(try await journal.outboxEvent("event-1")?.state == .delivered(table: "system_events"))
    #expect(try await journal.nextAttempt() == nil)
  }

  @Test func anUnknownEventIsSaidToBe() async throws {
    let journal = try await open()
    await #expect(throws: JournalFailure.unknownEvent("none")) {
      try await journal.markDelivered(eventID: "none", table: "t", at: Sample.time(1))
    }
  }

  @Test func whenItIsFullNoRunBeginsAndNothingIsDropped() async throws {
    let journal = try await open(JournalLimits(waitingEvents: 2))
    for number in 1...2 { try await record(number, in: journal) }
    try await journal.markBlocked(eventID: "event-1", why: "no table")
    await #expect(throws: JournalFailure.outboxFull(waiting: 2, path: directory.file())) {
      try await record(3, in: journal)
    }
    #expect(try await journal.run("run-3") == nil)
    #expect(try await journal.memory(of: "m").failures == 2)
    #expect(try await journal.steps(of: "run-3") == [])
    // A run that tells nobody may begin.
    try await journal.beginRun(run: Sample.run("silent"), event: nil, decision: nil, memory: { _ in })
    try await journal.markDelivered(eventID: "event-2", table: "system_events", at: Sample.time(9))
    try await record(3, in: journal)
    #expect(try await journal.outboxCounts().pending == 1)
  }

  @Test func oldDeliveredEventsMakeRoom() async throws {
    let journal = try await open(JournalLimits(deliveredEvents: 2))
    for number in 1...4 {
      try await record(number, in: journal)
      try await journal.markDelivered(eventID: "event-\(number)", table: "system_events", at: Sample.time(9))
    }
    #expect(try await journal.outboxCounts().delivered == 2)
    #expect(try await journal.outboxEvent("event-2") == nil)
    #expect(try await journal.outboxEvent("event-3") != nil)
  }

  @Test func anEventWithoutARateKeepsNone() async throws {
    let journal = try await open()
    var event = Sample.event()
    event.averageAcceptRate = nil
    event.modelVersion = nil
    try await journal.beginRun(run: Sample.run(), event: event, decision: nil, memory: { _ in })
    #expect(try await journal.outboxEvent("event-1")?.event == event)
  }
}
