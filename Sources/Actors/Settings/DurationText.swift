/// Durations as people write them: `250ms`, `10s`, `60m`, `1.5h`, `7d`. Exact in both directions, or refused.
public enum DurationText {
  /// Why a text is no duration, and what to write instead.
  public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, beginning with the text itself.
    public var message: String
    /// What to do about it.
    public var remedy: String
    /// For people.
    public var description: String { message + ": " + remedy }

    /// Makes a problem.
    public init(message: String, remedy: String) {
      self.message = message
      self.remedy = remedy
    }
  }

  /// A unit and its length.
  private struct Unit {
    /// As written.
    var name: String
    /// Milliseconds in it.
    var milliseconds: Int128
  }

  /// The units, longest first.
  private static let units = [
    Unit(name: "d", milliseconds: 86_400_000), Unit(name: "h", milliseconds: 3_600_000),
    Unit(name: "m", milliseconds: 60_000), Unit(name: "s", milliseconds: 1000), Unit(name: "ms", milliseconds: 1),
  ]
  /// What people write for a unit.
  private static let unitWords = [
    ("d", ["d", "day", "days"]), ("h", ["h", "hr", "hrs", "hour", "hours"]),
    ("m", ["m", "min", "mins", "minute", "minutes"]), ("s", ["s", "sec", "secs", "second", "seconds"]),
    ("ms", ["ms", "msec", "msecs", "millisecond", "milliseconds"]),
  ]
  /// Attoseconds in a millisecond.
  private static let attosecondsPerMillisecond: Int128 = 1_000_000_000_000_000
  /// Attoseconds in a second.
  private static let attosecondsPerSecond: Int128 = attosecondsPerMillisecond * 1000
  /// Digits that a number may have: more cannot be held exactly.
  private static let maximumDigits = 30
  /// Characters of a wrong text that a message repeats.
  private static let maximumEcho = 40
  /// What is allowed where a field says nothing else.
  public static let anyLength: ClosedRange<Duration> = .milliseconds(1) ... .seconds(365 * 86_400)

  /// Reads a duration within `range`. Zero is allowed only where the range begins with it.
  public static func parse(
    _ text: String, in range: ClosedRange<Duration> = anyLength
  ) throws(Problem) -> Duration {
    let shown = echo(text)
    guard !text.isEmpty else {
      throw Problem(message: "the duration is empty", remedy: "write a number and a unit, such as \"10s\" or \"60m\"")
    }
    var rest = text[...]
    let negative = rest.hasPrefix("-")
    if negative || rest.hasPrefix("+") { rest = rest.dropFirst() }
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction: Substring = ""
    if rest.hasPrefix(".") {
      fraction = rest.dropFirst().prefix(while: isDigit)
      rest = rest.dropFirst(fraction.count + 1)
      guard !fraction.isEmpty else { throw notADuration(shown) }
    }
    guard !whole.isEmpty else { throw notADuration(shown) }
    guard !rest.isEmpty else {
      throw Problem(message: "\(shown) has no unit", remedy: "write \(shown)s for seconds or \(shown)m for minutes")
    }
    guard let unit = units.first(where: { $0.name == rest }) else {
      let number = negative ? nil : fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
      throw wrongUnit(shown, unit: rest, number: number)
    }
    guard !negative else {
      throw Problem(message: "\(shown) is negative", remedy: "must be at least \(print(range.lowerBound))")
    }
    let duration = try value(shown, whole: whole, fraction: fraction, unit: unit, range: range)
    guard duration >= range.lowerBound else {
      throw Problem(message: "\(shown) is too short", remedy: "must be at least \(print(range.lowerBound))")
    }
    guard duration <= range.upperBound else { throw tooLong(shown, range) }
    return duration
  }

  /// The shortest exact text whose number has no fraction where that is possible; `60m` rather than `1h`, and
  /// `24h` rather than `1d`, since that is how people write them.
  public static func print(_ duration: Duration) -> String {
    let parts = duration.components
    let total = Int128(parts.seconds) * attosecondsPerSecond + Int128(parts.attoseconds)
    let size = total.magnitude
    let sign = total < 0 ? "-" : ""
    for unit in units {
      let length = (unit.milliseconds * attosecondsPerMillisecond).magnitude
      let atLeast = unit.name == "s" || unit.name == "ms" ? length : length * 2
      if size.isMultiple(of: length), size >= atLeast { return "\(sign)\(size / length)\(unit.name)" }
    }
    if size == 0 { return "0s" }
    let length = attosecondsPerMillisecond.magnitude
    var digits = String(size % length)
    digits = String(repeating: "0", count: 15 - digits.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(sign)\(size / length).\(digits)ms"
  }

  /// The exact value, or why there is none.
  private static func value(
    _ shown: String, whole: Substring, fraction: Substring, unit: Unit, range: ClosedRange<Duration>
  ) throws(Problem) -> Duration {
    var fraction = fraction
    while fraction.hasSuffix("0") { fraction = fraction.dropLast() }
    let digits = whole.drop { $0 == "0" } + fraction
    guard digits.count <= maximumDigits, let number = Int128(digits.isEmpty ? "0" : String(digits)) else {
      throw whole.count > fraction.count ? tooLong(shown, range) : tooFine(shown)
    }
    var scale: Int128 = 1
    for _ in fraction { scale *= 10 }
    // Tens that cancel out are taken away before they could overflow.
    var length = unit.milliseconds * attosecondsPerMillisecond
    while scale > 1, length.isMultiple(of: 10) { (scale, length) = (scale / 10, length / 10) }
    let (total, overflow) = number.multipliedReportingOverflow(by: length)
    guard !overflow else { throw whole.count > fraction.count ? tooLong(shown, range) : tooFine(shown) }
    guard total % scale == 0 else { throw tooFine(shown) }
    let (seconds, attoseconds) = (total / scale).quotientAndRemainder(dividingBy: attosecondsPerSecond)
    guard let seconds = Int64(exactly: seconds) else { throw tooLong(shown, range) }
    return Duration(secondsComponent: seconds, attosecondsComponent: Int64(attoseconds))
  }

  /// ASCII digits only.
  private static func isDigit(_ character: Character) -> Bool {
    character.isASCII && character >= "0" && character <= "9"
  }

  /// What a message repeats of a text: bounded, and nothing that a terminal would act upon.
  private static func echo(_ text: String) -> String { PrintableText.clip(text, to: maximumEcho) }

  /// Not a number and a unit at all.
  private static func notADuration(_ shown: String) -> Problem {
    Problem(message: "\(shown) is not a duration", remedy: "write a number and a unit, such as \"10s\" or \"60m\"")
  }

  /// A number, but a unit that is not known.
  ///
  /// - Parameter number: the number that a suggestion has; nil for none.
  private static func wrongUnit(_ shown: String, unit: Substring, number: String?) -> Problem {
    let word = unit.drop { $0 == " " }
    // A single letter may be meant as it stands: M for months.
    let known = unitWords.first { $0.1.contains(word.count > 1 ? word.lowercased() : String(word)) }
    if let known, let number {
      let what = known.0 == word ? "a space before its unit" : "the unit \"\(word)\", which is not known"
      return Problem(message: "\(shown) has \(what)", remedy: "did you mean \"\(echo(number))\(known.0)\"?")
    }
    if unit.contains(where: isDigit) {
      return Problem(
        message: "\(shown) has more than one unit", remedy: "write one number, such as \"90m\" or \"1.5h\"")
    }
    return Problem(
      message: "\(shown) has the unit \"\(echo(String(unit)))\", which is not known",
      remedy: "the units are ms, s, m, h and d")
  }

  /// Above the range.
  private static func tooLong(_ shown: String, _ range: ClosedRange<Duration>) -> Problem {
    Problem(message: "\(shown) is too long", remedy: "must be at most \(print(range.upperBound))")
  }

  /// Finer than a duration can hold.
  private static func tooFine(_ shown: String) -> Problem {
    Problem(message: "\(shown) is finer than can be kept exactly", remedy: "write fewer digits")
  }
}
