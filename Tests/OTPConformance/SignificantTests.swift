import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about children whose end ends their supervisor.
@Suite("significant", .timeLimit(.minutes(5))) struct SignificantTests {
  /// The modes in which significance means something.
  static let modes = [AutoShutdown.anySignificant, .allSignificant]

  /// Mutant: insignificant-ends-the-supervisor.
  @Test(
    "nonsignificant_temporary, nonsignificant_transient: others than significant ones never end the supervisor",
    arguments: [RestartType.temporary, .transient], AutoShutdown.allCases)
  func nonsignificant(restart: RestartType, mode: AutoShutdown) throws {
    for end in Puppet.End.allCases {
      try Stage.play(seeds: 2) { stage in
        let puppets = stage.puppets("a", "b")
        let run = try stage.run(puppets.specs(restart), autoShutdown: mode)
        for puppet in puppets { try puppet.end(end, on: stage) }
        #expect(run.result == nil)
      }
    }
  }

  /// Mutants: all-significant-is-any, any-significant-is-all.
  @Test(
    "significant_temporary: any end of a temporary one counts; `all` waits for the last of them",
    arguments: modes, Puppet.End.allCases)
  func significantTemporary(mode: AutoShutdown, end: Puppet.End) throws {
    try significant(.temporary, mode, end, counts: true)
  }

  /// Mutants: all-significant-is-any, any-significant-is-all, transient-always-back.
  @Test(
    "significant_transient: only an end in order counts for a transient one; it comes back after a failure",
    arguments: modes, Puppet.End.allCases)
  func significantTransient(mode: AutoShutdown, end: Puppet.End) throws {
    try significant(.transient, mode, end, counts: end == .normal || end == .shutdown)
  }

  /// Two significant children end, one after the other, beside one that is not.
  func significant(_ restart: RestartType, _ mode: AutoShutdown, _ end: Puppet.End, counts: Bool) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let other = stage.puppet("other")
      let run = try stage.run(
        [other.spec()] + puppets.map { $0.spec(restart, significant: true) }, autoShutdown: mode)
      try puppets[0].end(end, on: stage)
      #expect(run.hasEnded == (counts && mode == .anySignificant))
      #expect(puppets[0].current == (counts ? nil : 2))
      if run.hasEnded {
        #expect(run.report?.endedBy == "a")
        #expect(run.report?.stopped == ["b", "other"])
        #expect(stage.told.contains(.autoShutdown(supervisor: "root", child: "a")))
        return
      }
      #expect(other.current == 1)
      try puppets[1].end(end, on: stage)
      #expect(run.hasEnded == counts)
      if counts {
        #expect(run.error == nil)
        #expect(run.report?.endedBy == "b")
        #expect(other.current == nil)
      }
    }
  }

  // Adapted: OTP refuses significant children in simple_one_for_one; a pool's template has no such field.
  /// Mutant: pool-ends-with-its-children.
  @Test(
    "significant_simple: the children of a pool cannot be significant: none of their ends ends it",
    arguments: RestartType.allCases)
  func significantSimple(restart: RestartType) throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.pool([puppet], restart: restart)
      try run.start(puppet)
      try puppet.end(.normal, on: stage)
      #expect(run.result == nil)
    }
  }

  /// Mutant: bystander-ends-the-supervisor.
  @Test(
    "significant_bystander: the death of a significant child that goes down with another does not count",
    arguments: Strategy.allCases, modes)
  func significantBystander(strategy: Strategy, mode: AutoShutdown) throws {
    for restart in [RestartType.temporary, .transient] {
      try Stage.play { stage in
        let puppets = stage.puppets("cause", "bystander")
        let run = try stage.run(
          [puppets[0].spec(), puppets[1].spec(restart, significant: true)], strategy, autoShutdown: mode)
        try puppets[0].end(.abnormal, on: stage)
        #expect(run.result == nil)
        #expect(puppets[0].current == 2)
        let survivor: UInt64? = strategy == .oneForOne ? 1 : restart == .transient ? 2 : nil
        #expect(puppets[1].current == survivor)
      }
    }
  }

  /// Mutant: terminate-ends-the-supervisor.
  @Test("significant_bystander: an end that was asked for does not count either", arguments: modes)
  func significantTerminated(mode: AutoShutdown) throws {
    for restart in [RestartType.temporary, .transient] {
      try Stage.play { stage in
        let puppets = stage.puppets("a", "b")
        let run = try stage.run(puppets.map { $0.spec(restart, significant: true) }, autoShutdown: mode)
        try run.terminate("a")
        try run.terminate("b")
        #expect(run.result == nil)
        #expect(try run.list() == (restart == .transient ? ["a#1 ended", "b#1 ended"] : []))
      }
    }
  }

  /// Mutant: subtree-end-is-a-failure.
  @Test(
    "significant_escalation: a nested supervisor passes its end on only if it is significant itself",
    arguments: [true, false], modes)
  func significantEscalation(isSignificant: Bool, mode: AutoShutdown) throws {
    for restart in [RestartType.temporary, .transient] {
      try Stage.play { stage in
        let (innermost, other) = (stage.puppet("innermost"), stage.puppet("other"))
        let inner = ChildSpec.supervisor(id: "inner", restart: restart, significant: isSignificant) { _ in
          try SupervisorSpec(
            id: "inner", strategy: .oneForOne, autoShutdown: mode,
            children: [innermost.spec(.temporary, significant: true)])
        }
        let run = try stage.run([other.spec(), inner], autoShutdown: mode)
        try innermost.end(.abnormal, on: stage)
        #expect(run.hasEnded == isSignificant)
        #expect(run.error == nil)
        #expect(other.current == (isSignificant ? nil : 1))
        if !isSignificant { #expect(try run.counts()[1] == 1) }
      }
    }
  }
}
