/// What the log's file has still to take while standard error has it already. Used by the log's own thread alone.
struct LogBacklog {
  /// Bytes that are kept.
  static let maximumBytes = LogWriter.maximumBytes

  /// The lines, oldest first.
  private var bytes: [UInt8] = []
  /// Lines that did not fit in any more.
  private var lost = 0
  /// What the file refused them for.
  private var why = ""

  /// True where the file has everything.
  var isEmpty: Bool { bytes.isEmpty && lost == 0 }
  /// Lines that it holds.
  var lines: Int { Self.lines(in: bytes) }

  /// Adds lines; the number of those that did not fit, which is none or all of them.
  mutating func add(_ more: [UInt8]) -> Int {
    guard bytes.count + more.count > Self.maximumBytes else {
      bytes += more
      return 0
    }
    let count = Self.lines(in: more)
    lost += count
    return count
  }

  /// Gives the file what it has not got yet, and behind it the line that tells what is missing: an error number, or 0.
  ///
  /// - Parameter lossLine: makes that line.
  mutating func offer(to file: inout LogFile, lossLine: (Int, String) -> [UInt8]) -> Int32 {
    var code = file.write(&bytes)
    if code == 0, lost > 0 {
      var line = lossLine(lost, why)
      code = file.write(&line)
      if code == 0 { lost = 0 }
    }
    if code != 0 { why = SystemError.text(code) }
    return code
  }

  private static func lines(in bytes: [UInt8]) -> Int { bytes.count { $0 == UInt8(ascii: "\n") } }
}
