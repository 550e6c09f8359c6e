/// Turns what a program draws on a terminal into plain lines, piece by piece: escape sequences are taken out, and each
/// of those that moves the cursor to another place ends a line.
struct TerminalText: Sendable {
  /// Bytes of a line that are kept.
  static let maximumLine = 4096

  /// Where in an escape sequence it is.
  private enum State {
    /// In none.
    case text
    /// After ESC.
    case escape
    /// After `ESC [`.
    case control
    /// After `ESC ]`, until BEL or ESC.
    case command
  }

  /// Where it is.
  private var state = State.text
  /// The line so far.
  private var line: [UInt8] = []

  /// Starts with nothing.
  init() {}

  /// Takes a piece; returns the lines that it ends.
  mutating func take(_ bytes: some Sequence<UInt8>) -> [String] {
    var lines: [String] = []
    func end(_ line: inout [UInt8]) {
      let text = Self.trimmed(line)
      if !text.isEmpty { lines.append(text) }
      line.removeAll(keepingCapacity: true)
    }
    for byte in bytes {
      switch state {
      case .text:
        switch byte {
        case 0x1b: state = .escape
        case 0x0a, 0x0d: end(&line)
        case 0x00..<0x20, 0x7f: break
        default: if line.count < Self.maximumLine { line.append(byte) }
        }
      case .escape:
        switch byte {
        case UInt8(ascii: "["): state = .control
        case UInt8(ascii: "]"): state = .command
        case 0x20...0x2f: break
        default: state = .text
        }
      case .control:
        guard (0x40...0x7e).contains(byte) else { break }
        // A, B, E, F, G, H, f: to another line or column. K erases to the end, J the screen.
        if "ABEFGHfJK".utf8.contains(byte) { end(&line) }
        state = .text
      case .command:
        if byte == 0x07 { state = .text } else if byte == 0x1b { state = .escape }
      }
    }
    return lines
  }

  /// The last line, where it has no end.
  mutating func finish() -> String? {
    defer { line.removeAll() }
    let text = Self.trimmed(line)
    return text.isEmpty ? nil : text
  }

  /// Every line of a text.
  static func lines(_ bytes: some Sequence<UInt8>) -> [String] {
    var text = TerminalText()
    var lines = text.take(bytes)
    if let last = text.finish() { lines.append(last) }
    return lines
  }

  /// Without blanks on either side.
  private static func trimmed(_ line: [UInt8]) -> String {
    guard let first = line.firstIndex(where: { $0 != 0x20 }), let last = line.lastIndex(where: { $0 != 0x20 }) else {
      return ""
    }
    return String(decoding: line[first...last], as: UTF8.self)
  }
}
