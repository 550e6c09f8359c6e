import TestSupport
import Testing

@testable import Supervision

/// Supervisors under supervisors, with real tasks.
@Suite(.timeLimit(.minutes(5))) struct TreeTests {
  @Test("tree: nested ones are ready when their children are, seen through, and stopped in reverse as a whole")
  func life() async throws {
    let script = Script()
    let ref = Ref<Supervisor>("inner")
    let inner = ChildSpec.supervisor(id: "inner", ref: ref) { _ in
      try spec(.oneForOne, [script.child("x"), script.child("y")])
    }
    let bench = SupervisorBench(try spec(.oneForOne, [script.child("a"), inner, script.child("z")]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    #expect(script.log.all == ["+a", "+x", "+y", "+z"])
    #expect(await bench.supervisor.countChildren() == ChildCounts(specs: 3, active: 3, supervisors: 1, workers: 2))
    let snapshot = await bench.supervisor.snapshot()
    #expect(snapshot.children[1].subtree.first?.children.map(\.state) == [.ready, .ready])
    #expect(try await ref.get().whichChildren().map(\.id) == ["y", "x"])
    #expect(try await bench.supervisor.childSpec("inner").shutdown == .infinity)
    bench.supervisor.stop()
    let report = try await run.value
    #expect(report.stopped == ["z", "inner/y", "inner/x", "inner", "a"])
    #expect(report.isClean)
    #expect(bench.events.all.contains { if case .ready("inner/x", 1, _) = $0 { true } else { false } })
    #expect(bench.events.all.contains(.supervisorReady(supervisor: "inner", children: 2)))
    #expect(ref.current == nil)
    #expect(throws: RefError(id: "inner", isFinal: true)) { _ = try ref.get() }
  }

  @Test(
    "escalation of a nested one counts as shutdown: a permanent one is restarted, a transient one is not",
    arguments: [RestartType.permanent, .transient])
  func escalation(restart: RestartType) async throws {
    let script = Script()
    let inner = ChildSpec.supervisor(id: "inner", restart: restart) { _ in
      try spec(.oneForOne, intensity: 0, [script.child("x")])
    }
    let bench = SupervisorBench(try spec(.oneForOne, backoff: .none, [inner, script.child("z")]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    script.tell("x", .fail("again"))
    await bench.events.waitFor {
      if case .terminated("inner", 1, .shutdown, let delay) = $0 { return (delay != nil) == (restart == .permanent) }
      return false
    }
    if restart == .permanent {
      await bench.events.waitFor { if case .ready("inner", 2, _) = $0 { true } else { false } }
    }
    #expect(await bench.state("inner") == (restart == .permanent ? .ready : .ended))
    let error = await bench.supervisor.snapshot().children[0].lastError
    #expect(error?.contains("x cannot be kept running") == true)
    run.cancel()
    _ = try await run.value
  }

  @Test("tree: under one_for_all an escalation replaces all; what was started by request in it is gone")
  func oneForAll() async throws {
    let script = Script()
    let ref = Ref<Supervisor>("inner")
    let inner = ChildSpec.supervisor(id: "inner", ref: ref) { _ in
      try spec(.oneForOne, intensity: 0, [script.child("x")])
    }
    let bench = SupervisorBench(try spec(.oneForAll, backoff: .none, [script.child("a"), inner]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    try await ref.get().startChild(script.child("dynamic"))
    script.tell("x", .fail("x"))
    await bench.events.waitFor { if case .ready("inner", 2, _) = $0 { true } else { false } }
    #expect(try await ref.get().whichChildren().map(\.id) == ["x"])
    #expect(script.log.all == ["+a", "+x", "+dynamic", "-x", "-dynamic", "-a", "+a", "+x"])
    run.cancel()
    _ = try await run.value
  }

  @Test("a significant subtree that ends with its own significant child ends its parent, another one does not")
  func significant() async throws {
    for significant in [true, false] {
      let script = Script()
      let inner = ChildSpec.supervisor(id: "inner", restart: .transient, significant: significant) { _ in
        try SupervisorSpec(
          id: "i", strategy: .oneForOne, autoShutdown: .anySignificant,
          children: [
            ChildSpec(id: "x", restart: .temporary, significant: true) { context in
              try await script.child("x").body(context)
            }
          ])
      }
      let bench = SupervisorBench(try spec(.oneForOne, autoShutdown: .anySignificant, [inner, script.child("z")]))
      let run = bench.run()
      try await bench.supervisor.waitUntilReady()
      script.tell("x", .finish)
      await bench.events.waitFor {
        if case .terminated("inner", 1, .shutdown, nil) = $0 { true } else { false }
      }
      if !significant {
        #expect(await bench.state("z") == .ready)
        bench.supervisor.stop()
      }
      #expect(try await run.value.endedBy == (significant ? "inner" : nil))
    }
  }

  @Test("what a nested one leaves running is in the report of the root under its path, and is fenced")
  func unstopped() async throws {
    let gate = Gate()
    let fenced = EventRecorder<Bool>()
    let deaf = ChildSpec(id: "deaf", shutdown: .grace(.seconds(2))) { context in
      context.ready()
      await gate.pass()
      fenced.record(context.isCurrent)
    }
    let inner = ChildSpec.supervisor(id: "b") { _ in
      try spec(.oneForOne, [.supervisor(id: "c") { _ in try spec(.oneForOne, [deaf]) }])
    }
    let bench = SupervisorBench(try spec(.oneForOne, [inner]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    bench.supervisor.stop()
    await bench.time.waitForSleeper(dueBy: .seconds(2))
    bench.time.advance(by: .seconds(2))
    let report = try await run.value
    #expect(report.unstopped.map(\.id) == ["b/c/deaf"])
    #expect(report.stopped == ["b/c", "b"])
    gate.open()
    await bench.events.waitFor { if case .orphanEnded("b/c/deaf", 1, _) = $0 { true } else { false } }
    #expect(fenced.all == [false])
  }

  @Test("what a nested one left running when it was restarted stays listed above it, until it ends")
  func inherited() async throws {
    let gate = Gate()
    let deaf = ChildSpec(id: "deaf", shutdown: .atOnce) { context in
      context.ready()
      await gate.pass()
    }
    let script = Script()
    let inner = ChildSpec.supervisor(id: "inner") { context in
      try spec(.oneForOne, context.generation == 1 ? [deaf] : [script.child("x")])
    }
    let outer = ChildSpec.supervisor(id: "outer") { _ in try spec(.oneForOne, [inner]) }
    let bench = SupervisorBench(try spec(.oneForAll, backoff: .none, [outer, script.child("y")]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    script.tell("y", .fail("y"))
    await bench.events.waitFor { if case .ready("y", 2, _) = $0 { true } else { false } }
    #expect(await bench.supervisor.snapshot().orphans.map(\.id) == ["outer/inner/deaf"])
    gate.open()
    await bench.events.waitFor { if case .orphanEnded("outer/inner/deaf", 1, _) = $0 { true } else { false } }
    // It goes up level by level, each in a turn of its own; a stop that finds it gone has a clean report.
    bench.supervisor.stop()
    #expect(try await run.value.failures.isEmpty)
  }

  @Test("an heir goes up when it ends, also where its end is heard of before that of its supervisor")
  func heirs() throws {
    let left = StopReport.Unstopped(id: "deaf", generation: 3, age: .seconds(1))
    var report = StopReport()
    report.unstopped = [left]
    let heir = OrphanLedger.Heir(path: "deaf", generation: 3)
    for isEarly in [false, true] {
      var bench = MachineBench(try spec(.oneForOne, [child("n", restart: .transient), child("z")]))
      bench.runUntilReady()
      var actions: [SupervisorStateMachine.Action] = []
      let key = OrphanLedger.Key(child: bench.keys[0], generation: 1, heir: heir)
      if isEarly { bench.machine.onHeirEnded(key, &actions) }
      bench.end(0, .subtree(report, nil))
      #expect(bench.machine.orphans.all.map(\.id) == (isEarly ? [] : ["n/deaf"]))
      bench.stop()
      bench.finish(1)
      #expect(try bench.result?.get().unstopped.map(\.id) == (isEarly ? [] : ["n/deaf"]))
      if !isEarly { bench.machine.onHeirEnded(key, &actions) }
      #expect(bench.machine.orphans.count == 0)
      #expect(actions.isEmpty == isEarly, "the end of the run passes it on")
    }
  }

  @Test("a nested one that is itself abandoned fences all below it")
  func abandonedSubtree() async throws {
    let gate = Gate()
    let fenced = EventRecorder<Bool>()
    let deaf = ChildSpec(id: "deaf", shutdown: .infinity) { context in
      context.ready()
      await gate.pass()
      fenced.record(context.isCurrent)
    }
    let inner = ChildSpec.supervisor(id: "b", shutdown: .atOnce) { _ in try spec(.oneForOne, [deaf]) }
    let bench = SupervisorBench(try spec(.oneForOne, [inner]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    bench.supervisor.stop()
    #expect(try await run.value.unstopped.map(\.id) == ["b"])
    gate.open()
    await bench.events.waitFor { if case .orphanEnded("b", 1, _) = $0 { true } else { false } }
    #expect(fenced.all == [false])
  }

  @Test("a factory that throws, and a child of a nested one that does not start, are failed starts with their cause")
  func failedStarts() async throws {
    let throwing = SupervisorBench(
      try spec(.oneForOne, [.supervisor(id: "b") { _ in throw Broken("no disk") }]))
    let error = await #expect(throws: SupervisorError.self) { try await throwing.run().value }
    #expect(error.map { "\($0)" } == "b could not be started: no disk")
    let bad = SupervisorBench(
      try spec(.oneForOne, [.supervisor(id: "b") { _ in try spec(.oneForOne, [child("x"), child("x")]) }]))
    let refused = await #expect(throws: SupervisorError.self) { try await bad.run().value }
    #expect(refused?.underlying as? SpecError == .duplicateChild(id: "x", supervisor: "root"))
    let failing = ChildSpec(id: "x") { _ in throw Broken("no port") }
    let deep = SupervisorBench(
      try spec(.oneForOne, [.supervisor(id: "b") { _ in try spec(.oneForOne, [failing]) }]))
    let inner = await #expect(throws: SupervisorError.self) { try await deep.run().value }
    #expect(inner.map { "\($0)" } == "b could not be started: x could not be started: no port")
  }

  @Test("a factory that throws at every restart spends the intensity")
  func alwaysThrows() async throws {
    let script = Script()
    let inner = ChildSpec.supervisor(id: "inner") { context in
      guard context.generation == 1 else { throw Broken("no disk") }
      return try spec(.oneForOne, intensity: 0, [script.child("x")])
    }
    let bench = SupervisorBench(try spec(.oneForOne, intensity: 3, backoff: .none, [inner]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    script.tell("x", .fail("x"))
    let error = await #expect(throws: SupervisorError.self) { try await run.value }
    #expect(error.map { "\($0)" }?.contains("more than 3 restarts") == true)
    #expect(error.map { "\($0)" }?.contains("no disk") == true)
  }

  @Test("100 nested levels: started, seen, stopped; and stopped at once while they start")
  func deep() async throws {
    /// A chain of supervisors over one child.
    @Sendable func level(_ depth: Int, _ leaf: ChildSpec) -> ChildSpec {
      depth == 0
        ? leaf : .supervisor(id: "s") { _ in try spec(.oneForOne, [level(depth - 1, leaf)]) }
    }
    let script = Script()
    let bench = SupervisorBench(try spec(.oneForOne, [level(100, script.child("leaf"))]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    var depth = 0
    var next = await bench.supervisor.snapshot().children.first
    while let child = next {
      depth += 1
      next = child.subtree.first?.children.first
    }
    #expect(depth == 101)
    bench.supervisor.stop()
    #expect(try await run.value.stopped.count == 101)
    #expect(script.log.all == ["+leaf", "-leaf"])

    let hasty = SupervisorBench(try spec(.oneForOne, [level(100, child("leaf"))]))
    let second = hasty.run()
    hasty.supervisor.stop()
    #expect(try await second.value.unstopped.isEmpty)
  }
}
