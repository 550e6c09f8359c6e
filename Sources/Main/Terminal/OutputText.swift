import Actors

/// What keeps texts from elsewhere, such as rows that anybody may write, from steering the terminal they are shown on.
enum OutputText {
  /// Characters of a text that are shown to people: a reason, notes, an error.
  static let textLength = 2000

  /// The text with everything escaped that a terminal would act upon, but line ends, tabs and the program's own colours.
  /// The escapes are those of JSON, so that a document stays the same document.
  ///
  /// - Parameter keepsColor: false where the program paints nothing, so that every escape sequence is somebody else's.
  static func escaped(_ text: String, keepsColor: Bool) -> String {
    guard text.utf8.contains(where: isSuspicious) else { return text }
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.first {
      if scalar == "\u{1B}", keepsColor, let sequence = ownSequence(at: rest) {
        result.append(contentsOf: sequence)
        rest = rest.dropFirst(sequence.count)
        continue
      }
      rest.removeFirst()
      if isActedUpon(scalar) {
        let digits = String(scalar.value, radix: 16)
        result.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// The text with its line ends escaped.
  static func oneLine(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\n")) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar == "\n" { result += "\\n" } else { result.unicodeScalars.append(scalar) }
    }
    return result
  }

  /// What `Terminal.paint` writes, without the escape in front.
  private static let ownCodes = (Terminal.Color.allCases.map(\.rawValue) + ["0"]).map {
    Array("[\($0)m".unicodeScalars)
  }

  private static func ownSequence(at text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView? {
    let behind = text.dropFirst()
    guard let code = ownCodes.first(where: { behind.starts(with: $0) }) else { return nil }
    return text.prefix(1 + code.count)
  }

  /// Bytes that a character may begin with which has to be looked at.
  private static func isSuspicious(_ byte: UInt8) -> Bool {
    byte < 0x20 && byte != 0x0A && byte != 0x09 || byte == 0x7F || byte == 0xC2 || byte == 0xD8 || byte == 0xE2
  }

  /// Control characters of both ranges, line separators, and marks that turn the direction of a line.
  private static func isActedUpon(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

extension String {
  /// As names are shown to people: on one line, not long, without what a terminal acts upon.
  var shownName: String { PrintableText.clip(self, to: PrintableText.nameLength) }

  /// As longer texts are shown to people: on one line, without what a terminal acts upon.
  var shownText: String { PrintableText.clip(self, to: OutputText.textLength) }
}
