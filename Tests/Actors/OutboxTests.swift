import Journal
import Platform
import Rules
import Stores
import TestSupport
import Testing

@testable import Actors

/// Events on their way to their store.
@Suite("Outbox", .timeLimit(.minutes(5)))
struct OutboxTests {
  @Test("what fails for now is tried again with growing pauses, and delivered once")
  func transient() async throws {
    let bench = try MonitorBench()
    let sink = ScriptedSink()
    sink.script(.transient, .transient, .transient)
    let monitor = try await bench.start(sink: sink)
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await bench.advance(until: sink.taken) { !$0.isEmpty }
    await bench.logged("is in system_events")
    #expect(sink.offered.all.count == 4)
    #expect(Set(sink.offered.all).count == 1)
    #expect(sink.taken.all.count == 1)
    // 1 + 2 + 4 s, with what chance adds.
    #expect(bench.clock.now.offset >= .seconds(7))
    await monitor.stop()
    #expect(sink.taken.all.count == 1)
  }

  @Test("a blocked event holds up no other, and is looked at again after an hour")
  func blocked() async throws {
    let bench = try MonitorBench()
    let sink = ScriptedSink()
    sink.block(["a"])
    let monitor = try await bench.start(sink: sink)
    _ = try await monitor.run(.pull, of: "a", waits: true)
    _ = try await monitor.run(.pull, of: "b", waits: true)
    await sink.taken.wait { $0.count == 1 }
    await bench.logged("is blocked: no table for a")
    await bench.logged("is in system_events")
    #expect(await monitor.status().outbox.blockedWhy == "no table for a")
    sink.block([])
    await bench.advance(until: sink.taken, within: .seconds(3700), pause: OutboxActor.blockedRetry) { $0.count == 2 }
    #expect(bench.clock.now.offset >= .seconds(3600))
    await monitor.stop()
  }

  @Test("what a stop leaves is delivered after the next start")
  func afterRestart() async throws {
    let bench = try MonitorBench()
    let sink = ScriptedSink()
    sink.setDown(true)
    let first = try await bench.start(sink: sink)
    _ = try await first.run(.pull, of: "m", waits: true)
    await bench.logged("waits for its store")
    await first.stop()
    #expect(sink.taken.all.isEmpty)
    sink.setDown(false)
    bench.clock.advance(by: .seconds(600))
    let second = try await bench.start(sink: sink)
    await sink.taken.wait { $0.count == 1 }
    await second.stop()
    let journal = try await Journal.open(path: bench.paths.database, readOnly: true)
    #expect(try await journal.outboxCounts().delivered == 1)
    await journal.close()
  }

  @Test("a stop delivers what waits, though it cancels the delivery that is under way")
  func drain() async throws {
    let bench = try MonitorBench()
    let sink = ScriptedSink()
    sink.script(.hold(Gate()))
    let monitor = try await bench.start(sink: sink)
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await sink.offered.wait { $0.count == 1 }
    await monitor.stop()
    #expect(sink.taken.all.count == 1)
    let journal = try await Journal.open(path: bench.paths.database, readOnly: true)
    #expect(try await journal.outboxCounts().delivered == 1)
    await journal.close()
  }

  @Test("a wall clock that was set back does not hold events until it is there again")
  func clockSetBack() async throws {
    let bench = try MonitorBench()
    let sink = ScriptedSink()
    sink.script(.transient)
    let monitor = try await bench.start(sink: sink)
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await bench.logged("waits for its store")
    bench.jump(by: .seconds(-86_400))
    await bench.advance(until: sink.taken, within: .seconds(700)) { !$0.isEmpty }
    #expect(bench.clock.now.offset <= .seconds(700))
    await monitor.stop()
  }

  @Test("a journal that cannot be written at the start does not keep the daemon from starting")
  func unwritableAtStart() async throws {
    let bench = try MonitorBench()
    let early = try await Journal.open(path: bench.paths.database)
    let event = RetrainEvent(
      eventID: "e", runID: "r", model: "m", notes: "", averageAcceptRate: nil, threshold: 0.6, statsWindowSize: 0,
      triggeredAt: bench.now)
    try await early.beginRun(
      run: RunRow(id: "r", model: "m", trigger: .manual, requestedAt: bench.now), event: event, decision: nil,
      memory: { _ in })
    try await early.markBlocked(eventID: "e", why: "test")
    try await early.write { database in
      try database.execute(
        script: "CREATE TRIGGER full BEFORE UPDATE ON retraind_outbox BEGIN SELECT RAISE(ABORT, 'full'); END;")
    }
    await early.close()
    let sink = ScriptedSink()
    let monitor = try await bench.start(sink: sink)
    await bench.logged("The outbox could not be read or written")
    try await monitor.journal.write { try $0.execute(script: "DROP TRIGGER full;") }
    await bench.advance(until: sink.taken, within: .seconds(700)) { !$0.isEmpty }
    #expect(sink.taken.all == ["e"])
    await monitor.stop()
  }
}
