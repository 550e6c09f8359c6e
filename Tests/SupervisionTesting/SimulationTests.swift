import Supervision
import SupervisionTesting
import Testing

/// Supervisors in a simulation.
@Suite(.timeLimit(.minutes(5))) struct SimulationTests {
  /// Three children of which one fails twice and one is deaf to the stop; the whole course of events.
  static func course(seed: UInt64) throws -> Simulation {
    let simulation = Simulation(seed: seed)
    let a = simulation.child("a", starts: [[.ready, .untilStopped]])
    let b = simulation.child(
      "b",
      starts: [[.ready, .work(.seconds(3)), .fail("boom")], [.fail("no")], [.ready, .untilStopped, .fail("late")]])
    let c = simulation.child("c", starts: [[.ready, .hang]])
    let d = simulation.child("d", starts: [[.ready, .work(.seconds(3)), .fail("too")], [.ready, .untilStopped]])
    let spec = try SupervisorSpec(
      id: "root", strategy: .oneForOne, backoff: Backoff(jitter: 0.5),
      children: [a, b, c, d].map { ChildSpec(id: $0.id, shutdown: .grace(.seconds(2)), body: $0.body) })
    let report = try simulation.run { simulation in
      let supervisor = simulation.supervisor(spec)
      let run = simulation.spawn("run") { try await supervisor.run() }
      try await simulation.clock.sleep(for: .seconds(60))
      supervisor.stop()
      return try await run.value
    }
    #expect(report.stopped == ["d", "b", "a"])
    #expect(report.unstopped.map(\.id) == ["c"])
    #expect(report.failures.map(\.id) == ["b"])
    #expect(simulation.clock.now.offset == .seconds(62))
    #expect(c.running == [1])
    #expect(c.current.isEmpty)
    c.release()
    try simulation.settle()
    #expect(c.running.isEmpty)
    return simulation
  }

  @Test("one seed twice is one course of events; seeds differ")
  func replay() throws {
    var seen: Set<[TraceEntry]> = []
    for seed in 0..<200 as Range<UInt64> {
      let events = try Self.course(seed: seed).events
      #expect(try Self.course(seed: seed).events == events, "seed \(seed)")
      seen.insert(events)
    }
    #expect(seen.count > 100, "\(seen.count) courses")
  }

  @Test("a second start beside one that was not fenced is a violation, and fails the run")
  func doubleStart() {
    let simulation = Simulation(seed: 5)
    let child = simulation.child("a")
    let error = #expect(throws: SimulationError.self) {
      try simulation.run { simulation in
        let clock = simulation.clock.supervision
        for generation in 1...2 as ClosedRange<UInt64> {
          simulation.spawn { try await child.body(ChildContext(id: "a", generation: generation, clock: clock)) }
        }
        await simulation.rest()
      }
    }
    guard case .violated(seed: 5, let texts) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(texts.contains { $0.contains("both at work") })
    #expect(simulation.violations == texts)
  }

  @Test("rest comes when nothing else can run, and before time moves on")
  func rest() throws {
    for seed in 0..<20 as Range<UInt64> {
      let simulation = Simulation(seed: seed)
      try simulation.run { simulation in
        simulation.spawn {
          simulation.note("first")
          try await simulation.clock.sleep(for: .seconds(1))
          simulation.note("second")
        }
        await simulation.rest()
        simulation.note("rest")
        try await simulation.clock.sleep(for: .seconds(2))
      }
      #expect(
        simulation.events.map(\.description) == [
          "0.0 seconds -- first", "0.0 seconds -- rest", "1.0 seconds -- second",
        ])
    }
  }

  @Test("a body that throws throws out of the run, and what needs time has none in `now`")
  func ends() throws {
    let simulation = Simulation(seed: 1)
    #expect(throws: ScriptedFailure("out")) { try simulation.run { _ in throw ScriptedFailure("out") } }
    let clock = simulation.clock
    let value = try simulation.now { () -> Int in
      try? await clock.sleep(for: .seconds(1))
      return 1
    }
    #expect(value == nil)
  }
}
