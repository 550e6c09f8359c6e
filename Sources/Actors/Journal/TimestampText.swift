package import Rules

/// Timestamps as the journal's tables hold them: `2026-11-23T14:37:14.915000Z`, always as long, so that text orders as
/// time does.
extension Timestamp {
  /// RFC 3339 in UTC with six digits of fraction; years outside 0...9999 are cut to them.
  package var rfc3339: String {
    let lowest: Int64 = -62_167_219_200_000_000
    let highest: Int64 = 253_402_300_799_999_999
    let clamped = min(max(microseconds, lowest), highest)
    let (seconds, fraction) = Self.floored(clamped, by: 1_000_000)
    let (days, second) = Self.floored(seconds, by: 86_400)
    let (year, month, day) = Self.date(days: days)
    return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
      + Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":" + Self.padded(second % 60, 2)
      + "." + Self.padded(fraction, 6) + "Z"
  }

  /// Reads `YYYY-MM-DD[T ]HH:MM[:SS[.fraction]][Z|±HH[[:]MM]]`; without a zone it is UTC.
  package init?(parsing text: String) {
    var reader = DigitReader(text.utf8[...])
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
      let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
      let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
      (1...12).contains(month), day >= 1, day <= Self.length(of: month, in: year), hour < 24, minute < 60
    else { return nil }
    var second: Int64 = 0
    var fraction: Int64 = 0
    if reader.take(":") {
      guard let number = reader.number(2), number < 60 else { return nil }
      second = number
      if reader.take(".") {
        guard let digits = reader.fraction() else { return nil }
        fraction = digits
      }
    }
    guard let offset = reader.zone(), reader.isAtEnd else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    self.init(microseconds: (days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1_000_000 + fraction)
  }

  private static func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let remainder = value % divisor
    return remainder < 0 ? (value / divisor - 1, remainder + divisor) : (value / divisor, remainder)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Days before each month of a year that begins in March.
  private static func daysBefore(monthFromMarch month: Int64) -> Int64 { (153 * month + 2) / 5 }

  /// Days since 1970-01-01; years begin in March, so that the leap day is a year's last.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month > 2 ? year : year - 1
    let (era, yearOfEra) = floored(year, by: 400)
    let dayOfYear = daysBefore(monthFromMarch: month > 2 ? month - 3 : month + 9) + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floored(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - daysBefore(monthFromMarch: month) + 1
    return (era * 400 + yearOfEra + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day)
  }

  private static func length(of month: Int64, in year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// Reads fixed fields of digits from the front of a text.
private struct DigitReader {
  private var rest: Substring.UTF8View

  init(_ text: Substring.UTF8View) { rest = text }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest.removeFirst()
    return true
  }

  mutating func number(_ width: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<width {
      guard let digit else { return nil }
      value = value * 10 + digit
      rest.removeFirst()
    }
    return value
  }

  /// One digit or more as microseconds; what is finer is cut off.
  mutating func fraction() -> Int64? {
    guard digit != nil else { return nil }
    var value: Int64 = 0
    var scale: Int64 = 100_000
    while let digit {
      value += digit * scale
      scale /= 10
      rest.removeFirst()
    }
    return value
  }

  /// The offset from UTC in seconds; nil where what stands here is none.
  mutating func zone() -> Int64? {
    if isAtEnd || take("Z") || take("z") { return 0 }
    let sign: Int64 = take("-") ? -1 : 1
    guard sign == -1 || take("+"), let hours = number(2), hours < 24 else { return nil }
    guard !isAtEnd else { return sign * hours * 3600 }
    _ = take(":")
    guard let minutes = number(2), minutes < 60 else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }

  private var digit: Int64? {
    guard let first = rest.first, (0x30...0x39).contains(first) else { return nil }
    return Int64(first) - 0x30
  }
}
