internal import Actors
internal import Rules

/// Why a value cannot be taken, for people. Neither part names the field: whoever asked knows it.
struct FieldProblem: Error, Sendable, Hashable {
  /// What is wrong, with the value.
  var message: String
  /// What to do; nil where the message says it.
  var remedy: String?
}

/// The bounds of every setting, the same for file, environment and flags.
enum FieldLimits {
  /// Time between two checks.
  static let interval: ClosedRange<Duration> = .seconds(1) ... .seconds(365 * 86_400)
  /// Time from one run to the next; zero is allowed: no pause at all.
  static let cooldown: ClosedRange<Duration> = .zero ... .seconds(365 * 86_400)
  /// Age from which evidence is stale.
  static let staleAfter: ClosedRange<Duration> = .seconds(1) ... .seconds(3650 * 86_400)
  /// Length of a pull.
  static let pullTimeout: ClosedRange<Duration> = .seconds(1) ... .seconds(7 * 86_400)
  /// Time between asking a process to end and ending it.
  static let stopGrace: ClosedRange<Duration> = .milliseconds(10) ... .seconds(600)
  /// Time without progress.
  static let stallTimeout: ClosedRange<Duration> = .milliseconds(100) ... .seconds(86_400)
  /// Length of a cycle that is made of judgements.
  static let learningInterval: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)
  /// Time from the end of a cycle until it is made.
  static let settle: ClosedRange<Duration> = .zero ... .seconds(86_400)
  /// Cycles of a window.
  static let window = 1...1000
  /// Bytes of a path.
  static let pathLength = 4096
  /// Bytes of an endpoint or a URL.
  static let endpointLength = 2048
  /// Models with an entry of their own.
  static let models = 10_000
  /// Places where people are told.
  static let sinks = 16
  /// Elements of a list.
  static let listed = 64
  /// Characters of a sink's name.
  static let sinkName = 64
  /// Bytes of an argument.
  static let argument = 4096
  /// Time that one try of telling people has.
  static let sinkTimeout: ClosedRange<Duration> = .seconds(1) ... .seconds(300)
  /// The rules that exist.
  static let rules = ["mean"]
}

/// Checks of single values.
enum FieldCheck {
  /// A rate in 0...1.
  static func rate(_ number: ConfigNumber) throws(FieldProblem) -> Double {
    let value = number.value
    if value >= 0, value <= 1 { return value == 0 ? 0 : value }
    let shown = PrintableText.clip(number.text, to: 40)
    guard value.isFinite else {
      throw FieldProblem(message: "\(shown) is not a rate", remedy: "rates are between 0 and 1")
    }
    let bounds = "\(shown) is not a rate: rates are between 0 and 1"
    guard value > 1, value <= 100 else { throw FieldProblem(message: bounds) }
    throw FieldProblem(message: bounds, remedy: "did you mean \(rateText(percent: value))?")
  }

  /// A confidence in 0...1; 0 is how others write that there is none.
  static func confidence(_ number: ConfigNumber) throws(FieldProblem) -> Double {
    let value = number.value
    if value >= 0, value <= 1 { return value == 0 ? 0 : value }
    throw FieldProblem(
      message: "\(PrintableText.clip(number.text, to: 40)) is no confidence", remedy: JudgementRefusal.confidenceRemedy)
  }

  /// The rate of a text such as `60%`; nil where it is none.
  static func rateText(percentage text: String) -> String? {
    guard text.hasSuffix("%"), let percent = NumberText.parse(String(text.dropLast())) else { return nil }
    return (0...100).contains(percent.value) ? rateText(percent: percent.value) : nil
  }

  /// A percentage as a rate with at least two digits after the point: 40 is 0.40.
  static func rateText(percent: Double) -> String {
    let tenThousandths = Int((percent * 100).rounded())
    var digits = String(tenThousandths % 10_000)
    digits = String(repeating: "0", count: 4 - digits.count) + digits
    while digits.count > 2, digits.hasSuffix("0") { digits.removeLast() }
    return "\(tenThousandths / 10_000).\(digits)"
  }

  /// A whole number in a range.
  static func count(_ number: ConfigNumber, in range: ClosedRange<Int>) throws(FieldProblem) -> Int {
    let shown = PrintableText.clip(number.text, to: 40)
    let bounds = "must be between \(range.lowerBound) and \(range.upperBound)"
    guard let whole = number.whole else {
      let isLarge = number.value.isFinite && abs(number.value) >= 9e15
      throw FieldProblem(message: isLarge ? "\(shown) is too large" : "\(shown) is not a whole number", remedy: bounds)
    }
    if whole < range.lowerBound { throw FieldProblem(message: "\(shown) is too small", remedy: bounds) }
    if whole > range.upperBound { throw FieldProblem(message: "\(shown) is too large", remedy: bounds) }
    return whole
  }

  /// A duration in a range.
  static func duration(_ text: String, in range: ClosedRange<Duration>) throws(FieldProblem) -> Duration {
    do throws(DurationText.Problem) {
      return try DurationText.parse(text, in: range)
    } catch {
      // The message goes on with a colon, as in `-5m is negative: must be at least 1s`.
      throw FieldProblem(message: error.description)
    }
  }

  /// The name of a model to watch or to act upon.
  static func modelName(_ text: String) throws(FieldProblem) -> String {
    try modelName(text, ModelName.problemToWatch(text))
  }

  /// The name of a model that is looked up in what is recorded.
  static func recordedName(_ text: String) throws(FieldProblem) -> String {
    try modelName(text, ModelName.problem(with: text))
  }

  private static func modelName(_ text: String, _ problem: String?) throws(FieldProblem) -> String {
    guard let problem else { return text }
    let name = text.isEmpty ? "the name" : "the name \"\(PrintableText.clip(text))\""
    throw FieldProblem(message: "\(name) \(problem)")
  }

  /// A path: not empty, and nothing in it that no path has.
  static func path(_ text: String) throws(FieldProblem) -> String {
    if text.isEmpty { throw FieldProblem(message: "the path is empty") }
    if text.utf8.count > FieldLimits.pathLength {
      throw FieldProblem(message: "the path has more than \(FieldLimits.pathLength) bytes")
    }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
      throw FieldProblem(message: "the path contains a control character")
    }
    if text.hasPrefix("~") {
      throw FieldProblem(
        message: "\(PrintableText.clip(text)) begins with ~, which only a shell understands",
        remedy: "write the whole path")
    }
    return text
  }

  /// The path of a file: a path that does not end like a directory.
  static func filePath(_ text: String) throws(FieldProblem) -> String {
    let path = try path(text)
    let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard !last.isEmpty, last != ".", last != ".." else {
      throw FieldProblem(message: "\(PrintableText.clip(path)) names a directory", remedy: "add the name of the file")
    }
    return path
  }

  /// The name of a sink: one word that a log and a shell take as it is.
  static func sinkName(_ text: String) throws(FieldProblem) -> String {
    let isName = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isName, !text.isEmpty, text.utf8.count <= FieldLimits.sinkName else {
      throw FieldProblem(
        message: "\"\(PrintableText.clip(text))\" is no name of a sink",
        remedy: "1 to \(FieldLimits.sinkName) letters, digits, dots, dashes and underscores")
    }
    return text
  }

  /// An argument of a program.
  static func argument(_ text: String) throws(FieldProblem) -> String {
    if text.utf8.contains(0) { throw FieldProblem(message: "the argument contains a NUL character") }
    if text.utf8.count > FieldLimits.argument {
      throw FieldProblem(message: "the argument has more than \(FieldLimits.argument) bytes")
    }
    return text
  }

  /// One of a few words.
  static func choice<Word: RawRepresentable<String> & CaseIterable>(
    _ text: String, of type: Word.Type
  ) throws(FieldProblem) -> Word {
    if let word = Word(rawValue: text) { return word }
    throw notAChoice(text, among: type.allCases.map(\.rawValue))
  }

  /// The name of a rule.
  static func rule(_ text: String) throws(FieldProblem) -> String {
    if FieldLimits.rules.contains(text) { return text }
    throw notAChoice(text, among: FieldLimits.rules, what: "rule")
  }

  /// A word that is none of those that are known.
  static func notAChoice(_ text: String, among words: [String], what: String = "word") -> FieldProblem {
    let quoted = words.map { "\"\($0)\"" }
    let known =
      quoted.count < 2
      ? "the only one is \(quoted.joined())"
      : "must be \(quoted.dropLast().joined(separator: ", ")) or \(quoted.last ?? "")"
    let message = "\"\(PrintableText.clip(text))\" is no known \(what): \(known)"
    return FieldProblem(message: message, remedy: NearestName.of(text, among: words).map { "did you mean \"\($0)\"?" })
  }
}
