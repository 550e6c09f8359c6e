import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where a command writes: data to standard output, talk to standard error; colour and bars on a terminal only.
struct Terminal: Sendable {
  /// Whether colour is used on standard output.
  var hasColor: Bool
  /// Whether standard error is a terminal, so that a bar may be redrawn on it.
  var hasProgress: Bool
  /// Whether standard error is the system's journal, which reads a priority at the beginning of each line.
  var isJournal: Bool

  /// Looks at the descriptors and the environment.
  ///
  /// - Parameters:
  ///   - environment: `NO_COLOR` not empty and `TERM=dumb` turn colour off.
  ///   - noColor: the flag.
  init(environment: [String: String], noColor: Bool) {
    let isDumb = environment["TERM"] == "dumb"
    let refused = noColor || !(environment["NO_COLOR"] ?? "").isEmpty || isDumb
    hasColor = !refused && isatty(1) == 1
    hasProgress = !isDumb && isatty(2) == 1
    isJournal = JournalStream.isStandardError(environment)
  }

  /// Data; line ends in it are meant. What else a terminal would act upon is escaped, see `OutputText`. Ends the program
  /// where it cannot be written: whoever reads the exit code has to hear it. A reader that went away is no such case:
  /// `head` does so.
  ///
  /// - Parameter done: what has been done all the same, as a sentence: said where the data cannot be written.
  func print(_ line: String, done: String? = nil) {
    let code = write(OutputText.escaped(line, keepsColor: hasColor) + "\n", to: 1)
    guard code != 0, code != EPIPE else { return }
    let consequence = done.map { ". \($0)" } ?? ""
    say("retraind: standard output cannot be written: \(String(cString: strerror(code)))\(consequence)")
    endProgram(ExitCode.failure)
  }

  /// Data that must stay one line, whatever texts it was put together from.
  func show(_ line: String) { print(OutputText.oneLine(line)) }

  /// Talk; nobody has to listen. Escaped as data is.
  func say(_ line: String) { write(OutputText.escaped(line, keepsColor: hasColor) + "\n", to: 2) }

  /// Talk about what went wrong.
  func complain(_ text: String) {
    guard isJournal else { return say(text) }
    let escaped = OutputText.escaped(text, keepsColor: false)
    for line in escaped.split(separator: "\n") { say("<\(LogLevel.error.priority)>\(line)") }
  }

  /// Text in a colour, where there is colour.
  func paint(_ text: String, _ color: Color) -> String {
    hasColor ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// ANSI colours.
  enum Color: String, Sendable, CaseIterable {
    /// Good.
    case green = "32"
    /// Bad.
    case red = "31"
    /// Needs a look.
    case yellow = "33"
    /// Aside.
    case dim = "2"
    /// Heads.
    case bold = "1"
  }

  /// Writes all bytes; an error number, or 0.
  @discardableResult
  func write(_ text: String, to descriptor: Int32) -> Int32 {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { buffer in
        #if canImport(Glibc)
          Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
          Musl.write(descriptor, buffer.baseAddress, buffer.count)
        #else
          Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : EIO }
      bytes = bytes.dropFirst(count)
    }
    return 0
  }
}
