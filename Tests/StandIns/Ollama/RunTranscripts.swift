/// Reads the two shapes in which runs of the program and calls of the endpoints were written down.
enum RunTranscripts {
  /// `4.75 $ ollama ... -> rc 0 secs=4.74 stdout=0B stderr=7808B`, then `STDOUT '...'` and `STDERR tail '...'`.
  struct Stamped {
    /// The runs that were read.
    private(set) var runs: [CommandRun] = []
    private var stderrBytes = 0

    /// Reads what stands after the stamp.
    mutating func read(_ rest: Substring) {
      if rest.hasPrefix("$ ollama "), let arrow = rest.firstRange(of: " -> rc ") {
        let numbers = rest[arrow.upperBound...].split(separator: " ")
        stderrBytes = numbers.last.flatMap { Int($0.dropFirst(7).dropLast()) } ?? 0
        runs.append(
          CommandRun(
            arguments: String(rest[..<arrow.lowerBound].dropFirst(9)), exitCode: numbers.first.flatMap { Int($0) } ?? 0,
            stdout: "", stderr: "", isWhole: false))
      } else if rest.hasPrefix("STDOUT "), !runs.isEmpty {
        runs[runs.count - 1].stdout = pythonText(rest.dropFirst(7))
      } else if rest.hasPrefix("STDERR tail "), !runs.isEmpty {
        let text = pythonText(rest.dropFirst(12))
        runs[runs.count - 1].stderr = text
        runs[runs.count - 1].isWhole = text.utf8.count == stderrBytes
      }
    }
  }

  /// `'a\x1b[K\n'` as Python prints a string; the closing quote may be cut off.
  static func pythonText(_ quoted: Substring) -> String {
    guard let quote = quoted.first else { return "" }
    var body = quoted.dropFirst()
    if body.last == quote { body = body.dropLast() }
    var text: [UInt8] = []
    var bytes = body.utf8.makeIterator()
    while let byte = bytes.next() {
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      switch bytes.next() {
      case UInt8(ascii: "n"): text.append(10)
      case UInt8(ascii: "r"): text.append(13)
      case UInt8(ascii: "t"): text.append(9)
      case UInt8(ascii: "x"):
        if let high = bytes.next(), let low = bytes.next(),
          let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
        {
          text.append(value)
        }
      case let other?: text.append(other)
      case nil: break
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `$ ollama show nope` / `rc=1` / `stdout: ...` / `stderr: ...`, with `^[` for an escape.
  static func typed(_ text: String) -> (runs: [CommandRun], calls: [CurlCall]) {
    var runs: [CommandRun] = []
    var calls: [CurlCall] = []
    for entry in ("\n" + text).split(separator: "\n$ ", omittingEmptySubsequences: true) {
      guard let code = entry.firstRange(of: "\nrc="), let out = entry.firstRange(of: "\nstdout: "),
        let err = entry.firstRange(of: "\nstderr: ")
      else { continue }
      let command = entry[..<code.lowerBound]
      let stdout = plain(entry[out.upperBound..<err.lowerBound])
      if command.hasPrefix("ollama ") {
        let stderr = plain(entry[err.upperBound...])
        runs.append(
          CommandRun(
            arguments: String(command.dropFirst(7)),
            exitCode: Int(entry[code.upperBound...].prefix { $0.isNumber }) ?? 0,
            stdout: stdout, stderr: stderr, isWhole: true))
      } else if command.hasPrefix("curl "), let call = curl(command, answer: stdout) {
        calls.append(call)
      }
    }
    return (runs, calls)
  }

  private static func plain(_ text: Substring) -> String {
    var text = String(text.replacing("^[", with: "\u{1B}").replacing("^M", with: "\r"))
    while text.hasSuffix("\n\n") { text.removeLast() }
    return text
  }

  private static func curl(_ command: Substring, answer: String) -> CurlCall? {
    guard let url = command.firstRange(of: "http://"),
      let slash = command[url.upperBound...].firstIndex(of: "/"),
      let mark = answer.ranges(of: "\n[HTTP ").last
    else { return nil }
    let path = command[slash...].prefix { $0 != " " }
    let options = command[..<url.lowerBound]
    let sent = command.firstRange(of: " -d ").map { String(command[$0.upperBound...]) } ?? ""
    let method =
      if let at = options.firstRange(of: "-X ") {
        String(options[at.upperBound...].prefix { $0 != " " })
      } else if options.contains("-I ") {
        "HEAD"
      } else {
        sent.isEmpty ? "GET" : "POST"
      }
    let verdict = answer[mark.upperBound...].prefix { $0 != "]" }.split(separator: " ", maxSplits: 1)
    return CurlCall(
      method: method, path: String(path), sent: sent, status: verdict.first.flatMap { Int($0) } ?? 0,
      contentType: verdict.count > 1 ? String(verdict[1]) : "", body: String(answer[..<mark.lowerBound]))
  }
}
