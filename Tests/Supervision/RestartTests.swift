import Testing

@testable import Supervision

/// Which child comes back, and when.
@Suite(.timeLimit(.minutes(5))) struct RestartTests {
  /// How a child ends in the table.
  enum End: CaseIterable { case returns, throwsError, throwsCancellation }

  @Test(
    "permanent_normal … temporary_abnormal: who is started again",
    arguments: [
      (RestartType.permanent, End.returns, true), (.permanent, .throwsError, true),
      (.permanent, .throwsCancellation, true),
      (.transient, .returns, false), (.transient, .throwsError, true), (.transient, .throwsCancellation, true),
      (.temporary, .returns, false), (.temporary, .throwsError, false), (.temporary, .throwsCancellation, false),
    ])
  func table(restart: RestartType, end: End, comesBack: Bool) throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a", restart: restart), child("b")]))
    bench.runUntilReady()
    switch end {
    case .returns: bench.finish(0)
    case .throwsError: bench.fail(0)
    case .throwsCancellation: bench.fail(0, CancellationError())
    }
    #expect(bench.state(0) == (comesBack ? .restarting : .ended))
    bench.advance(by: .seconds(1))
    #expect(bench.log.contains("+a2") == comesBack)
    #expect(bench.isKnown(0) == (restart != .temporary))
    #expect(bench.state(1) == .ready)
    // A temporary child is forgotten, a transient one stays listed.
    #expect(bench.machine.snapshot(now: bench.now).children.map(\.id) == (restart == .temporary ? ["b"] : ["a", "b"]))
  }

  @Test("a CancellationError nobody asked for is a failure and is named as such")
  func foreignCancellation() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a")]))
    bench.runUntilReady()
    bench.fail(0, CancellationError())
    #expect(
      bench.events == [
        .terminated(id: "a", generation: 1, outcome: .failed(Fault(CancellationError())), restartIn: .seconds(1))
      ])
    #expect(
      bench.machine.snapshot(now: .zero).children[0].lastError == "it was cancelled, though nobody asked it to stop")
  }

  @Test("a short task that ends before it is ready was ready, unless it is permanent")
  func shortTask() throws {
    for restart in [RestartType.transient, .temporary] {
      var bench = MachineBench(try spec(.oneForOne, [child("a", restart: restart), child("b")]))
      bench.run()
      bench.finish(0)
      #expect(bench.state(0) == .ended)
      #expect(bench.state(1) == .starting)
    }
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("b")]))
    bench.run()
    bench.finish(0)
    #expect(bench.result == .failure(.startFailed(child: "a", reason: .endedBeforeReady, report: StopReport())))
  }

  @Test("each restart is a new generation; readiness and ends of older ones say nothing")
  func generations() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.fail(0, generation: 1)
    bench.advance(by: .seconds(1))
    #expect(bench.log == [".a", "+a2"])
    bench.ready(0, generation: 1)
    #expect(bench.state(0) == .starting)
    bench.fail(0, generation: 1)
    #expect(bench.state(0) == .starting)
    bench.ready(0, generation: 2)
    #expect(bench.state(0) == .ready)
    #expect(bench.machine.snapshot(now: bench.now).children[0].restarts == 1)
  }

  @Test("restart delays grow, and start again only after the child was ready for healthyAfter")
  func backoffResets() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 10, period: .seconds(600), [child("a")]))
    bench.runUntilReady()
    /// The delay of the last termination.
    func delay() -> Duration? {
      for case .terminated(_, _, _, let delay) in bench.events.reversed() { return delay }
      return nil
    }
    bench.fail(0)
    #expect(delay() == .seconds(1))
    bench.advanceToNextDeadline()
    // A long start is no health: 29 s until ready, then 9.9 s ready.
    bench.advance(by: .seconds(29))
    bench.ready(0)
    bench.advance(by: .milliseconds(9_900))
    bench.fail(0)
    #expect(delay() == .seconds(2))
    bench.advanceToNextDeadline()
    bench.ready(0)
    bench.advance(by: .milliseconds(9_999))
    bench.fail(0)
    #expect(delay() == .seconds(4))
    bench.advanceToNextDeadline()
    bench.ready(0)
    bench.advance(by: .seconds(10))
    bench.fail(0)
    #expect(delay() == .seconds(1))
  }

  @Test("a failed restart is charged and waits longer; nothing else is touched")
  func failedRestart() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.advance(by: .seconds(1))
    bench.fail(0)
    #expect(
      bench.events.last
        == .startFailed(id: "a", generation: 2, reason: .threw(Fault(Broken())), retryIn: .seconds(2)))
    bench.advance(by: .seconds(2))
    #expect(bench.log == [".a", "+a2", ".a", "+a3"])
    #expect(bench.result == nil)
  }

  @Test("without a delay the next start comes at once")
  func noDelay() throws {
    for strategy in Strategy.allCases {
      var bench = MachineBench(try spec(strategy, backoff: .none, [child("a")]))
      bench.runUntilReady()
      bench.fail(0)
      #expect(bench.log == [".a", "+a2"])
      #expect(bench.state(0) == .starting)
    }
  }

  @Test("a child that is not ready in time is cancelled, then counted as a failed start")
  func startTimeout() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a", startTimeout: .seconds(3))]))
    bench.runUntilReady()
    bench.fail(0)
    bench.advance(by: .seconds(1))
    bench.clear()
    bench.advance(by: .seconds(3))
    #expect(bench.log == ["-a"])
    // Too late.
    bench.ready(0)
    #expect(bench.state(0) == .stopping)
    bench.fail(0, CancellationError())
    #expect(
      bench.events.last
        == .startFailed(id: "a", generation: 2, reason: .timedOut(after: .seconds(3)), retryIn: .seconds(2)))
  }

  @Test("a child that is neither ready in time nor stops is abandoned, and its successor starts")
  func deafStart() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a", startTimeout: .seconds(3))]))
    bench.runUntilReady()
    bench.fail(0)
    bench.advance(by: .seconds(1))
    bench.advance(by: .seconds(3))
    bench.clear()
    bench.advance(by: .seconds(5))
    #expect(bench.log == [".a"])
    #expect(bench.events.first == .abandoned(id: "a", generation: 2, waited: .seconds(5)))
    bench.advance(by: .seconds(2))
    #expect(bench.log == [".a", "+a3"])
    #expect(
      bench.machine.snapshot(now: bench.now).orphans
        == [OrphanSnapshot(id: "a", generation: 2, age: .seconds(2))])
    bench.finish(0, generation: 2)
    #expect(bench.events.last == .orphanEnded(id: "a", generation: 2, age: .seconds(2)))
    #expect(bench.machine.snapshot(now: bench.now).orphans.isEmpty)
    #expect(bench.state(0) == .starting)
  }
}
