import Supervision
import SupervisionTesting
import Testing

/// Requests and reloads that come while children go down and up together: OTP answers them between two tries, so this
/// has to answer them within a delay.
@Suite("requests in a restart", .timeLimit(.minutes(5))) struct WalkRequestTests {
  /// A delay of a second before each restart.
  let slow = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0)

  /// Three children of which the second one has failed; the others are down with it.
  func held(_ stage: Stage) throws -> (run: Run<Supervisor>, puppets: [Puppet]) {
    let puppets = stage.puppets("a", "b", "c")
    let run = try stage.run(puppets.specs(), .oneForAll, intensity: 5, period: .seconds(60), backoff: slow)
    try puppets[1].end(.abnormal, on: stage)
    #expect(try run.list() == ["a#1 down", "b#1 restarting", "c#1 down"])
    return (run, puppets)
  }

  /// Mutant: delete-of-waiting.
  @Test("one that is down with the cause can be deleted, and does not come back")
  func deleteBystander() throws {
    try Stage.play { stage in
      let (run, puppets) = try held(stage)
      try run.delete("a")
      #expect(throws: ChildError.restarting(id: "b")) { try run.delete("b") }
      try stage.pass(.seconds(1))
      #expect(puppets.current == [nil, 2, 2])
      #expect(try run.list() == ["b#2 ready", "c#2 ready"])
    }
  }

  /// Mutant: terminated-bystander-comes-back.
  @Test("one that is down with the cause can be terminated, and does not come back")
  func terminateBystander() throws {
    try Stage.play { stage in
      let (run, puppets) = try held(stage)
      try run.terminate("c")
      try stage.pass(.seconds(1))
      #expect(puppets.current == [2, 2, nil])
      #expect(try run.list() == ["a#2 ready", "b#2 ready", "c#1 ended"])
    }
  }

  /// Mutant: up-walk-leaves-the-asked.
  @Test("a start and a restart within the delay are answered at once, and go down with the others after it")
  func startWithinTheDelay() throws {
    try Stage.play { stage in
      let (run, puppets) = try held(stage)
      let added = stage.puppet("d")
      #expect(try run.restart("a").generation == 2)
      #expect(try run.start(added.spec()).generation == 1)
      try stage.pass(.seconds(1))
      #expect(try run.list() == ["a#3 ready", "b#2 ready", "c#2 ready", "d#2 ready"])
      #expect(puppets.current == [3, 2, 2])
      #expect(try run.end().stopped == ["d", "c", "b", "a"])
    }
  }

  /// Mutant: given-up-walk-goes-on.
  @Test("where the cause is terminated those that are down with it stay down, and can be restarted one by one")
  func terminateCause() throws {
    try Stage.play { stage in
      let (run, puppets) = try held(stage)
      try run.terminate("b")
      try stage.pass(.seconds(10))
      #expect(puppets.current == [nil, nil, nil])
      for id in ["a", "b", "c"] { try run.restart(id) }
      #expect(try run.list() == ["a#2 ready", "b#2 ready", "c#2 ready"])
    }
  }

  /// Mutant: reload-keeps-children.
  @Test("a reload within the delay holds for what comes after it: the body, the strategy, the delays")
  func reloadWithinTheDelay() throws {
    try Stage.play { stage in
      let (run, puppets) = try held(stage)
      let fresh = stage.puppet("a")
      let spec = try SupervisorSpec(
        id: "root", strategy: .oneForOne, intensity: 5, period: .seconds(60), backoff: .immediate,
        children: [fresh.spec(), puppets[1].spec(), puppets[2].spec()])
      try run.reload(spec)
      try stage.pass(.seconds(1))
      #expect(try run.list() == ["a#2 ready", "b#2 ready", "c#2 ready"])
      #expect([puppets[0].current, fresh.current] == [nil, 2])
      try puppets[1].end(.abnormal, on: stage)
      #expect([fresh, puppets[1], puppets[2]].current == [2, 3, 2])
    }
  }

  /// Mutant: start-timeout-ignored.
  @Test("a child of a pool that is never ready holds up no other start, and its caller is answered in time")
  func muteInAPool() throws {
    try Stage.play { stage in
      let mute = stage.puppet("mute", life: [.untilStopped])
      let other = stage.puppet("other")
      let run = try stage.pool(
        PoolSpec<String>(id: "pool", startTimeout: .seconds(2)) { id, context in
          try await (id == "mute" ? mute : other).body(context)
        })
      let start = try stage.begin { try await run.pool.startChild("mute").start.generation }
      #expect(try run.start(other).start.generation == 1)
      #expect(!start.hasCome)
      #expect(try run.counts() == [2, 2, 0, 2])
      try stage.pass(.seconds(2))
      #expect(throws: ChildError.startFailed(id: "1", reason: .timedOut(after: .seconds(2)))) { try start.get() }
      #expect(try run.list() == ["2#1 ready"])
    }
  }

  /// Mutant: refused-starts-not-answered.
  @Test("who waits for a start when the stop comes is answered")
  func stopAnswersStarts() throws {
    try Stage.play { stage in
      let mute = stage.puppet("mute", life: [.untilStopped])
      let run = try stage.run([])
      let start = try stage.begin { try await run.supervisor.startChild(mute.spec()).generation }
      #expect(!start.hasCome)
      try run.end()
      #expect(throws: ChildError.notRunning(supervisor: "root", state: .stopping)) { try start.get() }
      #expect(mute.script.running == [])
    }
  }

  /// Mutant: start-timeout-ignored.
  @Test("a nested supervisor that is not ready in time is stopped as a whole, and its start has failed")
  func slowSubtree() throws {
    try Stage.play { stage in
      let (mute, first) = (stage.puppet("mute", life: [.untilStopped]), stage.puppet("first"))
      let inner = ChildSpec.supervisor(id: "inner", startTimeout: .seconds(3)) { _ in
        try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [first.spec(), mute.spec()])
      }
      let run = try stage.run([])
      let start = try stage.begin { try await run.supervisor.startChild(inner).generation }
      #expect(first.current == 1)
      try stage.pass(.seconds(3))
      #expect(throws: ChildError.startFailed(id: "inner", reason: .timedOut(after: .seconds(3)))) { try start.get() }
      #expect([first, mute].map(\.script.running) == [[], []])
      #expect(try run.counts() == [0, 0, 0, 0])
    }
  }

  /// Mutant: short-task-is-no-end.
  @Test("a short task that is done before it says so was ready for it, and counts where it is significant")
  func shortTask() throws {
    try Stage.play { stage in
      let task = stage.puppet("task", life: [.finish])
      let other = stage.puppet("other")
      let run = try stage.run(
        [other.spec(), task.spec(.transient, significant: true)], autoShutdown: .anySignificant)
      #expect(run.report?.endedBy == "task")
      #expect(run.report?.stopped == ["other"])
      #expect(run.error == nil)
      let kept = try stage.run([task.spec(.transient)])
      #expect(try kept.list() == ["task#1 ended"])
      let permanent = try stage.run([task.spec()])
      #expect(permanent.error?.description == "task could not be started: it ended before it was ready")
    }
  }
}
