import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about which end of which child leads to a restart.
@Suite("restart types", .timeLimit(.minutes(5))) struct RestartTypeTests {
  /// One of OTP's nine cases.
  struct Case: Sendable, CustomTestStringConvertible {
    /// OTP's name for it.
    let name: String
    /// When the child is started again.
    let restart: RestartType
    /// How it ends.
    let end: Puppet.End
    /// What becomes of it.
    let children: [String]

    /// The name.
    var testDescription: String { name }

    /// All nine.
    static let all = [
      Case(name: "permanent_normal", restart: .permanent, end: .normal, children: ["a#2 ready"]),
      Case(name: "permanent_shutdown", restart: .permanent, end: .shutdown, children: ["a#2 ready"]),
      Case(name: "permanent_abnormal", restart: .permanent, end: .abnormal, children: ["a#2 ready"]),
      Case(name: "transient_normal", restart: .transient, end: .normal, children: ["a#1 ended"]),
      Case(name: "transient_shutdown", restart: .transient, end: .shutdown, children: ["a#1 ended"]),
      Case(name: "transient_abnormal", restart: .transient, end: .abnormal, children: ["a#2 ready"]),
      Case(name: "temporary_normal", restart: .temporary, end: .normal, children: []),
      Case(name: "temporary_shutdown", restart: .temporary, end: .shutdown, children: []),
      Case(name: "temporary_abnormal", restart: .temporary, end: .abnormal, children: []),
    ]
  }

  /// Mutants: permanent-ends-normally, transient-always-back, shutdown-is-a-failure, temporary-kept,
  /// transient-never-back.
  @Test("restart type and end", arguments: Case.all)
  func restartType(each: Case) throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([puppet.spec(each.restart)])
      try puppet.end(each.end, on: stage)
      #expect(try run.list() == each.children)
      #expect(puppet.current == (each.children == ["a#2 ready"] ? 2 : nil))
      #expect(run.result == nil)
      let restartIn: Duration? = puppet.current == nil ? nil : .zero
      let outcome: ChildOutcome =
        switch each.end {
        case .normal: .normal
        case .shutdown: .shutdown
        case .abnormal, .cancelled: .failed(Fault(ScriptedFailure("abnormal")))
        }
      #expect(stage.told.contains(.terminated(id: "a", generation: 1, outcome: outcome, restartIn: restartIn)))
    }
  }

  /// Mutants: permanent-ends-normally, transient-always-back.
  @Test("restart type and end, in a pool: one that is not started again is forgotten", arguments: Case.all)
  func restartTypeInPool(each: Case) throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.pool([puppet], restart: each.restart)
      try run.start(puppet)
      try puppet.end(each.end, on: stage)
      #expect(try run.list() == (each.children == ["a#2 ready"] ? ["1#2 ready"] : []))
      #expect(run.result == nil)
    }
  }

  /// Mutant: temporary-bystander-kept.
  @Test(
    "temporary_bystander: a temporary sibling goes down with another child, and does not come back",
    arguments: [Strategy.oneForAll, .restForOne])
  func temporaryBystander(strategy: Strategy) throws {
    try Stage.play { stage in
      let permanent = stage.puppet("permanent")
      let temporary = stage.puppet("temporary")
      let run = try stage.run([permanent.spec(), temporary.spec(.temporary)], strategy)
      try permanent.end(.abnormal, on: stage)
      #expect(try run.list() == ["permanent#2 ready"])
      #expect(temporary.script.running == [])
      #expect(run.result == nil)
    }
  }

  /// Mutant: temporary-restarts-others.
  @Test("temporary_bystander: the end of a temporary child touches nobody", arguments: Strategy.allCases)
  func temporaryEnds(strategy: Strategy) throws {
    try Stage.play { stage in
      let temporary = stage.puppet("temporary")
      let permanent = stage.puppet("permanent")
      let run = try stage.run([temporary.spec(.temporary), permanent.spec()], strategy, intensity: 0)
      try temporary.end(.abnormal, on: stage)
      #expect(try run.list() == ["permanent#1 ready"])
      #expect(run.result == nil)
    }
  }

  /// Mutant: cause-lost-in-the-tree.
  @Test("faulty_application_shutdown: the outermost caller gets the path's child and the cause of a failed start")
  func faultyApplicationShutdown() throws {
    try Stage.play { stage in
      let faulty = stage.puppet("faulty")
      faulty.plan(then: .fail("no database"))
      let inner = ChildSpec.supervisor(id: "inner") { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [faulty.spec()])
      }
      let run = try stage.run([stage.puppet("a").spec(), inner])
      guard case .startFailed("inner", .threw(let fault), let report) = run.error else {
        Issue.record("\(String(describing: run.result))")
        return
      }
      #expect(report.stopped == ["a"])
      let innermost = fault.underlying as? SupervisorError
      #expect(innermost?.underlying as? ScriptedFailure == ScriptedFailure("no database"))
      #expect(
        run.error?.description
          == "inner could not be started: faulty could not be started: no database")
    }
  }

  // Adapted: OTP has no progress report for a process that the supervisor only adopts; here none is told for a child
  // that declines to be started.
  /// Mutant: decline-is-ready.
  @Test("external_start_no_progress_log: no `ready` is told for a child that is not ours to run")
  func externalStartNoProgressLog() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("ours", "theirs")
      puppets[1].plan(then: .decline)
      _ = try stage.run(puppets.specs())
      #expect(stage.told.contains(.ready(id: "ours", generation: 1, after: .zero)))
      #expect(!stage.told.contains { if case .ready("theirs", _, _) = $0 { true } else { false } })
    }
  }
}
