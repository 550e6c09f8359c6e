import Journal
import Platform
import Rules
import Stores
import Supervision
import TestSupport
import Testing

@testable import Actors

/// The schedule and its loop.
@Suite("Monitor", .timeLimit(.minutes(5)))
struct MonitorTests {
  @Test("checks at the start and each interval; those that were missed are not caught up; the phase stays")
  func schedule() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("✅ Model retrain monitor started (checking every 60 minutes)")
    await bench.logged("Check 1:")
    bench.clock.advance(by: .seconds(3600))
    await bench.logged("Check 2:")
    bench.clock.advance(by: .seconds(5 * 3600 + 1800))
    await bench.logged("Check 3:")
    let status = await monitor.status()
    #expect(status.monitor.checks == 3)
    #expect(status.monitor.nextCheck == bench.now.adding(.seconds(1800)).rfc3339)
    await monitor.stop()
  }

  @Test("a source that fails neither stops nor shifts the schedule")
  func failingSource() async throws {
    let bench = try MonitorBench()
    bench.stats.fail("unreachable")
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1 failed: unreachable")
    #expect(await monitor.status().monitor.lastError == "unreachable")
    await #expect(throws: StoreFailure.self) { _ = try await monitor.check() }
    bench.stats.fail(nil)
    bench.clock.advance(by: .seconds(3600))
    await bench.logged("Check 2:")
    await bench.logged("Checks work again")
    #expect(await monitor.status().monitor.lastError == nil)
    #expect(await monitor.status().monitor.nextCheck == bench.now.adding(.seconds(3600)).rfc3339)
    await monitor.stop()
  }

  @Test("a source that fails is asked again after a minute, then two, without telling the same again")
  func failingSourceIsAskedAgain() async throws {
    let bench = try MonitorBench()
    bench.stats.fail("unreachable")
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1 failed: unreachable")
    let first = MonitorSchedule.firstRepeat
    await bench.clock.waitForSleeper(dueBy: first)
    bench.clock.advance(by: first)
    await bench.logged("Check 1, repeated failed: unreachable")
    #expect(bench.lines("failed: unreachable").count { $0.hasPrefix("error") } == 1, "\(bench.log.all)")
    bench.stats.fail(nil)
    await bench.clock.waitForSleeper(dueBy: first * 3)
    bench.clock.advance(by: first * 2)
    await bench.logged("Checks work again")
    #expect(await monitor.status().monitor.checks == 1)
    #expect(await monitor.status().monitor.nextCheck == bench.now.adding(.seconds(3420)).rfc3339)
    await monitor.stop()
  }

  @Test("after a jump of the wall clock the evaluation waits 60 s", arguments: [7200, -7200])
  func wallJump(seconds: Int) async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1:")
    bench.jump(by: .seconds(seconds))
    bench.clock.advance(by: .seconds(3600))
    await bench.logged("The wall clock jumped")
    #expect(bench.lines("Check 2").isEmpty)
    bench.clock.advance(by: .seconds(60))
    await bench.logged("Check 2:")
    #expect(await monitor.status().monitor.nextCheck == bench.now.adding(.seconds(3540)).rfc3339)
    await monitor.stop()
  }

  @Test("checks that are asked for at once come one after another")
  func serialChecks() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1:")
    let gate = Gate()
    bench.stats.hold(gate)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<5 { group.addTask { _ = try await monitor.check() } }
      await bench.stats.calls.wait { $0.count == 2 }
      gate.open()
      try await group.waitForAll()
    }
    #expect(bench.stats.most == 1)
    #expect(bench.stats.calls.all.count == 6)
    await monitor.stop()
  }

  @Test("a new interval counts from the last check, and counters stay")
  func newInterval() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1:")
    bench.clock.advance(by: .seconds(600))
    await monitor.apply(Settings(interval: .seconds(1200)))
    bench.clock.advance(by: .seconds(600))
    await bench.logged("Check 2:")
    #expect(await monitor.status().monitor.checks == 2)
    await monitor.stop()
  }

  @Test("a store that never answers holds nobody when the monitor stops, and nothing is taken afterwards")
  func stuckSource() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start()
    let gate = Gate()
    bench.stats.hold(gate, isDeaf: true)
    let actor = try monitor.tree.monitor.get()
    let running = Task { try await monitor.check() }
    await bench.stats.calls.waitFor { $0 == "asked" }
    let waiting = Task { try await monitor.check() }
    let stop = Task { await monitor.stop() }
    await #expect(throws: StoreFailure.self) { _ = try await running.value }
    await #expect(throws: StoreFailure.self) { _ = try await waiting.value }
    gate.open()
    _ = await stop.value
    await #expect(throws: StoreFailure.self) { _ = try await actor.check(only: nil, isDryRun: true) }
    await #expect(throws: RefError.self) { _ = try await monitor.check() }
  }

  @Test("an interval of nothing is no busy loop")
  func zeroInterval() {
    var schedule = MonitorSchedule(interval: .zero, now: .zero, wall: 0)
    #expect(schedule.onWake(now: .zero, wall: 0) == .check(number: 1))
    #expect(schedule.onWake(now: .zero, wall: 0) == .wait(until: MonitorSchedule.shortestInterval))
    schedule.onInterval(.zero, now: .zero)
    #expect(schedule.interval == MonitorSchedule.shortestInterval)
  }

  @Test("news of a model is told once, what is done each time, and no more than a bound")
  func news() {
    func result(_ model: String, _ verdict: Verdict, _ action: CheckAction) -> CheckResult {
      CheckResult(
        evaluation: Evaluation(
          model: model, verdict: verdict, average: nil, threshold: 0.6, have: 0, need: 3, used: [], leftOut: [],
          accepted: 0, judged: 0, interval: nil, rule: "mean", ruleHash: "", reason: "why"), action: action,
        reason: "why")
    }
    var news = CheckNews()
    #expect(news.lines(about: [result("m", .healthy, .none)], isFull: true).map(\.level) == [.info])
    #expect(news.lines(about: [result("m", .healthy, .none)], isFull: true).isEmpty)
    #expect(news.lines(about: [result("m", .degraded, .started)], isFull: true).map(\.level) == [.warning])
    #expect(news.lines(about: [result("m", .degraded, .started)], isFull: true).map(\.level) == [.warning])
    #expect(news.lines(about: [result("m", .degraded, .exhausted)], isFull: true).map(\.level) == [.warning])
    #expect(news.lines(about: [result("n", .healthy, .none)], isFull: false).count == 1)
    #expect(news.lines(about: [result("m", .degraded, .exhausted)], isFull: false).isEmpty)
    #expect(news.lines(about: [result("m", .degraded, .failed)], isFull: true).map(\.level) == [.error])
    let many = (0..<200).map { result("m\($0)", .healthy, .none) }
    let lines = news.lines(about: many, isFull: true)
    #expect(lines.count == CheckNews.maximumLines + 1)
    #expect(lines.last?.text.contains("150 more models") == true)
  }
}
