import Journal
import Ollama
import Rules
import TestSupport
import Testing

@testable import Actors

/// What happens after a failure, and when nothing happens any more.
@Suite("Failure ladder", .timeLimit(.minutes(5)))
struct LadderTests {
  /// Moves to a planned attempt and waits for its end.
  private func nextAttempt(
    _ bench: MonitorBench, _ monitor: RetrainMonitor, of run: String
  ) async throws -> (end: RunEnd?, delay: Duration) {
    let ends = monitor.tree.handover.ends
    let mark = ends.mark
    let due = try #require(try await monitor.journal.memory(of: "m").retryAt)
    let delay = due - bench.now
    bench.clock.advance(by: delay)
    return (await ends.wait(for: run, after: mark), delay)
  }

  @Test(
    "retries after 15 and 30 minutes are attempts of one run; the third failure opens the circuit; a success closes it")
  func retriesAndCircuit() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .fail(.server))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"), mode: .daemon)
    await bench.logged("recorded for m")
    let run = try #require(try await monitor.journal.runs(limit: 1).first?.id)
    #expect(await monitor.nextEnd(of: run)?.state == .failed)

    let second = try await nextAttempt(bench, monitor, of: run)
    #expect((Duration.seconds(900)...Duration.seconds(1125)).contains(second.delay))
    let third = try await nextAttempt(bench, monitor, of: run)
    #expect((Duration.seconds(1800)...Duration.seconds(2250)).contains(third.delay))
    #expect(third.end?.state == .failed)
    let row = try #require(try await monitor.journal.run(run))
    #expect(row.attempt == 3)
    #expect(try await monitor.journal.runs(limit: 9).count == 1)
    #expect(try await monitor.journal.outboxCounts().delivered == 1)
    #expect(try await monitor.journal.memory(of: "m").retryAt == nil)
    #expect(!bench.lines("No automatic work on this model any more").isEmpty)

    bench.clock.advance(by: .seconds(3600))
    await bench.logged("Check 2:")
    #expect(bench.server.pulls() == 3)
    #expect(await monitor.status().models.first?.circuitOpen != nil)

    bench.server.script("m", .succeed("new"))
    #expect(try await monitor.run(.pull, of: "m", waits: true).state == "succeeded")
    #expect(try await monitor.journal.memory(of: "m").circuit == .closed)
    await monitor.stop()
  }

  @Test("two models' retries do not lose each other")
  func twoRetries() async throws {
    let bench = try MonitorBench()
    for model in ["a", "b"] {
      bench.server.script(model, .fail(.server), .succeed("new"))
      try await bench.addCycles(model)
    }
    let monitor = try await bench.start(Settings(), mode: .daemon)
    await bench.log.wait { lines in lines.count { $0.contains("❌ Run") } == 2 }
    await bench.logged("Check 1:")
    let ends = monitor.tree.handover.ends
    var due: [(run: String, at: Timestamp)] = []
    for model in ["a", "b"] {
      let memory = try await monitor.journal.memory(of: model)
      let run = try #require(memory.retryRun)
      // Told means that the schedule knows of it.
      _ = await ends.wait(for: run, after: 0)
      due.append((run, try #require(memory.retryAt)))
    }
    // One after the other, well before the next check of all models.
    for (run, at) in due.sorted(by: { $0.at < $1.at }) {
      let mark = ends.mark
      bench.clock.advance(by: max(.zero, at - bench.now))
      #expect(await ends.wait(for: run, after: mark)?.state == .succeeded)
    }
    #expect(bench.clock.now.offset < .seconds(3600))
    await monitor.stop()
  }

  @Test("a retry that falls due while another model's retry is being checked comes at once")
  func dueDuringCheck() async throws {
    let bench = try MonitorBench()
    for model in ["a", "b"] {
      bench.server.script(model, .fail(.server), .succeed("new"))
      try await bench.addCycles(model)
    }
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1:")
    let ends = monitor.tree.handover.ends
    var due: [(run: String, at: Timestamp)] = []
    for run in try await monitor.journal.runs(limit: 9) {
      _ = await ends.wait(for: run.id, after: 0)
      due.append((run.id, try #require(try await monitor.journal.memory(of: run.model).retryAt)))
    }
    due.sort { $0.at < $1.at }
    try #require(due.count == 2 && due[0].at < due[1].at)
    let mark = ends.mark
    let gate = Gate()
    bench.stats.hold(gate)
    let asked = bench.stats.calls.all.count
    bench.clock.advance(by: due[0].at - bench.now)
    await bench.stats.calls.wait { $0.count > asked }
    bench.clock.advance(by: due[1].at - bench.now)
    gate.open()
    for (run, _) in due { #expect(await ends.wait(for: run, after: mark)?.state == .succeeded) }
    await monitor.stop()
  }

  @Test("a host without descriptors, processes or memory left is tried again, and never opens a model's circuit")
  func exhaustedHost() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .fail(.exhausted))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"), mode: .daemon)
    await bench.logged("recorded for m")
    let run = try #require(try await monitor.journal.runs(limit: 1).first?.id)
    #expect(await monitor.nextEnd(of: run)?.state == .failed)
    for _ in 0..<RuleBounds.failuresToOpen {
      let next = try await nextAttempt(bench, monitor, of: run)
      #expect(next.end?.state == .failed)
      #expect((Duration.seconds(900)...Duration.seconds(1125)).contains(next.delay))
    }
    let memory = try await monitor.journal.memory(of: "m")
    #expect(memory.circuit == .closed)
    #expect(memory.failures == 0)
    #expect(memory.retryAt != nil)
    await monitor.stop()
  }

  @Test("a permanent failure opens the circuit at once; a change of the model's own configuration closes it")
  func permanent() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .fail(.unknownModel))
    try await bench.addCycles("m")
    let settings = Settings(model: "m")
    let monitor = try await bench.start(settings)
    #expect(try await monitor.check().map(\.action) == [.failed])
    guard case .open = try await monitor.journal.memory(of: "m").circuit else {
      Issue.record("the circuit is not open")
      return
    }
    #expect(try await monitor.check().map(\.action) == [.suppressed])

    var unrelated = settings
    unrelated.models["other"] = ModelSettings(rules: RuleSettings(threshold: 0.5))
    await monitor.apply(unrelated)
    #expect(try await monitor.journal.memory(of: "m").circuit != .closed)
    var own = unrelated
    own.models["m"] = ModelSettings(rules: RuleSettings(threshold: 0.7))
    await monitor.apply(own)
    #expect(try await monitor.journal.memory(of: "m").circuit == .closed)
    await monitor.stop()
  }

  @Test("a rollback that fails says nothing of automatic refreshes; one that is interrupted stays the model's run")
  func rollbackOutcomes() async throws {
    let bench = try MonitorBench()
    bench.server.serve("new", as: "m")
    let monitor = try await bench.start()
    let refused = try await monitor.run(.rollback, of: "m", waits: true)
    #expect(refused.state == "failed")
    #expect(refused.error?.contains("nothing to roll back to") == true)
    let memory = try await monitor.journal.memory(of: "m")
    #expect(memory.activeRun == nil)
    #expect(memory.circuit == .closed)
    #expect(memory.retryAt == nil)
    await monitor.stop()
  }
}
