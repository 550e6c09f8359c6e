import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about looking at a supervisor.
@Suite("introspection", .timeLimit(.minutes(5))) struct IntrospectionTests {
  /// A delay of a second before each restart.
  let slow = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0)

  /// Mutant: which-children-oldest-first.
  @Test("which_children: newest first, with what each is and what it is doing")
  func whichChildren() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      puppets[2].plan(then: .decline)
      let run = try stage.run(puppets.specs(), backoff: slow)
      try run.start(stage.puppet("d").spec(kind: .supervisor))
      try puppets[0].end(.abnormal, on: stage)
      let infos = try stage.ask { await run.supervisor.whichChildren() }
      #expect(infos.map(\.id) == ["d", "c", "b", "a"])
      #expect(infos.map(\.kind) == [.supervisor, .worker, .worker, .worker])
      #expect(infos.map(\.state) == [.ready, .ended, .ready, .restarting])
      #expect(infos.map(\.generation) == [1, 1, 1, 1])
      try run.end()
      #expect(try stage.ask { await run.supervisor.whichChildren() } == [])
    }
  }

  /// Mutant: which-children-oldest-first.
  @Test("which_children_simple_one_for_one: the children of a pool, newest first")
  func whichChildrenSimpleOneForOne() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.pool(puppets, restart: .permanent, backoff: slow)
      for puppet in puppets { try run.start(puppet) }
      try puppets[0].end(.normal, on: stage)
      let infos = try stage.ask { await run.pool.whichChildren() }
      #expect(infos.map(\.id) == ["2", "1"])
      #expect(infos.map(\.state) == [.ready, .restarting])
    }
  }

  /// Mutant: which-child-of-the-first.
  @Test("which_child: a child by its id, in each of its states; an unknown one is not found")
  func whichChild() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run(puppets.specs(), backoff: slow)
      func look(_ id: String) throws -> ChildInfo { try stage.ask { try await run.supervisor.whichChild(id) } }
      #expect(try look("b").id == "b")
      #expect(try look("b").state == .ready)
      try puppets[1].end(.abnormal, on: stage)
      #expect(try look("b").state == .restarting)
      #expect(try look("a").state == .ready)
      try stage.pass(.seconds(1))
      #expect(try look("b").generation == 2)
      try run.terminate("b")
      #expect(try look("b").state == .ended)
      try run.delete("b")
      #expect(throws: ChildError.notFound(id: "b")) { try look("b") }
    }
  }

  /// Mutant: ended-count-as-active.
  @Test("count_children: 1000, then 2000; those that were terminated are specifications that do not run")
  func countChildren() throws {
    try Stage.play(seeds: 1) { stage in
      let run = try stage.run((0..<1000).map { stage.puppet("a\($0)").spec() })
      #expect(try run.counts() == [1000, 1000, 0, 1000])
      for number in 0..<1000 { try run.start(stage.puppet("b\(number)").spec()) }
      #expect(try run.counts() == [2000, 2000, 0, 2000])
      for number in 0..<1000 { try run.terminate("a\(number)") }
      #expect(try run.counts() == [2000, 1000, 0, 2000])
      for number in 0..<1000 { try run.delete("a\(number)") }
      #expect(try run.counts() == [1000, 1000, 0, 1000])
    }
  }

  /// Mutant: supervisors-counted-as-workers.
  @Test("count_children_supervisor: nested supervisors and pools are counted as such")
  func countChildrenSupervisor() throws {
    try Stage.play { stage in
      let inner = ChildSpec.supervisor(id: "inner") { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: stage.puppets("x", "y").specs())
      }
      let pool = ChildSpec.pool(
        id: "pool", ref: Ref<ChildPool<Int>>("pool"), pool: try PoolSpec<Int>(id: "pool") { _, _ in })
      let run = try stage.run([inner, pool, stage.puppet("a").spec()])
      #expect(try run.counts() == [3, 3, 2, 1])
      try run.terminate("inner")
      #expect(try run.counts() == [3, 2, 2, 1])
      try run.delete("inner")
      #expect(try run.counts() == [2, 2, 1, 1])
    }
  }

  /// Mutant: waiting-counts-as-active.
  @Test("count_restarting_children: one that waits for its restart is a specification, and not active")
  func countRestartingChildren() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), intensity: 5, period: .seconds(10), backoff: slow)
      for (number, puppet) in puppets.enumerated() {
        try puppet.end(.abnormal, on: stage)
        #expect(try run.counts() == [3, 2 - number, 0, 3])
      }
      try stage.pass(.seconds(1))
      #expect(try run.counts() == [3, 3, 0, 3])
    }
  }

  /// Mutant: waiting-counts-as-active.
  @Test("count_restarting_children: the same in a pool")
  func countRestartingChildrenOfPool() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.pool(puppets, restart: .permanent, backoff: slow)
      for puppet in puppets { try run.start(puppet) }
      try puppets[0].end(.abnormal, on: stage)
      #expect(try run.counts() == [2, 1, 0, 2])
      try stage.pass(.seconds(1))
      #expect(try run.counts() == [2, 2, 0, 2])
    }
  }
}
