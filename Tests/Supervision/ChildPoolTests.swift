import TestSupport
import Testing

@testable import Supervision

/// Pools of like children: OTP's `simple_one_for_one`.
@Suite(.timeLimit(.minutes(5))) struct ChildPoolTests {
  /// A pool specification for the machine.
  private func pool(_ restart: RestartType, intensity: Int = 5, backoff: Backoff = .none) throws -> PoolSpec<Int> {
    try PoolSpec(id: "pool", restart: restart, intensity: intensity, backoff: backoff) { _, _ in }
  }

  /// A bench with running children.
  private func running(_ spec: PoolSpec<Int>, _ count: Int) -> MachineBench {
    var bench = MachineBench(spec.core)
    bench.run()
    for index in 0..<count {
      bench.startChild(spec.child(index))
      bench.ready(index)
    }
    bench.clear()
    return bench
  }

  @Test("simple_one_for_one: permanent and transient ones come back under the same key, temporary ones are forgotten")
  func restarts() throws {
    for restart in RestartType.allCases {
      var bench = running(try pool(restart), 2)
      bench.fail(0)
      #expect(bench.isKnown(0) == (restart != .temporary))
      #expect(bench.log.contains("+12") == (restart != .temporary))
      bench.finish(1)
      #expect(bench.isKnown(1) == (restart == .permanent))
    }
  }

  @Test("simple_one_for_one_escalation: more restarts than the intensity end the pool")
  func escalation() throws {
    var bench = running(try pool(.permanent, intensity: 2), 3)
    for _ in 0..<2 {
      bench.fail(0)
      bench.ready(0)
    }
    bench.fail(0)
    #expect(bench.log.suffix(2) == ["-2", "-3"])
    bench.finish(1)
    bench.finish(2)
    guard case .failure(.escalated("1", .restarts(2, _, _), _)) = bench.result else {
      Issue.record("not escalated")
      return
    }
  }

  @Test("simple_one_for_one_shutdown: all are stopped together, under one deadline")
  func shutdown() throws {
    let spec = try PoolSpec<Int>(id: "pool", shutdown: .grace(.seconds(2))) { _, _ in }
    var bench = running(spec, 3)
    bench.stop()
    #expect(bench.log == ["-1", "-2", "-3"])
    bench.advance(by: .seconds(1))
    bench.finish(1)
    bench.fail(0, Broken("odd"))
    bench.advance(by: .seconds(1))
    let report = try bench.result?.get()
    #expect(report?.stopped == ["2", "1"])
    #expect(report?.unstopped.map(\.id) == ["3"])
    #expect(report?.failures.map(\.id) == ["1"])
    #expect(bench.machine.children.count == 0)
  }

  @Test("a declined one leaves nothing, at the start and at a restart; the stop is clean afterwards")
  func declined() throws {
    let spec = try pool(.permanent)
    var bench = running(spec, 1)
    let ticket = bench.startChild(spec.child(5))
    bench.end(1, .declined)
    #expect(bench.started(ticket)?.declined == true)
    #expect(!bench.isKnown(1))
    bench.fail(0)
    bench.end(0, .declined)
    #expect(bench.machine.countChildren().specs == 0)
    bench.stop()
    #expect(try bench.result?.get().isClean == true)
  }

  @Test("a stop during a delay, and one without children, need no time")
  func stopWaiting() throws {
    let slow = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0)
    var bench = running(try pool(.permanent, backoff: slow), 1)
    bench.fail(0)
    #expect(bench.state(0) == .restarting)
    bench.stop()
    #expect(bench.result != nil)
    #expect(bench.nextDeadline == nil)
  }

  @Test("child_adm_simple: by handle; restart and delete refused; foreign handles unknown; what has ended is fine")
  func handles() async throws {
    let time = ManualClock()
    let events = EventRecorder<SupervisorEvent>()
    let seen = EventRecorder<Int>()
    let spec = try PoolSpec<Int>(id: "pool", restart: .permanent, backoff: .none) { argument, context in
      if argument < 0 { throw Broken("negative") }
      if argument == 0 { return context.decline() }
      seen.record(argument)
      context.ready(argument * 2)
      if context.generation == 1, argument == 7 { throw Broken() }
      try await context.clock.sleep(for: .seconds(1_000))
    }
    /// A pool that runs.
    func start() async throws -> (ChildPool<Int>, Task<StopReport, any Error>) {
      let pool = ChildPool(spec, clock: SupervisionClock(time), seed: 1) { events.record($0) }
      let run = Task { try await pool.run() }
      try await pool.waitUntilReady()
      return (pool, run)
    }
    let (pool, run) = try await start()
    let (other, otherRun) = try await start()
    let (first, started) = try await pool.startChild(3)
    #expect(started.info as? Int == 6)
    let (foreign, _) = try await other.startChild(4)
    #expect(throws: ChildError.notAvailable(operation: "restart", pool: "pool")) { try pool.restartChild(first) }
    #expect(throws: ChildError.notAvailable(operation: "delete", pool: "pool")) { try pool.deleteChild(first) }
    await #expect(throws: ChildError.notFound(id: "1")) { try await pool.terminateChild(foreign) }
    try await pool.terminateChild(first)
    try await pool.terminateChild(first)
    #expect(await pool.countChildren().specs == 0)
    await #expect(throws: ChildError.startFailed(id: "2", reason: .threw(Fault(Broken("negative"))))) {
      try await pool.startChild(-1)
    }
    #expect(try await pool.startChild(0).start.declined)
    // The argument comes back with the restart.
    try await pool.startChild(7)
    await seen.wait { $0.filter { $0 == 7 }.count == 2 }
    #expect(await pool.whichChildren().map(\.id) == ["4"])
    for (pool, run) in [(pool, run), (other, otherRun)] {
      pool.stop()
      #expect(try await run.value.isClean)
      await #expect(throws: ChildError.notRunning(supervisor: "pool", state: .stopped)) { try await pool.startChild(1) }
    }
  }

  @Test("nobody keeps the argument of a temporary child that has ended")
  func argumentIsForgotten() async throws {
    final class Captured: Sendable {
      let gone: EventRecorder<Void>
      init(_ gone: EventRecorder<Void>) { self.gone = gone }
      deinit { gone.record(()) }
    }
    let gone = EventRecorder<Void>()
    let ended = EventRecorder<SupervisorEvent>()
    let gate = Gate()
    let spec = try PoolSpec<Captured>(id: "pool") { _, context in
      context.ready()
      await gate.pass()
    }
    let pool = ChildPool(spec, clock: SupervisionClock(ManualClock()), seed: 1) { ended.record($0) }
    let run = Task { try await pool.run() }
    try await pool.waitUntilReady()
    weak var weakly: Captured?
    do {
      let captured = Captured(gone)
      weakly = captured
      try await pool.startChild(captured)
    }
    #expect(weakly != nil)
    gate.open()
    await ended.waitFor { if case .terminated = $0 { true } else { false } }
    pool.stop()
    _ = try await run.value
    await gone.wait { !$0.isEmpty }
    #expect(weakly == nil)
  }

  @Test("a pool under a supervisor: fresh in each start, its escalation is shutdown, its children are in the report")
  func nested() async throws {
    let ref = Ref<ChildPool<String>>("pool")
    let failing = try PoolSpec<String>(id: "pool", restart: .permanent, intensity: 0, backoff: .none) { name, context in
      context.ready()
      if name == "bad" { throw Broken() }
      try await context.clock.sleep(for: .seconds(1_000))
    }
    let bench = SupervisorBench(try spec(.oneForOne, backoff: .none, [.pool(id: "workers", ref: ref, pool: failing)]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    let first = try ref.get()
    try await first.startChild("good")
    #expect(await bench.supervisor.snapshot().children[0].subtree.first?.children.count == 1)
    try await first.startChild("bad")
    await bench.events.waitFor { if case .ready("workers", 2, _) = $0 { true } else { false } }
    let second = try ref.get()
    #expect(second !== first)
    #expect(await second.countChildren().specs == 0)
    try await second.startChild("good")
    run.cancel()
    #expect(try await run.value.stopped == ["workers/1", "workers"])
  }
}
