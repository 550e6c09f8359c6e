/// A value of JSON, as far as the stand-in looks into it.
public enum Cell: Sendable, Hashable {
  /// null.
  case null
  /// true or false.
  case flag(Bool)
  /// A number as it was written.
  case number(String)
  /// A text.
  case text(String)
  /// An object or an array as it was written.
  case nested(String)

  /// As text, for comparisons; nil for null.
  public var text: String? {
    switch self {
    case .null: nil
    case .flag(let flag): flag ? "true" : "false"
    case .number(let text), .text(let text), .nested(let text): text
    }
  }

  /// As JSON.
  var json: String {
    switch self {
    case .null: "null"
    case .flag(let flag): flag ? "true" : "false"
    case .number(let text), .nested(let text): text
    case .text(let text): Cell.quoted(text)
    }
  }

  /// A text in quotes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// The objects of an array, or the one object that a text is; nil where it is neither.
  static func objects(_ text: String) -> [[String: Cell]]? {
    var reader = CellReader(bytes: Array(text.utf8))
    return reader.objects()
  }
}

/// Reads JSON.
private struct CellReader {
  let bytes: [UInt8]
  var at = 0

  mutating func objects() -> [[String: Cell]]? {
    if take("[") {
      var objects: [[String: Cell]] = []
      if take("]") { return objects }
      repeat {
        guard let object = object() else { return nil }
        objects.append(object)
      } while take(",")
      return take("]") ? objects : nil
    }
    return object().map { [$0] }
  }

  mutating func object() -> [String: Cell]? {
    guard take("{") else { return nil }
    var members: [String: Cell] = [:]
    if take("}") { return members }
    repeat {
      guard let key = string(), take(":"), let value = value() else { return nil }
      members[key] = value
    } while take(",")
    return take("}") ? members : nil
  }

  mutating func value() -> Cell? {
    skipSpace()
    guard at < bytes.count else { return nil }
    let start = at
    switch bytes[at] {
    case UInt8(ascii: "\""): return string().map { .text($0) }
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      var depth = 0
      repeat {
        guard at < bytes.count else { return nil }
        switch bytes[at] {
        case UInt8(ascii: "\""): _ = string()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          depth += 1
          at += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          at += 1
        default: at += 1
        }
      } while depth > 0
      return .nested(String(decoding: bytes[start..<at], as: UTF8.self))
    default:
      while at < bytes.count, !",}] \n\r\t".utf8.contains(bytes[at]) { at += 1 }
      switch String(decoding: bytes[start..<at], as: UTF8.self) {
      case "null": return .null
      case "true": return .flag(true)
      case "false": return .flag(false)
      case let number: return Double(number) == nil ? nil : .number(number)
      }
    }
  }

  mutating func string() -> String? {
    guard take("\"") else { return nil }
    var text: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\"), at < bytes.count else {
        text.append(byte)
        continue
      }
      let escape = bytes[at]
      at += 1
      switch escape {
      case UInt8(ascii: "n"): text.append(10)
      case UInt8(ascii: "t"): text.append(9)
      case UInt8(ascii: "r"): text.append(13)
      case UInt8(ascii: "u"):
        guard at + 4 <= bytes.count,
          let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
        else { return nil }
        at += 4
        text += String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8
      default: text.append(escape)
      }
    }
    return nil
  }

  mutating func skipSpace() { while at < bytes.count, bytes[at] <= 0x20 { at += 1 } }

  mutating func take(_ letter: Unicode.Scalar) -> Bool {
    skipSpace()
    guard at < bytes.count, UInt32(bytes[at]) == letter.value else { return false }
    at += 1
    return true
  }
}
