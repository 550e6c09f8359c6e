/// A line of the log in the two forms that it may need.
struct LogForms: Sendable {
  /// For the file; empty where there is none.
  var file: [UInt8] = []
  /// For standard error; empty where it gets none.
  var echo: [UInt8] = []

  /// Bytes that it takes; the two share them where they are the same.
  var count: Int { max(file.count, echo.count) }
  /// True where there is nothing.
  var isEmpty: Bool { file.isEmpty && echo.isEmpty }

  /// Adds what comes behind it.
  mutating func append(_ other: LogForms) {
    file.append(contentsOf: other.file)
    echo.append(contentsOf: other.echo)
  }
}

extension LogLevel {
  /// The level as syslog and the system's journal count it.
  public var priority: Int {
    switch self {
    case .debug: 7
    case .info: 6
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}

/// Lines for the system's journal. Each line is an entry there, and begins with its priority.
extension LogLine {
  /// Lines of one message that are written; the rest is counted.
  static let maximumJournalLines = 16

  /// A message as entries of the journal. What follows its first line is indented, so that no text from elsewhere can
  /// begin an entry that looks like one of ours.
  static func journalBytes(_ level: LogLevel, _ message: String) -> [UInt8] {
    let prefix = Array("<\(level.priority)>".utf8)
    // Cut first: the bound holds for the message and not for each of its lines.
    var rest = clipped(message)
    let cut = message.utf8.count - rest.utf8.count
    var bytes: [UInt8] = []
    var lines = 0
    while true {
      let end = rest.unicodeScalars.firstIndex(of: "\n") ?? rest.endIndex
      bytes += prefix
      if lines > 0 { bytes += "  ".utf8 }
      appendEscaped(String(rest[..<end]), quotes: false, to: &bytes)
      if end == rest.endIndex, cut > 0 { bytes += "… (\(cut) more bytes)".utf8 }
      bytes.append(UInt8(ascii: "\n"))
      guard end < rest.endIndex else { return bytes }
      rest = rest[rest.unicodeScalars.index(after: end)...]
      lines += 1
      if lines == maximumJournalLines {
        let more = rest.unicodeScalars.count { $0 == "\n" } + 1
        bytes += prefix + Array("  … (\(more) more \(more == 1 ? "line" : "lines"))\n".utf8)
        return bytes
      }
    }
  }

  /// A line in the forms that a destination needs.
  static func forms(
    _ destination: LogDestination, _ format: LogFormat, _ echoFormat: LogFormat, _ level: LogLevel, _ message: String,
    at microseconds: Int64
  ) -> LogForms {
    switch destination {
    case .file: return LogForms(file: bytes(format, level, message, at: microseconds))
    case .standardError: return LogForms(echo: bytes(echoFormat, level, message, at: microseconds))
    case .both:
      let file = bytes(format, level, message, at: microseconds)
      let echo = echoFormat == format ? file : bytes(echoFormat, level, message, at: microseconds)
      return LogForms(file: file, echo: echo)
    }
  }

  /// A word about the log itself, for standard error.
  static func notice(_ text: String, isJournal: Bool) -> [UInt8] {
    isJournal ? journalBytes(.error, text) : Array("\(text)\n".utf8)
  }

  /// The beginning of a message, up to a boundary of its characters.
  private static func clipped(_ message: String) -> Substring {
    guard message.utf8.count > maximumMessageBytes else { return message[...] }
    var bytes = 0
    let scalars = message.unicodeScalars
    let end = scalars.indices.first { index in
      bytes += UTF8.width(scalars[index])
      return bytes > maximumMessageBytes
    }
    return message[..<(end ?? message.endIndex)]
  }
}
