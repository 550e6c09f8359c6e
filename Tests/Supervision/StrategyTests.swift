import Testing

@testable import Supervision

/// In which order children are started, stopped and started again.
@Suite(.timeLimit(.minutes(5))) struct StrategyTests {
  @Test("order_of_children: each starts when the one before it is ready, and they stop in reverse")
  func order() throws {
    for strategy in Strategy.allCases {
      var bench = MachineBench(try spec(strategy, [child("a"), child("b"), child("c")]))
      bench.run()
      #expect(bench.log == ["+a1"])
      bench.ready(0)
      #expect(bench.log == ["+a1", "+b1"])
      bench.ready(1)
      #expect(!bench.isReady)
      bench.ready(2)
      #expect(bench.isReady)
      bench.clear()
      bench.stop()
      #expect(bench.log == ["-c"])
      bench.finish(2)
      bench.fail(1, CancellationError())
      bench.finish(0)
      #expect(bench.log == ["-c", ".c", "-b", ".b", "-a", ".a"])
      #expect(try bench.result?.get().stopped == ["c", "b", "a"])
      #expect(try bench.result?.get().isClean == true)
    }
  }

  @Test("sup_start_normal: without children it is ready at once and stops at once")
  func empty() throws {
    var bench = MachineBench(try spec(.restForOne, []))
    bench.run()
    #expect(bench.isReady)
    bench.stop()
    #expect(try bench.result?.get() == StopReport())
  }

  @Test("one_for_one: only the one that ended is replaced")
  func oneForOne() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("b"), child("c")]))
    bench.runUntilReady()
    bench.fail(1)
    bench.advance(by: .seconds(1))
    bench.ready(1)
    #expect(bench.log == [".b", "+b2"])
    #expect([0, 1, 2].map(bench.generation) == [1, 2, 1])
  }

  @Test("rest_for_one: later ones are stopped in reverse, then all from the failed one start in order")
  func restForOne() throws {
    var bench = MachineBench(try spec(.restForOne, [child("a"), child("b"), child("c"), child("d")]))
    bench.runUntilReady()
    bench.fail(1)
    #expect(bench.log == [".b", "-d"])
    bench.finish(3)
    #expect(bench.log == [".b", "-d", ".d", "-c"])
    // The delay is over before the others are down: the start waits for both.
    bench.advance(by: .seconds(1))
    #expect(bench.log.last == "-c")
    bench.finish(2)
    #expect(bench.log.last == "+b2")
    bench.ready(1)
    #expect(bench.log.last == "+c2")
    bench.ready(2)
    bench.ready(3)
    #expect([0, 1, 2, 3].map(bench.generation) == [1, 2, 2, 2])
    #expect([0, 1, 2, 3].allSatisfy { bench.state($0) == .ready })
    // One restart was charged, not three.
    #expect(bench.machine.snapshot(now: bench.now).children.map(\.restarts) == [0, 1, 1, 1])
  }

  @Test("rest_for_one waits for the delay when the others are down before it is over")
  func restForOneDelay() throws {
    var bench = MachineBench(try spec(.restForOne, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.finish(1)
    #expect(bench.log == [".a", "-b", ".b"])
    #expect(bench.state(0) == .restarting)
    bench.advance(by: .seconds(1))
    #expect(bench.log.last == "+a2")
  }

  @Test("rest_for_one_other_child_fails_restart: the retry begins at the failed one")
  func otherFailsRestart() throws {
    var bench = MachineBench(try spec(.restForOne, [child("a"), child("b"), child("c")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.finish(2)
    bench.finish(1)
    bench.advance(by: .seconds(1))
    bench.ready(0)
    bench.clear()
    bench.fail(1)
    #expect(bench.log == [".b"])
    bench.advance(by: .seconds(1))
    #expect(bench.log == [".b", "+b3"])
    bench.ready(1)
    bench.ready(2)
    #expect([0, 1, 2].map(bench.generation) == [2, 3, 2])
  }

  @Test("rest_for_one: an earlier one that ends during the walk becomes its start")
  func earlierEnds() throws {
    var bench = MachineBench(try spec(.restForOne, [child("a"), child("b"), child("c")]))
    bench.runUntilReady()
    bench.fail(1)
    #expect(bench.log == [".b", "-c"])
    // On the way down.
    bench.fail(0)
    bench.finish(2)
    #expect(bench.state(1) == .down)
    bench.advance(by: .seconds(1))
    #expect(bench.log.last == "+a2")
    bench.ready(0)
    #expect(bench.log.last == "+b2")
    // And on the way up.
    bench.clear()
    bench.fail(0)
    #expect(bench.log == [".a", "-b"])
    bench.finish(1)
    bench.advance(by: .seconds(2))
    #expect(bench.log == [".a", "-b", ".b", "+a3"])
    bench.ready(0)
    bench.ready(1)
    bench.ready(2)
    #expect([0, 1, 2].map(bench.generation) == [3, 3, 2])
  }

  @Test("rest_for_one: one that ends by itself on the way down is neither charged nor delayed")
  func endsOnTheWayDown() throws {
    var bench = MachineBench(try spec(.restForOne, intensity: 1, [child("a"), child("b"), child("c")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.fail(1)
    bench.finish(2)
    #expect(bench.result == nil)
    bench.advance(by: .seconds(1))
    bench.ready(0)
    bench.ready(1)
    bench.ready(2)
    #expect([0, 1, 2].map(bench.generation) == [2, 2, 2])
  }

  @Test("temporary_bystander: it is stopped with the others and not started again")
  func temporaryBystander() throws {
    var bench = MachineBench(
      try spec(.restForOne, [child("a"), child("b", restart: .temporary), child("c", restart: .transient)]))
    bench.runUntilReady()
    bench.fail(0)
    bench.finish(2)
    bench.finish(1)
    bench.advance(by: .seconds(1))
    bench.ready(0)
    bench.ready(2)
    #expect([0, 1, 2].map(bench.generation) == [2, 1, 2])
    #expect(!bench.isKnown(1))
  }

  @Test("rest_for_one: one that waits for its own start to be cancelled is down for the walk instead")
  func startTimeoutInTail() throws {
    var bench = MachineBench(
      try spec(.restForOne, intensity: 2, [child("a"), child("b", startTimeout: .seconds(2)), child("c")]))
    bench.runUntilReady()
    bench.fail(1)
    bench.finish(2)
    bench.advance(by: .seconds(1))
    bench.advance(by: .seconds(2))
    #expect(bench.state(1) == .stopping)
    bench.fail(0)
    // Charged twice so far; the start of b that is given up is not a third.
    bench.fail(1, CancellationError())
    #expect(bench.result == nil)
    #expect(bench.state(1) == .down)
    bench.advance(by: .seconds(1))
    #expect(bench.log.last == "+a2")
  }

  @Test("a child that fails while a later one starts for the first time")
  func failsDuringFirstStart() throws {
    var one = MachineBench(try spec(.oneForOne, [child("a"), child("b")]))
    one.run()
    one.ready(0)
    one.fail(0)
    one.ready(1)
    #expect(one.isReady)
    one.advance(by: .seconds(1))
    #expect(one.log.last == "+a2")

    var rest = MachineBench(try spec(.restForOne, [child("a"), child("b")]))
    rest.run()
    rest.ready(0)
    rest.fail(0)
    rest.fail(1, CancellationError())
    rest.advance(by: .seconds(1))
    rest.ready(0)
    // It never was ready: its next failure is that of a first start.
    rest.fail(1)
    rest.finish(0)
    #expect(
      rest.result
        == .failure(
          .startFailed(child: "b", reason: .threw(Fault(Broken())), report: rest.machine.report)))
    #expect(rest.machine.report.stopped == ["a"])
  }
}
