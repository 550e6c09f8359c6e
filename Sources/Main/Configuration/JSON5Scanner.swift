internal import Actors

/// Reads JSON5 with positions. Whatever the bytes are, the result is a tree or an error that says where and why.
struct JSON5Scanner {
  /// Bytes that a file may have.
  static let maximumSize = 1 << 20
  /// Objects and lists that may stand within each other.
  static let maximumDepth = 64
  /// Scalars that a text or a key may have.
  static let maximumStringLength = 1 << 16
  /// Scalars that a number may have.
  static let maximumNumberLength = 128

  /// A text that is not JSON5.
  struct Problem: Error {
    /// Where.
    var position: SourcePosition
    /// What.
    var message: String
    /// What to do.
    var remedy: String?
  }

  /// The file's name, for messages.
  private let file: String
  /// What the text is: a file, or a line of one.
  let whole: String
  /// Where the scanner is. The other files of the scanner move it too.
  var cursor: ScalarCursor
  /// Keys that stood twice.
  private var duplicates = ConfigErrors()
  /// Keys and indexes down to where the scanner is.
  private var path: [String] = []

  /// The tree, and every duplicate key.
  ///
  /// - Parameter line: where the text is one line of the file, its number there.
  static func scan(
    _ bytes: [UInt8], file: String, line: Int? = nil
  ) throws(ConfigErrors) -> (root: ConfigNode, duplicates: ConfigErrors) {
    var scanner: JSON5Scanner
    do throws(Problem) {
      let cursor = ScalarCursor(try decode(bytes), line: line ?? 1)
      scanner = JSON5Scanner(file: file, whole: line == nil ? "file" : "line", cursor: cursor)
      let root = try scanner.document()
      return (root, scanner.duplicates)
    } catch {
      throw ConfigErrors([
        ConfigError(source: file, position: error.position, message: error.message, remedy: error.remedy)
      ])
    }
  }

  /// Makes a scanner over a text.
  private init(file: String, whole: String, cursor: ScalarCursor) {
    self.file = file
    self.whole = whole
    self.cursor = cursor
  }

  /// The scalars of a file without its byte order mark.
  private static func decode(_ bytes: [UInt8]) throws(Problem) -> [Unicode.Scalar] {
    let start = SourcePosition(line: 1, column: 1)
    guard bytes.count <= maximumSize else {
      throw Problem(position: start, message: "the file has more than \(maximumSize) bytes")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw Problem(position: start, message: "the file is UTF-16", remedy: "save it as UTF-8")
    }
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(bytes.count)
    var iterator = bytes.makeIterator()
    var decoder = UTF8()
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): scalars.append(scalar)
      case .emptyInput: break decoding
      case .error:
        var cursor = ScalarCursor(scalars)
        while cursor.advance() != nil {}
        throw Problem(position: cursor.position, message: "this is not UTF-8", remedy: "save the file as UTF-8")
      }
    }
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    return scalars
  }

  /// The one value of a file.
  private mutating func document() throws(Problem) -> ConfigNode {
    try skipSpace()
    guard cursor.next != nil else {
      throw Problem(
        position: cursor.position, message: "the \(whole) is empty",
        remedy: "write {} to take every default, or remove it")
    }
    if beginsWithKey {
      throw Problem(
        position: cursor.position, message: "a key stands outside of braces",
        remedy: "the \(whole) is one object: write { before the first key and } behind the last value")
    }
    let root = try value(depth: 0)
    try skipSpace()
    if let scalar = cursor.next {
      throw Problem(
        position: cursor.position,
        message:
          "\(JSON5Scanner.show(scalar)) stands after the end of the \(whole == "file" ? "configuration" : "object")",
        remedy: "remove it, or look for a brace that closes too early")
    }
    return root
  }

  /// Whether a key and what follows one stand next.
  private var beginsWithKey: Bool {
    var ahead = self
    guard (try? ahead.key(in: cursor.position)) != nil, (try? ahead.skipSpace()) != nil else { return false }
    return ahead.cursor.next == ":" || ahead.cursor.next == "="
  }

  /// Steps over white space and comments.
  mutating func skipSpace() throws(Problem) {
    while let scalar = cursor.next {
      if ScalarCursor.isSpace(scalar) {
        cursor.advance()
      } else if scalar == "/", cursor.peek(1) == "/" {
        while let scalar = cursor.next, !ScalarCursor.isLineEnd(scalar) { cursor.advance() }
      } else if scalar == "/", cursor.peek(1) == "*" {
        try skipBlockComment()
      } else if scalar == "#" {
        throw Problem(position: cursor.position, message: "# begins no comment in JSON5", remedy: "write // instead")
      } else {
        return
      }
    }
  }

  /// Steps over `/* … */`.
  private mutating func skipBlockComment() throws(Problem) {
    let start = cursor.position
    cursor.advance()
    cursor.advance()
    while let scalar = cursor.advance() {
      if scalar == "*", cursor.advance(over: "/") { return }
    }
    throw Problem(position: start, message: "this comment is never closed", remedy: "close it with */")
  }

  /// Any value.
  private mutating func value(depth: Int) throws(Problem) -> ConfigNode {
    let start = cursor.position
    guard let scalar = cursor.next else {
      throw Problem(position: start, message: "the \(whole) ends where a value should stand")
    }
    switch scalar {
    case "{", "[":
      guard depth < JSON5Scanner.maximumDepth else {
        throw Problem(position: start, message: "more than \(JSON5Scanner.maximumDepth) levels stand within each other")
      }
      let content = scalar == "{" ? try object(depth: depth + 1) : try array(depth: depth + 1)
      return ConfigNode(value: content, position: start)
    case "\"", "'":
      return ConfigNode(value: .string(try string()), position: start)
    case "0"..."9", "+", "-", ".":
      return ConfigNode(value: .number(try number()), position: start)
    case _ where ScalarCursor.isIdentifierStart(scalar):
      return ConfigNode(value: try word(), position: start)
    default:
      throw Problem(position: start, message: "expected a value, found \(JSON5Scanner.show(scalar))")
    }
  }

  /// `{ … }`.
  private mutating func object(depth: Int) throws(Problem) -> ConfigNode.Value {
    let start = cursor.position
    cursor.advance()
    var entries: [ConfigEntry] = []
    var seen: [String: SourcePosition] = [:]
    while true {
      try skipSpace()
      if cursor.advance(over: "}") { return .object(entries) }
      let position = cursor.position
      let key = try self.key(in: start)
      try skipSpace()
      guard cursor.advance(over: ":") else {
        throw expected("':' after the key \(PrintableText.clip(key))", in: start, "{")
      }
      try skipSpace()
      path.append(key)
      let value = try self.value(depth: depth)
      if let first = seen[key] {
        duplicates.append(
          ConfigError(
            source: file, position: position, field: path.joined(separator: "."),
            message: "this key stands twice: at \(first) and at \(position)",
            remedy: "remove one of them"))
      } else {
        seen[key] = position
        entries.append(ConfigEntry(key: key, keyPosition: position, value: value))
      }
      path.removeLast()
      try skipSpace()
      if cursor.advance(over: ",") || cursor.next == "}" { continue }
      throw expected("',' or '}'", in: start, "{")
    }
  }

  /// `[ … ]`.
  private mutating func array(depth: Int) throws(Problem) -> ConfigNode.Value {
    let start = cursor.position
    cursor.advance()
    var nodes: [ConfigNode] = []
    while true {
      try skipSpace()
      if cursor.advance(over: "]") { return .array(nodes) }
      path.append("\(nodes.count)")
      nodes.append(try value(depth: depth))
      path.removeLast()
      try skipSpace()
      if cursor.advance(over: ",") || cursor.next == "]" { continue }
      throw expected("',' or ']'", in: start, "[")
    }
  }

  /// Something is missing here; at the end of the file the place that is still open is named too.
  private func expected(_ what: String, in start: SourcePosition, _ opening: String) -> Problem {
    guard let scalar = cursor.next else {
      return Problem(
        position: cursor.position, message: "the \(whole) ends where \(what) should stand",
        remedy: "the \(opening) at \(start) is still open")
    }
    let remedy: String? =
      switch scalar {
      case "=": "a key and its value are separated by ':'"
      case ";": "values are separated by ','"
      case "}", "]": "the \(opening) at \(start) is still open"
      case _ where what.hasPrefix("','"): "a comma may be missing before this"
      default: nil
      }
    return Problem(
      position: cursor.position, message: "expected \(what), found \(JSON5Scanner.show(scalar))", remedy: remedy)
  }

  /// A key, with quotes or without.
  private mutating func key(in start: SourcePosition) throws(Problem) -> String {
    if cursor.next == "\"" || cursor.next == "'" { return try string() }
    if let scalar = cursor.next, scalar == "\\" || ScalarCursor.isIdentifierStart(scalar) { return try identifier() }
    throw expected("a key or '}'", in: start, "{")
  }

  /// A scalar as a message shows it.
  static func show(_ scalar: Unicode.Scalar) -> String {
    if PrintableText.isSafe(scalar) { return "'\(scalar)'" }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
