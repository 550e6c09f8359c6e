#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A moment on the monotonic clock.
struct Instant: Sendable {
  /// Nanoseconds on that clock.
  var nanoseconds: Int64

  /// This moment.
  static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// A later moment.
  func advanced(bySeconds seconds: Double) -> Instant {
    Instant(nanoseconds: nanoseconds + Int64(seconds * 1e9))
  }

  /// How long it still is, rounded up; 0 when it has passed.
  var millisecondsFromNow: Int32 {
    Int32(clamping: max(0, (nanoseconds - Instant.now.nanoseconds + 999_999) / 1_000_000))
  }
}

/// The wall clock, in the shapes that the server and the log use.
enum WallClock {
  /// Seconds since 1970, with six decimals.
  static var seconds: String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return "\(time.tv_sec).\(padded(Int(time.tv_nsec) / 1000, to: 6))"
  }

  /// `2026-11-23T15:02:36.493176031Z`.
  static var rfc3339: String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return formatted("%Y-%m-%dT%H:%M:%S", time.tv_sec) + ".\(padded(Int(time.tv_nsec), to: 9))Z"
  }

  /// `Mon, 23 Nov 2026 15:02:34 GMT`.
  static var httpDate: String { formatted("%a, %d %b %Y %H:%M:%S GMT", time(nil)) }

  private static func formatted(_ format: String, _ seconds: time_t) -> String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, format, &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
