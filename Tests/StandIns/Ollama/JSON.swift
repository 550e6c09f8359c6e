/// JSON, as much of it as requests and the log need.
enum JSON: Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// How deep it may be nested.
  private static let maxDepth = 32

  /// Reads a text; nil where it is no JSON.
  init?(_ text: some StringProtocol) {
    var reader = Reader(bytes: Array(text.utf8))
    guard let value = reader.value(depth: 0) else { return nil }
    reader.skipSpace()
    guard reader.isAtEnd else { return nil }
    self = value
  }

  /// A member of an object.
  subscript(key: String) -> JSON? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The text of a string.
  var text: String? { if case .string(let text) = self { text } else { nil } }
  /// The value of a number.
  var value: Double? { if case .number(let value) = self { value } else { nil } }
  /// The value of a boolean.
  var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  /// The elements of an array.
  var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }

  /// A text as a JSON string, quotes included.
  static func quoted(_ text: some StringProtocol) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private struct Reader {
    let bytes: [UInt8]
    var at = 0

    var isAtEnd: Bool { at >= bytes.count }

    mutating func skipSpace() {
      while at < bytes.count, bytes[at] == 32 || (9...13).contains(bytes[at]) { at += 1 }
    }

    mutating func take(_ word: StaticString) -> Bool {
      let wanted = word.utf8CodeUnitCount
      guard at + wanted <= bytes.count else { return false }
      for index in 0..<wanted where bytes[at + index] != word.utf8Start[index] { return false }
      at += wanted
      return true
    }

    mutating func value(depth: Int) -> JSON? {
      guard depth < JSON.maxDepth else { return nil }
      skipSpace()
      guard at < bytes.count else { return nil }
      switch bytes[at] {
      case UInt8(ascii: "n"): return take("null") ? .null : nil
      case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
      case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
      case UInt8(ascii: "\""): return string().map { .string($0) }
      case UInt8(ascii: "["): return array(depth: depth)
      case UInt8(ascii: "{"): return object(depth: depth)
      default: return number()
      }
    }

    mutating func number() -> JSON? {
      let start = at
      while at < bytes.count, "+-.eE0123456789".utf8.contains(bytes[at]) { at += 1 }
      return Double(String(decoding: bytes[start..<at], as: UTF8.self)).map { .number($0) }
    }

    mutating func array(depth: Int) -> JSON? {
      at += 1
      var elements: [JSON] = []
      skipSpace()
      if take("]") { return .array([]) }
      while let element = value(depth: depth + 1) {
        elements.append(element)
        skipSpace()
        if take("]") { return .array(elements) }
        guard take(",") else { return nil }
      }
      return nil
    }

    mutating func object(depth: Int) -> JSON? {
      at += 1
      var members: [String: JSON] = [:]
      skipSpace()
      if take("}") { return .object([:]) }
      while true {
        skipSpace()
        guard let key = string() else { return nil }
        skipSpace()
        guard take(":"), let member = value(depth: depth + 1) else { return nil }
        members[key] = member
        skipSpace()
        if take("}") { return .object(members) }
        guard take(",") else { return nil }
      }
    }

    mutating func string() -> String? {
      guard take("\"") else { return nil }
      var text: [UInt8] = []
      while at < bytes.count {
        let byte = bytes[at]
        at += 1
        if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
        guard byte == UInt8(ascii: "\\") else {
          text.append(byte)
          continue
        }
        guard at < bytes.count else { return nil }
        let escape = bytes[at]
        at += 1
        switch escape {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "u"):
          guard let scalar = unicode() else { return nil }
          text.append(contentsOf: String(Character(scalar)).utf8)
        default: text.append(escape)
        }
      }
      return nil
    }

    /// Four hexadecimal digits, or two times four for what lies beyond the basic plane.
    mutating func unicode() -> Unicode.Scalar? {
      guard let first = fourDigits() else { return nil }
      guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
      guard take("\\u"), let second = fourDigits(), (0xDC00..<0xE000).contains(second) else { return "\u{FFFD}" }
      return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    mutating func fourDigits() -> UInt32? {
      guard at + 4 <= bytes.count else { return nil }
      defer { at += 4 }
      return UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    }
  }
}
