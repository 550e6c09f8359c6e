/// Writes JSON where many values are written at once or a process is to end in a few milliseconds: exact for 64-bit
/// numbers, and valid whatever a text holds. Reading is left to `JSONDecoder` (Docs/decisions/0011).
package enum JSONText {
  /// A value to write.
  package enum Value: Sendable {
    /// null.
    case null
    /// A text.
    case text(String)
    /// A whole number.
    case integer(Int64)
    /// A number; what JSON has no word for (NaN, infinities) is written as null.
    case real(Double)
    /// true or false.
    case flag(Bool)
    /// An object, in the order given.
    case object([(String, Value)])
    /// An array.
    case array([Value])

    /// A text, or null.
    package static func optional(_ text: String?) -> Value { text.map(Value.text) ?? .null }
    /// A number, or null.
    package static func optional(_ number: Double?) -> Value { number.map(Value.real) ?? .null }
    /// A whole number, or null.
    package static func optional(_ number: Int64?) -> Value { number.map(Value.integer) ?? .null }
  }

  /// The text of a value.
  ///
  /// - Parameter isPretty: over several lines, indented by two spaces for each level.
  package static func of(_ value: Value, isPretty: Bool = false) -> String {
    var bytes: [UInt8] = []
    write(value, level: isPretty ? 0 : nil, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A text in quotes. U+2028 and U+2029 are escaped too, since they end lines elsewhere.
  package static func quote(_ text: String) -> String {
    var bytes: [UInt8] = []
    write(quoted: text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func write(_ value: Value, level: Int?, to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes += "null".utf8
    case .text(let string): write(quoted: string, to: &bytes)
    case .integer(let number): bytes += String(number).utf8
    case .real(let number): bytes += (number.isFinite ? String(number) : "null").utf8
    case .flag(let flag): bytes += (flag ? "true" : "false").utf8
    case .array(let values):
      list(values, between: "[", "]", level: level, to: &bytes) { value, level, bytes in
        write(value, level: level, to: &bytes)
      }
    case .object(let fields):
      list(fields, between: "{", "}", level: level, to: &bytes) { field, level, bytes in
        write(quoted: field.0, to: &bytes)
        bytes += (level == nil ? ":" : ": ").utf8
        write(field.1, level: level, to: &bytes)
      }
    }
  }

  private static func list<Element>(
    _ elements: [Element], between open: Unicode.Scalar, _ close: Unicode.Scalar, level: Int?,
    to bytes: inout [UInt8], _ write: (Element, Int?, inout [UInt8]) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    let inner = level.map { $0 + 1 }
    var isFirst = true
    for element in elements {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      newLine(inner, to: &bytes)
      write(element, inner, &bytes)
    }
    if !isFirst { newLine(level, to: &bytes) }
    bytes.append(UInt8(ascii: close))
  }

  private static func newLine(_ level: Int?, to bytes: inout [UInt8]) {
    guard let level else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
  }

  private static func write(quoted string: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var string = string
    string.withUTF8 { utf8 in
      if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
        bytes.append(contentsOf: utf8)
        return
      }
      var index = 0
      while index < utf8.count {
        let byte = utf8[index]
        let isLineEnd =
          byte == 0xE2 && index + 2 < utf8.count && utf8[index + 1] == 0x80 && utf8[index + 2] & 0xFE == 0xA8
        switch byte {
        case UInt8(ascii: "\""): bytes += #"\""#.utf8
        case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
        case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
        case UInt8(ascii: "\r"): bytes += #"\r"#.utf8
        case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
        case 0..<0x20, 0x7F: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
        case _ where isLineEnd:
          bytes += (utf8[index + 2] == 0xA8 ? #"\u2028"# : #"\u2029"#).utf8
          index += 2
        default: bytes.append(byte)
        }
        index += 1
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
