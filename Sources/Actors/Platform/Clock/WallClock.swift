#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The time of day, for stamps. It may jump; durations are measured by `SuspendAwareClock`.
public struct WallClock: Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  private let now: @Sendable () -> Int64

  /// A clock that asks the closure: for tests, one that stands still or jumps.
  public init(now: @escaping @Sendable () -> Int64) { self.now = now }

  /// The machine's own clock.
  public static let system = WallClock {
    var moment = timespec()
    clock_gettime(CLOCK_REALTIME, &moment)
    return Int64(moment.tv_sec) * 1_000_000 + Int64(moment.tv_nsec) / 1_000
  }

  /// Microseconds since 1970-01-01T00:00:00Z.
  public func microseconds() -> Int64 { now() }
}
