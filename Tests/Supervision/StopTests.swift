import Testing

@testable import Supervision

/// The ordered stop.
@Suite(.timeLimit(.minutes(5))) struct StopTests {
  @Test("sup_stop_timeout: a deaf child is abandoned at its grace, its sibling still stops, the report names it")
  func deaf() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("b", shutdown: .grace(.seconds(1)))]))
    bench.runUntilReady()
    bench.stop()
    bench.advance(by: .milliseconds(999))
    #expect(bench.log == ["-b"])
    bench.advance(by: .milliseconds(1))
    #expect(bench.log == ["-b", ".b", "-a"])
    bench.advance(by: .seconds(2))
    bench.finish(0)
    let report = try bench.result?.get()
    #expect(report?.stopped == ["a"])
    #expect(report?.unstopped == [StopReport.Unstopped(id: "b", generation: 1, age: .seconds(2))])
    #expect(report?.isClean == false)
    // It ends after the run: the supervisor still hears of it.
    bench.finish(1)
    #expect(bench.events.last == .orphanEnded(id: "b", generation: 1, age: .seconds(2)))
    #expect(bench.machine.snapshot(now: bench.now).orphans.isEmpty)
  }

  @Test("an abandoned child that ends before the stop is over is not in the report")
  func deafForAWhile() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("b", shutdown: .grace(.seconds(1)))]))
    bench.runUntilReady()
    bench.stop()
    bench.advance(by: .seconds(1))
    bench.finish(1)
    bench.finish(0)
    #expect(try bench.result?.get().unstopped == [])
  }

  @Test("sup_stop_infinity: no deadline")
  func infinity() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a", shutdown: .infinity)]))
    bench.runUntilReady()
    bench.stop()
    #expect(bench.nextDeadline == nil)
    bench.advance(by: .seconds(86_400))
    #expect(bench.result == nil)
    bench.finish(0)
    #expect(try bench.result?.get().isClean == true)
  }

  @Test("sup_stop_brutal_kill: at once means cancelled, fenced and not waited for")
  func atOnce() throws {
    for shutdown in [Shutdown.atOnce, .grace(.zero)] {
      var bench = MachineBench(try spec(.oneForOne, [child("a", shutdown: shutdown)]))
      bench.runUntilReady()
      bench.stop()
      #expect(bench.log == ["-a", ".a"])
      #expect(try bench.result?.get().unstopped.map(\.id) == ["a"])
    }
  }

  @Test("a stop during a delay cancels the restart")
  func duringBackoff() throws {
    for strategy in Strategy.allCases {
      var bench = MachineBench(try spec(strategy, [child("a")]))
      bench.runUntilReady()
      bench.fail(0)
      #expect(bench.state(0) == .restarting)
      bench.stop()
      #expect(try bench.result?.get().stopped == [])
      bench.advance(by: .seconds(10))
      #expect(bench.generation(0) == 1)
      #expect(bench.nextDeadline == nil)
    }
  }

  @Test("sup_stop_race: children that end by themselves during the stop, in each way and restart type")
  func race() throws {
    for restart in [RestartType.permanent, .transient, .temporary] {
      for failure in [nil, Broken(), CancellationError()] as [(any Error)?] {
        var bench = MachineBench(
          try spec(.oneForOne, intensity: 0, [child("a", restart: restart), child("b", restart: restart), child("c")]))
        bench.runUntilReady()
        bench.stop()
        if let failure { bench.fail(0, failure) } else { bench.finish(0) }
        bench.finish(2)
        bench.finish(1)
        let report = try bench.result?.get()
        #expect(report?.stopped == ["a", "c", "b"])
        #expect(report?.failures.isEmpty == (failure == nil))
        #expect([0, 1, 2].map(bench.generation) == [1, 1, 1])
      }
    }
  }

  @Test("a start that fails during the stop is not tried again")
  func startFailsDuringStop() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 1, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.advance(by: .seconds(1))
    bench.stop()
    bench.fail(0)
    #expect(bench.nextDeadline == .seconds(6))
    bench.finish(1)
    #expect(try bench.result?.get().stopped == ["a", "b"])
  }

  @Test("one that ignores the end of its start is unstopped, not stopped, when the supervisor stops meanwhile")
  func startTimeoutDuringStop() throws {
    var bench = MachineBench(
      try spec(.oneForOne, [child("a", startTimeout: .seconds(1)), child("b", shutdown: .grace(.seconds(20)))]))
    bench.runUntilReady()
    bench.fail(0)
    bench.advance(by: .seconds(1))
    bench.advance(by: .seconds(1))
    #expect(bench.state(0) == .stopping)
    bench.stop()
    bench.advance(by: .seconds(5))
    bench.finish(1)
    let report = try bench.result?.get()
    #expect(report?.stopped == ["b"])
    #expect(report?.unstopped.map(\.id) == ["a"])
  }

  @Test("an error on the way out is reported, a cancellation is not")
  func errorsOnTheWayOut() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.stop()
    bench.fail(1, Broken("flush"))
    bench.fail(0, CancellationError())
    let report = try bench.result?.get()
    #expect(report?.failures == [StopReport.Failure(id: "b", fault: Fault(Broken("flush")))])
    #expect(report.map { "\($0)" } == "2 stopped; with errors: b (flush)")
  }

  @Test("a stop before the run, and during the first starts, ends without an error")
  func early() throws {
    var before = MachineBench(try spec(.oneForOne, [child("a")]))
    before.stop()
    before.run()
    #expect(before.log.isEmpty)
    #expect(try before.result?.get() == StopReport())

    var during = MachineBench(try spec(.oneForOne, [child("a"), child("b")]))
    during.run()
    during.stop()
    during.finish(0)
    #expect(during.log == ["+a1", "-a", ".a"])
    #expect(try during.result?.get().stopped == ["a"])
    #expect(!during.isReady)
  }

  @Test("the first reason counts: a stop during an escalation does not hide it")
  func firstReason() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 0, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.stop()
    bench.finish(1)
    guard case .failure(.escalated) = bench.result else {
      Issue.record("the escalation is lost")
      return
    }
  }
}
