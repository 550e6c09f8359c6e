import Dispatch
import SupervisionTesting
import TestSupport
import Testing

@testable import Supervision

/// What a child throws here.
private struct Boom: Error {}

/// Counts starts.
private final class Starts: Sendable {
  /// How many there were.
  private let count = Locked(0)

  /// Counts one; gives its number.
  @discardableResult
  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }

  /// How many there were.
  var all: Int { count.withLock { $0 } }
}

/// A child that is started again at once, on the task on which it ended.
@Suite(.timeLimit(.minutes(5))) struct SuccessionTests {
  /// Where the tasks of the children wait for the test.
  private let executor = HeldExecutor()
  /// The supervisor's clock.
  private let clock = ManualClock()

  /// A supervisor of one child without delays between its starts.
  private func make(
    intensity: Int, restart: RestartType = .permanent, events: @escaping @Sendable (SupervisorEvent) -> Void = { _ in },
    _ body: @escaping ChildSpec.Body
  ) throws -> Supervisor {
    Supervisor(
      spec: try spec(
        .oneForOne, intensity: intensity, backoff: .none, [ChildSpec(id: "a", restart: restart, body: body)]),
      clock: SupervisionClock(clock), seed: 1, spawner: TaskSpawner(executor: executor), events: events)
  }

  /// Runs a supervisor to its end, which `meanwhile` brings about; the task of its child has not run when that is called.
  private func run(_ supervisor: Supervisor, meanwhile: () -> Void) async -> Result<StopReport, SupervisorError> {
    await withCheckedContinuation { continuation in
      supervisor.post(.run(continuation))
      #expect(executor.count == 2, "the child's task, and the alarm for its start timeout")
      meanwhile()
    }
  }

  /// Whether a run has ended because of too many restarts.
  private func isEscalation(_ result: Result<StopReport, SupervisorError>) -> Bool {
    if case .failure(.escalated) = result { true } else { false }
  }

  @Test("10,000 starts that are ready and fail without waiting: one task, one after the other, no stack on a stack")
  func many() async throws {
    let starts = Starts()
    let supervisor = try make(intensity: 10_000) { context in
      starts.next()
      context.ready()
      throw Boom()
    }
    let result = await run(supervisor) { executor.run() }
    #expect(isEscalation(result))
    #expect(starts.all == 10_001)
    #expect(executor.count == 0)
  }

  @Test("10,000 starts that fail before they are ready: a task for each, so that others get their turn between them")
  func failing() async throws {
    let starts = Starts()
    let supervisor = try make(intensity: 10_000) { context in
      if starts.next() == 1 {
        context.ready()
      }
      throw Boom()
    }
    let result = await run(supervisor) {
      executor.run()
      #expect(starts.all == 2)
      while executor.count > 0 { executor.run() }
    }
    #expect(isEscalation(result))
    #expect(starts.all == 10_001)
  }

  @Test("a task that has gone on so often, for so long, lets another have its thread")
  func limit() async throws {
    let starts = Starts()
    let clock = self.clock
    let supervisor = try make(intensity: 100) { context in
      starts.next()
      context.ready()
      clock.advance(by: Defaults.seriesTime)
      throw Boom()
    }
    let result = await run(supervisor) {
      executor.run()
      #expect(starts.all == Defaults.seriesLimit + 1)
      #expect(executor.count == 1)
      while executor.count > 0 { executor.run() }
    }
    #expect(isEscalation(result))
  }

  @Test("a start whose predecessor's task was cancelled has a task of its own, which is not")
  func cancelled() async throws {
    let starts = Starts()
    let flags = EventRecorder<Bool>()
    let supervisor = try make(intensity: 1) { context in
      flags.record(Task.isCancelled)
      context.ready()
      if starts.next() == 1 { withUnsafeCurrentTask { $0?.cancel() } }
      throw Boom()
    }
    let result = await run(supervisor) {
      executor.run()
      #expect(flags.all == [false])
      executor.run()
    }
    #expect(isEscalation(result))
    #expect(flags.all == [false, false])
  }

  @Test("where a sibling is started first, it does not get the task: the code of the two stays apart")
  func sibling() async throws {
    let (first, second) = (Starts(), Starts())
    let supervisor = Supervisor(
      spec: try spec(
        .oneForAll, intensity: 1, backoff: .none,
        [
          ChildSpec(id: "first", restart: .transient) { context in
            // Ends before the other fails: it is not stopped, and is the first that is started again.
            context.ready()
            if first.next() > 1 { await context.untilShutdown() }
          },
          ChildSpec(id: "second") { context in
            context.ready()
            if second.next() == 1 { throw Boom() }
            await context.untilShutdown()
          },
        ]),
      clock: SupervisionClock(clock), seed: 1, spawner: TaskSpawner(executor: executor)
    ) { _ in }
    let result = await run(supervisor) {
      executor.run()
      #expect((first.all, second.all) == (1, 0))
      executor.run()
      #expect(
        (first.all, second.all) == (1, 1), "the failure has been handled, and the first waits for a task of its own")
      executor.run()
      #expect(first.all == 2)
      executor.run()
      #expect(second.all == 2)
      supervisor.stop()
      while executor.count > 0 { executor.run() }
    }
    #expect(throws: Never.self) { try result.get() }
  }

  @Test("what replaced code has captured is let go with the start that ran it")
  func reloaded() async throws {
    final class Captured: Sendable {}
    weak var old: Captured?
    let supervisor: Supervisor
    do {
      let captured = Captured()
      old = captured
      supervisor = try make(intensity: 5) { context in
        _ = captured
        context.ready()
        throw Boom()
      }
    }
    let new = try spec(
      .oneForOne, intensity: 5, backoff: .none,
      [
        ChildSpec(id: "a") { context in
          context.ready()
          await context.untilShutdown()
        }
      ])
    let result = await run(supervisor) {
      supervisor.post(
        .request { supervisor in
          do { try supervisor.replace(new) } catch { Issue.record("\(error)") }
        })
      executor.run()
      #expect(old == nil, "the successor has a task of its own")
      supervisor.stop()
      while executor.count > 0 { executor.run() }
    }
    #expect(throws: Never.self) { try result.get() }
  }

  @Test("on a seeded executor others may get in between the end of a start and its successor, and the seed decides it")
  func seeded() async throws {
    var orders: Set<[String]> = []
    for seed in UInt64(0)..<64 {
      let order = try await self.order(seed: seed)
      #expect(try await self.order(seed: seed) == order)
      orders.insert(order)
    }
    #expect(orders == [["other", "successor"], ["successor", "other"]])
  }

  /// Which comes first when a start has ended: its successor, or another task that can run from then on.
  private func order(seed: UInt64) async throws -> [String] {
    let executor = SeededExecutor(seed: seed)
    let (order, starts) = (EventRecorder<String>(), Starts())
    let supervisor = Supervisor(
      spec: try spec(
        .oneForOne, backoff: .none,
        [
          ChildSpec(id: "a") { context in
            context.ready()
            guard starts.next() > 1 else { throw Boom() }
            order.record("successor")
            await context.untilShutdown()
          }
        ]),
      clock: SupervisionClock(clock), seed: 1, spawner: executor.spawner
    ) { event in
      guard case .terminated = event, starts.all == 1 else { return }
      Task.detached(executorPreference: executor) { order.record("other") }
    }
    _ = await withCheckedContinuation { continuation in
      supervisor.post(.run(continuation))
      #expect(executor.run(atMost: 1000))
      supervisor.stop()
      #expect(executor.run(atMost: 1000))
    }
    #expect(executor.strays == 0)
    return order.all
  }

  @Test("a child that blocks its thread before its first wait keeps nobody from the supervisor")
  func blocked() async throws {
    let starts = Starts()
    let isPosted = EventRecorder<Bool>()
    let isBlocked = EventRecorder<Int>()
    let isFree = EventRecorder<Bool>()
    let counted = EventRecorder<Int>()
    let release = DispatchSemaphore(value: 0)
    let box = Locked<Supervisor?>(nil)
    let supervisor = try make(
      intensity: 5, restart: .transient,
      events: { event in
        guard case .terminated = event, starts.all == 1 else { return }
        // Asked while the end is being handled: it waits for the turn.
        box.withLock { $0 }?.post(.request { counted.record($0.machine.countChildren().active) })
      },
      { context in
        let number = starts.next()
        if number > 1 {
          isBlocked.record(number)
          block(release)
        }
        context.ready()
        if number == 1 { throw Boom() }
      })
    box.withLock { $0 = supervisor }
    let running = Task {
      await withCheckedContinuation { continuation in
        supervisor.post(.run(continuation))
        isPosted.record(true)
      }
    }
    // The child must find the turn free.
    await isPosted.wait { !$0.isEmpty }
    // A thread of its own, which the child keeps.
    DispatchQueue(label: "child").async { [executor] in
      executor.run()
      isFree.record(true)
    }
    await isBlocked.wait { !$0.isEmpty }
    // The turn has gone to a task, with what was asked meanwhile.
    #expect(executor.count == 1)
    #expect(counted.all.isEmpty)
    executor.run()
    #expect(counted.all == [1])
    #expect(await supervisor.countChildren().active == 1)
    release.signal()
    await isFree.wait { !$0.isEmpty }
    supervisor.stop()
    while executor.count > 0 { executor.run() }
    box.withLock { $0 = nil }
    _ = await running.value
    #expect(starts.all == 2)
  }
}

/// Blocks the thread.
private func block(_ semaphore: DispatchSemaphore) { semaphore.wait() }
