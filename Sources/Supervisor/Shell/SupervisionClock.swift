/// A monotonic clock without its type: what supervision measures durations with.
///
/// An instant is a duration since an arbitrary origin, the moment at which this value was made; copies share it.
public struct SupervisionClock: Sendable {
  /// Reads the clock.
  private let read: @Sendable () -> Duration
  /// Sleeps on the clock.
  private let rest: @Sendable (Duration) async throws -> Void

  /// Wraps a clock. For durations take one that counts suspend (`ContinuousClock`).
  public init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let origin = clock.now
    read = { origin.duration(to: clock.now) }
    rest = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
  }

  /// The time since the origin.
  public func now() -> Duration { read() }

  /// Sleeps until an instant of this clock; one that is not in the future returns at once.
  ///
  /// - Throws: `CancellationError` where the task is cancelled.
  public func sleep(until deadline: Duration) async throws {
    try Task.checkCancellation()
    guard deadline > read() else { return }
    try await rest(deadline)
  }

  /// Sleeps for a duration; one that is not positive returns at once.
  ///
  /// - Throws: `CancellationError` where the task is cancelled.
  public func sleep(for duration: Duration) async throws {
    try await sleep(until: read() + duration)
  }
}
