import Synchronization

/// One start of a child: its fence and its readiness, shared by the supervisor and the child's context.
final class Incarnation: Sendable {
  /// True until the fence closes.
  private let isOpen = Atomic(true)
  /// True from the first `ready()`.
  private let isReady = Atomic(false)
  /// Told once, at the first `ready()`.
  private let onReady: @Sendable () -> Void

  /// Makes the incarnation of a start.
  init(onReady: @escaping @Sendable () -> Void) {
    self.onReady = onReady
  }

  /// Tells that the start is complete; only the first call counts.
  func ready() {
    guard !isReady.exchange(true, ordering: .acquiringAndReleasing) else { return }
    onReady()
  }

  /// False once the start has been replaced or abandoned, or has ended.
  var isCurrent: Bool { isOpen.load(ordering: .acquiring) }

  /// From here on every effect of this start is to be refused.
  func fence() {
    isOpen.store(false, ordering: .releasing)
  }
}

/// What a child's body gets: who it is, and how it tells that it is ready.
public struct ChildContext: Sendable {
  /// The child's id.
  public let id: String
  /// The number of this start: 1 for the first, growing with each restart. Effects carry it.
  public let generation: UInt64
  /// The supervisor's clock.
  public let clock: SupervisionClock
  /// The start that this context belongs to.
  private let incarnation: Incarnation

  /// Makes the context of a start.
  init(id: String, generation: UInt64, clock: SupervisionClock, incarnation: Incarnation) {
    self.id = id
    self.generation = generation
    self.clock = clock
    self.incarnation = incarnation
  }

  /// Makes a context without a supervisor: for a body that runs by itself, as in a test.
  public init(
    id: String, generation: UInt64 = 1, clock: SupervisionClock, onReady: @escaping @Sendable () -> Void = {}
  ) {
    self.init(id: id, generation: generation, clock: clock, incarnation: Incarnation(onReady: onReady))
  }

  /// Tells the supervisor that the start is complete. Only the first call counts.
  public func ready() { incarnation.ready() }

  /// False once this start has been replaced or abandoned, or has ended: effects must then be refused.
  public var isCurrent: Bool { incarnation.isCurrent }
}
