import Testing

@testable import Supervision

/// Children by request: what OTP's `start_child`, `terminate_child`, `restart_child` and `delete_child` do.
@Suite(.timeLimit(.minutes(5))) struct RequestTests {
  @Test("child_adm: each request in each state of a child")
  func childAdm() throws {
    var bench = MachineBench(try spec(.oneForOne, []))
    bench.run()
    #expect(bench.machine.countChildren() == ChildCounts(specs: 0, active: 0, supervisors: 0, workers: 0))
    let first = bench.startChild(child("a"))
    #expect(bench.answers[first] == nil, "it is answered when the child is ready")
    bench.ready(0)
    #expect(bench.started(first)?.generation == 1)
    #expect(bench.machine.countChildren() == ChildCounts(specs: 1, active: 1, supervisors: 0, workers: 1))
    let again = bench.startChild(child("a"))
    #expect(bench.refusal(again) == .alreadyStarted(id: "a", generation: 1))
    #expect(bench.deleteChild("a") == .running(id: "a"))
    let running = bench.restartChild("a")
    #expect(bench.refusal(running) == .running(id: "a"))
    let unknown = bench.terminateChild("b")
    #expect(bench.refusal(unknown) == .notFound(id: "b"))

    let terminated = bench.terminateChild("a")
    #expect(bench.answers[terminated] == nil, "it is answered when the child has stopped")
    bench.fail(0, CancellationError())
    #expect(bench.answers[terminated] != nil && bench.refusal(terminated) == nil)
    #expect(bench.state(0) == .ended)
    let twice = bench.terminateChild("a")
    #expect(bench.answers[twice] != nil && bench.refusal(twice) == nil)
    #expect(bench.machine.countChildren() == ChildCounts(specs: 1, active: 0, supervisors: 0, workers: 1))
    let present = bench.startChild(child("a"))
    #expect(bench.refusal(present) == .alreadyPresent(id: "a"))
    let restarted = bench.restartChild("a")
    bench.ready(0)
    #expect(bench.started(restarted)?.generation == 2)
    bench.terminateChild("a")
    bench.finish(0)
    #expect(bench.deleteChild("a") == nil)
    let deleted = bench.restartChild("a")
    #expect(bench.refusal(deleted) == .notFound(id: "a"))
    #expect(bench.deleteChild("a") == .notFound(id: "a"))
    #expect(bench.machine.countChildren() == ChildCounts(specs: 0, active: 0, supervisors: 0, workers: 0))
    bench.stop()
    for ticket in [bench.startChild(child("c")), bench.restartChild("c"), bench.terminateChild("c")] {
      #expect(bench.refusal(ticket) == .notRunning(supervisor: "root", state: .stopped))
    }
    #expect(bench.deleteChild("c") == .notRunning(supervisor: "root", state: .stopped))
  }

  @Test("sup_start_child_returns_error: the error reaches the caller, and no spec is kept; nothing is charged")
  func startFails() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 0, [child("z")]))
    bench.runUntilReady()
    let ticket = bench.startChild(child("a"))
    bench.fail(1, Broken("no port"))
    #expect(bench.refusal(ticket) == .startFailed(id: "a", reason: .threw(Fault(Broken("no port")))))
    #expect(bench.refusal(ticket)?.underlying is Broken)
    #expect(!bench.isKnown(1))
    #expect(bench.result == nil)
    let slow = bench.startChild(child("a", startTimeout: .seconds(1)))
    bench.advance(by: .seconds(1))
    bench.fail(2, CancellationError())
    #expect(bench.refusal(slow) == .startFailed(id: "a", reason: .timedOut(after: .seconds(1))))
    #expect(!bench.isKnown(2))
    #expect(bench.state(0) == .ready)
  }

  @Test("sup_start_restart_child_returns_error: a restart by request that fails keeps the stopped spec, uncharged")
  func restartFails() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 0, [child("a")]))
    bench.runUntilReady()
    bench.terminateChild("a")
    bench.finish(0)
    let ticket = bench.restartChild("a")
    bench.fail(0)
    #expect(bench.refusal(ticket) == .startFailed(id: "a", reason: .threw(Fault(Broken()))))
    #expect(bench.state(0) == .ended)
    #expect(bench.isKnown(0))
    #expect(bench.nextDeadline == nil)
    let again = bench.restartChild("a")
    bench.ready(0, info: 7)
    #expect(bench.started(again)?.info as? Int == 7)
    #expect(bench.result == nil)
  }

  @Test("sup_start_ignore: who declines is kept as a spec without a task, a temporary one is forgotten")
  func declined() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a"), child("t", restart: .temporary), child("z")]))
    bench.run()
    bench.end(0, .declined)
    bench.end(1, .declined)
    bench.ready(2)
    #expect(bench.isReady)
    #expect(bench.events.contains(.declined(id: "a", generation: 1)))
    #expect(bench.machine.countChildren() == ChildCounts(specs: 2, active: 1, supervisors: 0, workers: 2))
    #expect(!bench.isKnown(1))
    let ticket = bench.startChild(child("d"))
    bench.end(3, .declined)
    #expect(bench.started(ticket)?.declined == true)
    #expect(bench.machine.whichChildren().map(\.id) == ["d", "z", "a"])
    let temporary = bench.startChild(child("e", restart: .temporary))
    bench.end(4, .declined)
    #expect(bench.started(temporary)?.declined == true)
    #expect(!bench.isKnown(4))
    // One that declines when it is restarted is no failure, and stays.
    bench.fail(2)
    bench.advance(by: .seconds(1))
    bench.end(2, .declined)
    #expect(bench.state(2) == .ended)
    #expect(bench.nextDeadline == nil)
  }

  @Test("hanging_restart_loop: between tries everything is answered, and a terminate ends the loop")
  func hangingRestartLoop() throws {
    for strategy in Strategy.allCases {
      var bench = MachineBench(try spec(strategy, [child("a"), child("b"), child("c")]))
      bench.runUntilReady()
      bench.fail(1)
      if strategy != .oneForOne { bench.finish(2) }
      if strategy == .oneForAll { bench.finish(0) }
      bench.advanceToNextDeadline()
      if strategy == .oneForAll { bench.ready(0) }
      bench.fail(1)
      if strategy == .oneForAll { bench.finish(0) }
      #expect(bench.state(1) == .restarting)
      #expect(try bench.machine.whichChild("b").state == .restarting)
      #expect(bench.machine.countChildren().active == (strategy == .oneForOne ? 2 : strategy == .restForOne ? 1 : 0))
      let present = bench.startChild(child("b"))
      #expect(bench.refusal(present) == .alreadyPresent(id: "b"))
      let restart = bench.restartChild("b")
      #expect(bench.refusal(restart) == .restarting(id: "b"))
      #expect(bench.deleteChild("b") == .restarting(id: "b"))
      // A new child does not wait for the loop.
      let new = bench.startChild(child("d"))
      bench.ready(3)
      #expect(bench.started(new)?.id == "d")
      let terminated = bench.terminateChild("b")
      #expect(bench.answers[terminated] != nil && bench.refusal(terminated) == nil)
      #expect(bench.state(1) == .ended)
      // Those that went down with it stay down, as in OTP.
      bench.advance(by: .seconds(100))
      #expect(bench.state(2) == (strategy == .oneForOne ? .ready : .ended))
      #expect(bench.state(3) == .ready)
      #expect(bench.generation(1) == 2)
      #expect(bench.nextDeadline == nil)
      #expect(bench.deleteChild("b") == nil)
      bench.stop()
      for index in [3, 2, 0] where bench.state(index) == .stopping { bench.finish(index) }
      #expect(try bench.result?.get().isClean == true)
    }
  }

  @Test("a child that was started while a restart waited goes down with the others at the next try")
  func startedDuringDelay() throws {
    var bench = MachineBench(try spec(.restForOne, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.finish(1)
    bench.startChild(child("c"))
    bench.ready(2)
    bench.clear()
    bench.advance(by: .seconds(1))
    #expect(bench.log == ["-c"])
    bench.finish(2)
    bench.ready(0)
    bench.ready(1)
    bench.ready(2)
    #expect(bench.log == ["-c", ".c", "+a2", "+b2", "+c2"])
  }

  @Test("a request for a start during a walk is met when the walk comes by; a failure of it is the caller's")
  func startedDuringWalk() throws {
    var bench = MachineBench(try spec(.oneForAll, backoff: .none, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    #expect(bench.state(1) == .stopping)
    let good = bench.startChild(child("c"))
    let bad = bench.startChild(child("d"))
    #expect(bench.generation(2) == 0)
    bench.finish(1)
    for index in [0, 1, 2] { bench.ready(index) }
    #expect(bench.started(good)?.generation == 1)
    bench.fail(3)
    #expect(bench.refusal(bad) == .startFailed(id: "d", reason: .threw(Fault(Broken()))))
    #expect([0, 1, 2].map(bench.generation) == [2, 2, 1])
    #expect(!bench.isKnown(3))
  }

  @Test("a terminated child does not come back by itself, but with the others when all are restarted, as in OTP")
  func terminatedComesBack() throws {
    var bench = MachineBench(try spec(.oneForAll, backoff: .none, [child("a"), child("b", restart: .transient)]))
    bench.runUntilReady()
    bench.terminateChild("b")
    bench.finish(1)
    bench.advance(by: .seconds(10))
    #expect(bench.state(1) == .ended)
    bench.fail(0)
    bench.ready(0)
    bench.ready(1)
    #expect([0, 1].map(bench.generation) == [2, 2])
    // Terminated while the walk is under way, it stays down.
    bench.fail(0)
    bench.terminateChild("b")
    bench.finish(1)
    bench.ready(0)
    #expect(bench.state(1) == .ended)
    #expect([0, 1].map(bench.generation) == [3, 2])
  }

  @Test("terminating one that starts, that is deaf, and that is stopped already")
  func terminateBusy() throws {
    var bench = MachineBench(try spec(.oneForOne, []))
    bench.run()
    let start = bench.startChild(child("a", shutdown: .grace(.seconds(1))))
    let first = bench.terminateChild("a")
    let second = bench.terminateChild("a")
    bench.advance(by: .seconds(1))
    #expect(bench.refusal(start) == .startFailed(id: "a", reason: .stopped))
    for ticket in [first, second] { #expect(bench.answers[ticket] != nil && bench.refusal(ticket) == nil) }
    // Never started, it is not kept; but it runs, and a successor has a number of its own.
    #expect(!bench.isKnown(0))
    #expect(bench.machine.snapshot(now: bench.now).orphans.map(\.generation) == [1])
    let next = bench.startChild(child("a"))
    bench.ready(1)
    #expect(bench.started(next)?.generation == 2)
    bench.finish(0, generation: 1)
    #expect(bench.machine.snapshot(now: bench.now).orphans.isEmpty)
    #expect(bench.state(1) == .ready)
  }

  @Test("everybody who waits is answered when the supervisor stops")
  func answeredAtStop() throws {
    var bench = MachineBench(try spec(.oneForOne, [child("a")]))
    bench.runUntilReady()
    let start = bench.startChild(child("b"))
    let terminate = bench.terminateChild("a")
    bench.stop()
    #expect(bench.refusal(start) == .notRunning(supervisor: "root", state: .stopping))
    bench.fail(1, CancellationError())
    bench.finish(0)
    #expect(bench.answers[terminate] != nil && bench.refusal(terminate) == nil)
    #expect(try bench.result?.get().stopped == ["b", "a"])
  }

  @Test("a child that does not fit is refused by the field, before anything happens")
  func invalid() throws {
    var bench = MachineBench(try spec(.oneForOne, []))
    bench.run()
    let zero = bench.startChild(child("a", startTimeout: .zero))
    guard case .invalidSpec(.badNumber("a", "startTimeout", _, _)) = bench.refusal(zero) else {
      Issue.record("accepted")
      return
    }
    let vain = bench.startChild(child("a", restart: .transient, significant: true))
    #expect(bench.refusal(vain) == .invalidSpec(.significantInVain(child: "a", supervisor: "root")))
    let nameless = bench.startChild(child(""))
    #expect(bench.refusal(nameless) == .invalidSpec(.emptyID(position: nil)))
    #expect(bench.log.isEmpty)
  }
}
