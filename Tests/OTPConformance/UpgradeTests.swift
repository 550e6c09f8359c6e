import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about a code change: here a reload of the specification.
@Suite("upgrade", .timeLimit(.minutes(5))) struct UpgradeTests {
  /// One of OTP's cases about the mode of the auto-shutdown.
  struct Case: Sendable, CustomTestStringConvertible {
    /// OTP's name for it.
    let name: String
    /// The mode at first.
    let before: AutoShutdown
    /// The mode after the reload.
    let after: AutoShutdown

    /// The name.
    var testDescription: String { name }

    /// All six.
    static let all = [
      Case(name: "significant_upgrade_never_any", before: .never, after: .anySignificant),
      Case(name: "significant_upgrade_any_never", before: .anySignificant, after: .never),
      Case(name: "significant_upgrade_never_all", before: .never, after: .allSignificant),
      Case(name: "significant_upgrade_all_never", before: .allSignificant, after: .never),
      Case(name: "significant_upgrade_any_all", before: .anySignificant, after: .allSignificant),
      Case(name: "significant_upgrade_all_any", before: .allSignificant, after: .anySignificant),
    ]
  }

  /// A specification of children under a mode.
  func spec(
    _ mode: AutoShutdown, _ children: [ChildSpec], _ strategy: Strategy = .oneForOne, intensity: Int = 3,
    backoff: Backoff = .immediate
  ) throws -> SupervisorSpec {
    try SupervisorSpec(
      id: "root", strategy: strategy, autoShutdown: mode, intensity: intensity, period: .seconds(10), backoff: backoff,
      children: children)
  }

  // Adapted: where the mode is never, OTP has the significance of the children taken away with it, and so has this.
  /// Mutants: reload-keeps-the-mode, reload-keeps-the-count.
  @Test("significant_upgrade: a mode that is changed by a reload holds for children that run", arguments: Case.all)
  func significantUpgrade(each: Case) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      func children(_ mode: AutoShutdown) -> [ChildSpec] {
        puppets.map { $0.spec(.temporary, significant: mode != .never) }
      }
      let run = try stage.run(spec(each.before, children(each.before)))
      try run.reload(spec(each.after, children(each.after)))
      #expect(puppets.current == [1, 1, 1])
      try puppets[0].end(.normal, on: stage)
      #expect(run.hasEnded == (each.after == .anySignificant))
      guard !run.hasEnded else { return }
      try puppets[1].end(.normal, on: stage)
      #expect(!run.hasEnded)
      try puppets[2].end(.normal, on: stage)
      #expect(run.hasEnded == (each.after == .allSignificant))
    }
  }

  /// Mutant: reload-keeps-children.
  @Test("significant_upgrade_child: significance that is changed by a reload holds for children that run")
  func significantUpgradeChild() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run(spec(.anySignificant, puppets.map { $0.spec(.temporary, significant: true) }))
      try run.reload(
        spec(.anySignificant, [puppets[0].spec(.temporary), puppets[1].spec(.temporary, significant: true)]))
      try puppets[0].end(.normal, on: stage)
      #expect(!run.hasEnded)
      try puppets[1].end(.normal, on: stage)
      #expect(run.report?.endedBy == "b")
    }
  }

  /// Mutant: reload-unchecked.
  @Test("significant_upgrade_child: a mode that makes a child's significance void is refused, the old one stays")
  func significantUpgradeRefused() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let significant = puppet.spec(.temporary, significant: true)
      let run = try stage.run(spec(.anySignificant, [significant]))
      // It does not name the child, which stays: it has to fit all the same.
      #expect(throws: SpecError.significantInVain(child: "a", supervisor: "root")) { try run.reload(spec(.never, [])) }
      #expect(throws: SpecError.significantInVain(child: "a", supervisor: "root")) {
        try run.reload(spec(.never, [significant]))
      }
      try puppet.end(.normal, on: stage)
      #expect(run.report?.endedBy == "a")
    }
  }

  /// Mutants: reload-keeps-the-limits, reload-keeps-children.
  @Test("code_change: flags are replaced, children are updated, and none is started or removed")
  func codeChange() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let added = stage.puppet("c")
      let run = try stage.run(spec(.never, puppets.specs(), intensity: 5))
      let new = try spec(
        .never, [puppets[0].spec(.transient, shutdown: .grace(.seconds(7))), added.spec()], .restForOne, intensity: 1)
      try run.reload(new)
      #expect(try run.list() == ["a#1 ready", "b#1 ready", "c#0 ended"])
      #expect(try run.counts() == [3, 2, 0, 3])
      #expect(stage.told.last == .reloaded(supervisor: "root"))
      let changed = try stage.ask { try await run.supervisor.childSpec("a") }
      #expect(changed.restart == .transient)
      #expect(changed.shutdown == .grace(.seconds(7)))
      // The new strategy.
      try puppets[0].end(.abnormal, on: stage)
      #expect(puppets.current == [2, 2])
      #expect(run.result == nil)
      // The new limit.
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "a")
    }
  }

  /// Mutant: reload-forgets-restarts.
  @Test("code_change: restarts that were counted still count")
  func codeChangeKeepsTheWindow() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run(spec(.never, [puppet.spec()], intensity: 2))
      try puppet.end(.abnormal, on: stage)
      try puppet.end(.abnormal, on: stage)
      try run.reload(spec(.never, [puppet.spec()], intensity: 3))
      try puppet.end(.abnormal, on: stage)
      #expect(run.result == nil)
      try puppet.end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "a")
    }
  }

  // Adapted: maps are specifications; a faulty one does not even come to be.
  /// Mutant: reload-of-another.
  @Test("code_change_map: a faulty specification is refused, and the old one stays in force")
  func codeChangeMap() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run(spec(.never, puppets.specs(), .oneForAll))
      #expect(throws: SpecError.duplicateChild(id: "a", supervisor: "root")) {
        try run.reload(spec(.never, [puppets[0].spec(), puppets[0].spec()]))
      }
      #expect(throws: SpecError.otherSupervisor(running: "root", given: "other")) {
        try run.reload(SupervisorSpec(id: "other", strategy: .oneForOne, children: []))
      }
      #expect(!stage.told.contains(.reloaded(supervisor: "root")))
      try puppets[0].end(.abnormal, on: stage)
      #expect(puppets.current == [2, 2])
    }
  }

  // Adapted: a pool is one template for good; a new one comes with a restart of the pool by its parent, whose
  // specification is reloaded.
  /// Mutant: reload-keeps-children.
  @Test("code_change_simple, code_change_simple_map: a new template holds from the next start of the pool on")
  func codeChangeSimple() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let ref = Ref<ChildPool<Int>>("pool")
      func pool(_ puppet: Puppet) throws -> ChildSpec {
        ChildSpec.pool(
          id: "pool", ref: ref,
          pool: try PoolSpec<Int>(id: "pool", backoff: .immediate) { _, context in try await puppet.body(context) })
      }
      let run = try stage.run(spec(.never, [pool(puppets[0])]))
      let before = try ref.get()
      _ = try stage.ask { try await before.startChild(1).start.generation }
      try run.reload(spec(.never, [pool(puppets[1])]))
      #expect(puppets.current == [1, nil])
      try run.terminate("pool")
      #expect(puppets.current == [nil, nil])
      try run.restart("pool")
      let after = try ref.get()
      #expect(try stage.ask { await after.countChildren() }.specs == 0)
      _ = try stage.ask { try await after.startChild(1).start.generation }
      #expect(puppets.current == [nil, 1])
    }
  }

  /// Mutant: reloaded-body-not-used.
  @Test("code_change: a child that runs goes on with the old body, and is started again with the new one")
  func codeChangeOfABody() throws {
    try Stage.play { stage in
      let (old, new) = (stage.puppet("a"), stage.puppet("a"))
      let run = try stage.run(spec(.never, [old.spec()]))
      try run.reload(spec(.never, [new.spec()]))
      #expect([old.current, new.current] == [1, nil])
      try old.end(.abnormal, on: stage)
      #expect([old.current, new.current] == [nil, 2])
    }
  }
}
