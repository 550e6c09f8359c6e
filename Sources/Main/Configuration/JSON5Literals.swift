internal import Actors

/// What has no parts: texts, keys without quotes, numbers and words.
extension JSON5Scanner {
  /// A text in either kind of quotes.
  mutating func string() throws(Problem) -> String {
    let start = cursor.position
    let quote = cursor.advance()
    var result = ""
    var count = 0
    while let scalar = cursor.next {
      if scalar == "\n" || scalar == "\r" {
        throw Problem(
          position: start, message: "this text is not closed on its line", remedy: "close it with its quote")
      }
      let position = cursor.position
      cursor.advance()
      if scalar == quote { return result }
      count += 1
      guard count <= JSON5Scanner.maximumStringLength else {
        throw Problem(
          position: start, message: "this text has more than \(JSON5Scanner.maximumStringLength) characters")
      }
      if scalar == "\\" {
        if let escaped = try escape(at: position) { result.unicodeScalars.append(escaped) }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    throw Problem(position: start, message: "this text is never closed", remedy: "close it with its quote")
  }

  /// What follows a backslash in a text; nil for a line that goes on.
  private mutating func escape(at position: SourcePosition) throws(Problem) -> Unicode.Scalar? {
    guard let scalar = cursor.advance() else {
      throw Problem(position: position, message: "the \(whole) ends within an escape")
    }
    switch scalar {
    case "b": return "\u{08}"
    case "f": return "\u{0C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "v": return "\u{0B}"
    case "x": return try self.scalar(hexDigits(2, at: position), at: position)
    case "u": return try unicodeEscape(at: position)
    case "0":
      if let next = cursor.next, ScalarCursor.isDigit(next) { fallthrough }
      return "\0"
    case "1"..."9":
      throw Problem(position: position, message: "\\\(scalar) is no escape", remedy: "write \\\\ for a backslash")
    case "\r":
      _ = cursor.advance(over: "\n")
      return nil
    case _ where ScalarCursor.isLineEnd(scalar): return nil
    default: return scalar
    }
  }

  /// `\uXXXX`, or two of them for a scalar beyond U+FFFF; the `\u` is read already.
  private mutating func unicodeEscape(at position: SourcePosition) throws(Problem) -> Unicode.Scalar {
    let high = try hexDigits(4, at: position)
    guard (0xD800...0xDBFF).contains(high), cursor.next == "\\", cursor.peek(1) == "u" else {
      return try scalar(high, at: position)
    }
    cursor.advance()
    cursor.advance()
    let low = try hexDigits(4, at: position)
    guard (0xDC00...0xDFFF).contains(low) else { return try scalar(high, at: position) }
    return try scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00), at: position)
  }

  /// A number of hexadecimal digits.
  private mutating func hexDigits(_ count: Int, at position: SourcePosition) throws(Problem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let scalar = cursor.next, let digit = ScalarCursor.hexValue(scalar) else {
        throw Problem(position: position, message: "this escape needs \(count) hexadecimal digits")
      }
      cursor.advance()
      value = value << 4 | digit
    }
    return value
  }

  /// The scalar with a number, which a half of a pair is not.
  private func scalar(_ value: UInt32, at position: SourcePosition) throws(Problem) -> Unicode.Scalar {
    guard let scalar = Unicode.Scalar(value) else {
      throw Problem(
        position: position, message: "this escape is half of a pair", remedy: "write both halves: \\uD83D\\uDE00")
    }
    return scalar
  }

  /// A key or a word without quotes.
  mutating func identifier() throws(Problem) -> String {
    let start = cursor.position
    var result = ""
    var count = 0
    while let scalar = cursor.next {
      var part = scalar
      let position = cursor.position
      if scalar == "\\" {
        cursor.advance()
        guard cursor.advance(over: "u") else {
          throw Problem(position: position, message: "a key without quotes knows only \\uXXXX", remedy: "quote the key")
        }
        part = try unicodeEscape(at: position)
        guard count == 0 ? ScalarCursor.isIdentifierStart(part) : ScalarCursor.isIdentifierPart(part) else {
          throw Problem(
            position: position, message: "\(JSON5Scanner.show(part)) cannot stand in a key without quotes",
            remedy: "quote the key")
        }
      } else if count == 0 ? ScalarCursor.isIdentifierStart(scalar) : ScalarCursor.isIdentifierPart(scalar) {
        cursor.advance()
      } else {
        break
      }
      count += 1
      guard count <= JSON5Scanner.maximumStringLength else {
        throw Problem(
          position: start, message: "this word has more than \(JSON5Scanner.maximumStringLength) characters")
      }
      result.unicodeScalars.append(part)
    }
    return result
  }

  /// `true`, `false`, `null`, `Infinity`, `NaN`; anything else is a text without its quotes.
  mutating func word() throws(Problem) -> ConfigNode.Value {
    let start = cursor.position
    let word = try identifier()
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    case "Infinity": return .number(ConfigNumber(text: word, value: .infinity, whole: nil))
    case "NaN": return .number(ConfigNumber(text: word, value: .nan, whole: nil))
    default: break
    }
    let shown = PrintableText.clip(word)
    let remedy =
      switch word {
      case "True", "TRUE", "yes", "on": "write true"
      case "False", "FALSE", "no", "off": "write false"
      case "None", "nil", "Null", "NULL", "undefined": "write null"
      default: "text stands in quotes: \"\(shown)\""
      }
    throw Problem(position: start, message: "\(shown) is not a value", remedy: remedy)
  }

  /// A number in any of JSON5's forms.
  mutating func number() throws(Problem) -> ConfigNumber {
    let start = cursor.position
    let first = cursor.index
    var negative = false
    if let sign = cursor.next, sign == "+" || sign == "-" {
      negative = sign == "-"
      cursor.advance()
    }
    if let scalar = cursor.next, ScalarCursor.isIdentifierStart(scalar) {
      let word = try identifier()
      switch word {
      case "Infinity":
        return ConfigNumber(text: cursor.text(from: first), value: negative ? -.infinity : .infinity, whole: nil)
      case "NaN": return ConfigNumber(text: cursor.text(from: first), value: .nan, whole: nil)
      default: throw notANumber(from: first, at: start)
      }
    }
    // Everything that could belong to a number, so that a wrong one is named whole.
    while let scalar = cursor.next {
      let isExponentSign = (scalar == "+" || scalar == "-") && (cursor.peek(-1) == "e" || cursor.peek(-1) == "E")
      guard ScalarCursor.isIdentifierPart(scalar) || scalar == "." || isExponentSign else { break }
      cursor.advance()
      guard cursor.index - first <= JSON5Scanner.maximumNumberLength else {
        throw Problem(
          position: start, message: "this number has more than \(JSON5Scanner.maximumNumberLength) characters")
      }
    }
    guard let number = NumberText.parse(cursor.text(from: first)) else { throw notANumber(from: first, at: start) }
    return number
  }

  /// What was read is no number; a duration without its quotes is the usual reason.
  private func notANumber(from first: Int, at start: SourcePosition) -> Problem {
    let text = PrintableText.clip(cursor.text(from: first))
    if (try? DurationText.parse(text)) != nil {
      return Problem(
        position: start, message: "\(text) is not a number", remedy: "durations stand in quotes: \"\(text)\"")
    }
    if text.count > 1, text.hasPrefix("0"), text.allSatisfy(\.isNumber) {
      return Problem(position: start, message: "\(text) begins with 0", remedy: "write it without leading zeros")
    }
    return Problem(position: start, message: "\(text) is not a number")
  }
}

/// Numbers as JSON5 writes them.
enum NumberText {
  /// The number in a text; nil where it is none.
  static func parse(_ text: String) -> ConfigNumber? {
    var body = text[...]
    let negative = body.hasPrefix("-")
    if negative || body.hasPrefix("+") { body = body.dropFirst() }
    if body.hasPrefix("0x") || body.hasPrefix("0X") {
      let digits = body.dropFirst(2)
      guard !digits.isEmpty, digits.unicodeScalars.allSatisfy({ ScalarCursor.hexValue($0) != nil }) else { return nil }
      var value = 0.0
      for scalar in digits.unicodeScalars { value = value * 16 + Double(ScalarCursor.hexValue(scalar) ?? 0) }
      let whole = Int((negative ? "-" : "") + digits, radix: 16)
      return ConfigNumber(text: text, value: negative ? -value : value, whole: whole)
    }
    guard let plain = decimal(body), let value = Double(plain) else { return nil }
    let whole = Int(plain) ?? (abs(value) < 9e15 && value == value.rounded() ? Int(value) : nil)
    return ConfigNumber(text: text, value: negative ? -value : value, whole: whole.map { negative ? -$0 : $0 })
  }

  /// A decimal number in the form that everybody reads: digits on both sides of the point. Nil where it is none.
  private static func decimal(_ text: Substring) -> String? {
    var rest = text
    func digits(_ rest: inout Substring) -> Substring {
      let digits = rest.prefix { $0.isASCII && $0 >= "0" && $0 <= "9" }
      rest = rest.dropFirst(digits.count)
      return digits
    }
    let whole = digits(&rest)
    if whole.count > 1, whole.hasPrefix("0") { return nil }
    var fraction: Substring = ""
    let hasPoint = rest.hasPrefix(".")
    if hasPoint {
      rest = rest.dropFirst()
      fraction = digits(&rest)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    var result = whole.isEmpty ? "0" : String(whole)
    if !fraction.isEmpty { result += "." + fraction }
    if rest.hasPrefix("e") || rest.hasPrefix("E") {
      rest = rest.dropFirst()
      let sign = rest.hasPrefix("-") ? "-" : ""
      if rest.hasPrefix("-") || rest.hasPrefix("+") { rest = rest.dropFirst() }
      let exponent = digits(&rest)
      guard !exponent.isEmpty else { return nil }
      result += "e" + sign + exponent
    }
    return rest.isEmpty ? result : nil
  }
}
