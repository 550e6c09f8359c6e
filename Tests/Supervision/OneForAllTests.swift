import Testing

@testable import Supervision

/// All children go down and come back together.
@Suite(.timeLimit(.minutes(5))) struct OneForAllTests {
  @Test("one_for_all: all are replaced, stopped in reverse, started in order; one restart is charged")
  func replaced() throws {
    var bench = MachineBench(try spec(.oneForAll, intensity: 1, [child("a"), child("b"), child("c")]))
    bench.runUntilReady()
    bench.fail(1)
    #expect(bench.log == [".b", "-c"])
    bench.finish(2)
    bench.finish(0)
    #expect(bench.log == [".b", "-c", ".c", "-a", ".a"])
    #expect(bench.state(1) == .restarting)
    bench.advance(by: .seconds(1))
    for index in 0..<3 { bench.ready(index) }
    #expect(bench.log.suffix(3) == ["+a2", "+b2", "+c2"])
    #expect(bench.result == nil)
  }

  @Test("one_for_all waits for the delay, or for the last to be down, whichever is later")
  func delay() throws {
    var bench = MachineBench(try spec(.oneForAll, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.advance(by: .seconds(1))
    #expect(bench.log == [".a", "-b"])
    bench.finish(1)
    #expect(bench.log.last == "+a2")
  }

  @Test("one_for_all_other_child_fails_restart: the one that came back is stopped again, then both come up")
  func otherFails() throws {
    var bench = MachineBench(try spec(.oneForAll, backoff: .none, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.finish(1)
    bench.ready(0)
    bench.clear()
    bench.fail(1)
    #expect(bench.log == [".b", "-a"])
    bench.fail(0, CancellationError())
    bench.ready(0)
    bench.ready(1)
    #expect(bench.log == [".b", "-a", ".a", "+a3", "+b3"])
    #expect([0, 1].allSatisfy { bench.state($0) == .ready })
  }

  @Test("one_for_all_escalation: failed starts spend the intensity")
  func escalation() throws {
    var bench = MachineBench(try spec(.oneForAll, intensity: 4, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.finish(1)
    for _ in 0..<4 {
      #expect(bench.result == nil)
      bench.advanceToNextDeadline()
      bench.fail(0)
    }
    guard case .failure(.escalated("a", .restarts(4, _, .startFailed), _)) = bench.result else {
      Issue.record("not escalated: \(String(describing: bench.result))")
      return
    }
  }

  @Test("temporary_bystander under one_for_all: it is forgotten, the supervisor lives")
  func temporaryBystander() throws {
    var bench = MachineBench(try spec(.oneForAll, backoff: .none, [child("t", restart: .temporary), child("b")]))
    bench.runUntilReady()
    bench.fail(1)
    bench.fail(0, CancellationError())
    bench.ready(1)
    #expect(!bench.isKnown(0))
    #expect(bench.generation(1) == 2)
    #expect(bench.result == nil)
  }

  @Test("a temporary child that fails takes nobody along")
  func temporaryFails() throws {
    var bench = MachineBench(try spec(.oneForAll, [child("a"), child("t", restart: .temporary)]))
    bench.runUntilReady()
    bench.fail(1)
    #expect(bench.state(0) == .ready)
    #expect(bench.log == [".t"])
  }
}
