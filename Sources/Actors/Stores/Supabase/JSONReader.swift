internal import Platform

/// Reads JSON from front to back, once. What it does not keep it steps over without looking closely.
struct JSONReader: ~Copyable {
  /// The text; valid while the closure that made the reader runs.
  let bytes: UnsafeBufferPointer<UInt8>
  /// The columns that are kept, as UTF-8.
  let columns: [[UInt8]]
  /// The next byte.
  var at = 0
  /// The column that probably comes next: rows have their columns in one order.
  var expected = 0

  init(bytes: UnsafeBufferPointer<UInt8>, columns: [[UInt8]]) {
    self.bytes = bytes
    self.columns = columns
  }

  mutating func rows() throws(JSONRows.Problem) -> [[SQLiteValue]] {
    var rows: [[SQLiteValue]] = []
    try expect(UInt8(ascii: "["))
    if try skipIf(UInt8(ascii: "]")) {
      try end()
      return rows
    }
    while true {
      rows.append(try object())
      if try skipIf(UInt8(ascii: ",")) { continue }
      try expect(UInt8(ascii: "]"))
      try end()
      return rows
    }
  }

  mutating func single() throws(JSONRows.Problem) -> [SQLiteValue] {
    let values = try object()
    try end()
    return values
  }

  mutating func firstKeys() throws(JSONRows.Problem) -> [String]? {
    try expect(UInt8(ascii: "["))
    if try skipIf(UInt8(ascii: "]")) { return nil }
    try expect(UInt8(ascii: "{"))
    var keys: [String] = []
    if try skipIf(UInt8(ascii: "}")) { return keys }
    while true {
      guard try peek() == UInt8(ascii: "\"") else { throw .notRows }
      keys.append(try string())
      try expect(UInt8(ascii: ":"))
      try skipValue()
      if try skipIf(UInt8(ascii: ",")) { continue }
      try expect(UInt8(ascii: "}"))
      return keys
    }
  }

  private mutating func object() throws(JSONRows.Problem) -> [SQLiteValue] {
    var values = [SQLiteValue](repeating: .null, count: columns.count)
    expected = 0
    try expect(UInt8(ascii: "{"))
    if try skipIf(UInt8(ascii: "}")) { return values }
    while true {
      let column = try key()
      try expect(UInt8(ascii: ":"))
      if let column {
        values[column] = try value()
        expected = column + 1
      } else {
        try skipValue()
      }
      if try skipIf(UInt8(ascii: ",")) { continue }
      try expect(UInt8(ascii: "}"))
      return values
    }
  }

  /// Which column a key names; nil for one that is not wanted.
  private mutating func key() throws(JSONRows.Problem) -> Int? {
    guard try peek() == UInt8(ascii: "\"") else { throw .notRows }
    let start = at + 1
    guard let end = plainEnd(from: start) else {
      let text = Array(try string().utf8)
      return columns.firstIndex(of: text)
    }
    at = end + 1
    let key = bytes[start..<end]
    if expected < columns.count, columns[expected].elementsEqual(key) { return expected }
    return columns.firstIndex { $0.elementsEqual(key) }
  }

  private mutating func value() throws(JSONRows.Problem) -> SQLiteValue {
    switch try peek() {
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    case UInt8(ascii: "t"):
      try word("true")
      return .integer(1)
    case UInt8(ascii: "f"):
      try word("false")
      return .integer(0)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      try skipValue()
      return .null
    default: return try number()
    }
  }

  // MARK: - Numbers

  /// Powers of ten that a double holds exactly.
  private static let exactPowers: [Double] = (0...22).map { power in
    (0..<power).reduce(1.0) { value, _ in value * 10 }
  }

  /// Whole numbers are exact; with few digits the quotient of two exact doubles is the right one; else the library's.
  private mutating func number() throws(JSONRows.Problem) -> SQLiteValue {
    let start = at
    let isNegative = at < bytes.count && bytes[at] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    var digits: UInt64 = 0
    var count = 0
    var scale = 0
    var isWhole = true
    var isPlain = true
    scan: while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if count < 19 { digits = digits * 10 + UInt64(byte - 48) }
        count += 1
        if !isWhole { scale += 1 }
      case UInt8(ascii: ".") where isWhole: isWhole = false
      case UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
        isPlain = false
        isWhole = false
      default: break scan
      }
      at += 1
    }
    guard count > 0 else { throw at >= bytes.count ? .cutOff : .notRows }
    if isWhole, isPlain, count <= 18 { return .integer(isNegative ? -Int64(digits) : Int64(digits)) }
    if isPlain, !isWhole, count <= 15, scale < Self.exactPowers.count {
      let value = Double(digits) / Self.exactPowers[scale]
      return .real(isNegative ? -value : value)
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isWhole, let exact = Int64(text) { return .integer(exact) }
    guard let value = Double(text) else { throw at >= bytes.count ? .cutOff : .notRows }
    return .real(value)
  }

  // MARK: - Texts

  /// Where a string without escapes ends; nil where it has some.
  private func plainEnd(from start: Int) -> Int? {
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") { return index }
      if byte == UInt8(ascii: "\\") { return nil }
      index += 1
    }
    return nil
  }

  private mutating func string() throws(JSONRows.Problem) -> String {
    let start = at + 1
    if let end = plainEnd(from: start) {
      at = end + 1
      return String(decoding: bytes[start..<end], as: UTF8.self)
    }
    at = start
    var text: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      default: text.append(byte)
      }
    }
    throw .cutOff
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONRows.Problem) {
    guard at < bytes.count else { throw .cutOff }
    let byte = bytes[at]
    at += 1
    switch byte {
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "u"):
      var code = try fourDigits()
      // Two halves of one character; a half alone is none.
      if (0xD800..<0xDC00).contains(code), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
        bytes[at + 1] == UInt8(ascii: "u")
      {
        at += 2
        let low = try fourDigits()
        code = (0xDC00..<0xE000).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : 0xFFFD
      }
      text += String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8
    default: text.append(byte)
    }
  }

  private mutating func fourDigits() throws(JSONRows.Problem) -> UInt32 {
    guard at + 4 <= bytes.count else { throw .cutOff }
    guard let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16) else { throw .notRows }
    at += 4
    return code
  }

  // MARK: - Steps

  private mutating func skipValue() throws(JSONRows.Problem) {
    var depth = 0
    repeat {
      switch try peek() {
      case UInt8(ascii: "\""): try skipString()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        guard depth <= JSONRows.maximumDepth else { throw .notRows }
        at += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { throw .notRows }
        depth -= 1
        at += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw .notRows }
        at += 1
      default:
        let start = at
        while at < bytes.count, !Self.endsWord(bytes[at]) { at += 1 }
        guard at > start else { throw .notRows }
      }
    } while depth > 0
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
      || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "\"")
  }

  private mutating func skipString() throws(JSONRows.Problem) {
    at += 1
    while at < bytes.count {
      let byte = bytes[at]
      at += byte == UInt8(ascii: "\\") ? 2 : 1
      if byte == UInt8(ascii: "\"") { return }
    }
    throw .cutOff
  }

  private mutating func word(_ expected: StaticString) throws(JSONRows.Problem) {
    let count = expected.utf8CodeUnitCount
    guard at + count <= bytes.count else { throw .cutOff }
    let letters = UnsafeBufferPointer(start: expected.utf8Start, count: count)
    guard bytes[at..<(at + count)].elementsEqual(letters) else { throw .notRows }
    at += count
  }

  /// The next byte that is no white space.
  private mutating func peek() throws(JSONRows.Problem) -> UInt8 {
    while at < bytes.count {
      let byte = bytes[at]
      if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 { return byte }
      at += 1
    }
    throw .cutOff
  }

  private mutating func expect(_ wanted: UInt8) throws(JSONRows.Problem) {
    guard try peek() == wanted else { throw .notRows }
    at += 1
  }

  private mutating func skipIf(_ wanted: UInt8) throws(JSONRows.Problem) -> Bool {
    guard try peek() == wanted else { return false }
    at += 1
    return true
  }

  /// Nothing but white space may follow.
  private mutating func end() throws(JSONRows.Problem) {
    while at < bytes.count {
      guard bytes[at] <= 0x20 else { throw .notRows }
      at += 1
    }
  }
}
