import TestSupport
import Testing

@testable import Supervision

/// A supervisor under a manual clock, with what it told.
struct SupervisorBench: Sendable {
  /// The time.
  let time = ManualClock()
  /// What it told.
  let events = EventRecorder<SupervisorEvent>()
  /// The supervisor.
  let supervisor: Supervisor

  /// Makes a supervisor of children.
  init(_ spec: SupervisorSpec) {
    let events = self.events
    supervisor = Supervisor(spec: spec, clock: SupervisionClock(time), seed: 1) { events.record($0) }
  }

  /// Runs it in a task of its own until the stop.
  func run() -> Task<StopReport, any Error> {
    Task { try await supervisor.run() }
  }

  /// The state of a child.
  func state(_ id: String) async -> ChildState? {
    await supervisor.snapshot().children.first { $0.id == id }?.state
  }
}

/// Makes children whose bodies a test commands, and traps where two starts of one are active at once.
final class Script: Sendable {
  /// A command to a child.
  enum Command: Sendable { case fail(String), finish }
  /// What the lock protects.
  private struct State {
    /// Where each running start listens.
    var inboxes: [String: AsyncStream<Command>.Continuation] = [:]
  }
  /// The state.
  private let state = Locked(State())
  /// Which starts have begun and ended: `+a`, `-a`.
  let log = EventRecorder<String>()

  /// A child that is ready at once and does what it is told, or stops when cancelled.
  func child(
    _ id: String, restart: RestartType = .permanent, startTimeout: Duration = .seconds(30)
  ) -> ChildSpec {
    ChildSpec(id: id, restart: restart, startTimeout: startTimeout) { context in
      let (stream, inbox) = AsyncStream.makeStream(of: Command.self, bufferingPolicy: .bufferingOldest(1))
      self.state.withLock { state in
        precondition(state.inboxes.updateValue(inbox, forKey: id) == nil, "two starts of \(id) are active")
      }
      self.log.record("+\(id)")
      defer {
        self.state.withLock { $0.inboxes[id] = nil }
        self.log.record("-\(id)")
      }
      context.ready()
      for await command in stream {
        switch command {
        case .fail(let text): throw Broken(text)
        case .finish: return
        }
      }
      throw CancellationError()
    }
  }

  /// Tells a running child what to do.
  func tell(_ id: String, _ command: Command) {
    state.withLock { $0.inboxes[id] }?.yield(command)
  }
}

/// The supervisor with real tasks.
@Suite(.timeLimit(.minutes(5))) struct SupervisorTests {
  @Test("it starts in order, restarts after the delay, and stops in reverse")
  func life() async throws {
    let script = Script()
    let bench = SupervisorBench(try spec(.oneForOne, [script.child("a"), script.child("b"), script.child("c")]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    #expect(script.log.all == ["+a", "+b", "+c"])
    script.tell("b", .fail("oops"))
    await bench.time.waitForSleeper(dueBy: .seconds(1))
    let snapshot = await bench.supervisor.snapshot()
    #expect(snapshot.state == .running)
    #expect(snapshot.children.map(\.state) == [.ready, .restarting, .ready])
    #expect(snapshot.children[1].lastError == "oops")
    bench.time.advance(by: .seconds(1))
    await bench.events.waitFor { $0 == .ready(id: "b", generation: 2, after: .zero) }
    bench.supervisor.stop()
    let report = try await run.value
    #expect(report.isClean)
    #expect(report.stopped == ["c", "b", "a"])
    #expect(script.log.all == ["+a", "+b", "+c", "-b", "+b", "-c", "-b", "-a"])
    #expect(bench.time.sleeperCount == 0)
    #expect(await bench.supervisor.snapshot().state == .stopped)
  }

  @Test("restForOne with real tasks: never two starts of a child, order kept")
  func restForOne() async throws {
    let script = Script()
    let bench = SupervisorBench(
      try spec(.restForOne, backoff: .none, [script.child("a"), script.child("b"), script.child("c")]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    script.tell("b", .finish)
    await bench.events.waitFor { $0 == .ready(id: "c", generation: 2, after: .zero) }
    #expect(script.log.all == ["+a", "+b", "+c", "-b", "-c", "+b", "+c"])
    run.cancel()
    #expect(try await run.value.stopped == ["c", "b", "a"])
  }

  @Test("cancelling the task of the run is a stop, also before it begins")
  func cancellation() async throws {
    let script = Script()
    let bench = SupervisorBench(try spec(.oneForOne, [script.child("a")]))
    let run = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await bench.supervisor.run()
    }
    #expect(try await run.value == StopReport())
    #expect(script.log.all.isEmpty)
    await #expect(throws: SupervisorError.stoppedBeforeReady(supervisor: "root")) {
      try await bench.supervisor.waitUntilReady()
    }
    await #expect(throws: SupervisorError.alreadyRun(supervisor: "root")) { _ = try await bench.supervisor.run() }
  }

  @Test("a stop during a delay needs no time")
  func stopDuringBackoff() async throws {
    let script = Script()
    let bench = SupervisorBench(try spec(.oneForOne, [script.child("a")]))
    let run = bench.run()
    try await bench.supervisor.waitUntilReady()
    script.tell("a", .fail("x"))
    await bench.time.waitForSleeper(dueBy: .seconds(1))
    bench.supervisor.stop()
    #expect(try await run.value.isClean)
    #expect(bench.time.now.offset == .zero)
    #expect(bench.time.sleeperCount == 0)
  }

  @Test("hanging_restart_loop: between failing starts it answers and can be stopped")
  func failingLoop() async throws {
    let flaky = ChildSpec(id: "a") { context in
      if context.generation == 1 { context.ready() }
      throw Broken()
    }
    let bench = SupervisorBench(
      try spec(.oneForOne, intensity: 1_000_000, backoff: .none, healthyAfter: .zero, [flaky]))
    let run = bench.run()
    await bench.events.wait { $0.count > 200 }
    #expect(await bench.supervisor.snapshot().children.count == 1)
    bench.supervisor.stop()
    _ = try await run.value
  }

  @Test("a first start that fails: the error reaches the caller of run and of waitUntilReady, with its cause")
  func firstStartFails() async throws {
    let script = Script()
    let failing = ChildSpec(id: "b") { _ in throw Broken("no port") }
    let bench = SupervisorBench(try spec(.restForOne, [script.child("a"), failing, script.child("c")]))
    let run = bench.run()
    let waiter = Task { try await bench.supervisor.waitUntilReady() }
    let report = SupervisorError.startFailed(
      child: "b", reason: .threw(Fault(Broken("no port"))), report: stopReport(stopped: ["a"]))
    await #expect(throws: report) { try await run.value }
    await #expect(throws: report) { try await waiter.value }
    #expect(script.log.all == ["+a", "-a"])
  }

  @Test("restarts that do not help end the run with the child and the cause")
  func escalation() async throws {
    let failing = ChildSpec(id: "a") { context in
      context.ready()
      throw Broken("again")
    }
    let bench = SupervisorBench(try spec(.oneForOne, intensity: 3, backoff: .none, [failing]))
    let cause = EscalationCause.restarts(intensity: 3, period: .seconds(60), last: .failed(Fault(Broken("again"))))
    await #expect(throws: SupervisorError.escalated(child: "a", cause: cause, report: StopReport())) {
      try await bench.run().value
    }
    #expect(bench.events.all.filter { if case .restarting = $0 { true } else { false } }.count == 3)
  }

  @Test("a child that is not ready in time fails the first start")
  func readinessTimeout() async throws {
    let slow = ChildSpec(id: "a", startTimeout: .seconds(3)) { context in
      try await context.clock.sleep(for: .seconds(1_000))
    }
    let bench = SupervisorBench(try spec(.oneForOne, [slow]))
    let run = bench.run()
    await bench.time.waitForSleeper(dueBy: .seconds(3))
    bench.time.advance(by: .seconds(3))
    await #expect(
      throws: SupervisorError.startFailed(
        child: "a", reason: .timedOut(after: .seconds(3)), report: stopReport(stopped: []))
    ) { try await run.value }
  }

  @Test("a waiter for readiness that is cancelled leaves")
  func waiterLeaves() async throws {
    let bench = SupervisorBench(try spec(.oneForOne, [child("a")]))
    let waiter = Task { try await bench.supervisor.waitUntilReady() }
    waiter.cancel()
    await #expect(throws: SupervisorError.waitCancelled(supervisor: "root")) { try await waiter.value }
  }

  @Test("nobody keeps what a temporary child captured once it has ended")
  func temporaryIsForgotten() async throws {
    final class Captured: Sendable {
      let gone: EventRecorder<Void>
      init(_ gone: EventRecorder<Void>) { self.gone = gone }
      deinit { gone.record(()) }
    }
    let gone = EventRecorder<Void>()
    weak var weakly: Captured?
    let bench: SupervisorBench
    do {
      let captured = Captured(gone)
      weakly = captured
      let temporary = ChildSpec(id: "a", restart: .temporary) { context in
        withExtendedLifetime(captured) { context.ready() }
      }
      let supervised = try spec(.oneForOne, [temporary])
      bench = SupervisorBench(supervised)
    }
    #expect(weakly != nil)
    let run = bench.run()
    await bench.events.waitFor { if case .terminated = $0 { true } else { false } }
    // The task itself lets go a moment after it has told its end; a stop comes after it in the inbox.
    bench.supervisor.stop()
    _ = try await run.value
    await gone.wait { !$0.isEmpty }
    #expect(weakly == nil)
    #expect(await bench.supervisor.snapshot().children.isEmpty)
  }
}

/// A report of children that stopped without an error.
func stopReport(stopped: [String]) -> StopReport {
  var report = StopReport()
  report.stopped = stopped
  return report
}
