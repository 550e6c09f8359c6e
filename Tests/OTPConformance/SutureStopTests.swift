import Supervision
import SupervisionTesting
import Testing

/// The tests of suture about stopping and removing, under its own names.
@Suite("suture: stop", .timeLimit(.minutes(5))) struct SutureStopTests {
  /// Mutant: requests-after-the-end.
  @Test("StoppingSupervisorStopsServices: afterwards requests are refused as such, and lists are empty")
  func stoppingSupervisorStopsServices() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let run = try stage.run(puppets.specs())
      try run.end()
      #expect(puppets.map(\.script.running) == [[], []])
      #expect(try run.list() == [])
      #expect(throws: ChildError.notRunning(supervisor: "root", state: .stopped)) { try run.terminate("a") }
    }
  }

  /// Mutants: grace-ignored, abandoned-not-reported.
  @Test("StoppingStillWorksWithHungServices, ServiceReport: the stop ends, and reports who hangs, also in subtrees")
  func serviceReport() throws {
    try Stage.play { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .hang])
      let quick = stage.puppet("quick")
      let inner = ChildSpec.supervisor(id: "inner") { _ in
        try SupervisorSpec(
          id: "inner", strategy: .oneForOne, children: [quick.spec(), deaf.spec(shutdown: .grace(.seconds(3)))])
      }
      let run = try stage.run([inner])
      run.stop()
      try stage.pass(.seconds(3))
      #expect(run.report?.stopped == ["inner/quick", "inner"])
      #expect(run.report?.unstopped.map(\.id) == ["inner/deaf"])
      #expect(run.report?.description == "2 stopped; still running: inner/deaf#1")
      deaf.script.release()
      try stage.settle()
    }
  }

  /// Mutants: grace-ignored, stop-not-answered.
  @Test("RemovingHungService, RemoveAndWait: who removes a child waits for its end, or until it is given up")
  func removeAndWait() throws {
    try Stage.play { stage in
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(2))])
      let deaf = stage.puppet("deaf", life: [.ready, .hang])
      let run = try stage.run([
        slow.spec(.temporary, shutdown: .grace(.seconds(3))), deaf.spec(.temporary, shutdown: .grace(.seconds(3))),
      ])
      let removals = try ["slow", "slow", "deaf"].map { id in
        try stage.begin { try await run.supervisor.terminateChild(id) }
      }
      try stage.pass(.milliseconds(1999))
      #expect(removals.map(\.hasCome) == [false, false, false])
      try stage.pass(.milliseconds(1))
      #expect(removals.map(\.hasCome) == [true, true, false])
      try stage.pass(.seconds(1))
      for removal in removals { try removal.get() }
      #expect(try run.list() == [])
      // Removed already.
      #expect(throws: ChildError.notFound(id: "deaf")) { try run.terminate("deaf") }
      // StopAfterRemoveAndWait.
      #expect(try run.end().unstopped.map(\.id) == ["deaf"])
      deaf.script.release()
      try stage.settle()
    }
  }

  /// Mutant: stop-not-answered.
  @Test("RemoveAndWait: who waits for the end of a child while the supervisor stops is answered")
  func removeWhileStopping() throws {
    try Stage.play { stage in
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(2))])
      let run = try stage.run([slow.spec(shutdown: .grace(.seconds(3)))])
      let removal = try stage.begin { try await run.supervisor.terminateChild("slow") }
      run.stop()
      try stage.settle()
      #expect(throws: ChildError.notRunning(supervisor: "root", state: .stopping)) { try run.terminate("slow") }
      try stage.pass(.seconds(2))
      try removal.get()
      #expect(run.report?.stopped == ["slow"])
    }
  }

  /// Mutant: foreign-handle-accepted.
  @Test("RemoveService: the handle of another supervisor is refused")
  func removeService() throws {
    try Stage.play { stage in
      let puppets = stage.puppets("a", "b")
      let (run, other) = (try stage.pool(puppets), try stage.pool(puppets))
      try run.start(puppets[0])
      let foreign = try other.start(puppets[1]).child
      #expect(throws: ChildError.notFound(id: "1")) { try run.terminate(foreign) }
      #expect(puppets.current == [1, 1])
    }
  }

  /// Mutant: requests-after-the-end.
  @Test("AddAfterStopping: a start after the stop, or during it, is refused and does not hang")
  func addAfterStopping() throws {
    try Stage.play { stage in
      let slow = stage.puppet("slow", life: [.ready, .untilStopped, .linger(.seconds(1))])
      let added = stage.puppet("added")
      let run = try stage.run([slow.spec(shutdown: .grace(.seconds(2)))])
      run.stop()
      try stage.settle()
      #expect(throws: ChildError.notRunning(supervisor: "root", state: .stopping)) { try run.start(added.spec()) }
      try stage.pass(.seconds(1))
      #expect(throws: ChildError.notRunning(supervisor: "root", state: .stopped)) { try run.start(added.spec()) }
      #expect(run.report?.stopped == ["slow"])
    }
  }
}
