/// Numbers and durations as they stand in sentences.
enum Wording {
  /// A number with so many decimals, rounded to nearest; meant for rates, exact up to about 10^15 / 10^decimals.
  static func fixed(_ value: Double, decimals: Int = 3) -> String {
    let places = min(max(decimals, 0), 15)
    let power = power(ofTen: places)
    let scaled = (value.magnitude * power).rounded()
    guard scaled < 0x1p53 else { return value.description }  // Infinity, NaN, and what has no decimals to show.
    let (whole, fraction) = UInt64(scaled).quotientAndRemainder(dividingBy: UInt64(power))
    let digits = String(fraction)
    let zeros = String(repeating: "0", count: max(places - digits.utf8.count, 0))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return places == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(zeros)\(digits)"
  }

  /// 10^exponent, exact up to 22.
  private static func power(ofTen exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<exponent { result *= 10 }
    return result
  }

  /// A mean beside its threshold: three decimals, more only where three would contradict the verdict
  /// ("0.600 is below 0.6").
  static func mean(_ mean: Double, besideThreshold threshold: Double) -> String {
    for decimals in 3...15 {
      let power = Self.power(ofTen: decimals)
      // Both are whole and exact, so that the quotient is the double that the printed text reads as.
      let shown = (mean * power).rounded() / power
      if (shown < threshold) == (mean < threshold) { return fixed(mean, decimals: decimals) }
    }
    return mean.description
  }

  /// A threshold or another number that a person set, as short as it reads back: `0.6`, `1`.
  static func shortest(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A count with its noun: `1 cycle`, `5 cycles`.
  static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  /// A duration in its two largest units: `45 s`, `15 min`, `3 h 20 min`, `30 d`. What is left over is cut off.
  static func duration(_ duration: Duration) -> String {
    let seconds = Int128(max(duration, .zero).attoseconds / 1_000_000_000_000_000_000)
    let units: [(name: String, length: Int128)] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
    for (index, unit) in units.enumerated() where seconds >= unit.length {
      // A day and a half reads better in hours.
      if unit.name == "d", seconds < 2 * unit.length { continue }
      let first = "\(seconds / unit.length) \(unit.name)"
      guard index + 1 < units.count else { return first }
      let second = seconds % unit.length / units[index + 1].length
      return second == 0 ? first : "\(first) \(second) \(units[index + 1].name)"
    }
    return "0 s"
  }

  /// The time left, rounded up, so that it is never told too short: `12 min`, never `0 s`.
  static func timeLeft(_ duration: Duration) -> String {
    let unit: Duration = duration < .seconds(60) ? .seconds(1) : .seconds(60)
    let (whole, rest) = duration.attoseconds.quotientAndRemainder(dividingBy: unit.attoseconds)
    return Self.duration(Duration(attoseconds: (whole + (rest > 0 ? 1 : 0)) * unit.attoseconds))
  }
}
