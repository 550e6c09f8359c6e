import Supervision
import SupervisionTesting
import Testing

/// The tests of service-lifecycle and tokio-graceful-shutdown that mean something here, under their own names.
@Suite("service groups", .timeLimit(.minutes(5))) struct GroupTests {
  /// Mutant: stop-in-order-of-start.
  @Test("GracefulShutdownOrdering: in reverse, each when the one after it has ended")
  func gracefulShutdownOrdering() throws {
    try Stage.play { stage in
      let puppets = ["a", "b", "c"].map { stage.puppet($0, life: [.ready, .untilStopped, .linger(.seconds(1))]) }
      let run = try stage.run(puppets.map { $0.spec(shutdown: .grace(.seconds(2))) })
      run.stop()
      for up in [[1, 1, 1], [1, 1, nil], [1, nil, nil], [nil, nil, nil]] as [[UInt64?]] {
        try stage.settle()
        #expect(puppets.current == up)
        if up != [nil, nil, nil] { try stage.pass(.seconds(1)) }
      }
      #expect(run.report?.stopped == ["c", "b", "a"])
    }
  }

  /// Mutant: fault-of-the-stop-lost.
  @Test("GracefulShutdownOrdering_whenServiceThrows, whenServiceExits: one that ends oddly does not hold up the others")
  func gracefulShutdownOrderingOdd() throws {
    try Stage.play { stage in
      let puppets = [
        stage.puppet("a"), stage.puppet("throws", life: [.ready, .untilStopped, .fail("odd")]),
        stage.puppet("exits", life: [.ready, .untilStopped, .finish]), stage.puppet("d"),
      ]
      let report = try stage.run(puppets.specs(), intensity: 0).end()
      #expect(report.stopped == ["d", "exits", "throws", "a"])
      #expect(report.failures.map(\.id) == ["throws"])
      #expect(report.description == "4 stopped; with errors: throws (odd)")
    }
  }

  // Adapted: each child has a grace of its own.
  /// Mutant: grace-ignored.
  @Test("GracefulShutdownEscalation, CancellationEscalation: a deaf one costs its own grace, and no more")
  func gracefulShutdownEscalation() throws {
    try Stage.play { stage in
      let deaf = ["a", "b"].map { stage.puppet($0, life: [.ready, .hang]) }
      let run = try stage.run([
        deaf[0].spec(shutdown: .grace(.seconds(3))), deaf[1].spec(shutdown: .grace(.seconds(2))),
      ])
      run.stop()
      #expect(try stage.passUntilEnd(of: run) == .seconds(5))
      #expect(run.report?.unstopped.map(\.id) == ["b", "a"])
      for puppet in deaf { puppet.script.release() }
      try stage.settle()
    }
  }

  /// Mutant: cancelled-run-goes-on.
  @Test("CancellationSignal_afterGracefulShutdownSignal: cancelling the run is a stop, also a second one")
  func cancellation() throws {
    try Stage.play { stage in
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(1))])
      let spec = try SupervisorSpec(
        id: "root", strategy: .oneForOne, children: [slow.spec(shutdown: .grace(.seconds(2)))])
      let supervisor = stage.simulation.supervisor(spec)
      let end = Answer<StopReport>()
      let task = stage.simulation.spawn("run") {
        do { end.set(.success(try await supervisor.run())) } catch { end.set(.failure(error)) }
      }
      try stage.settle()
      task.cancel()
      try stage.settle()
      #expect(slow.current == 1)
      #expect(stage.told.last == .stopping(id: "slow", generation: 1))
      supervisor.stop()
      task.cancel()
      try stage.pass(.seconds(1))
      #expect(try end.get().stopped == ["slow"])
      #expect(stage.told.filter { $0 == .supervisorStopping(supervisor: "root") }.count == 1)
    }
  }

  /// Mutant: requests-after-the-end.
  @Test("AddService_whenShuttingDown, spawning_task_during_shutdown_causes_task_to_be_cancelled: it is not started")
  func addServiceWhenShuttingDown() throws {
    try Stage.play { stage in
      let added = stage.puppet("added")
      let adder = ChildSpec(id: "adder", shutdown: .grace(.seconds(1))) { context in
        context.ready()
        do { try await context.clock.sleep(for: .seconds(1000)) } catch {}
      }
      let run = try stage.run([adder])
      run.stop()
      #expect(throws: ChildError.self) { try run.start(added.spec()) }
      #expect(added.script.running == [])
      #expect(!stage.told.contains { if case .ready("added", _, _) = $0 { true } else { false } } || run.hasEnded)
    }
  }

  /// Mutant: restart-while-stopping.
  @Test("double_panic_does_not_stop_graceful_shutdown: several failures at once, and the stop still goes on")
  func doubleFailure() throws {
    try Stage.play(seeds: 20) { stage in
      let puppets = stage.puppets("a", "b", "c")
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(1))])
      let run = try stage.run(
        [slow.spec(shutdown: .grace(.seconds(2)))] + puppets.specs(), .oneForAll, intensity: 0)
      for puppet in puppets { #expect(puppet.pull(.abnormal)) }
      try stage.settle()
      #expect(slow.current == 1)
      try stage.pass(.seconds(1))
      #expect(run.escalatedBecauseOf != nil)
      #expect(stage.told.filter { if case .escalated = $0 { true } else { false } }.count == 1)
      #expect(slow.script.running == [])
      #expect(puppets.map(\.script.running) == [[], [], []])
    }
  }

  // Adapted: where the end of all children is to end the supervisor, they are significant.
  /// Mutant: all-significant-is-any.
  @Test("shutdown_triggers_if_all_tasks_ended: with `allSignificant` the end of the last ends the supervisor")
  func allEnded() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.run(
        puppets.map { $0.spec(.temporary, significant: true) }, autoShutdown: .allSignificant)
      for puppet in puppets {
        #expect(run.result == nil)
        try puppet.end(.normal, on: stage)
      }
      #expect(run.report?.endedBy == "c")
    }
  }

  // Adapted: as in OTP, a supervisor without children waits for some.
  /// Mutant: empty-supervisor-ends.
  @Test("shutdown_triggers_if_no_task_exists: not here: one without children is ready, and takes starts")
  func noneExists() throws {
    try Stage.play { stage in
      let run = try stage.run([], autoShutdown: .allSignificant)
      #expect(run.result == nil)
      try run.start(stage.puppet("a").spec())
      #expect(try run.counts() == [1, 1, 0, 1])
    }
  }

  /// Mutant: stop-not-answered.
  @Test("partial_shutdown: a subtree is stopped by itself, in order, and the rest goes on", arguments: [true, false])
  func partialShutdown(isClean: Bool) throws {
    try Stage.play { stage in
      let inside = ["a", "b"].map {
        stage.puppet($0, life: isClean ? [.ready, .untilStopped] : [.ready, .untilStopped, .fail("odd")])
      }
      let outside = stage.puppet("outside")
      let inner = ChildSpec.supervisor(id: "inner") { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: inside.specs())
      }
      let run = try stage.run([inner, outside.spec()])
      try run.terminate("inner")
      #expect(inside.map(\.script.running) == [[], []])
      #expect(outside.current == 1)
      let ends = stage.told.compactMap { if case .stopped(let id, _, let fault) = $0 { (id, fault) } else { nil } }
      #expect(ends.map(\.0) == ["inner/b", "inner/a", "inner"])
      #expect(ends.map { $0.1 == nil } == [isClean, isClean, true])
      try run.restart("inner")
      #expect(inside.map(\.script.running.count) == [1, 1])
    }
  }
}
