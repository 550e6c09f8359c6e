import Glibc
import Journal
import Platform
import Rules
import Stores
import Supervision
import TestSupport
import Testing

@testable import Actors

@Suite("Blocked events", .timeLimit(.minutes(5)))
struct BlockedEventTests {
  /// Refuses for good until it is told that the table is there.
  private final class Sink: EventSink {
    /// Every delivery that was tried, by the event's id.
    let tries = EventRecorder<String>()
    private let isThere = Guarded(false)

    func open() { isThere.withLock { $0 = true } }

    func deliver(_ event: RetrainEvent) async throws(DeliveryFailure) -> DeliveryReceipt {
      tries.record(event.eventID)
      guard isThere.withLock({ $0 }) else { throw .blocked("there is no table") }
      return DeliveryReceipt(table: "system_events", wasThere: false)
    }
  }

  /// A state directory whose journal has an event, and the end of its run.
  private func place() async throws -> String {
    var template = Array("/tmp/retraind-blocked-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let journal = try await Journal.open(path: "\(directory)/retraind.db")
    let now = Timestamp(microseconds: WallClock.system.microseconds())
    let run = RunRow(
      id: "run-1", model: "a:7b", trigger: .manual, requestedAt: now, threshold: 0.6, configuration: "{}")
    let event = RetrainEvent(
      eventID: "event-1", runID: "run-1", model: "a:7b", notes: "", averageAcceptRate: nil, threshold: 0.6,
      statsWindowSize: 0, triggeredAt: now, modelVersion: nil)
    try await journal.beginRun(run: run, event: event, decision: nil, memory: { _ in })
    let fence = try await journal.takeFence(run: "run-1")
    try await journal.transition(run: "run-1", fence: fence, to: .cancelled, at: now)
    await journal.close()
    return directory
  }

  @Test("One that was blocked is tried again every hour")
  func hourly() async throws {
    let directory = try await place()
    defer {
      for name in ["retraind.db", "retraind.db-wal", "retraind.db-shm", "retraind.lock", "log"] {
        remove("\(directory)/\(name)")
      }
      rmdir(directory)
    }
    let clock = ManualClock()
    let sink = Sink()
    let log = Log(destination: .file("\(directory)/log"))
    var parts = try Parts.real(Settings(), log: log, environment: [:])
    parts.clock = SupervisionClock(clock)
    parts.sink = { _ in sink }
    parts.laneLock = nil
    let paths = StatePaths(database: "\(directory)/retraind.db", log: "\(directory)/log")
    let monitor = try await RetrainMonitor.start(Settings(), paths: paths, parts: parts, mode: .oneShot)

    await sink.tries.wait { $0.count == 1 }
    await clock.waitForSleeper(dueBy: OutboxActor.blockedRetry)
    #expect(await monitor.status().outbox.blocked == 1)
    clock.advance(by: OutboxActor.blockedRetry)
    await sink.tries.wait { $0.count == 2 }
    await clock.waitForSleeper(dueBy: OutboxActor.blockedRetry * 2)
    sink.open()
    clock.advance(by: OutboxActor.blockedRetry)
    await sink.tries.wait { $0.count == 3 }
    await monitor.stop()
    log.flush()
    let journal = try await Journal.open(path: paths.database, readOnly: true)
    #expect(try await journal.outboxCounts().delivered == 1)
    await journal.close()
  }
}
