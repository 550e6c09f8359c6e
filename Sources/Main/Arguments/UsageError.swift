/// A command line that cannot be understood, for people.
struct UsageError: Error, Sendable, Hashable, CustomStringConvertible {
  /// EX_USAGE.
  static let exitCode: Int32 = 64

  /// What is wrong, with what was typed.
  var message: String
  /// What to do.
  var hint: String

  /// Makes an error.
  init(_ message: String, hint: String) {
    self.message = message
    self.hint = hint
  }

  /// Two lines for stderr.
  var description: String { "retraind: \(message)\n\(hint)" }
}
