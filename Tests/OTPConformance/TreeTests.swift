import Supervision
import SupervisionTesting
import Testing

/// OTP's other cases about the running of trees.
@Suite("others", .timeLimit(.minutes(5))) struct TreeTests {
  /// A delay of a second before each restart.
  let slow = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0)

  // Adapted: a child that unlinks itself is one that swallows its cancellation and never ends.
  /// Mutants: grace-ignored, abandon-without-fence.
  @Test("child_unlink: a child that is deaf to its stop cannot hang the supervisor, which answers meanwhile")
  func childUnlink() throws {
    try Stage.play { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .hang])
      let other = stage.puppet("other")
      let run = try stage.run([deaf.spec(shutdown: .grace(.seconds(1))), other.spec()])
      let terminated = try stage.begin { try await run.supervisor.terminateChild("deaf") }
      #expect(!terminated.hasCome)
      #expect(try run.list() == ["deaf#1 stopping", "other#1 ready"])
      try other.end(.abnormal, on: stage)
      #expect(other.current == 2)
      try stage.pass(.seconds(1))
      try terminated.get()
      #expect(try run.list() == ["deaf#1 ended", "other#2 ready"])
      #expect(try stage.ask { await run.supervisor.snapshot() }.orphans.map(\.id) == ["deaf"])
      #expect(deaf.current == nil)
      deaf.script.release()
      try stage.settle()
      #expect(try stage.ask { await run.supervisor.snapshot() }.orphans == [])
    }
  }

  /// Mutant: subtree-end-is-no-end.
  @Test("tree: the escalation of one nested supervisor replaces all; static children come back, others do not")
  func tree() throws {
    try Stage.play { stage in
      let workers = stage.puppets("w1", "w2", "w3", "w4")
      let added = stage.puppet("added")
      let refs = [Ref<Supervisor>("first"), Ref("second")]
      func inner(_ place: Int, _ children: [Puppet]) -> ChildSpec {
        ChildSpec.supervisor(id: refs[place].id, ref: refs[place]) { [id = refs[place].id] _ in
          try SupervisorSpec(
            id: id, strategy: .oneForOne, intensity: 1, period: .seconds(5), backoff: .immediate,
            children: children.specs())
        }
      }
      let run = try stage.run(
        [inner(0, [workers[0], workers[1]]), inner(1, [workers[2], workers[3]]), stage.puppet("last").spec()],
        .oneForAll)
      _ = try stage.ask { try await refs[1].get().startChild(added.spec()) }
      #expect(workers.current == [1, 1, 1, 1])
      // A failure within the limit is the nested one's own business.
      let before = try refs.map { try $0.get() }
      try workers[0].end(.abnormal, on: stage)
      #expect(workers.map(\.script.running.count) == [1, 1, 1, 1])
      #expect(try refs.map { try $0.get() }.elementsEqual(before, by: ===))
      // One more is not.
      try workers[1].end(.abnormal, on: stage)
      #expect(run.result == nil)
      #expect(try run.list() == ["first#2 ready", "second#2 ready", "last#2 ready"])
      #expect(try !refs.map { try $0.get() }.elementsEqual(before, by: ===))
      #expect(workers.map(\.script.running.count) == [1, 1, 1, 1])
      #expect(added.script.running == [])
      let counts = try stage.ask { try await refs[1].get().countChildren() }
      #expect(counts.specs == 2)
      #expect(stage.told.contains { if case .escalated("first", "first/w2", _, _) = $0 { true } else { false } })
      #expect(try run.end().stopped == ["last", "second/w4", "second/w3", "second", "first/w2", "first/w1", "first"])
    }
  }

  /// Mutant: transient-subtree-comes-back.
  @Test("tree: a transient nested supervisor that gives up is not started again: it ends with shutdown")
  func transientSubtree() throws {
    try Stage.play { stage in
      let worker = stage.puppet("worker")
      let inner = ChildSpec.supervisor(id: "inner", restart: .transient) { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, intensity: 0, children: [worker.spec()])
      }
      let run = try stage.run([inner])
      try worker.end(.abnormal, on: stage)
      #expect(try run.list() == ["inner#1 ended"])
      #expect(run.result == nil)
    }
  }

  /// Mutant: terminate-does-not-end-the-loop.
  @Test(
    "hanging_restart_loop, hanging_restart_loop_rest_for_one: in an endless loop of failing restarts it answers",
    arguments: Strategy.allCases)
  func hangingRestartLoop(strategy: Strategy) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), strategy, intensity: 1000, period: .seconds(10_000), backoff: slow)
      puppets[1].plan(then: .fail("no"))
      try puppets[1].end(.abnormal, on: stage)
      try stage.pass(.seconds(10))
      let up: [Bool] =
        switch strategy {
        case .oneForOne: [true, true]
        case .oneForAll: [false, false]
        case .restForOne: [true, false]
        }
      #expect(puppets.current.map { $0 != nil } == [up[0], false, up[1]])
      #expect(try stage.ask { try await run.supervisor.whichChild("b") }.state == .restarting)
      #expect(throws: ChildError.restarting(id: "b")) { try run.restart("b") }
      #expect(throws: ChildError.restarting(id: "b")) { try run.delete("b") }
      #expect(throws: ChildError.alreadyPresent(id: "b")) { try run.start(puppets[1].spec()) }
      try run.terminate("b")
      #expect(try stage.ask { try await run.supervisor.whichChild("b") }.state == .ended)
      let tries = stage.told.count
      try stage.pass(.seconds(10))
      #expect(stage.told.count == tries)
      try run.delete("b")
      #expect(try run.counts()[0] == 2)
    }
  }

  /// Mutant: stop-waits-for-the-delay.
  @Test("hanging_restart_loop: the whole stop needs no time, also within a delay", arguments: Strategy.allCases)
  func hangingRestartLoopStops(strategy: Strategy) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), strategy, intensity: 1000, period: .seconds(10_000), backoff: slow)
      puppets[1].plan(then: .fail("no"))
      try puppets[1].end(.abnormal, on: stage)
      try stage.pass(.milliseconds(2500))
      #expect(try run.end().isClean)
      #expect(stage.simulation.clock.now.offset == .milliseconds(2500))
    }
  }

  /// Mutant: pool-terminate-keeps.
  @Test("hanging_restart_loop_simple: the same in a pool")
  func hangingRestartLoopSimple() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.pool(
        puppets, restart: .permanent, intensity: 1000, period: .seconds(10_000), backoff: slow)
      let child = try run.start(puppets[0]).child
      try run.start(puppets[1])
      puppets[0].plan(then: .fail("no"))
      try puppets[0].end(.abnormal, on: stage)
      try stage.pass(.seconds(10))
      #expect(try run.list() == ["1#11 restarting", "2#1 ready"])
      try run.terminate(child)
      #expect(try run.list() == ["2#1 ready"])
      try stage.pass(.seconds(10))
      #expect(try run.end().stopped == ["2"])
    }
  }

  /// Mutant: stop-in-order-of-start.
  @Test("order_of_children: started in order, stopped in reverse, also after restarts")
  func orderOfChildren() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c", "d")
      let run = try stage.run(puppets.specs(), .restForOne)
      func order() -> [String] {
        stage.told.compactMap {
          switch $0 {
          case .started(let id, _), .restarting(let id, _, _): "+\(id)"
          case .stopped(let id, _, _): "-\(id)"
          default: nil
          }
        }
      }
      #expect(order() == ["+a", "+b", "+c", "+d"])
      try puppets[1].end(.abnormal, on: stage)
      #expect(order().dropFirst(4) == ["-d", "-c", "+b", "+c", "+d"])
      try puppets[3].end(.abnormal, on: stage)
      #expect(order().dropFirst(9) == ["+d"])
      try run.terminate("b")
      try run.restart("b")
      #expect(try run.end().stopped == ["d", "c", "b", "a"])
    }
  }

  // Impossible: a supervisor is no process of its own, and nothing kills it. The stand-in: the task that runs a nested
  // one throws, and its parent starts the subtree again.
  /// Mutant: subtree-end-is-no-end.
  @Test(
    "simple_global_supervisor: the parent survives the loss of a nested supervisor, and starts it again",
    arguments: [RestartType.permanent, .transient, .temporary])
  func simpleGlobalSupervisor(restart: RestartType) throws {
    try Stage.play { stage in
      let worker = stage.puppet("worker")
      let killer = stage.puppet("killer")
      let ref = Ref<Supervisor>("inner")
      let inner = ChildSpec.supervisor(id: "inner", restart: restart, ref: ref) { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, intensity: 0, children: [worker.spec(), killer.spec()])
      }
      let run = try stage.run([stage.puppet("a").spec(), inner])
      try killer.end(.abnormal, on: stage)
      #expect(run.result == nil)
      switch restart {
      case .permanent:
        #expect(try run.list() == ["a#1 ready", "inner#2 ready"])
        #expect(worker.script.running.count == 1)
        #expect(ref.current != nil)
      case .transient, .temporary:
        #expect(try run.counts()[1] == 1)
        #expect(worker.script.running == [])
        #expect(ref.current == nil)
      }
    }
  }
}
