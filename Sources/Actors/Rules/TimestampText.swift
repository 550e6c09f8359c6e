extension Timestamp {
  /// RFC 3339 in UTC with `Z`: `2026-01-05T00:00:00.12345Z`, microseconds without trailing zeros.
  ///
  /// Years outside 0000...9999, which no store holds, have a sign and as many digits as they need.
  public var rfc3339: String { text(keepingZeros: false) }

  /// The same, always with six digits of fraction: `2026-01-05T00:00:00.123450Z`. Of years 0000...9999 text orders as
  /// time does.
  public var rfc3339Microseconds: String { text(keepingZeros: true) }

  private func text(keepingZeros: Bool) -> String {
    let days = CivilDate.floorDivide(microseconds, by: Self.perDay)
    let date = CivilDate(daysSinceEpoch: days)
    // Not `microseconds - days * perDay`: that product overflows for the least instants.
    let remainder = microseconds % Self.perDay
    let timeOfDay = remainder < 0 ? remainder + Self.perDay : remainder
    let (seconds, fraction) = timeOfDay.quotientAndRemainder(dividingBy: Self.perSecond)

    var text: [UInt8] = []
    text.reserveCapacity(32)
    if !(0...9999).contains(date.year) { text.append(UInt8(ascii: date.year < 0 ? "-" : "+")) }
    Self.append(date.year.magnitude, width: 4, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(date.month.magnitude, width: 2, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(date.day.magnitude, width: 2, to: &text)
    text.append(UInt8(ascii: "T"))
    Self.append((seconds / 3600).magnitude, width: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append((seconds / 60 % 60).magnitude, width: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append((seconds % 60).magnitude, width: 2, to: &text)
    if fraction > 0 || keepingZeros {
      text.append(UInt8(ascii: "."))
      Self.append(fraction.magnitude, width: 6, to: &text)
      while !keepingZeros, text.last == UInt8(ascii: "0") { text.removeLast() }
    }
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends a number in decimal, with zeros in front up to a width.
  private static func append(_ value: UInt64, width: Int, to text: inout [UInt8]) {
    let start = text.count
    var rest = value
    repeat {
      text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    while text.count - start < width { text.append(UInt8(ascii: "0")) }
    text[start...].reverse()
  }
}
