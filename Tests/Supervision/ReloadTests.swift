import Testing

@testable import Supervision

/// New specifications while the supervisor runs: OTP's `code_change`.
@Suite(.timeLimit(.minutes(5))) struct ReloadTests {
  @Test("code_change: limits, delays and children are replaced in place, nothing is started or stopped")
  func inPlace() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 1, [child("a"), child("b")]))
    bench.runUntilReady()
    let new = try spec(
      .oneForOne, intensity: 3, backoff: Backoff(base: .seconds(4), ratio: 1, max: .seconds(4), jitter: 0),
      [child("a", shutdown: .grace(.seconds(77))), child("c")])
    #expect(bench.reload(new) == nil)
    #expect(bench.log.isEmpty)
    #expect(bench.events == [.reloaded(supervisor: "root")])
    #expect(bench.machine.whichChildren().map(\.id) == ["c", "b", "a"])
    #expect(bench.machine.whichChildren().map(\.state) == [.ended, .ready, .ready])
    #expect(try bench.machine.childSpec("a").shutdown == .grace(.seconds(77)))
    bench.fail(0)
    bench.fail(1)
    #expect(bench.result == nil)
    #expect(bench.nextDeadline == .seconds(4))
    // What was added comes when it is asked for; a failure of that leaves it there.
    let ticket = bench.restartChild("c")
    bench.fail(2)
    #expect(bench.refusal(ticket) != nil)
    #expect(bench.isKnown(2))
  }

  @Test("restarts that were counted stay counted under the new limits")
  func counted() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 5, backoff: .none, [child("a")]))
    bench.runUntilReady()
    for _ in 0..<3 {
      bench.fail(0)
      bench.ready(0)
    }
    #expect(bench.reload(try spec(.oneForOne, intensity: 3, backoff: .none, [child("a")])) == nil)
    bench.fail(0)
    #expect(bench.machine.isStopping)
  }

  @Test("the strategy changes too")
  func strategy() throws {
    var bench = MachineBench(try spec(.oneForOne, backoff: .none, [child("a"), child("b")]))
    bench.runUntilReady()
    #expect(bench.reload(try spec(.oneForAll, backoff: .none, [child("a"), child("b")])) == nil)
    bench.fail(1)
    bench.finish(0)
    bench.ready(0)
    bench.ready(1)
    #expect([0, 1].map(bench.generation) == [2, 2])
  }

  @Test("what does not fit is refused, and the old specifications stay in force")
  func refused() throws {
    var bench = MachineBench(
      try spec(.oneForOne, autoShutdown: .anySignificant, [child("a", restart: .transient, significant: true)]))
    bench.runUntilReady()
    // It would leave a significant child that can never matter.
    #expect(
      bench.reload(try spec(.oneForAll, intensity: 1, [])) == .significantInVain(child: "a", supervisor: "root"))
    let other = try SupervisorSpec(id: "other", strategy: .oneForAll, children: [])
    #expect(bench.reload(other) == .otherSupervisor(running: "root", given: "other"))
    #expect(bench.machine.rules.strategy == .oneForOne)
    #expect(bench.machine.rules.intensity == 5)
    #expect(bench.events.isEmpty)
    bench.finish(0)
    #expect(bench.machine.isStopping)
  }

  @Test("the window keeps the newest restarts when it shrinks, and slides on when it grows")
  func window() {
    var window = RestartIntensity(intensity: 3, period: .seconds(10))
    let before = [0, 1, 2, 11].map { window.charge(at: .seconds($0)) }
    #expect(before == [true, true, true, true])
    window.change(intensity: 2, period: .seconds(10))
    let shrunk = window.charge(at: .seconds(12))
    #expect(!shrunk)
    window.change(intensity: 4, period: .seconds(10))
    let grown = (0..<3).map { _ in window.charge(at: .seconds(12)) }
    #expect(grown == [true, true, false])
  }
}
