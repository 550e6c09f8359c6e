import Glibc

/// A recording of a real server, read back: what it said and when.
struct Recording {
  /// A line of the recording.
  struct Line {
    /// Since the start.
    var time: Duration
    /// Who recorded it.
    var client: String
    /// What was sent.
    var text: String
  }

  /// Lines of JSON, in order.
  private(set) var lines: [Line] = []

  /// Reads lines such as `    1.03 A {"status":...}`; the others are remarks of the recorder.
  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
      guard fields.count == 3, fields[2].hasPrefix("{\""), let seconds = Double(String(fields[0])) else { continue }
      lines.append(
        Line(
          time: .milliseconds(Int64((seconds * 1000).rounded())), client: String(fields[1]), text: String(fields[2])))
    }
  }

  /// The lines of one pull: the recording holds several, each from `pulling manifest` on.
  func pull(_ number: Int, client: String = "A") -> [Line] {
    var pulls: [[Line]] = []
    for line in lines where line.client == client {
      if line.text == #"{"status":"pulling manifest"}"# { pulls.append([]) }
      if !pulls.isEmpty { pulls[pulls.count - 1].append(line) }
    }
    return pulls[number]
  }
}

extension Recording {
  /// The text of a recording.
  static func text(_ name: String) throws -> String {
    let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let path = "/\(folder)/StandIns/Ollama/Recordings/\(name).txt"
    guard let file = fopen(path, "r") else { throw Missing(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A recording that is not there.
  struct Missing: Error { var path: String }

  /// What each CLI command wrote to standard error, as far as it was kept: recorded as Python writes bytes.
  static func standardErrors(_ text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      guard let tail = line.range(of: "STDERR tail ") else { return nil }
      return unescaped(line[tail.upperBound...].dropFirst().dropLast())
    }
  }

  /// `\x1b[K\n` as what it stands for.
  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "\\", let escape = rest.popFirst() else {
        result.append(character)
        continue
      }
      switch escape {
      case "n": result += "\n"
      case "r": result += "\r"
      case "t": result += "\t"
      case "x":
        let digits = rest.prefix(2)
        rest = rest.dropFirst(2)
        if let value = UInt8(digits, radix: 16) { result.unicodeScalars.append(Unicode.Scalar(value)) }
      default: result.append(escape)
      }
    }
    return result
  }

  /// Standard output and error of one command of S29, whose escapes are written `^[`.
  static func command(_ command: String, in text: String) -> (code: Int32, out: String, err: String)? {
    guard let start = text.range(of: "$ \(command)\n") else { return nil }
    let rest = text[start.upperBound...]
    let block = rest.range(of: "\n\n$ ").map { rest[..<$0.lowerBound] } ?? rest
    guard let out = block.range(of: "stdout: "), let err = block.range(of: "stderr: "),
      let code = Int32(block.dropFirst(3).prefix { $0.isNumber })
    else { return nil }
    let escape = "\u{1b}"
    return (
      code, String(block[out.upperBound..<err.lowerBound]),
      block[err.upperBound...].split(separator: "^[", omittingEmptySubsequences: false).joined(separator: escape)
    )
  }
}

extension StringProtocol {
  /// Where a text first occurs.
  fileprivate func range(of wanted: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(wanted) { return start..<index(start, offsetBy: wanted.count) }
      start = index(after: start)
    }
    return nil
  }
}
