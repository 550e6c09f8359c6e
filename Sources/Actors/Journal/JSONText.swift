/// Writes JSON: small, exact for 64-bit numbers, and valid whatever a text holds.
package struct JSONText {
  /// A value to write.
  package enum Value {
    /// null.
    case null
    /// A text.
    case text(String)
    /// A whole number.
    case integer(Int64)
    /// A number; what JSON has no word for (NaN, infinities) is written as null.
    case real(Double)
    /// An object, in the order given.
    case object([(String, Value)])
    /// An array.
    case array([Value])

    /// A text, or null.
    package static func optional(_ text: String?) -> Value { text.map(Value.text) ?? .null }
    /// A number, or null.
    package static func optional(_ number: Double?) -> Value { number.map(Value.real) ?? .null }
  }

  /// The text of a value.
  package static func of(_ value: Value) -> String {
    var text = ""
    write(value, to: &text)
    return text
  }

  private static func write(_ value: Value, to text: inout String) {
    switch value {
    case .null: text += "null"
    case .text(let string): write(quoted: string, to: &text)
    case .integer(let number): text += String(number)
    case .real(let number): text += number.isFinite ? String(number) : "null"
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        write(value, to: &text)
      }
      text += "]"
    case .object(let fields):
      text += "{"
      for (index, field) in fields.enumerated() {
        if index > 0 { text += "," }
        write(quoted: field.0, to: &text)
        text += ":"
        write(field.1, to: &text)
      }
      text += "}"
    }
  }

  private static func write(quoted string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
