internal import Actors
internal import Rules

/// Numbers and labels as they are typed behind an option.
enum CountArgument {
  /// What is counted.
  struct Kind: Sendable {
    /// What may be typed.
    var range: ClosedRange<Int64>
    /// Why it cannot be negative.
    var reason: String
  }

  /// Judgements of a cycle. Bounded so that no sum of two of them can overflow.
  static let judgements = Kind(
    range: 0...CycleRefusal.mostJudgements, reason: "a cycle cannot have fewer than 0 judgements")
  /// Minutes of a cycle: at least one, at most ten years.
  static let minutes = Kind(range: 1...CycleRefusal.mostMinutes, reason: "a cycle lasts at least a minute")
  /// Bytes of an id or a version.
  static let maximumLabel = RuleBounds.longestLabel

  /// A whole number in decimal digits.
  static func count(
    _ text: String, in range: ClosedRange<Int64>, negative reason: String?
  ) throws(FieldProblem) -> Int64 {
    let shown = PrintableText.clip(text, to: 40)
    let bounds = "must be between \(range.lowerBound) and \(range.upperBound)"
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw notWhole(text, shown, bounds)
    }
    let isZero = digits.utf8.allSatisfy { $0 == 48 }
    if text.hasPrefix("-"), !isZero {
      throw FieldProblem(message: "\(shown) is negative", remedy: reason ?? bounds)
    }
    guard let value = Int64(digits), value <= range.upperBound else {
      throw FieldProblem(message: "\(shown) is too large", remedy: bounds)
    }
    guard value >= range.lowerBound else { throw FieldProblem(message: "\(shown) is too small", remedy: bounds) }
    return value
  }

  /// What to write instead of something that is no whole number in digits.
  private static func notWhole(_ text: String, _ shown: String, _ bounds: String) -> FieldProblem {
    let message = "\(shown) is not a whole number"
    if let whole = NumberText.parse(text)?.whole, whole >= 0 {
      return FieldProblem(message: "\(shown) is not written in digits", remedy: "write \(whole)")
    }
    let plain = text.filter { $0 != "," && $0 != "_" && $0 != "'" && $0 != " " }
    if plain != text, !plain.isEmpty, plain.utf8.allSatisfy({ (48...57).contains($0) }) {
      return FieldProblem(message: message, remedy: "write \(PrintableText.clip(plain, to: 40))")
    }
    return FieldProblem(message: message, remedy: bounds)
  }

  /// Any number.
  static func number(_ text: String) throws(FieldProblem) -> ConfigNumber {
    if text == "NaN" || text == "nan" { return ConfigNumber(text: text, value: .nan, whole: nil) }
    if let rate = FieldCheck.rateText(percentage: text) {
      throw FieldProblem(
        message: "\(PrintableText.clip(text)) is not a rate: rates are between 0 and 1",
        remedy: "did you mean \(rate)?")
    }
    if text.utf8.count <= JSON5Scanner.maximumNumberLength, let number = NumberText.parse(text) { return number }
    throw FieldProblem(message: "\(PrintableText.clip(text)) is not a number", remedy: "write it like 0.6")
  }

  /// An id or a version: short, and nothing in it that a terminal would act upon.
  static func label(_ text: String) throws(FieldProblem) -> String {
    if text.utf8.count > maximumLabel { throw FieldProblem(message: "it has more than \(maximumLabel) bytes") }
    guard text.unicodeScalars.allSatisfy(PrintableText.isSafe) else {
      throw FieldProblem(message: "it contains a control character")
    }
    return text
  }
}
