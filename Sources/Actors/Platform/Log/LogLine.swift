#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How a line looks.
public enum LogFormat: String, Sendable, Hashable {
  /// `2026-11-23 14:37:14,915 - INFO - text`, in local time, as Python's logging writes it.
  case text
  /// `{"ts":"2026-11-23T13:37:14.915Z","level":"info","msg":"text"}`
  case json
  /// `<6>text`: as the system's journal reads it, which has stamps and levels of its own.
  case journal
}

/// Makes lines of the log. A line is a line: whatever a message contains, it can neither start a second one nor
/// steer a terminal.
enum LogLine {
  /// Bytes of a message that are written at most, after escaping; the rest is counted.
  static let maximumMessageBytes = 8192

  /// The whole line with its newline.
  static func bytes(_ format: LogFormat, _ level: LogLevel, _ message: String, at microseconds: Int64) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(64 + message.utf8.count)
    switch format {
    case .text:
      appendTime(microseconds, isLocal: true, to: &line)
      line.append(contentsOf: " - \(level.name) - ".utf8)
      appendEscaped(message, quotes: false, to: &line)
    case .json:
      line.append(contentsOf: "{\"ts\":\"".utf8)
      appendTime(microseconds, isLocal: false, to: &line)
      line.append(contentsOf: "\",\"level\":\"\(level.word)\",\"msg\":\"".utf8)
      appendEscaped(message, quotes: true, to: &line)
      line.append(contentsOf: "\"}".utf8)
    case .journal: return journalBytes(level, message)
    }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  /// The message without what could break out of its line. JSON escapes read back as the message; in text they are
  /// for people, so that a backslash itself stays as it is.
  static func appendEscaped(_ message: String, quotes: Bool, to line: inout [UInt8]) {
    let limit = line.count + maximumMessageBytes
    var taken = 0
    for scalar in message.unicodeScalars {
      let before = line.count
      appendScalar(scalar, quotes: quotes, to: &line)
      if line.count > limit {
        line.removeSubrange(before...)
        line.append(contentsOf: "… (\(message.utf8.count - taken) more bytes)".utf8)
        return
      }
      taken += UTF8.width(scalar)
    }
  }

  private static func appendScalar(_ scalar: Unicode.Scalar, quotes: Bool, to line: inout [UInt8]) {
    switch scalar.value {
    case 0x0A: line.append(contentsOf: "\\n".utf8)
    case 0x0D: line.append(contentsOf: "\\r".utf8)
    case 0x09: line.append(contentsOf: "\\t".utf8)
    case 0x22 where quotes: line.append(contentsOf: "\\\"".utf8)
    case 0x5C where quotes: line.append(contentsOf: "\\\\".utf8)
    // Control characters, line and paragraph separators, and what reverses the direction of the text after it.
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
      line.append(contentsOf: "\\u".utf8)
      appendPadded(Int(scalar.value), digits: 4, radix: 16, to: &line)
    default: line.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }

  /// `2026-11-23 14:37:14,915`, or `2026-11-23T13:37:14.915Z`.
  private static func appendTime(_ microseconds: Int64, isLocal: Bool, to line: inout [UInt8]) {
    let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    var moment = time_t(rest < 0 ? seconds - 1 : seconds)
    let milliseconds = Int((rest < 0 ? rest + 1_000_000 : rest) / 1000)
    var parts = tm()
    if isLocal { localtime_r(&moment, &parts) } else { gmtime_r(&moment, &parts) }
    appendPadded(Int(parts.tm_year) + 1900, digits: 4, to: &line)
    line.append(UInt8(ascii: "-"))
    appendPadded(Int(parts.tm_mon) + 1, digits: 2, to: &line)
    line.append(UInt8(ascii: "-"))
    appendPadded(Int(parts.tm_mday), digits: 2, to: &line)
    line.append(isLocal ? UInt8(ascii: " ") : UInt8(ascii: "T"))
    appendPadded(Int(parts.tm_hour), digits: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    appendPadded(Int(parts.tm_min), digits: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    appendPadded(Int(parts.tm_sec), digits: 2, to: &line)
    line.append(isLocal ? UInt8(ascii: ",") : UInt8(ascii: "."))
    appendPadded(milliseconds, digits: 3, to: &line)
    if !isLocal { line.append(UInt8(ascii: "Z")) }
  }

  private static func appendPadded(_ number: Int, digits: Int, radix: Int = 10, to line: inout [UInt8]) {
    let text = String(number, radix: radix).utf8
    for _ in 0..<max(0, digits - text.count) { line.append(UInt8(ascii: "0")) }
    line.append(contentsOf: text)
  }
}
