internal import Actors

/// One thing that is wrong with a configuration, for people: where it is, what it is, what to do.
struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file as it was named, `$OLLAMA_HOST` for the environment, or `--window` for a flag.
  var source: String
  /// Where in the file; nil where it is about the whole of it, or not about a file.
  var position: SourcePosition?
  /// The setting, such as `models.other:7b.threshold`; nil where the text itself cannot be read.
  var field: String?
  /// What is wrong.
  var message: String
  /// What to do; nil where the message says it.
  var remedy: String?

  /// `retraind.json5:12:9: threshold: 40 is not a rate: rates are between 0 and 1; did you mean 0.40?`
  var description: String {
    var text = source
    if let position { text += ":\(position)" }
    text += ": "
    if let field { text += "\(PrintableText.clip(field, to: ConfigError.maximumField)): " }
    text += message
    if let remedy { text += "; \(remedy)" }
    return text
  }

  /// Characters of a field's name that are printed.
  static let maximumField = 160
}

/// Everything that is wrong with a configuration, in the order of the file.
struct ConfigErrors: Error, Sendable, Hashable, CustomStringConvertible {
  /// Errors that are listed; the rest is counted.
  static let limit = 50

  /// The first `limit` errors.
  private(set) var errors: [ConfigError] = []
  /// Errors beyond them.
  private(set) var omitted = 0

  /// Nothing is wrong.
  init() {}

  /// These are.
  init(_ errors: [ConfigError]) {
    for error in errors { append(error) }
  }

  /// True where nothing is wrong.
  var isEmpty: Bool { errors.isEmpty }

  /// How many there are.
  var count: Int { errors.count + omitted }

  /// Adds an error, or counts it where the list is full.
  mutating func append(_ error: ConfigError) {
    if errors.count < ConfigErrors.limit { errors.append(error) } else { omitted += 1 }
  }

  /// Adds another list.
  mutating func append(contentsOf other: ConfigErrors) {
    for error in other.errors { append(error) }
    omitted += other.omitted
  }

  /// The same errors as one reads the file; those that are not about a place in it come last.
  func sorted() -> ConfigErrors {
    var result = ConfigErrors()
    result.omitted = omitted
    let last = SourcePosition(line: .max, column: .max)
    // Sorting by the index too keeps the order of those that share a place.
    let order = errors.enumerated().sorted {
      ($0.element.position ?? last, $0.offset) < ($1.element.position ?? last, $1.offset)
    }
    result.errors = order.map(\.element)
    return result
  }

  /// A line for each error.
  var description: String {
    var lines = errors.map(\.description)
    if omitted > 0 { lines.append("and \(omitted) more \(omitted == 1 ? "error" : "errors")") }
    return lines.joined(separator: "\n")
  }
}

/// Something that a person should know, though the configuration can be used.
struct ConfigWarning: Sendable, Hashable, CustomStringConvertible {
  /// The setting.
  var field: String
  /// What is the matter, and what to do.
  var message: String
  /// For people.
  var description: String { "\(field): \(message)" }
}
