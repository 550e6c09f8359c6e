import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about children by request.
@Suite("admin", .timeLimit(.minutes(5))) struct AdministrationTests {
  /// Mutants: duplicate-start-accepted, terminated-comes-back, delete-of-running, restart-of-running,
  /// requests-after-the-end.
  @Test("child_adm: start, terminate, restart and delete, with OTP's answers and counts at each step")
  func childAdm() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let run = try stage.run([])
      #expect(throws: ChildError.notFound(id: "a")) { try run.terminate("a") }
      #expect(throws: ChildError.notFound(id: "a")) { try run.restart("a") }
      #expect(throws: ChildError.notFound(id: "a")) { try run.delete("a") }
      try run.start(puppet.spec())
      #expect(try run.counts() == [1, 1, 0, 1])
      #expect(throws: ChildError.alreadyStarted(id: "a", generation: 1)) { try run.start(puppet.spec()) }
      try run.terminate("a")
      #expect(puppet.current == nil)
      #expect(try run.list() == ["a#1 ended"])
      #expect(try run.counts() == [1, 0, 0, 1])
      try run.terminate("a")
      #expect(throws: ChildError.alreadyPresent(id: "a")) { try run.start(puppet.spec()) }
      #expect(try run.restart("a").generation == 2)
      #expect(try run.counts() == [1, 1, 0, 1])
      #expect(throws: ChildError.running(id: "a")) { try run.restart("a") }
      #expect(throws: ChildError.running(id: "a")) { try run.delete("a") }
      try run.terminate("a")
      try run.delete("a")
      #expect(try run.counts() == [0, 0, 0, 0])
      #expect(throws: ChildError.notFound(id: "a")) { try run.restart("a") }
      #expect(throws: ChildError.notFound(id: "a")) { try run.delete("a") }
      try run.start(puppet.spec())
      #expect(try run.list() == ["a#1 ready"])
      try run.end()
      let gone = ChildError.notRunning(supervisor: "root", state: .stopped)
      #expect(throws: gone) { try run.start(puppet.spec()) }
      #expect(throws: gone) { try run.terminate("a") }
      #expect(throws: gone) { try run.restart("a") }
      #expect(throws: gone) { try run.delete("a") }
      #expect(throws: gone) { try stage.ask { try await run.supervisor.whichChild("a") } }
      #expect(throws: gone) { try stage.ask { try await run.supervisor.childSpec("a") } }
    }
  }

  /// Mutant: delete-of-waiting.
  @Test("child_adm: one that waits for its restart can be terminated, but neither restarted nor deleted")
  func childAdmRestarting() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let backoff = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0)
      let run = try stage.run([puppet.spec()], backoff: backoff)
      try puppet.end(.abnormal, on: stage)
      #expect(try run.list() == ["a#1 restarting"])
      #expect(throws: ChildError.restarting(id: "a")) { try run.restart("a") }
      #expect(throws: ChildError.restarting(id: "a")) { try run.delete("a") }
      #expect(throws: ChildError.alreadyPresent(id: "a")) { try run.start(puppet.spec()) }
      try run.terminate("a")
      try stage.pass(.seconds(10))
      #expect(try run.list() == ["a#1 ended"])
      try run.delete("a")
      #expect(try run.counts() == [0, 0, 0, 0])
    }
  }

  /// Mutants: foreign-handle-accepted, pool-terminate-keeps.
  @Test("child_adm_simple: a pool neither restarts nor deletes, and terminates by handle, also what has ended")
  func childAdmSimple() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b", "c")
      let run = try stage.pool(puppets, restart: .permanent)
      let other = try stage.pool(puppets, restart: .permanent)
      let first = try run.start(puppets[0]).child
      let second = try run.start(puppets[1]).child
      let foreign = try other.start(puppets[2]).child
      #expect(try run.counts() == [2, 2, 0, 2])
      #expect(first != second)
      #expect(foreign.id == first.id)
      #expect(foreign != first)
      #expect(throws: ChildError.notAvailable(operation: "restart", pool: "pool")) {
        try run.pool.restartChild(first)
      }
      #expect(throws: ChildError.notAvailable(operation: "delete", pool: "pool")) { try run.pool.deleteChild(first) }
      #expect(throws: ChildError.notFound(id: "1")) { try run.terminate(foreign) }
      #expect(puppets.current == [1, 1, 1])
      try run.terminate(first)
      #expect(puppets.current == [nil, 1, 1])
      #expect(try run.list() == ["2#1 ready"])
      try run.terminate(first)
      #expect(try run.counts() == [1, 1, 0, 1])
      // A handle outlives restarts.
      try puppets[1].end(.abnormal, on: stage)
      #expect(puppets[1].current == 2)
      try run.terminate(second)
      #expect(try run.counts() == [0, 0, 0, 0])
      try run.end()
      #expect(throws: ChildError.notRunning(supervisor: "pool", state: .stopped)) { try run.terminate(second) }
      #expect(throws: ChildError.notRunning(supervisor: "pool", state: .stopped)) { try run.start(puppets[0]) }
    }
  }

  // Adapted: `{ok, Pid, Info}` is what the child gives to `ready(_:)`.
  /// Mutant: info-dropped.
  @Test("extra_return: what a start gives along comes back from start and restart unchanged")
  func extraReturn() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      puppet.plan([.info("first"), .live, .info("third")])
      let run = try stage.run([])
      #expect(try run.start(puppet.spec()).info as? String == "first")
      try run.terminate("a")
      #expect(try run.restart("a").info == nil)
      try run.terminate("a")
      #expect(try run.restart("a").info as? String == "third")
      let fresh = stage.puppet("b")
      fresh.plan([.info("of a pool")])
      #expect(try stage.pool([fresh]).start(fresh).start.info as? String == "of a pool")
    }
  }

  // Adapted: the resource is a lock that somebody else holds.
  /// Mutant: failed-dynamic-kept.
  @Test("already_started_outside_supervisor: what somebody else owns is an error of the start, and stays theirs")
  func alreadyStartedOutsideSupervisor() throws {
    try Stage.play { stage in
      let owner = Locked<String?>("somebody else")
      let child = ChildSpec(id: "a", shutdown: .grace(.seconds(1))) { context in
        let taken = owner.withLock { owner in
          defer { if owner == nil { owner = "a" } }
          return owner
        }
        if let taken { throw ScriptedFailure("\(taken) owns it") }
        context.ready()
      }
      let run = try stage.run([])
      #expect(throws: ChildError.startFailed(id: "a", reason: .threw(Fault(ScriptedFailure("somebody else owns it")))))
      {
        try run.start(child)
      }
      #expect(owner.withLock { $0 } == "somebody else")
      #expect(try run.counts() == [0, 0, 0, 0])
      try run.end()
      #expect(owner.withLock { $0 } == "somebody else")
    }
  }
}
