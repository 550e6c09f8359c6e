extension Timestamp {
  /// Reads RFC 3339 and what PostgreSQL prints: `2026-01-05T00:00:00.12345+00:00`.
  ///
  /// A space may stand for the `T`; seconds may be missing; the fraction has up to nine digits and is cut to
  /// microseconds; the zone is `Z`, `+00`, `+0530`, `+05:30`, `+00:19:32`, or missing, which means UTC; a bare date is
  /// its midnight in UTC; second 60 is the second after 59. Everything else is nil: `infinity`, days that the calendar
  /// does not have, years outside 0001...9999 (in UTC, too), text around it.
  public init?(parsing text: some StringProtocol) {
    var copy = String(text)
    guard let microseconds = copy.withUTF8({ TimestampReader(bytes: $0).read() }) else { return nil }
    self.init(microseconds: microseconds)
  }

  /// Midnight of 0001-01-01 and the last microsecond of 9999-12-31: what four digits of a year can tell.
  static let fourDigitYears: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
  /// Microseconds in a second.
  static let perSecond: Int64 = 1_000_000
  /// Microseconds in a day.
  static let perDay: Int64 = 86_400 * perSecond
}

/// Reads a stamp from its bytes, front to back, once.
private struct TimestampReader: ~Copyable {
  /// The text; valid while the closure that made the reader runs.
  let bytes: UnsafeBufferPointer<UInt8>
  /// The next byte.
  var position = 0

  /// Begins at the first byte.
  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Microseconds since the epoch; nil where the text is no stamp.
  consuming func read() -> Int64? {
    guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
      let day = number(digits: 2)
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isValid else { return nil }
    let midnight = date.daysSinceEpoch * Timestamp.perDay
    if isAtEnd { return midnight }
    guard skip("T") || skip("t") || skip(" ") else { return nil }
    guard let time = timeOfDay(), let offset = zone(), isAtEnd else { return nil }
    let result = midnight + time - offset
    return Timestamp.fourDigitYears.contains(result) ? result : nil
  }

  /// `hh:mm[:ss[.fraction]]` in microseconds since midnight.
  private mutating func timeOfDay() -> Int64? {
    guard let hour = number(digits: 2), hour <= 23, skip(":"), let minute = number(digits: 2), minute <= 59
    else { return nil }
    var result = (hour * 3600 + minute * 60) * Timestamp.perSecond
    guard skip(":") else { return result }
    guard let second = number(digits: 2), second <= 60 else { return nil }
    result += second * Timestamp.perSecond
    guard skip(".") else { return result }
    guard let fraction = fraction() else { return nil }
    return result + fraction
  }

  /// One to nine digits after the point, cut to microseconds.
  private mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while let digit = nextDigit() {
      count += 1
      guard count <= 9 else { return nil }
      if count <= 6 { value = value * 10 + digit }
    }
    guard count > 0 else { return nil }
    while count < 6 {
      value *= 10
      count += 1
    }
    return value
  }

  /// The offset from UTC in microseconds; 0 where the text ends.
  private mutating func zone() -> Int64? {
    if isAtEnd || skip("Z") || skip("z") { return 0 }
    _ = skip(" ")
    let sign: Int64
    if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
    guard let hours = number(digits: 2), hours <= 23 else { return nil }
    var seconds = hours * 3600
    if !isAtEnd {
      let colons = skip(":")
      guard let minutes = number(digits: 2), minutes <= 59 else { return nil }
      seconds += minutes * 60
      if colons, skip(":") {
        guard let more = number(digits: 2), more <= 59 else { return nil }
        seconds += more
      }
    }
    return sign * seconds * Timestamp.perSecond
  }

  /// True behind the last byte.
  private var isAtEnd: Bool { position == bytes.count }

  /// Steps over a byte if it comes next.
  private mutating func skip(_ expected: Unicode.Scalar) -> Bool {
    guard position < bytes.count, UInt32(bytes[position]) == expected.value else { return false }
    position += 1
    return true
  }

  /// Steps over an ASCII digit if one comes next.
  private mutating func nextDigit() -> Int64? {
    guard position < bytes.count, (48...57).contains(bytes[position]) else { return nil }
    position += 1
    return Int64(bytes[position - 1]) - 48
  }

  /// Exactly so many digits.
  private mutating func number(digits: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<digits {
      guard let digit = nextDigit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }
}
