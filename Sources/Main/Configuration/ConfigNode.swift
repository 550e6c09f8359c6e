/// A place in a text, both counted from 1; a column is a Unicode scalar.
struct SourcePosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The line.
  var line: Int
  /// The column in it.
  var column: Int

  /// `12:9`.
  var description: String { "\(line):\(column)" }

  /// Orders as one reads.
  static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A JSON5 value and where it stands.
struct ConfigNode: Sendable, Hashable {
  /// What a value can be.
  enum Value: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, perhaps not a finite one.
    case number(ConfigNumber)
    /// Text.
    case string(String)
    /// A list.
    case array([ConfigNode])
    /// Keys and values in the order of the file; a key that stood twice is kept once, as it stood first.
    case object([ConfigEntry])
  }

  /// What it is.
  var value: Value
  /// Where it begins.
  var position: SourcePosition

  /// Its kind in words, for messages.
  var kind: String {
    switch value {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// A key and its value.
struct ConfigEntry: Sendable, Hashable {
  /// The key.
  var key: String
  /// Where the key stands.
  var keyPosition: SourcePosition
  /// What it stands for.
  var value: ConfigNode
}

/// A number as it was written and as it is.
struct ConfigNumber: Sendable, Hashable {
  /// As written: `0x1F`, `.5`, `+1`, `Infinity`.
  var text: String
  /// Its value; infinite or NaN where the text says so or is too large.
  var value: Double
  /// Its exact value where it is whole.
  var whole: Int?
}
