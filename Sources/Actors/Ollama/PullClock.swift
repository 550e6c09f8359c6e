/// The clock that pulls are watched with.
public struct PullClock: Sendable {
  /// Time since the clock was made.
  public let now: @Sendable () -> Duration
  /// Waits; throws where the task is cancelled.
  public let sleep: @Sendable (Duration) async throws -> Void

  /// Takes any clock.
  public init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    now = { start.duration(to: clock.now) }
    sleep = { try await clock.sleep(for: $0) }
  }

  /// The system's, which counts the time that the machine sleeps.
  public static let system = PullClock(ContinuousClock())
}
