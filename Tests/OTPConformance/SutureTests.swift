import Supervision
import SupervisionTesting
import Testing

/// The tests of suture that say more than OTP's, under its own names.
@Suite("suture", .timeLimit(.minutes(5))) struct SutureTests {
  /// Mutant: stop-cancels-nobody.
  @Test("TheHappyCase: a child runs, and the supervisor stops it")
  func theHappyCase() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([puppet.spec()])
      #expect(puppet.current == 1)
      #expect(try run.end().stopped == ["a"])
      #expect(puppet.script.running == [])
    }
  }

  /// Mutant: dynamic-start-not-answered.
  @Test("AddingToRunningSupervisor: a child that is added runs, and is the last in the order")
  func addingToRunningSupervisor() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run([puppets[0].spec()])
      try run.start(puppets[1].spec())
      #expect(puppets.current == [1, 1])
      #expect(try run.end().stopped == ["b", "a"])
    }
  }

  // Adapted: a window and delays in place of a decaying count: failures beyond it end the supervisor, and its parent
  // waits, where suture pauses.
  /// Mutants: window-never-slides, backoff-never-grows, backoff-reset-by-the-start,
  /// healthy-a-moment-late.
  @Test("Failures: delays grow while a child fails, others are unaffected, and begin again once it was healthy")
  func failures() throws {
    try Stage.play { stage in
      let (failing, other) = (stage.puppet("failing"), stage.puppet("other"))
      let backoff = Backoff(base: .seconds(1), ratio: 2, max: .seconds(4), jitter: 0)
      let spec = try SupervisorSpec(
        id: "root", strategy: .oneForOne, intensity: 5, period: .seconds(60), backoff: backoff,
        healthyAfter: .seconds(30), children: [failing.spec(), other.spec()])
      let run = try stage.run(spec)
      for delay in [1, 2, 4, 4] {
        try failing.end(.abnormal, on: stage)
        try stage.pass(.seconds(delay) - .nanoseconds(1))
        #expect(failing.current == nil)
        try stage.pass(.nanoseconds(1))
        #expect(failing.current != nil)
        #expect(other.current == 1)
      }
      // One nanosecond too early to be healthy.
      try stage.pass(.seconds(30) - .nanoseconds(1))
      try failing.end(.abnormal, on: stage)
      try stage.pass(.seconds(4) - .nanoseconds(1))
      #expect(failing.current == nil)
      try stage.pass(.nanoseconds(1))
      #expect(failing.current == 6)
      try stage.pass(.seconds(30))
      try failing.end(.abnormal, on: stage)
      try stage.pass(.seconds(1))
      #expect(failing.current == 7)
      #expect(run.result == nil)
    }
  }

  /// Mutant: runs-twice.
  @Test("RunningAlreadyRunning: a second run is refused")
  func runningAlreadyRunning() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([puppet.spec()])
      #expect(throws: SupervisorError.alreadyRun(supervisor: "root")) {
        _ = try stage.ask { try await run.supervisor.run() }
      }
      #expect(puppet.current == 1)
      try run.end()
      #expect(throws: SupervisorError.alreadyRun(supervisor: "root")) {
        _ = try stage.ask { try await run.supervisor.run() }
      }
    }
  }

  /// Mutant: nested-events-unnamed.
  @Test("NestedSupervisors: what a nested one tells comes out at the root, under its path")
  func nestedSupervisors() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("worker")
      let innermost = ChildSpec.supervisor(id: "low") { _ in
        try SupervisorSpec(id: "low", strategy: .oneForOne, backoff: .immediate, children: [puppet.spec()])
      }
      let run = try stage.run([
        ChildSpec.supervisor(id: "high") { _ in
          try SupervisorSpec(id: "high", strategy: .oneForOne, children: [innermost])
        }
      ])
      try puppet.end(.abnormal, on: stage)
      #expect(stage.told.contains(.started(id: "high/low/worker", generation: 1)))
      #expect(stage.told.contains(.restarting(id: "high/low/worker", generation: 2, restarts: 1)))
      #expect(stage.told.contains(.supervisorReady(supervisor: "high/low", children: 1)))
      let snapshot = try stage.ask { await run.supervisor.snapshot() }
      #expect(snapshot.children.first?.subtree.first?.children.first?.subtree.first?.children.map(\.id) == ["worker"])
    }
  }

  // Adapted: suture's issue is a deadlock; here the start waits until the walk has come by.
  /// Mutant: dynamic-start-not-answered.
  @Test("Issue11: adding to a subtree while its parent starts it: the start is answered, in every interleaving")
  func issue11() throws {
    try Stage.play(seeds: 40) { stage in
      let added = stage.puppet("added")
      let ref = Ref<Supervisor>("inner")
      let slow = ChildSpec(id: "slow", shutdown: .grace(.seconds(1))) { context in
        try await context.clock.sleep(for: .seconds(1))
        context.ready()
        try await context.clock.sleep(for: .seconds(1000))
      }
      let inner = ChildSpec.supervisor(id: "inner", ref: ref) { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [slow])
      }
      let run = try stage.run([inner])
      let answer = try stage.begin { try await ref.get().startChild(added.spec()) }
      #expect(!answer.hasCome)
      try stage.pass(.seconds(1))
      #expect(try answer.get().generation == 1)
      #expect(try run.list() == ["inner#1 ready"])
    }
  }

  /// Mutant: subtree-is-never-ready.
  @Test("SupervisorManagementIssue35: a hundred nested levels come up, are seen, and are stopped at once")
  func supervisorManagementIssue35() throws {
    try Stage.play(seeds: 3) { stage in
      let puppet = stage.puppet("innermost")
      var child = puppet.spec()
      for level in (0..<100).reversed() {
        child = ChildSpec.supervisor(id: "\(level)") { [child] _ in
          try SupervisorSpec(id: "\(level)", strategy: .oneForOne, intensity: 0, children: [child])
        }
      }
      let run = try stage.run([child], intensity: 1)
      try stage.ask { try await run.supervisor.waitUntilReady() }
      #expect(puppet.current == 1)
      var snapshot = try stage.ask { await run.supervisor.snapshot() }
      var depth = 0
      while let next = snapshot.children.first?.subtree.first {
        snapshot = next
        depth += 1
      }
      #expect(depth == 100)
      // An escalation goes all the way up, and back down again.
      try puppet.end(.abnormal, on: stage)
      #expect(puppet.script.running.count == 1)
      #expect(try run.list() == ["0#2 ready"])
      #expect(try run.end().stopped.count == 101)
      #expect(puppet.script.running == [])
    }
  }

  // Adapted: `ErrDoNotRestart` is an end in order of a transient child, `ErrTerminateSupervisorTree` that of a
  // significant one.
  /// Mutant: shutdown-is-a-failure.
  @Test("ServiceAndTreeTermination: a child ends for itself alone, or for the whole tree")
  func serviceAndTreeTermination() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("alone", "whole", "other")
      let run = try stage.run(
        [puppets[0].spec(.transient), puppets[1].spec(.transient, significant: true), puppets[2].spec()],
        autoShutdown: .anySignificant)
      try puppets[0].end(.shutdown, on: stage)
      #expect(puppets.current == [nil, 1, 1])
      try puppets[1].end(.shutdown, on: stage)
      #expect(run.report?.endedBy == "whole")
      #expect(puppets.current == [nil, nil, nil])
    }
  }

  /// Mutant: subtree-end-is-a-failure.
  @Test("DoNotPropagate: a subtree that ends itself leaves the others alone")
  func doNotPropagate() throws {
    try Stage.play { stage in
      let (whole, other) = (stage.puppet("whole"), stage.puppet("other"))
      let inner = ChildSpec.supervisor(id: "inner", restart: .transient) { _ in
        try SupervisorSpec(
          id: "inner", strategy: .oneForOne, autoShutdown: .anySignificant,
          children: [whole.spec(.transient, significant: true)])
      }
      let run = try stage.run([inner, other.spec()])
      try whole.end(.shutdown, on: stage)
      #expect(try run.list() == ["inner#1 ended", "other#1 ready"])
    }
  }

  /// Mutant: abandon-without-fence.
  @Test("EverMultistarted: never two starts of a child that are not fenced, however deaf it is")
  func everMultistarted() throws {
    try Stage.play(seeds: 20) { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .obey, .hang])
      let killer = stage.puppet("killer")
      let run = try stage.run([killer.spec(), deaf.spec(shutdown: .grace(.seconds(1)))], .oneForAll)
      for generation in 2...3 as ClosedRange<UInt64> {
        try killer.end(.abnormal, on: stage)
        try stage.pass(.seconds(1))
        #expect(deaf.current == generation)
        #expect(deaf.script.running == Array(1...generation))
      }
      run.stop()
      try stage.pass(.seconds(1))
      #expect(run.report?.unstopped.map(\.generation) == [1, 2, 3])
      deaf.script.release()
      try stage.settle()
    }
  }

  /// Mutant: foreign-cancellation-is-normal.
  @Test("Issue77: the error of a cancellation that nobody asked for is a failure")
  func issue77() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([puppet.spec(.transient)])
      try puppet.end(.cancelled, on: stage)
      #expect(puppet.current == 2)
      #expect(
        stage.told.contains(
          .terminated(id: "a", generation: 1, outcome: .failed(Fault(CancellationError())), restartIn: .zero)))
      #expect(run.result == nil)
    }
  }
}
