/// What a child's body gets: who it is, and how it tells what becomes of its start.
public struct ChildContext: Sendable {
  /// The start that this context belongs to.
  let incarnation: Incarnation

  /// Makes the context of a start.
  init(_ incarnation: Incarnation) {
    self.incarnation = incarnation
  }

  /// Makes a context without a supervisor: for a body that runs by itself, as in a test.
  public init(
    id: String, generation: UInt64 = 1, clock: SupervisionClock, onReady: @escaping @Sendable () -> Void = {}
  ) {
    let nobody = Nobody(clock: clock, onReady: onReady)
    self.init(Incarnation(id: id, key: ChildKey(slot: 0, number: 1), generation: generation, host: nobody))
  }

  /// The child's id.
  public var id: String { incarnation.id }

  /// The number of this start: 1 for the first, growing with each restart. Effects carry it.
  public var generation: UInt64 { incarnation.generation }

  /// The supervisor's clock.
  public var clock: SupervisionClock { incarnation.host.clock }

  /// Tells the supervisor that the start is complete. Only the first call counts.
  ///
  /// - Parameter info: handed to whoever started the child by `startChild`; the supervisor does not look at it.
  public func ready(_ info: (any Sendable)? = nil) { incarnation.ready(info) }

  /// Says before `ready()` that there is nothing to do: return then. The child counts as started and does not run; a
  /// temporary one is forgotten.
  public func decline() { incarnation.decline() }

  /// Gives a sign of life. One with a heartbeat gives the next within that time.
  public func beat() { incarnation.beat() }

  /// True once the supervisor has asked this start to stop: its task is cancelled then, too.
  public var isShuttingDown: Bool { incarnation.isShuttingDown }

  /// Waits until the supervisor asks this start to stop: for a child that has nothing to do until then.
  ///
  /// It costs less than anything else to wait with: no timer, no handler, no allocation of its own.
  public func untilShutdown() async {
    guard let supervisor = incarnation.host as? Supervisor else { return await Self.untilCancelled() }
    // Not a checked one, which would be an allocation for each child. It is resumed once, by `Supervisor.parked`.
    await withUnsafeContinuation { supervisor.post(.parked(incarnation.key, generation: incarnation.generation, $0)) }
  }

  /// Waits until the task is cancelled.
  private static func untilCancelled() async { _ = await Latch<Never>().waitUnlessCancelled() }

  /// False once this start has been replaced or abandoned, or has ended: effects must then be refused.
  public var isCurrent: Bool { incarnation.isCurrent }

  /// Makes a nested supervisor known to the one that runs this start, which shows it in its snapshots.
  func attach(_ inner: Supervisor) {
    (incarnation.host as? Supervisor)?.attach(inner, to: incarnation)
  }
}

/// Where a context belongs that has no supervisor.
private final class Nobody: IncarnationHost {
  /// The clock.
  let clock: SupervisionClock
  /// Called at the first `ready()`.
  private let onReady: @Sendable () -> Void
  /// Never closed.
  let lifespan = Fence()

  /// Makes it.
  init(clock: SupervisionClock, onReady: @escaping @Sendable () -> Void) {
    self.clock = clock
    self.onReady = onReady
  }

  /// Nobody replaces it.
  var isCurrent: Bool { true }

  /// The start is complete.
  func incarnationIsReady(_ incarnation: Incarnation, info: (any Sendable)?) { onReady() }

  /// Nobody runs it.
  func incarnationHasEnded(_ incarnation: Incarnation, error: (any Error)?, next: TaskSeries?) -> Incarnation? { nil }
}
