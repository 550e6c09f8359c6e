import Testing

@testable import Supervision

/// When a supervisor gives up, and how it stops.
@Suite(.timeLimit(.minutes(5))) struct EscalationTests {
  @Test("one_for_one: one restart more than the intensity ends the supervisor, siblings are stopped")
  func tooMany() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 2, [child("a"), child("b")]))
    bench.runUntilReady()
    for _ in 0..<2 {
      bench.fail(0)
      bench.advanceToNextDeadline()
      bench.ready(0)
    }
    bench.clear()
    bench.fail(0, Broken("third"))
    #expect(bench.log == [".a", "-b"])
    bench.finish(1)
    let cause = EscalationCause.restarts(intensity: 2, period: .seconds(60), last: .failed(Fault(Broken("third"))))
    #expect(bench.events.contains(.escalated(supervisor: "root", child: "a", generation: 3, cause: cause)))
    #expect(bench.result == .failure(.escalated(child: "a", cause: cause, report: bench.machine.report)))
    #expect(bench.machine.report.stopped == ["b"])
  }

  @Test(
    "one_for_one_escalation, rest_for_one_escalation: failed starts spend the intensity too",
    arguments: [Strategy.oneForOne, .restForOne])
  func byFailedStarts(strategy: Strategy) throws {
    var bench = MachineBench(try spec(strategy, intensity: 4, [child("a"), child("b")]))
    bench.runUntilReady()
    bench.fail(0)
    if strategy == .restForOne { bench.finish(1) }
    for _ in 0..<4 {
      #expect(bench.result == nil)
      bench.advanceToNextDeadline()
      bench.fail(0)
    }
    if strategy == .oneForOne { bench.finish(1) }
    guard case .failure(.escalated("a", .restarts(4, _, .startFailed(let reason)), _)) = bench.result else {
      Issue.record("not escalated: \(String(describing: bench.result))")
      return
    }
    #expect(reason == .threw(Fault(Broken())))
    #expect(bench.generation(0) == 5)
  }

  @Test("multiple_restarts: 1 in 1 s, one failure each 2.1 s, and it is still alive")
  func slowFailures() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 1, period: .seconds(1), backoff: .none, [child("a")]))
    bench.runUntilReady()
    for _ in 0..<4 {
      bench.advance(by: .milliseconds(2_100))
      bench.fail(0)
      bench.ready(0)
    }
    #expect(bench.result == nil)
    #expect(bench.generation(0) == 5)
  }

  @Test("intensity 0: any restart escalates")
  func intensityZero() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 0, [child("a")]))
    bench.runUntilReady()
    bench.fail(0)
    #expect(bench.result != nil)
  }

  @Test("the window slides: it is full at exactly its length, and free beyond it")
  func window() {
    var window = RestartIntensity(intensity: 2, period: .seconds(10))
    let times = [0, 4_000, 10_000, 10_001, 14_000, 14_001, 25_000]
    let charged = times.map { window.charge(at: .milliseconds($0)) }
    #expect(charged == [true, true, false, true, false, true, true])
  }

  @Test("the restarts of all children are counted together")
  func shared() throws {
    var bench = MachineBench(try spec(.oneForOne, intensity: 2, [child("a"), child("b"), child("c")]))
    bench.runUntilReady()
    bench.fail(0)
    bench.fail(1)
    #expect(bench.machine.isStopping == false)
    bench.fail(2)
    #expect(bench.machine.isStopping)
  }

  @Test("sup_start_fail: a failed first start stops the started ones in reverse and names the child")
  func firstStartFails() throws {
    var bench = MachineBench(try spec(.restForOne, [child("a"), child("b"), child("c"), child("d")]))
    bench.run()
    bench.ready(0)
    bench.ready(1)
    bench.clear()
    bench.fail(2, Broken("no port"))
    #expect(bench.log == [".c", "-b"])
    bench.finish(1)
    bench.finish(0)
    guard case .failure(let error) = bench.result else {
      Issue.record("it did not fail")
      return
    }
    #expect(error == .startFailed(child: "c", reason: .threw(Fault(Broken("no port"))), report: bench.machine.report))
    #expect("\(error)" == "c could not be started: no port")
    #expect(error.underlying is Broken)
    #expect(bench.machine.report.stopped == ["b", "a"])
    #expect(bench.generation(3) == 0)
    #expect(!bench.isReady)
  }

  @Test("more abandoned children than the limit escalate")
  func tooManyOrphans() throws {
    let deaf = child("a", shutdown: .atOnce, startTimeout: .seconds(1))
    var bench = MachineBench(
      try spec(.oneForOne, intensity: 1_000, period: .seconds(3_600), backoff: .none, [deaf]))
    bench.runUntilReady()
    bench.fail(0)
    for _ in 0..<Defaults.orphanLimit { bench.advance(by: .seconds(1)) }
    #expect(!bench.machine.isStopping)
    bench.advance(by: .seconds(1))
    guard case .failure(.escalated("a", .orphans(Defaults.orphanLimit), _)) = bench.result else {
      // The successor of the last one has been started already, and is stopped first.
      Issue.record("not escalated: \(String(describing: bench.result))")
      return
    }
  }

  @Test("a child that hangs in every start escalates with the defaults: the window stands still meanwhile")
  func hangingStarts() throws {
    var bench = MachineBench(try SupervisorSpec(id: "root", strategy: .oneForOne, children: [child("a")]))
    bench.runUntilReady()
    bench.fail(0)
    var tries = 0
    while !bench.machine.isStopping, tries < 100 {
      // Its delay is over, it hangs until the timeout, and ends when it is cancelled.
      bench.advanceToNextDeadline()
      bench.advanceToNextDeadline()
      bench.fail(0, CancellationError())
      tries += 1
    }
    #expect(tries == Defaults.intensity)
  }

  @Test("a child that is silent after every start escalates with the defaults, one that works in between does not")
  func hangingChildren() throws {
    for (works, escalates) in [(Duration.zero, true), (.seconds(300), false)] {
      let silent = child("a", heartbeat: .seconds(30))
      var bench = MachineBench(try SupervisorSpec(id: "root", strategy: .oneForOne, children: [silent]))
      bench.runUntilReady()
      var tries = 0
      while !bench.machine.isStopping, tries < 20 {
        bench.advance(by: works)
        bench.signs[0] = bench.now
        bench.advance(by: .seconds(30))
        bench.fail(0, CancellationError())
        if !bench.machine.isStopping {
          bench.advanceToNextDeadline()
          bench.ready(0)
        }
        tries += 1
      }
      #expect(bench.machine.isStopping == escalates)
    }
  }

  @Test("what hangs at the same time is left out once, and time never runs backward")
  func overlappingHangs() {
    func fits(at seconds: Int) -> Bool {
      var window = RestartIntensity(intensity: 1, period: .seconds(10))
      let first = window.charge(at: .zero)
      // Two children, from 0 to 30: a second later only one second of the window has passed.
      window.leaveOut(from: .zero, to: .seconds(30))
      window.leaveOut(from: .seconds(5), to: .seconds(30))
      let second = window.charge(at: .seconds(seconds))
      return first && second
    }
    #expect(!fits(at: 31))
    #expect(!fits(at: 40))
    #expect(fits(at: 41))
  }
}
