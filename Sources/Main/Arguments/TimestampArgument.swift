internal import Actors
internal import Rules

/// Instants as they are typed: RFC 3339, with a space or a `T`; without a zone they are UTC, like the store's.
enum TimestampArgument {
  /// Reads an instant.
  static func parse(_ text: String) throws(FieldProblem) -> Timestamp {
    var reader = Reader(bytes: Array(text.utf8))
    let wrong = FieldProblem(
      message: "\(PrintableText.clip(text)) is not a time", remedy: "write it like 2026-11-23T14:37:14Z")
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
      let day = reader.number(2)
    else { throw wrong }
    guard let days = dayNumber(year, month, day) else {
      throw FieldProblem(message: "\(PrintableText.clip(text)) names a day that does not exist")
    }
    var seconds = days * 86_400
    var microseconds: Int64 = 0
    if !reader.isAtEnd {
      guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), reader.take(":"),
        let minute = reader.number(2)
      else { throw wrong }
      var second: Int64 = 0
      if reader.take(":") {
        guard let value = reader.number(2) else { throw wrong }
        second = value
        if reader.take(".") || reader.take(",") {
          guard let fraction = reader.fraction() else { throw wrong }
          microseconds = fraction
        }
      }
      // A leap second is the last second of its minute, as in PostgreSQL's arithmetic.
      guard hour < 24, minute < 60, second <= 60 else {
        throw FieldProblem(message: "\(PrintableText.clip(text)) names a time of day that does not exist")
      }
      guard let offset = reader.offset(), reader.isAtEnd else { throw wrong }
      seconds += hour * 3600 + minute * 60 + second - offset
    }
    return Timestamp(microseconds: seconds * 1_000_000 + microseconds)
  }

  /// Days from 1970-01-01 to a day of the Gregorian calendar; nil where there is no such day.
  private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year >= 1970, (1...12).contains(month), day >= 1, day <= lengths[Int(month) - 1] else { return nil }
    let before = year - 1
    let leaps = before / 4 - before / 100 + before / 400
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    return before * 365 + leaps - 719_162 + lengths[..<(Int(month) - 1)].reduce(0, +) + day - 1
  }

  /// Reads digits and signs from the front.
  private struct Reader {
    /// The text.
    let bytes: [UInt8]
    /// The next byte.
    var index = 0

    /// True where nothing is left.
    var isAtEnd: Bool { index == bytes.count }

    /// Steps over a sign where it comes next.
    mutating func take(_ sign: Unicode.Scalar) -> Bool {
      guard index < bytes.count, UInt32(bytes[index]) == sign.value else { return false }
      index += 1
      return true
    }

    /// Exactly so many digits.
    mutating func number(_ digits: Int) -> Int64? {
      guard index + digits <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[index..<(index + digits)] {
        guard (48...57).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      index += digits
      return value
    }

    /// One digit or more behind the point, as microseconds; what is finer is cut off.
    mutating func fraction() -> Int64? {
      var value: Int64 = 0
      var count = 0
      while index < bytes.count, (48...57).contains(bytes[index]) {
        if count < 6 { value = value * 10 + Int64(bytes[index] - 48) }
        count += 1
        index += 1
      }
      guard count > 0 else { return nil }
      for _ in count..<max(count, 6) { value *= 10 }
      return value
    }

    /// `Z`, `+02:00`, `-0130`, `+02`, or nothing, in seconds east of UTC.
    mutating func offset() -> Int64? {
      if isAtEnd || take("Z") || take("z") { return 0 }
      let isWest = take("-")
      guard isWest || take("+"), let hours = number(2) else { return nil }
      let hasColon = take(":")
      let minutes = isAtEnd && !hasColon ? 0 : number(2)
      guard let minutes, hours < 24, minutes < 60 else { return nil }
      return (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
  }
}
