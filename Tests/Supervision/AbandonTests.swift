import TestSupport
import Testing

@testable import Supervision

/// A gate that a deaf child waits at, whatever happens to its task.
final class Gate: Sendable {
  /// Open once set.
  private let latch = Latch<Void>()

  /// Waits until it is open.
  func pass() async { await latch.wait() }

  /// Opens it.
  func open() { latch.set(()) }
}

/// Children that ignore their cancellation, and references to instances.
@Suite(.timeLimit(.minutes(5))) struct AbandonTests {
  @Test("child_unlink: a deaf child is abandoned, fenced, named in the report; the supervisor answers meanwhile")
  func deafChild() async throws {
    let gate = Gate()
    let seen = EventRecorder<Bool>()
    let deaf = ChildSpec(id: "deaf", shutdown: .grace(.seconds(2))) { context in
      context.ready()
      await gate.pass()
      seen.record(context.isCurrent)
    }
    let script = Script()
    let bench = SupervisorBench(try spec(.oneForOne, [script.child("a"), deaf]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    bench.supervisor.stop()
    await bench.events.waitFor { $0 == .stopping(id: "deaf", generation: 1) }
    #expect(await bench.state("deaf") == .stopping)
    #expect(await bench.state("a") == .ready)
    await bench.time.waitForSleeper(dueBy: .seconds(2))
    bench.time.advance(by: .seconds(2))
    let report = try await run.value
    #expect(report.stopped == ["a"])
    #expect(report.unstopped.map(\.id) == ["deaf"])
    #expect(await bench.supervisor.snapshot().orphans.map(\.id) == ["deaf"])
    gate.open()
    // It ends after the run is over: still heard of.
    await bench.events.waitFor { $0 == .orphanEnded(id: "deaf", generation: 1, age: .zero) }
    #expect(seen.all == [false])
    #expect(await bench.supervisor.snapshot().orphans.isEmpty)
  }

  @Test("an abandoned start and its successor: only the successor is current, and the reference resolves to it")
  func fencedInstance() async throws {
    let gate = Gate()
    let ref = Ref<Int>("worker")
    let currents = EventRecorder<String>()
    let first = ChildSpec(id: "first") { context in
      context.ready()
      if context.generation == 1 {
        await gate.pass()
        throw Broken()
      }
      try await context.clock.sleep(for: .seconds(100_000))
    }
    let opened = Gate()
    let worker = ChildSpec.instance(id: "worker", ref: ref, shutdown: .grace(.seconds(2))) { context in
      Int(context.generation)
    } run: { instance, context in
      context.ready()
      if instance == 1 {
        await opened.pass()
        currents.record("1 \(context.isCurrent)")
      } else {
        currents.record("2 \(context.isCurrent)")
        try await context.clock.sleep(for: .seconds(100_000))
      }
    }
    let bench = SupervisorBench(try spec(.restForOne, backoff: .none, [first, worker]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    #expect(ref.current == 1)
    gate.open()
    await bench.events.waitFor { $0 == .stopping(id: "worker", generation: 1) }
    await bench.time.waitForSleeper(dueBy: .seconds(2))
    bench.time.advance(by: .seconds(2))
    await bench.events.waitFor { if case .ready("worker", 2, _) = $0 { true } else { false } }
    #expect(ref.current == 2)
    opened.open()
    await bench.events.waitFor { if case .orphanEnded("worker", 1, _) = $0 { true } else { false } }
    // The end of the old one has not taken the new one away.
    #expect(ref.current == 2)
    #expect(Set(currents.all) == ["1 false", "2 true"])
    run.cancel()
    #expect(try await run.value.isClean)
    #expect(ref.current == nil)
  }

  @Test("a reference resolves to the fresh instance, and to nothing between two starts")
  func reference() async throws {
    final class Instance: Sendable {
      let generation: UInt64
      let failure = Gate()
      init(_ generation: UInt64) { self.generation = generation }
    }
    let ref = Ref<Instance>("worker")
    #expect(throws: RefError(id: "worker")) { _ = try ref.get() }
    let worker = ChildSpec.instance(id: "worker", ref: ref, shutdown: .atOnce) { context in
      Instance(context.generation)
    } run: { instance, context in
      context.ready()
      await instance.failure.pass()
      throw Broken()
    }
    let bench = SupervisorBench(try spec(.oneForOne, [worker]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    let first = try ref.get()
    #expect(first.generation == 1)
    first.failure.open()
    await bench.time.waitForSleeper(dueBy: .seconds(1))
    #expect(ref.current == nil)
    bench.time.advance(by: .seconds(1))
    await bench.events.waitFor { if case .ready(_, 2, _) = $0 { true } else { false } }
    let second = try ref.get()
    #expect(second.generation == 2)
    // Abandoned at once: it runs on, but nobody is led to it any more.
    run.cancel()
    #expect(try await run.value.unstopped.map(\.generation) == [2])
    #expect(ref.current == nil)
    second.failure.open()
    await bench.events.waitFor { if case .orphanEnded = $0 { true } else { false } }
  }

  @Test("one that is abandoned while its instance is made does not run it")
  func abandonedInMake() async throws {
    let gate = Gate()
    let ref = Ref<Int>("worker")
    let ran = EventRecorder<Bool>()
    let worker = ChildSpec.instance(
      id: "worker", ref: ref, shutdown: .grace(.seconds(1)), startTimeout: .seconds(1)
    ) { _ in
      await gate.pass()
      return 1
    } run: { _, context in
      ran.record(true)
      context.ready()
    }
    let bench = SupervisorBench(try spec(.oneForOne, [worker]))
    let run = bench.run()
    for _ in 0..<2 {
      await bench.time.waitForSleepers(1)
      bench.time.advance(by: .seconds(1))
      if bench.time.now.offset == .seconds(1) {
        await bench.events.waitFor { if case .stopping = $0 { true } else { false } }
        await bench.time.waitForSleeper(dueBy: .seconds(2))
      }
    }
    await #expect(throws: SupervisorError.self) { try await run.value }
    gate.open()
    await bench.events.waitFor { if case .orphanEnded = $0 { true } else { false } }
    #expect(ran.all.isEmpty)
    #expect(ref.current == nil)
  }
}
