import Testing

@testable import Supervision

/// Children that must give signs of life.
@Suite(.timeLimit(.minutes(5))) struct HeartbeatTests {
  @Test("a child that is silent is stopped, charged as a failure and started again")
  func silent() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a", heartbeat: .seconds(3)), child("b")]))
    bench.runUntilReady()
    bench.advance(by: .seconds(2))
    bench.signs[0] = .seconds(2)
    bench.advance(by: .seconds(1))
    #expect(bench.state(0) == .ready, "it beat in time")
    #expect(bench.nextDeadline == .seconds(5))
    bench.advance(by: .seconds(2))
    #expect(bench.log == ["-a"])
    #expect(bench.events.first == .unresponsive(id: "a", generation: 1, after: .seconds(3)))
    bench.fail(0, CancellationError())
    #expect(
      bench.events.last
        == .terminated(
          id: "a", generation: 1, outcome: .unresponsive(after: .seconds(3)), restartIn: .seconds(1)))
    bench.advance(by: .seconds(1))
    bench.ready(0)
    // The signs of the start before are no signs of this one.
    #expect(bench.nextDeadline == .seconds(9))
    #expect(bench.machine.snapshot(now: bench.now).children[0].lastFailure == .unresponsive(after: .seconds(3)))
  }

  @Test("one that is silent and deaf is abandoned, and its successor starts")
  func deaf() throws {
    var bench = MachineBench(
      try spec(.oneForOne, intensity: 1, [child("a", shutdown: .grace(.seconds(2)), heartbeat: .seconds(3))]))
    bench.runUntilReady()
    bench.advance(by: .seconds(3))
    bench.advance(by: .seconds(2))
    #expect(bench.log == ["-a", ".a"])
    bench.advance(by: .seconds(1))
    #expect(bench.log.last == "+a2")
    bench.ready(0)
    bench.advance(by: .seconds(3))
    bench.finish(0)
    #expect(bench.machine.isStopping, "the second time is one too many")
  }

  @Test("a temporary one that is silent is forgotten; a transient one counts as failed")
  func types() throws {
    var bench = MachineBench(
      try spec(
        .oneForOne,
        [
          child("t", restart: .temporary, heartbeat: .seconds(1)),
          child("r", restart: .transient, heartbeat: .seconds(1)),
        ]))
    bench.runUntilReady()
    bench.advance(by: .seconds(1))
    bench.finish(0)
    bench.finish(1)
    #expect(!bench.isKnown(0))
    #expect(bench.state(1) == .restarting)
  }

  @Test("without a heartbeat nobody wakes up")
  func idle() throws {
    var bench = MachineBench(try spec(.oneForOne, (0..<100).map { child("\($0)") }))
    bench.runUntilReady()
    #expect(bench.nextDeadline == nil)
  }

  @Test("terminating a silent one that is being stopped: it does not come back")
  func terminated() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a", heartbeat: .seconds(1))]))
    bench.runUntilReady()
    bench.advance(by: .seconds(1))
    let ticket = bench.terminateChild("a")
    bench.finish(0)
    #expect(bench.answers[ticket] != nil)
    #expect(bench.state(0) == .ended)
    #expect(bench.nextDeadline == nil)
  }
}
