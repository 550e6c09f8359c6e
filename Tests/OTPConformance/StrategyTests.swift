import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about what else is restarted with a child, and when that is enough.
@Suite("strategies", .timeLimit(.minutes(5))) struct StrategyTests {
  /// Mutant: window-never-slides.
  @Test("multiple_restarts: 1 in 1 s, one failure each 2.1 s, four times: it goes on")
  func multipleRestarts() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([puppet.spec()], intensity: 1, period: .seconds(1))
      for generation in 2...5 as ClosedRange<UInt64> {
        try puppet.end(.abnormal, on: stage)
        #expect(puppet.current == generation)
        try stage.pass(.milliseconds(2100))
      }
      #expect(run.result == nil)
    }
  }

  /// Mutants: window-is-open-at-its-end, window-counts-one-more.
  @Test("multiple_restarts: the window is closed: two failures exactly 1 s apart are two within 1 s")
  func multipleRestartsAtTheEdge() throws {
    try Stage.play { stage in
      for (distance, escalates) in [(Duration.seconds(1), true), (.nanoseconds(1_000_000_001), false)] {
        let puppet = stage.puppet("a")
        let run = try stage.run([puppet.spec()], intensity: 1, period: .seconds(1))
        try puppet.end(.abnormal, on: stage)
        try stage.pass(distance)
        try puppet.end(.abnormal, on: stage)
        #expect((run.escalatedBecauseOf == "a") == escalates, "\(distance)")
      }
    }
  }

  /// Mutants: one-for-one-takes-all, window-counts-one-more, window-counts-one-fewer.
  @Test("one_for_one: only the one that died is replaced; the third failure of two ends the supervisor")
  func oneForOne() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), .oneForOne, intensity: 2)
      try puppets[1].end(.abnormal, on: stage)
      #expect(puppets.current == [1, 2, 1])
      try puppets[1].end(.abnormal, on: stage)
      #expect(puppets.current == [1, 3, 1])
      #expect(run.result == nil)
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "a")
      #expect(puppets.current == [nil, nil, nil])
      #expect(run.report?.stopped == ["c", "b"])
    }
  }

  /// Mutant: one-for-all-is-rest-for-one.
  @Test("one_for_all: all are replaced, and none of the old ones is left; the third failure ends the supervisor")
  func oneForAll() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), .oneForAll, intensity: 2)
      for (generation, puppet) in zip(2...3 as ClosedRange<UInt64>, puppets.dropFirst()) {
        try puppet.end(.abnormal, on: stage)
        #expect(puppets.current == [generation, generation, generation])
        #expect(puppets.map(\.script.running) == Array(repeating: [generation], count: 3))
      }
      #expect(run.result == nil)
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "a")
      #expect(puppets.current == [nil, nil, nil])
    }
  }

  /// Mutants: rest-for-one-takes-the-first, rest-for-one-is-one-for-one.
  @Test("rest_for_one: those before it keep their identity, those after it are replaced")
  func restForOne() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), .restForOne, intensity: 2)
      try puppets[1].end(.abnormal, on: stage)
      #expect(puppets.current == [1, 2, 2])
      try puppets[2].end(.abnormal, on: stage)
      #expect(puppets.current == [1, 2, 3])
      #expect(run.result == nil)
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "a")
    }
  }

  /// Mutants: failed-restart-not-charged, escalation-leaves-others.
  @Test(
    "one_for_one_escalation, one_for_all_escalation, rest_for_one_escalation: starts that fail spend the budget",
    arguments: Strategy.allCases)
  func escalation(strategy: Strategy) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), strategy, intensity: 4)
      puppets[0].plan(then: .fail("no"))
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "a")
      guard case .escalated(_, .restarts(4, .seconds(5), .startFailed(.threw)), _) = run.error else {
        Issue.record("\(String(describing: run.error))")
        return
      }
      let tries = stage.told.filter { if case .startFailed("a", _, _, _) = $0 { true } else { false } }
      #expect(tries.count == 4)
      #expect(puppets.current == [nil, nil, nil])
      #expect(stage.simulation.clock.now.offset == .zero)
    }
  }

  /// Mutant: failed-restart-not-charged.
  @Test("simple_one_for_one_escalation: the same in a pool")
  func simpleOneForOneEscalation() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.pool(puppets, restart: .permanent, intensity: 4)
      for puppet in puppets { try run.start(puppet) }
      puppets[0].plan(then: .fail("no"))
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "1")
      #expect(puppets.current == [nil, nil])
      #expect(run.report?.stopped == ["2"])
    }
  }

  /// Mutants: up-walk-leaves-the-ready, restarts-do-not-wait.
  @Test("one_for_all_other_child_fails_restart: one is up again, the next fails: it is stopped, then both come up")
  func oneForAllOtherChildFailsRestart() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run(puppets.specs(), .oneForAll, intensity: 3)
      puppets[1].plan([.fail("no")])
      try puppets[0].end(.abnormal, on: stage)
      #expect(puppets.current == [3, 3])
      #expect(puppets.map(\.script.running) == [[3], [3]])
      #expect(run.result == nil)
      #expect(
        stage.told.dropFirst(5) == [
          .terminated(
            id: "a", generation: 1, outcome: .failed(Fault(ScriptedFailure("abnormal"))), restartIn: .zero),
          .stopping(id: "b", generation: 1), .stopped(id: "b", generation: 1, fault: nil),
          .restarting(id: "a", generation: 2, restarts: 1), .ready(id: "a", generation: 2, after: .zero),
          .restarting(id: "b", generation: 2, restarts: 1),
          .startFailed(id: "b", generation: 2, reason: .threw(Fault(ScriptedFailure("no"))), retryIn: .zero),
          .stopping(id: "a", generation: 2), .stopped(id: "a", generation: 2, fault: nil),
          .restarting(id: "a", generation: 3, restarts: 2), .ready(id: "a", generation: 3, after: .zero),
          .restarting(id: "b", generation: 3, restarts: 2), .ready(id: "b", generation: 3, after: .zero),
        ])
    }
  }

  /// Mutant: rest-for-one-takes-the-first.
  @Test("rest_for_one_other_child_fails_restart: the retry begins at the one that failed, not before it")
  func restForOneOtherChildFailsRestart() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(puppets.specs(), .restForOne, intensity: 3)
      puppets[1].plan([.fail("no")])
      try puppets[0].end(.abnormal, on: stage)
      #expect(puppets.current == [2, 3, 2])
      #expect(run.result == nil)
    }
  }
}
