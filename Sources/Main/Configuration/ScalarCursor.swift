/// Walks through a text scalar by scalar and knows where it is.
struct ScalarCursor {
  /// The text.
  private let scalars: [Unicode.Scalar]
  /// The next scalar.
  private(set) var index = 0
  /// Where the next scalar stands.
  private(set) var position: SourcePosition

  /// Begins at the start of a text.
  ///
  /// - Parameter line: the number of its first line.
  init(_ scalars: [Unicode.Scalar], line: Int = 1) {
    self.scalars = scalars
    position = SourcePosition(line: line, column: 1)
  }

  /// The next scalar; nil at the end.
  var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  /// The scalar at a distance from the next one, backwards where that is negative; nil outside of the text.
  func peek(_ distance: Int) -> Unicode.Scalar? {
    scalars.indices.contains(index + distance) ? scalars[index + distance] : nil
  }

  /// Steps over the next scalar. A line ends at LF, CR, CR LF, U+2028 and U+2029.
  @discardableResult
  mutating func advance() -> Unicode.Scalar? {
    guard let scalar = next else { return nil }
    index += 1
    let endsLine = ScalarCursor.isLineEnd(scalar) && !(scalar == "\r" && next == "\n")
    if endsLine {
      position = SourcePosition(line: position.line + 1, column: 1)
    } else {
      position.column += 1
    }
    return scalar
  }

  /// Steps over `scalar` where it is the next one.
  mutating func advance(over scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    advance()
    return true
  }

  /// The scalars from an earlier index up to here.
  func text(from start: Int) -> String {
    var result = ""
    result.unicodeScalars.append(contentsOf: scalars[start..<index])
    return result
  }

  /// True for what ends a line.
  static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
  }

  /// True for JSON5's white space, line ends included.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case " ", "\t", "\u{0B}", "\u{0C}", "\u{A0}", "\u{FEFF}": true
    default: isLineEnd(scalar) || (!scalar.isASCII && scalar.properties.generalCategory == .spaceSeparator)
    }
  }

  /// True for what a key without quotes may begin with.
  static func isIdentifierStart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "$", "_": return true
    default: break
    }
    if scalar.isASCII { return false }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .letterNumber: return true
    default: return false
    }
  }

  /// True for what a key without quotes may go on with.
  static func isIdentifierPart(_ scalar: Unicode.Scalar) -> Bool {
    if isIdentifierStart(scalar) || isDigit(scalar) || scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
    if scalar.isASCII { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation: return true
    default: return false
    }
  }

  /// True for 0 to 9.
  static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }

  /// The value of a hexadecimal digit.
  static func hexValue(_ scalar: Unicode.Scalar) -> UInt32? {
    switch scalar {
    case "0"..."9": scalar.value - 48
    case "a"..."f": scalar.value - 87
    case "A"..."F": scalar.value - 55
    default: nil
    }
  }
}
