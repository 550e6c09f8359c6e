import CShims

/// A moment for the deadlines of our own threads: it counts suspend and never follows the wall clock.
struct MonotonicMoment: Sendable, Hashable, Comparable {
  /// Nanoseconds since the machine started.
  var nanoseconds: Int64

  /// Now.
  static func now() -> MonotonicMoment { MonotonicMoment(nanoseconds: retraind_boot_nanoseconds()) }

  /// This moment and a duration more; the end of time where that would not fit.
  func advanced(by duration: Duration) -> MonotonicMoment {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    return MonotonicMoment(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
  }

  /// Nanoseconds from now to this moment, negative once it has passed.
  func nanosecondsLeft() -> Int64 {
    let (left, overflow) = nanoseconds.subtractingReportingOverflow(retraind_boot_nanoseconds())
    return overflow ? .max : left
  }

  /// What poll(2) takes to wake at this moment and not before it: rounded up, bounded by what fits.
  func pollTimeout(now: MonotonicMoment = .now()) -> Int32 {
    let (left, overflow) = nanoseconds.subtractingReportingOverflow(now.nanoseconds)
    if overflow { return nanoseconds < now.nanoseconds ? 0 : .max }
    if left <= 0 { return 0 }
    let milliseconds = left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1)
    return Int32(clamping: milliseconds)
  }

  static func < (left: MonotonicMoment, right: MonotonicMoment) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
  /// Nanoseconds, at the limits where they do not fit.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, more) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return more ? (seconds < 0 ? .min : .max) : sum
  }

  /// Milliseconds, rounded up, at the limits where they do not fit.
  var wholeMilliseconds: Int64 {
    let nanoseconds = wholeNanoseconds
    return nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
  }
}
