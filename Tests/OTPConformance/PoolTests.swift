import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about `simple_one_for_one`: a pool of like children.
@Suite("pools", .timeLimit(.minutes(5))) struct PoolTests {
  /// What a temporary child was started with, to be let go with it.
  final class Burden: Sendable {
    /// Told when it is let go.
    let onEnd: @Sendable () -> Void

    /// Makes it.
    init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    deinit { onEnd() }
  }

  /// Mutant: pool-restart-touches-others.
  @Test("simple_one_for_one: only the one that died is replaced; the third failure of two ends the pool")
  func simpleOneForOne() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.pool(puppets, restart: .permanent, intensity: 2)
      for puppet in puppets { try run.start(puppet) }
      try puppets[0].end(.abnormal, on: stage)
      #expect(puppets.current == [2, 1])
      try puppets[1].end(.abnormal, on: stage)
      #expect(puppets.current == [2, 2])
      #expect(run.result == nil)
      try puppets[0].end(.abnormal, on: stage)
      #expect(run.escalatedBecauseOf == "1")
      #expect(puppets.current == [nil, nil])
    }
  }

  // Adapted: extra arguments are the argument.
  /// Mutant: info-dropped.
  @Test("simple_one_for_one_extra: a child is restarted with the argument that it was started with")
  func simpleOneForOneExtra() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      puppets[0].plan([.info("extra")])
      let run = try stage.pool(puppets, restart: .permanent)
      #expect(try run.start(puppets[0]).start.info as? String == "extra")
      try run.start(puppets[1])
      try puppets[1].end(.abnormal, on: stage)
      try puppets[0].end(.abnormal, on: stage)
      #expect(puppets.current == [2, 2])
      #expect(puppets.map(\.script.running) == [[2], [2]])
    }
  }

  // Adapted: OTP's supervisor is handed a bad restart type by a callback; here the slot of one that is gone is used
  // again, while a late message for the former one may still come.
  /// Mutant: pool-terminate-keeps.
  @Test("simple_one_for_one_corruption: what comes for a child that is gone touches no other")
  func simpleOneForOneCorruption() throws {
    try Stage.play { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .hang, .fail("late")])
      let next = stage.puppet("next")
      let run = try stage.pool([deaf, next], restart: .permanent, intensity: 0, shutdown: .atOnce)
      let child = try run.start(deaf).child
      try run.terminate(child)
      let second = try run.start(next).child
      #expect(second != child)
      deaf.script.release()
      try stage.settle()
      #expect(try run.list() == ["2#1 ready"])
      try run.terminate(child)
      #expect(try run.list() == ["2#1 ready"])
      #expect(run.result == nil)
    }
  }

  /// Mutant: declined-of-pool-kept.
  @Test("simple_one_for_one_restart_ignore: one that declines its restart is gone")
  func simpleOneForOneRestartIgnore() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.pool([puppet], restart: .permanent)
      try run.start(puppet)
      puppet.plan(then: .decline)
      try puppet.end(.abnormal, on: stage)
      #expect(try run.list() == [])
      #expect(run.result == nil)
    }
  }

  // The kill of the third is impossible: it is abandoned.
  /// Mutant: pool-stops-one-by-one.
  @Test("simple_one_for_one_shutdown: children that need 1 s, 1 s and 5 s have one grace of 2 s together")
  func simpleOneForOneShutdown() throws {
    try Stage.play { stage in
      let puppets = [1, 1, 5].enumerated().map { number, seconds in
        stage.puppet("\(number)", life: [.ready, .untilStopped, .linger(.seconds(seconds))])
      }
      let run = try stage.pool(puppets, shutdown: .grace(.seconds(2)))
      for puppet in puppets { try run.start(puppet) }
      run.stop()
      try stage.pass(.seconds(1))
      #expect(puppets.current == [nil, nil, 1])
      try stage.pass(.milliseconds(999))
      #expect(run.result == nil)
      try stage.pass(.milliseconds(1))
      #expect(run.report?.stopped == ["1", "2"] || run.report?.stopped == ["2", "1"])
      #expect(run.report?.unstopped.map(\.id) == ["3"])
      try stage.pass(.seconds(3))
    }
  }

  // Adapted: OTP looks at the size of its heap, this at whether what was captured is let go.
  /// Mutant: removed-child-held.
  @Test(
    "do_not_save_start_parameters_for_temporary_children: the argument of a temporary child goes with it",
    arguments: [RestartType.temporary, .transient])
  func doNotSaveStartParametersForTemporaryChildren(restart: RestartType) throws {
    try Stage.play { stage in
      let freed = Locked(0)
      let spec = try PoolSpec<Burden>(id: "pool", restart: restart, backoff: .immediate) { burden, context in
        withExtendedLifetime(burden) { context.ready() }
      }
      let run = try stage.pool(spec)
      for _ in 0..<100 {
        _ = try stage.ask { try await run.subject.startChild(Burden { freed.withLock { $0 += 1 } }).start.generation }
      }
      #expect(freed.withLock { $0 } == 100)
      #expect(try stage.ask { await run.subject.countChildren() }.specs == 0)
    }
  }

  // Adapted, as above.
  /// Mutant: removed-child-held.
  @Test("do_not_save_child_specs_for_temporary_children: the specification of a temporary child goes with it")
  func doNotSaveChildSpecsForTemporaryChildren() throws {
    try Stage.play { stage in
      let freed = Locked(0)
      let run = try stage.run([])
      for number in 0..<100 {
        let burden = Burden { freed.withLock { $0 += 1 } }
        let child = ChildSpec(id: "a\(number % 7)", restart: .temporary) { context in
          withExtendedLifetime(burden) { context.ready() }
        }
        try run.start(child)
      }
      #expect(freed.withLock { $0 } == 100)
      #expect(try run.counts() == [0, 0, 0, 0])
    }
  }
}
