import Journal
import Platform
import Rules
import TestSupport
import Testing

@testable import Actors

/// From rows to an audited run, over the real journal.
@Suite("Deciding and acting", .timeLimit(.minutes(5)))
struct DecidingTests {
  @Test("decision, event, run and memory are in the journal before the server's first call; the outcome is after it")
  func recordedBeforeTheFirstCall() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    let journal = try monitor.journal
    struct Seen: Sendable {
      var decision: DecisionRow?
      var run: RunRow?
      var event: OutboxRow?
      var memory: ModelMemory?
    }
    let seen = Guarded<Seen?>(nil)
    bench.server.beforeCalls { _ in
      guard seen.withLock({ $0 == nil }) else { return }
      let run = try? await journal.activeRun(model: "m")
      let event = try? await journal.outboxEvent(run?.eventID ?? "")
      let now = Seen(
        decision: try? await journal.latestDecisions(limit: 99).first(where: { $0.model == "m" }), run: run,
        event: event,
        memory: try? await journal.memory(of: "m"))
      seen.withLock { $0 = now }
    }
    let entries = try await monitor.check()
    #expect(entries.map(\.action) == [.succeeded])

    let first = try #require(seen.withLock { $0 })
    let run = try #require(first.run)
    #expect(first.decision?.action == "fire")
    #expect(first.decision?.run == run.id)
    #expect(abs((first.decision?.evaluation.average ?? 0) - 0.4) < 1e-12)
    #expect(first.decision?.evaluation.used.count == 3)
    #expect(first.decision?.evaluation.ruleHash.isEmpty == false)
    #expect(first.decision?.digest == nil)
    #expect(run.decisionID == first.decision?.id)
    #expect(abs((run.averageAcceptRate ?? 0) - 0.4) < 1e-12)
    #expect(first.event?.event.runID == run.id)
    #expect(first.memory?.activeRun == run.id)
    #expect(first.memory?.firedThrough == bench.now)

    let ended = try #require(try await journal.run(run.id))
    #expect(ended.state == .succeeded)
    #expect(ended.result == "updated")
    #expect(ended.digestBefore == "old")
    #expect(ended.digestAfter == "new")
    let memory = try await journal.memory(of: "m")
    #expect(memory.activeRun == nil)
    #expect(memory.lastChange == .updated)
    #expect(memory.windowStart == bench.now)
    #expect(bench.server.calls.all.contains { $0.hasPrefix("unload ") })
    await bench.logged("is in system_events")
    #expect(try await journal.outboxCounts().delivered == 1)
    await monitor.stop()
  }

  @Test("the same evidence never fires twice; new evidence after the cooldown does, under the digest served by then")
  func sameEvidence() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"), .succeed("newer"))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    #expect(try await monitor.check().map(\.action) == [.succeeded])
    for _ in 0..<3 { #expect(try await monitor.check().map(\.verdict) == [.insufficient]) }
    #expect(bench.server.pulls() == 1)

    bench.clock.advance(by: .seconds(5 * 3600))
    try await bench.addCycles("m")
    let early = try await monitor.check()
    #expect(early.map(\.verdict) == [.degraded])
    #expect(early.map(\.action) == [.suppressed])
    #expect(bench.server.pulls() == 1)

    bench.clock.advance(by: .seconds(19 * 3600))
    #expect(try await monitor.check().map(\.action) == [.succeeded])
    #expect(bench.server.pulls() == 2)
    #expect(try await monitor.journal.decisions(limit: 1).first?.digest == "new")
    #expect(try await monitor.journal.runs(limit: 9).count == 2)
    await monitor.stop()
  }

  @Test("a pull that changed nothing leaves the model exhausted, and people are told once")
  func exhausted() async throws {
    let bench = try MonitorBench()
    bench.server.serve("same", as: "m")
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    #expect(try await monitor.check().first?.reason.contains("already current") == true)
    for _ in 0..<3 { #expect(try await monitor.check().map(\.action) == [.exhausted]) }
    #expect(bench.server.pulls() == 1)
    #expect(bench.lines("(exhausted)").count == 1)
    #expect(bench.lines("(exhausted)").first?.hasPrefix("warning") == true)
    await monitor.stop()
  }

  @Test("rearm always fires at each check")
  func rearmAlways() async throws {
    let bench = try MonitorBench()
    bench.server.serve("same", as: "m")
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m", rules: RuleSettings(rearm: .always)))
    for _ in 0..<3 { #expect(try await monitor.check().map(\.action) == [.succeeded]) }
    #expect(bench.server.pulls() == 3)
    await monitor.stop()
  }

  @Test("a dry run evaluates and leaves nothing behind")
  func dryRun() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    let entries = try await monitor.check(isDryRun: true)
    #expect(entries.map(\.verdict) == [.degraded])
    #expect(entries.map(\.action) == [.none])
    #expect(try await monitor.journal.decisions(limit: 9).isEmpty)
    #expect(try await monitor.journal.runs(limit: 9).isEmpty)
    #expect(bench.server.calls.all.isEmpty)
    await monitor.stop()
  }

  @Test("rows that name no model, and none configured: unattributed, stored, never acted upon")
  func unattributed() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles(nil)
    let monitor = try await bench.start()
    let entries = try await monitor.check()
    #expect(entries.map(\.verdict) == [.unattributed])
    #expect(entries.map(\.action) == [.none])
    let decision = try await monitor.journal.latestDecisions(limit: 99).first(where: { $0.model == nil })
    #expect(decision?.evaluation.verdict == .unattributed)
    #expect(bench.server.calls.all.isEmpty)
    await monitor.stop()
  }

  @Test("a check of one model leaves what the status knows of the others")
  func partialCheck() async throws {
    let bench = try MonitorBench()
    for model in ["a", "b"] { try await bench.addCycles(model, accepted: 9, rejected: 1) }
    let monitor = try await bench.start()
    _ = try await monitor.check()
    _ = try await monitor.check(model: "b")
    let status = await monitor.status()
    #expect(status.monitor.models == 2)
    #expect(status.models.compactMap(\.check.model) == ["a", "b"])
    await monitor.stop()
  }

  @Test("where decisions cannot be stored nothing is done, the result and the status say so, and it recovers by itself")
  func unwritableJournal() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    try await bench.addCycles("m")
    let early = try await Journal.open(path: bench.paths.database)
    try await early.setRefusing(true)
    await early.close()
    let monitor = try await bench.start(Settings(model: "m"), mode: .daemon)
    await bench.logged("Check 1:")
    let asked = try await monitor.check()
    #expect(asked.map(\.verdict) == [.degraded])
    #expect(asked.map(\.action) == [.failed])
    #expect(asked.first?.reason.contains("could not be recorded") == true)
    #expect(await monitor.status().monitor.lastError?.contains("cannot be recorded") == true)
    #expect(bench.server.calls.all.isEmpty)

    try await monitor.journal.setRefusing(false)
    bench.clock.advance(by: .seconds(3600))
    await bench.logged("✅ Run")
    await bench.logged("Checks work again")
    #expect(await monitor.status().monitor.lastError == nil)
    await monitor.stop()
  }

  @Test("a check on request that is recorded clears what the one before said, and texts of errors end in one full stop")
  func recoveryOnRequest() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    try await bench.addCycles("m")
    let early = try await Journal.open(path: bench.paths.database)
    try await early.setRefusing(true)
    await early.close()
    let monitor = try await bench.start(Settings(model: "m"), mode: .daemon)
    await bench.logged("Check 1:")
    #expect(await monitor.status().monitor.lastError != nil)
    #expect(!bench.lines("cannot be recorded").isEmpty)
    #expect(bench.lines("..").isEmpty)

    try await monitor.journal.setRefusing(false)
    _ = try await monitor.check(isDryRun: true)
    #expect(await monitor.status().monitor.lastError != nil)
    #expect(try await monitor.check().map(\.action) == [.succeeded])
    #expect(await monitor.status().monitor.lastError == nil)
    #expect(bench.lines("Checks work again").count == 1)
    await monitor.stop()
  }

  @Test("a memory that names a run which is over does not hold its model for ever")
  func staleActiveRun() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    try await monitor.journal.updateMemory(of: "m") { $0.activeRun = "gone" }
    #expect(try await monitor.check().map(\.action) == [.suppressed])
    #expect(try await monitor.check().map(\.action) == [.succeeded])
    await monitor.stop()
  }
}
