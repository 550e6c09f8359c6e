import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about the start of a supervisor and of its children.
@Suite("start", .timeLimit(.minutes(5))) struct StartTests {
  /// Mutants: walk-never-ends, empty-supervisor-ends.
  @Test("sup_start_normal: a supervisor without children is ready at once, and stops when it is asked to")
  func supStartNormal() throws {
    try Stage.play { stage in
      let run = try stage.run([])
      #expect(run.result == nil)
      try stage.ask { try await run.supervisor.waitUntilReady() }
      #expect(try run.counts() == [0, 0, 0, 0])
      let report = try run.end()
      #expect(report.isClean)
      #expect(report.stopped.isEmpty)
    }
  }

  // Adapted: `ignore` from init is a subtree whose builder gives nil.
  /// Mutant: decline-is-an-end.
  @Test("sup_start_ignore_init: a nested supervisor that has nothing to do does not run, and that is no error")
  func supStartIgnoreInit() throws {
    try Stage.play { stage in
      let inner = ChildSpec.supervisor(id: "inner") { _ in nil }
      let run = try stage.run([inner])
      #expect(try run.list() == ["inner#1 ended"])
      #expect(try run.counts() == [1, 0, 1, 0])
      #expect(run.result == nil)
    }
  }

  // Adapted: OTP's `ignore` is `decline()`.
  /// Mutant: decline-is-an-end.
  @Test("sup_start_ignore_child: a permanent child that declines is kept as a specification that does not run")
  func supStartIgnoreChild() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      puppets[0].plan(then: .decline)
      let run = try stage.run(puppets.specs())
      #expect(try run.list() == ["a#1 ended", "b#1 ready"])
      #expect(try run.counts() == [2, 1, 0, 2])
      #expect(stage.told.contains(.declined(id: "a", generation: 1)))
      puppets[0].plan()
      try run.restart("a")
      #expect(try run.counts() == [2, 2, 0, 2])
    }
  }

  /// Mutant: declined-temporary-kept.
  @Test("sup_start_ignore_temporary_child: a temporary child that declines leaves nothing")
  func supStartIgnoreTemporaryChild() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      puppets[0].plan(then: .decline)
      let run = try stage.run(puppets.specs(.temporary))
      #expect(try run.list() == ["b#1 ready"])
      #expect(try run.counts() == [1, 1, 0, 1])
    }
  }

  /// Mutant: declined-temporary-kept.
  @Test("sup_start_ignore_temporary_child_start_child: the same for one that is started by request")
  func supStartIgnoreTemporaryChildStartChild() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run([])
      puppets[0].plan(then: .decline)
      let start = try run.start(puppets[0].spec(.temporary))
      #expect(start.declined)
      #expect(start.info == nil)
      #expect(try run.start(puppets[1].spec(.temporary)).declined == false)
      #expect(try run.list() == ["b#1 ready"])
      #expect(try run.counts() == [1, 1, 0, 1])
    }
  }

  /// Mutant: declined-of-pool-kept.
  @Test("sup_start_ignore_temporary_child_start_child_simple: the same in a pool")
  func supStartIgnoreTemporaryChildStartChildSimple() throws {
    try ignoreInPool(.temporary)
  }

  /// Mutant: declined-of-pool-kept.
  @Test("sup_start_ignore_permanent_child_start_child_simple: in a pool a permanent one leaves nothing either")
  func supStartIgnorePermanentChildStartChildSimple() throws {
    try ignoreInPool(.permanent)
  }

  /// A child of a pool declines.
  func ignoreInPool(_ restart: RestartType) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      puppets[0].plan(then: .decline)
      let run = try stage.pool(puppets, restart: restart)
      let declined = try run.start(puppets[0])
      #expect(declined.start.declined)
      #expect(try run.start(puppets[1]).start.declined == false)
      #expect(try run.list() == ["2#1 ready"])
      #expect(try run.counts() == [1, 1, 0, 1])
      // Regression in OTP: the leftover of the one that had declined broke the stop.
      #expect(try run.end().stopped == ["2"])
    }
  }

  /// Mutants: first-start-retried, failed-start-leaves-others.
  @Test("sup_start_fail: a first start that fails reaches the caller, and nothing is left over")
  func supStartFail() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      puppets[1].plan(then: .fail("no"))
      let run = try stage.run(puppets.specs())
      guard case .startFailed("b", .threw(let fault), let report) = run.error else {
        Issue.record("\(String(describing: run.result))")
        return
      }
      #expect(fault.underlying as? ScriptedFailure == ScriptedFailure("no"))
      #expect(report.stopped == ["a"])
      #expect(puppets.current == [nil, nil, nil])
      #expect(stage.told(of: "b").count == 2)
      #expect(stage.told(of: "c").isEmpty)
      #expect(try run.counts() == [0, 0, 0, 0])
    }
  }

  /// Mutants: failed-dynamic-kept, failed-start-not-answered.
  @Test("sup_start_child_returns_error: the error of a requested start reaches its caller, and nothing is kept")
  func supStartChildReturnsError() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      puppet.plan(then: .fail("no"))
      let run = try stage.run([])
      let error = #expect(throws: ChildError.self) { try run.start(puppet.spec()) }
      #expect(error?.underlying as? ScriptedFailure == ScriptedFailure("no"))
      #expect(error == .startFailed(id: "a", reason: .threw(Fault(ScriptedFailure("no")))))
      #expect(try run.counts() == [0, 0, 0, 0])
      #expect(run.result == nil)
      #expect(try run.end().isClean)
    }
  }

  /// Mutant: failed-dynamic-kept.
  @Test("sup_start_child_returns_error_simple: the same in a pool")
  func supStartChildReturnsErrorSimple() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      puppet.plan(then: .fail("no"))
      let run = try stage.pool([puppet], restart: .permanent)
      #expect(throws: ChildError.startFailed(id: "1", reason: .threw(Fault(ScriptedFailure("no"))))) {
        try run.start(puppet)
      }
      #expect(try run.counts() == [0, 0, 0, 0])
      #expect(try run.end().stopped.isEmpty)
    }
  }

  /// Mutants: failed-restart-by-hand-forgotten, start-by-hand-is-charged.
  @Test("sup_start_restart_child_returns_error: a requested restart that fails keeps the child as it was")
  func supStartRestartChildReturnsError() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([puppet.spec()], intensity: 0)
      try run.terminate("a")
      puppet.plan([.fail("no")])
      #expect(throws: ChildError.startFailed(id: "a", reason: .threw(Fault(ScriptedFailure("no"))))) {
        try run.restart("a")
      }
      #expect(try run.list() == ["a#2 ended"])
      #expect(run.result == nil)
      try run.restart("a")
      #expect(try run.list() == ["a#3 ready"])
    }
  }

  // Adapted: OTP compares the map that comes back, this the specification.
  /// Mutant: supervisors-have-the-grace-of-workers.
  @Test("sup_start_map: a specification has OTP's defaults, and reads back")
  func supStartMap() throws {
    try Stage.play { stage in
      let worker = ChildSpec(id: "worker") { try await stage.puppet("worker").body($0) }
      let inner = ChildSpec.supervisor(id: "inner") { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [])
      }
      let run = try stage.run([worker, inner])
      let spec = try stage.ask { try await run.supervisor.childSpec("worker") }
      #expect(spec.kind == .worker)
      #expect(spec.restart == .permanent)
      #expect(spec.significant == false)
      #expect(spec.shutdown == .grace(.seconds(5)))
      let nested = try stage.ask { try await run.supervisor.childSpec("inner") }
      #expect(nested.kind == .supervisor)
      #expect(nested.restart == .permanent)
      #expect(nested.shutdown == .infinity)
      #expect(throws: ChildError.notFound(id: "other")) {
        try stage.ask { try await run.supervisor.childSpec("other") }
      }
    }
  }

  // Adapted: the template of a pool is its specification.
  /// Mutant: pool-ignores-restart-type.
  @Test("sup_start_map_simple: the template of a pool has its defaults, and its children have what it says")
  func supStartMapSimple() throws {
    try Stage.play { stage in
      let spec = try PoolSpec<String>(id: "pool") { _, context in context.ready() }
      #expect(spec.restart == .temporary)
      #expect(spec.shutdown == .grace(.seconds(5)))
      let puppet = stage.puppet("a")
      let run = try stage.pool([puppet], restart: .transient)
      try run.start(puppet)
      try puppet.end(.abnormal, on: stage)
      #expect(try run.list() == ["1#2 ready"])
      try puppet.end(.normal, on: stage)
      #expect(try run.list() == [])
    }
  }

  // Adapted: what a type cannot leave out can still be empty, or make no sense.
  /// Mutant: empty-id-accepted.
  @Test("sup_start_map_faulty_specs: what is missing from a specification is named, before anything starts")
  func supStartMapFaultySpecs() {
    let child = ChildSpec(id: "a") { $0.ready() }
    let nameless = ChildSpec(id: "") { $0.ready() }
    #expect(throws: SpecError.emptyID(position: 1)) {
      try SupervisorSpec(id: "root", strategy: .oneForOne, children: [child, nameless])
    }
    #expect(throws: SpecError.emptyID(position: nil)) {
      try SupervisorSpec(id: "", strategy: .oneForOne, children: [])
    }
    #expect(throws: SpecError.emptyID(position: nil)) { try PoolSpec<Int>(id: "") { _, _ in } }
  }
}
