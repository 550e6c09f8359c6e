import TestSupport
import Testing

@testable import Supervision

/// Requests, signs of life and the turn, with real tasks.
@Suite(.timeLimit(.minutes(5))) struct ShellTests {
  @Test("requests before the run, while it runs and after it; what ready gives reaches the caller")
  func requests() async throws {
    let script = Script()
    let bench = SupervisorBench(try spec(.oneForOne, [script.child("a")]))
    await #expect(throws: ChildError.notRunning(supervisor: "root", state: .idle)) {
      try await bench.supervisor.startChild(child("b"))
    }
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    let started = try await bench.supervisor.startChild(
      ChildSpec(id: "b") { context in
        context.ready("port 80")
        await context.untilShutdown()
      })
    #expect(started.info as? String == "port 80")
    #expect(try await bench.supervisor.whichChild("b").state == .ready)
    await #expect(throws: ChildError.startFailed(id: "c", reason: .threw(Fault(Broken())))) {
      try await bench.supervisor.startChild(ChildSpec(id: "c") { _ in throw Broken() })
    }
    try await bench.supervisor.terminateChild("b")
    #expect(try await bench.supervisor.restartChild("b").generation == 2)
    try await bench.supervisor.terminateChild("b")
    try await bench.supervisor.deleteChild("b")
    await #expect(throws: ChildError.notFound(id: "b")) { try await bench.supervisor.whichChild("b") }
    let declined = try await bench.supervisor.startChild(ChildSpec(id: "d") { $0.decline() })
    #expect(declined.declined)
    try await bench.supervisor.reload(try spec(.oneForAll, [script.child("a"), script.child("e")]))
    #expect(await bench.supervisor.whichChildren().map(\.id) == ["e", "d", "a"])
    bench.supervisor.stop()
    #expect(try await run.value.isClean)
    let over = ChildError.notRunning(supervisor: "root", state: .stopped)
    await #expect(throws: over) { try await bench.supervisor.startChild(child("b")) }
    await #expect(throws: over) { try await bench.supervisor.terminateChild("a") }
    await #expect(throws: over) { try await bench.supervisor.restartChild("a") }
    await #expect(throws: over) { try await bench.supervisor.deleteChild("a") }
    await #expect(throws: over) { try await bench.supervisor.whichChild("a") }
    await #expect(throws: over) { try await bench.supervisor.childSpec("a") }
    #expect(await bench.supervisor.whichChildren().isEmpty)
    #expect(await bench.supervisor.countChildren().specs == 0)
  }

  @Test("a child that beats lives; one that falls silent is stopped and started again")
  func heartbeats() async throws {
    let beats = AsyncStream.makeStream(of: Void.self)
    let beaten = EventRecorder<UInt64>()
    let child = ChildSpec(id: "a", heartbeat: .seconds(10)) { context in
      context.ready()
      guard context.generation == 1 else { return await context.untilShutdown() }
      for await _ in beats.stream {
        context.beat()
        beaten.record(1)
      }
      throw CancellationError()
    }
    let bench = SupervisorBench(try spec(.oneForOne, backoff: .none, [child]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    await bench.time.waitForSleeper(dueBy: .seconds(10))
    bench.time.advance(by: .seconds(6))
    beats.continuation.yield()
    await beaten.wait { $0.count == 1 }
    bench.time.advance(by: .seconds(4))
    await bench.time.waitForSleeper(dueBy: .seconds(16))
    #expect(await bench.state("a") == .ready)
    bench.time.advance(by: .seconds(6))
    await bench.events.waitFor { $0 == .unresponsive(id: "a", generation: 1, after: .seconds(10)) }
    await bench.events.waitFor { if case .ready("a", 2, _) = $0 { true } else { false } }
    run.cancel()
    #expect(try await run.value.isClean)
  }

  @Test("untilShutdown returns when the child is asked to stop, also for those who come late or are many")
  func untilShutdown() async throws {
    let seen = EventRecorder<Bool>()
    let child = ChildSpec(id: "a") { context in
      #expect(!context.isShuttingDown)
      context.ready()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<3 {
          group.addTask {
            await context.untilShutdown()
            seen.record(context.isShuttingDown)
          }
        }
      }
      await context.untilShutdown()
    }
    let bench = SupervisorBench(try spec(.oneForOne, [child]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    run.cancel()
    #expect(try await run.value.isClean)
    #expect(seen.all == [true, true, true])
    // Without a supervisor it is the cancellation of the task.
    let alone = Task {
      await ChildContext(id: "x", clock: SupervisionClock(bench.time)).untilShutdown()
      return Task.isCancelled
    }
    alone.cancel()
    #expect(await alone.value)
  }

  @Test("a child can ask its own supervisor, from its body")
  func fromWithin() async throws {
    let results = EventRecorder<String>()
    let box = Locked<Supervisor?>(nil)
    let parent = ChildSpec(id: "parent") { context in
      context.ready()
      guard let supervisor = box.withLock({ $0 }) else { return }
      do throws(ChildError) {
        try await supervisor.startChild(
          ChildSpec(id: "offspring") { context in
            context.ready()
            await context.untilShutdown()
          })
        // Itself: it is running already.
        try await supervisor.startChild(child("parent"))
      } catch {
        results.record("\(error)")
      }
      await context.untilShutdown()
    }
    let bench = SupervisorBench(try spec(.oneForOne, [parent]))
    box.withLock { $0 = bench.supervisor }
    let run = bench.run()
    await results.wait { !$0.isEmpty }
    #expect(results.all == ["parent is running already, as parent#1"])
    #expect(try await bench.supervisor.whichChild("offspring").state == .ready)
    run.cancel()
    #expect(try await run.value.stopped == ["offspring", "parent"])
  }

  @Test("many at once: every request of many tasks is met, and the turn goes round")
  func contention() async throws {
    let bench = SupervisorBench(try spec(.oneForOne, []))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    let supervisor = bench.supervisor
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<20 {
        group.addTask {
          for round in 0..<20 {
            let id = "\(task)-\(round)"
            try await supervisor.startChild(
              ChildSpec(id: id) { context in
                context.ready()
                await context.untilShutdown()
              })
            if round % 2 == 0 {
              try await supervisor.terminateChild(id)
              try await supervisor.deleteChild(id)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(await supervisor.countChildren() == ChildCounts(specs: 200, active: 200, supervisors: 0, workers: 200))
    supervisor.stop()
    #expect(try await run.value.stopped.count == 200)
  }

  @Test("idle: 10,000 children that wait for nothing leave no sleeper behind")
  func idle() async throws {
    let children = (0..<10_000).map { index in
      ChildSpec(id: "\(index)") { context in
        context.ready()
        await context.untilShutdown()
      }
    }
    let bench = SupervisorBench(try spec(.oneForOne, children))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    // The alarm for the start timeouts goes off once, for nothing; nothing sets another one.
    bench.time.advance(by: Defaults.startTimeout)
    #expect(await bench.supervisor.countChildren().active == 10_000)
    #expect(bench.time.sleeperCount == 0)
    run.cancel()
    #expect(try await run.value.stopped.first == "9999")
    #expect(bench.time.sleeperCount == 0)
  }

  @Test("a child that throws ChildShutdown ends in order: a transient one does not come back, a permanent one does")
  func childShutdown() async throws {
    let quitting = { (id: String, restart: RestartType) in
      ChildSpec(id: id, restart: restart) { context in
        context.ready()
        if context.generation == 1 { throw ChildShutdown("nothing left to do") }
        await context.untilShutdown()
      }
    }
    let bench = SupervisorBench(
      try spec(.oneForOne, backoff: .none, [quitting("p", .permanent), quitting("t", .transient)]))
    let run = bench.run()
    await bench.events.waitFor { if case .ready("p", 2, _) = $0 { true } else { false } }
    await bench.events.waitFor { $0 == .terminated(id: "t", generation: 1, outcome: .shutdown, restartIn: nil) }
    run.cancel()
    #expect(try await run.value.isClean)
  }
}
