import CShims

/// A clock for intervals that run on while the machine is suspended and never follow the wall clock.
///
/// Timers of the system may stand still during a suspend, so that "every 60 minutes" would become "60 minutes of
/// being awake". This clock sleeps in slices and looks at the time after each: a deadline that passed during a
/// suspend is noticed at most a slice after the machine came back.
public struct SuspendAwareClock: Clock {
  /// Longest slice of a sleep: one wake-up a minute is what noticing a suspend costs.
  public static let longestSlice: Duration = .seconds(60)

  /// A moment of this clock.
  public struct Instant: InstantProtocol {
    /// Time since the machine started, suspend included.
    public var sinceStart: Duration

    /// Makes a moment.
    public init(sinceStart: Duration) { self.sinceStart = sinceStart }

    /// This moment and a duration more.
    public func advanced(by duration: Duration) -> Instant { Instant(sinceStart: sinceStart + duration) }
    /// From this moment to the other.
    public func duration(to other: Instant) -> Duration { other.sinceStart - sinceStart }
    /// Whether one comes before the other.
    public static func < (left: Instant, right: Instant) -> Bool { left.sinceStart < right.sinceStart }
  }

  /// Time since the machine started.
  private let read: @Sendable () -> Duration
  /// Sleeps one slice, with a tolerance.
  private let nap: @Sendable (Duration, Duration?) async throws -> Void

  /// The machine's clock.
  public init() {
    self.init(
      read: { .nanoseconds(retraind_boot_nanoseconds()) },
      nap: { slice, tolerance in try await Task.sleep(for: slice, tolerance: tolerance, clock: .continuous) })
  }

  /// A clock on other ground, for tests.
  init(
    read: @escaping @Sendable () -> Duration, nap: @escaping @Sendable (Duration, Duration?) async throws -> Void
  ) {
    self.read = read
    self.nap = nap
  }

  /// Now.
  public var now: Instant { Instant(sinceStart: read()) }
  /// What the system's clock can tell apart.
  public var minimumResolution: Duration { .nanoseconds(1) }

  /// Sleeps until a moment; at once where it has passed. Wakes at most `tolerance` late, plus what the system needs.
  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    try Task.checkCancellation()
    while let slice = Self.slice(now: now, deadline: deadline) { try await nap(slice, tolerance) }
  }

  /// How long to sleep before looking at the time again; nil where the deadline has come.
  static func slice(now: Instant, deadline: Instant) -> Duration? {
    let left = now.duration(to: deadline)
    return left > .zero ? min(left, longestSlice) : nil
  }
}

extension Clock where Self == SuspendAwareClock {
  /// The machine's clock that counts suspend.
  public static var suspendAware: SuspendAwareClock { SuspendAwareClock() }
}
