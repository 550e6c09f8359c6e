/// Cuts a stream of bytes into lines of bounded length.
struct LineSplitter: Sendable {
  /// The longest line that is kept.
  let maximumLength: Int
  /// The line so far.
  private var line: [UInt8] = []
  /// True while the rest of a line that is too long goes by.
  private var isSkipping = false
  /// Lines that were too long and are lost.
  private(set) var lost = 0

  /// Makes a splitter.
  init(maximumLength: Int) { self.maximumLength = maximumLength }

  /// Takes bytes; returns the lines that are complete now, without their ends, blank ones left out.
  mutating func take(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        if let line = end() { lines.append(line) }
      } else if line.count < maximumLength {
        if !isSkipping { line.append(byte) }
      } else if !isSkipping {
        isSkipping = true
        lost += 1
      }
    }
    return lines
  }

  /// The last line, where it has no end.
  mutating func finish() -> [UInt8]? { end() }

  /// Ends the line.
  private mutating func end() -> [UInt8]? {
    defer {
      line.removeAll(keepingCapacity: true)
      isSkipping = false
    }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    let isBlank = line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return isSkipping || isBlank ? nil : line
  }
}
