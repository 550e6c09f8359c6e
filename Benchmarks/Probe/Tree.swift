import Supervision
import Synchronization

/// How the children come under their supervisor.
enum Kind: String, Sendable {
  /// Given in its specification.
  case fixed
  /// Added one by one.
  case added
  /// Added one by one to a pool of children that are all alike.
  case pool
}

/// What the first child throws.
struct Boom: Error {}

/// A supervisor whose children all have a start timeout and a heartbeat, and whose events are read: all features are on.
final class Tree: Sendable {
  /// Counts events: the cheapest reader that is none.
  final class Counter: Sendable {
    /// How many there were.
    let count = Atomic(0)
    /// When the supervisor last told that the first child is ready, in nanoseconds.
    let told = Atomic<Int64>(0)

    /// Takes note of an event.
    func note(_ event: SupervisorEvent) {
      count.wrappingAdd(1, ordering: .relaxed)
      if case .ready(let id, _, _) = event, id == "1" { told.store(nanoseconds(), ordering: .relaxed) }
    }
  }

  /// What is measured.
  enum Subject: Sendable {
    /// A supervisor.
    case supervisor(Supervisor)
    /// A pool.
    case pool(ChildPool<Int>)
  }

  /// What is measured.
  let subject: Subject
  /// Its run.
  let running: Task<Bool, Never>
  /// The events.
  let counter = Counter()

  /// Longer than any measurement: each child has this deadline, and none reaches it.
  private static let heartbeat = Duration.seconds(3600)

  /// Starts a supervisor, and waits until its children are ready.
  init(
    _ kind: Kind, children: Int, intensity: Int = 1_000_000, period: Duration = .seconds(1), backoff: Backoff = .none,
    body: @escaping PoolSpec<Int>.Body
  ) async throws {
    let clock = SupervisionClock(ContinuousClock())
    let events: @Sendable (SupervisorEvent) -> Void = { [counter] in counter.note($0) }
    func child(_ number: Int) -> ChildSpec {
      ChildSpec(id: "\(number)", heartbeat: Self.heartbeat) { try await body(number, $0) }
    }
    switch kind {
    case .fixed, .added:
      let spec = try SupervisorSpec(
        id: "bench", strategy: .oneForOne, intensity: intensity, period: period, backoff: backoff,
        children: kind == .fixed ? (1...children).map(child) : [])
      let supervisor = Supervisor(spec: spec, clock: clock, seed: 1, events: events)
      subject = .supervisor(supervisor)
      running = Task.detached { (try? await supervisor.run())?.isClean ?? false }
      try await supervisor.waitUntilReady()
      if kind == .added {
        for number in 1...children { try await supervisor.startChild(child(number)) }
      }
    case .pool:
      let spec = try PoolSpec<Int>(
        id: "bench", restart: .permanent, intensity: intensity, period: period, backoff: backoff,
        heartbeat: Self.heartbeat, body: body)
      let pool = ChildPool(spec, clock: clock, seed: 1, events: events)
      subject = .pool(pool)
      running = Task.detached { (try? await pool.run())?.isClean ?? false }
      try await pool.waitUntilReady()
      for number in 1...children { try await pool.startChild(number) }
    }
  }

  /// A look at everything.
  func snapshot() async -> SupervisorSnapshot {
    switch subject {
    case .supervisor(let supervisor): await supervisor.snapshot()
    case .pool(let pool): await pool.snapshot()
    }
  }

  /// The number of children.
  func count() async -> ChildCounts {
    switch subject {
    case .supervisor(let supervisor): await supervisor.countChildren()
    case .pool(let pool): await pool.countChildren()
    }
  }

  /// Stops it, and waits for the end.
  func stop() async throws {
    switch subject {
    case .supervisor(let supervisor): supervisor.stop()
    case .pool(let pool): pool.stop()
    }
    guard await running.value else { throw Refusal(text: "the supervisor did not stop cleanly") }
  }
}

/// Waits until its task is cancelled or somebody calls: the smallest wait that Swift has.
final class Parking: Sendable {
  /// 0: nobody waits; 1: the task waits; 2: it was called.
  private let state = Atomic(0)
  /// Written by the one task that waits before `state` becomes 1, read by the one call that finds 1: `state` protects it.
  nonisolated(unsafe) private var waiter: UnsafeContinuation<Void, Never>?

  /// Waits.
  func wait() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        waiter = continuation
        guard !state.compareExchange(expected: 0, desired: 1, ordering: .acquiringAndReleasing).exchanged else {
          return
        }
        continuation.resume()
      }
    } onCancel: {
      call()
    }
  }

  /// Ends the wait, now or before it begins.
  func call() {
    if state.exchange(2, ordering: .acquiringAndReleasing) == 1 { waiter?.resume() }
  }
}

/// A child that is ready at once and waits as for work: somebody who knows it could call it.
@Sendable func idleBody(_: Int, _ context: ChildContext) async {
  context.ready()
  await Parking().wait()
}

/// The same, with the library's own way to wait: nothing but the stop can end it.
@Sendable func quietBody(_: Int, _ context: ChildContext) async {
  context.ready()
  await context.untilShutdown()
}
