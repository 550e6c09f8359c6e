/// What the `ollama` program prints, read as far as it can be.
enum CLIOutput {
  /// What the program's last `Error: ` line says.
  static func error(in standardError: [UInt8]) -> String? {
    TerminalText.lines(standardError).last { $0.hasPrefix("Error: ") }.map { String($0.dropFirst(7)) }
  }

  /// The models of `ollama list`: name and id are its first two columns. What is no id is left empty.
  static func models(in standardOutput: [UInt8]) -> [ModelDigest] {
    TerminalText.lines(standardOutput).compactMap { line in
      let columns = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
      guard let name = columns.first, name != "NAME" else { return nil }
      let id = columns.count > 1 ? columns[1] : ""
      let isID = id.count == 12 && id.utf8.allSatisfy(isHexadecimal)
      return ModelDigest(model: String(name), digest: isID ? id.lowercased() : "")
    }
  }

  /// The progress that a line of `ollama pull` shows, such as
  /// `pulling 5d8ff0f7e98b:  39% ▕██████            ▏  10 MB/ 27 MB  3.1 MB/s      5s`; nil where it is none. Older
  /// programs have `...` in place of the colon, the first ones `|██████    | (10/27 MB, 3.1 MB/s) [3s:5s]` behind it.
  static func progress(_ line: String) -> PullProgress? {
    // A spinner and an error are none.
    guard !line.hasPrefix("Error: "), line.utf8.first.map({ (0x61...0x7a).contains($0) }) == true else { return nil }
    guard let (layer, rest) = layer(in: line) else {
      return PullProgress(status: ServerText.printable(withoutSpinner(line), limit: 80))
    }
    var progress = PullProgress(status: "pulling \(layer)", digest: String(layer))
    guard let percent = percent(in: rest) else { return progress }
    // After the bar: `10 MB/ 27 MB`, or the size alone where it is all there or nothing is known of it yet.
    let numbers =
      rest.lastIndex(of: "▏").map { rest[rest.index(after: $0)...] }
      ?? rest.lastIndex(of: "(").map { rest[rest.index(after: $0)...].prefix { $0 != "," && $0 != ")" } } ?? ""
    let halves = numbers.split(separator: "/", maxSplits: 1)
    if halves.count == 2, let completed = bytes(halves[0]), let total = bytes(halves[1]) {
      progress.completed = completed
      progress.total = total
    } else if let total = bytes(halves.last ?? "") ?? bytes(numbers) {
      progress.total = total
    }
    // Of two roundings the larger tells more; a hundredth of a large layer is less than its next digit.
    let (product, overflow) = progress.total.multipliedReportingOverflow(by: percent)
    if !overflow { progress.completed = max(progress.completed, product / 100) }
    return progress
  }

  /// The layer that a line is about, and what follows its name: its digest, or a word where all layers have one bar.
  private static func layer(in line: String) -> (name: Substring, rest: Substring)? {
    guard line.hasPrefix("pulling ") else { return nil }
    let name = line.dropFirst(8).prefix { $0 != ":" && $0 != "." && $0 != " " }
    let rest = line[name.endIndex...]
    guard !name.isEmpty, rest.hasPrefix(":") || rest.hasPrefix("...") else { return nil }
    let behind = rest.drop { $0 == ":" || $0 == "." }
    let isDigest = name.count == 12 && name.utf8.allSatisfy(isHexadecimal)
    return isDigest || percent(in: behind) != nil ? (name, behind) : nil
  }

  /// The number before the first `%`, where nothing but blanks comes before it.
  private static func percent(in text: Substring) -> Int64? {
    guard let sign = text.firstIndex(of: "%"), let percent = Int64(text[..<sign].filter { $0 != " " }),
      (0...100).contains(percent)
    else { return nil }
    return percent
  }

  /// `10 MB` in bytes, by Ollama's units of 1000.
  private static func bytes(_ text: some StringProtocol) -> Int64? {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count >= 2, let number = Double(String(words[0])), number >= 0 else { return nil }
    let unit: Double
    switch words[1] {
    case "B": unit = 1
    case "KB", "kB": unit = 1e3
    case "MB": unit = 1e6
    case "GB": unit = 1e9
    case "TB": unit = 1e12
    default: return nil
    }
    return Int64(exactly: (number * unit).rounded())
  }

  /// `pulling manifest ⠋` → `pulling manifest`.
  private static func withoutSpinner(_ line: String) -> String {
    var text = line[...]
    while let last = text.unicodeScalars.last, (0x2800...0x28ff).contains(last.value) || last == " " {
      text = text.dropLast()
    }
    return String(text)
  }

  /// 0 to 9, a to f.
  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
  }
}
