import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about the stop.
@Suite("stop", .timeLimit(.minutes(5))) struct StopTests {
  /// Mutant: infinity-is-short.
  @Test("sup_stop_infinity: without a limit a worker and a supervisor are waited for", arguments: ChildKind.allCases)
  func supStopInfinity(kind: ChildKind) throws {
    try Stage.play { stage in
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(86_400))])
      let quick = stage.puppet("quick")
      let run = try stage.run([quick.spec(shutdown: .infinity), slow.spec(kind: kind, shutdown: .infinity)])
      run.stop()
      try stage.pass(.seconds(86_399))
      #expect(run.result == nil)
      try stage.pass(.seconds(1))
      #expect(run.report?.stopped == ["slow", "quick"])
      #expect(run.report?.isClean == true)
    }
  }

  // Impossible: a task cannot be killed. The stand-in: it is abandoned at its deadline, fenced, and named in the report.
  /// Mutants: abandon-without-fence, abandoned-not-reported, grace-ignored.
  @Test("sup_stop_timeout: a deaf child is abandoned at its deadline, and its sibling still ends in order")
  func supStopTimeout() throws {
    try Stage.play { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .hang])
      let quick = stage.puppet("quick")
      let run = try stage.run([quick.spec(), deaf.spec(shutdown: .grace(.seconds(1)))])
      run.stop()
      try stage.pass(.milliseconds(999))
      #expect(run.result == nil)
      #expect(deaf.current == 1)
      #expect(quick.current == 1)
      try stage.pass(.milliseconds(1))
      #expect(deaf.script.running == [1])
      #expect(deaf.current == nil)
      #expect(quick.current == nil)
      #expect(run.report?.stopped == ["quick"])
      #expect(run.report?.unstopped.map(\.id) == ["deaf"])
      #expect(run.report?.unstopped.first?.generation == 1)
      #expect(stage.told.contains(.abandoned(id: "deaf", generation: 1, waited: .seconds(1))))
      deaf.script.release()
      try stage.settle()
      #expect(stage.told.last == .orphanEnded(id: "deaf", generation: 1, age: .zero))
    }
  }

  // Impossible, with the same stand-in.
  /// Mutant: pool-stops-one-by-one.
  @Test("sup_stop_timeout_dynamic: deaf children of a pool are abandoned together at one deadline")
  func supStopTimeoutDynamic() throws {
    try Stage.play { stage in
      let deaf = (1...10).map { stage.puppet("deaf\($0)", life: [.ready, .hang]) }
      let quick = stage.puppet("quick")
      let run = try stage.pool(deaf + [quick], shutdown: .grace(.seconds(1)))
      for puppet in deaf + [quick] { try run.start(puppet) }
      run.stop()
      try stage.settle()
      #expect(quick.current == nil)
      #expect(run.result == nil)
      try stage.pass(.seconds(1))
      #expect(run.report?.unstopped.map(\.id) == (1...10).map { "\($0)" })
      #expect(deaf.current == Array(repeating: nil, count: 10))
      for puppet in deaf { puppet.script.release() }
      try stage.settle()
    }
  }

  // Impossible for a task: it is cancelled and abandoned at once. A process group is killed: see the real faults.
  /// Mutant: at-once-waits.
  @Test("sup_stop_brutal_kill: a child to be given up at once is not waited for, its sibling is")
  func supStopBrutalKill() throws {
    try Stage.play { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .hang])
      let quick = stage.puppet("quick")
      let run = try stage.run([quick.spec(), deaf.spec(shutdown: .atOnce)])
      #expect(try run.end().unstopped.map(\.id) == ["deaf"])
      #expect(deaf.current == nil)
      #expect(quick.script.running == [])
      deaf.script.release()
      try stage.settle()
    }
  }

  // Impossible, with the same stand-in.
  /// Mutant: at-once-waits.
  @Test("sup_stop_brutal_kill_dynamic: ten children of a pool are given up at once")
  func supStopBrutalKillDynamic() throws {
    try Stage.play { stage in
      let deaf = (1...10).map { stage.puppet("deaf\($0)", life: [.ready, .hang]) }
      let run = try stage.pool(deaf, shutdown: .atOnce)
      for puppet in deaf { try run.start(puppet) }
      #expect(try run.end().unstopped.count == 10)
      #expect(deaf.current == Array(repeating: nil, count: 10))
      for puppet in deaf { puppet.script.release() }
      try stage.settle()
    }
  }

  /// Mutant: restart-while-stopping.
  @Test(
    "sup_stop_race: children end by themselves during the stop, in every way: none comes back, and it ends",
    arguments: RestartType.allCases, Strategy.allCases)
  func supStopRace(restart: RestartType, strategy: Strategy) throws {
    try Stage.play(seeds: 40) { stage in
      let puppets = Puppet.End.allCases.map { stage.puppet($0.rawValue) }
      // Any restart that is counted would escalate.
      let run = try stage.run(puppets.specs(restart), strategy, intensity: 0)
      run.stop()
      for (puppet, end) in zip(puppets, Puppet.End.allCases) { #expect(puppet.pull(end)) }
      try stage.settle()
      #expect(run.report?.unstopped == [])
      #expect(puppets.allSatisfy { $0.script.running.isEmpty })
      #expect(!stage.told.contains { if case .restarting = $0 { true } else { false } })
      let turns = stage.told.compactMap { event -> String? in
        switch event {
        case .escalated: "escalated"
        case .supervisorStopping: "stopping"
        default: nil
        }
      }
      // An end that came before the stop is a failure like any other; one that came later never is.
      if run.error == nil {
        #expect(turns == ["stopping"])
      } else {
        #expect(turns == ["escalated", "stopping"])
        #expect(run.escalatedBecauseOf != nil)
        #expect(restart != .temporary)
      }
    }
  }

  /// Mutant: restart-while-stopping.
  @Test(
    "sup_stop_race: behind a slow child, the others end by themselves while the stop is under way",
    arguments: RestartType.allCases, Puppet.End.allCases)
  func supStopRaceBehind(restart: RestartType, end: Puppet.End) throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(1))])
      let run = try stage.run(
        puppets.specs(restart) + [slow.spec(shutdown: .grace(.seconds(2)))], intensity: 0)
      run.stop()
      try stage.settle()
      for puppet in puppets { try puppet.end(end, on: stage) }
      #expect(puppets.current == [nil, nil])
      #expect(run.result == nil)
      try stage.pass(.seconds(1))
      #expect(run.error == nil)
      #expect(run.report?.stopped.sorted() == ["a", "b", "slow"])
      #expect(run.report?.failures.count == (end == .normal || end == .shutdown ? 0 : 2))
    }
  }

  /// Mutant: pool-stop-stalls.
  @Test("sup_stop_non_shutdown_exit_dynamic: children of a pool that end oddly when asked to do not hold up its stop")
  func supStopNonShutdownExitDynamic() throws {
    try Stage.play { stage in
      let puppets = [
        stage.puppet("a", life: [.ready, .untilStopped, .fail("odd")]),
        stage.puppet("b", life: [.ready, .untilStopped, .finish]),
        stage.puppet("c", life: [.ready, .untilStopped, .fail("shutdown")]),
        stage.puppet("d", life: [.ready, .untilStopped, .cancel]),
      ]
      let run = try stage.pool(puppets, restart: .permanent, intensity: 0)
      for puppet in puppets { try run.start(puppet) }
      let report = try run.end()
      #expect(report.stopped.sorted() == ["1", "2", "3", "4"])
      #expect(report.failures.map(\.id) == ["1"])
      #expect(report.failures.first?.fault == Fault(ScriptedFailure("odd")))
      #expect(stage.simulation.clock.now.offset == .zero)
    }
  }
}
