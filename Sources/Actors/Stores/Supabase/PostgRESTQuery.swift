/// What is asked of a table, as the part of a URL behind `?`.
struct PostgRESTQuery: Sendable, Hashable {
  /// Names and values in order; a name may stand twice.
  private(set) var items: [(name: String, value: String)] = []

  /// Asks for nothing in particular.
  init() {}

  /// Adds a condition or an option.
  func with(_ name: String, _ value: String) -> PostgRESTQuery {
    var query = self
    query.items.append((name, value))
    return query
  }

  /// A value inside `or=(…)` or `in.(…)`, in quotes, so that no comma or bracket in it is one of the list.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for character in text.unicodeScalars {
      if character == "\"" || character == "\\" { result.unicodeScalars.append("\\") }
      result.unicodeScalars.append(character)
    }
    return result + "\""
  }

  /// With `?` in front; empty where nothing is asked.
  var text: String {
    guard !items.isEmpty else { return "" }
    return "?" + items.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
  }

  /// Everything but plain characters is escaped: a raw `+` would be read as a space.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if isPlain(byte) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~,():*".utf8.contains(byte)
    }
  }

  static func == (left: PostgRESTQuery, right: PostgRESTQuery) -> Bool { left.text == right.text }

  func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
