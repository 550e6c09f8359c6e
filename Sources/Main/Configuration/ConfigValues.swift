internal import Actors

/// Single values: each takes note of where it stands, and of what is wrong with it.
extension ConfigReader {
  /// The entries of an object with a known key; the others are errors.
  mutating func entries(of node: ConfigNode, at path: [String], known: [String]) -> [ConfigEntry] {
    guard case .object(let entries) = node.value else {
      refuse(node, path, "is not an object", "write { … }")
      return []
    }
    return entries.filter { entry in
      if known.contains(entry.key) { return true }
      add(entry.keyPosition, path + [entry.key], ConfigReader.unknown(entry.key, at: path, known: known))
      return false
    }
  }

  /// A key that does not exist: what was meant, or where it belongs.
  private static func unknown(_ key: String, at path: [String], known: [String]) -> FieldProblem {
    if path == ["supabase"], key.lowercased().contains("key") {
      return FieldProblem(
        message: "keys are never written into this file",
        remedy: "put it into a file of its own and name that by keyFile")
    }
    if path.first?.hasPrefix("notify[") == true, key != "secretFile", key.lowercased().contains("secret") {
      return FieldProblem(
        message: "secrets are never written into this file",
        remedy: "put it into a file of its own and name that by secretFile")
    }
    if path.first?.hasPrefix("notify[") == true, let type = typeOfSink(with: key) {
      return FieldProblem(
        message: "unknown key", remedy: "it is a key of type: \"\(type)\", and this sink is of another type")
    }
    var remedy = NearestName.of(key, among: known).map { "did you mean \($0)?" }
    if remedy == nil {
      let sections = [
        ("ollama", ollamaKeys), ("supabase", supabaseKeys), ("learning", learningKeys), ("store", storeKeys),
        ("log", logKeys),
      ]
      // `interval` is a key of both: outside of them the one that is there for everything is meant.
      if !path.isEmpty, keys.contains(key) {
        remedy = "it belongs to the top level"
      } else if let section = sections.first(where: { $0.1.contains(key) && path != [$0.0] }) {
        remedy = "it belongs into \(section.0): { … }"
      }
    }
    return FieldProblem(
      message: "unknown key",
      remedy: remedy ?? "known here: \(known.filter { $0 != "$schema" }.joined(separator: ", "))")
  }

  /// Takes note of an error.
  mutating func add(_ position: SourcePosition, _ path: [String], _ problem: FieldProblem) {
    errors.append(
      ConfigError(
        source: file, position: position, field: path.isEmpty ? nil : path.joined(separator: "."),
        message: problem.message, remedy: problem.remedy))
  }

  /// A value of the wrong kind.
  mutating func refuse(_ node: ConfigNode, _ path: [String], _ what: String, _ remedy: String) {
    let subject: String =
      switch node.value {
      case .number(let number): PrintableText.clip(number.text, to: 40)
      case .bool(let flag): "\(flag)"
      case .string(let text): path.last == "key" ? "this text" : "\"\(PrintableText.clip(text, to: 40))\""
      case .null, .array, .object: node.kind
      }
    let advice = if case .null = node.value { "remove the key to take the default" } else { remedy }
    add(node.position, path, FieldProblem(message: "\(subject) \(what)", remedy: advice))
  }

  /// Runs a check; nil where it failed, which is noted.
  mutating func checked<Value>(
    _ node: ConfigNode, _ path: [String], _ check: () throws(FieldProblem) -> Value
  ) -> Value? {
    do throws(FieldProblem) {
      let value = try check()
      positions[path.joined(separator: ".")] = node.position
      return value
    } catch {
      add(node.position, path, error)
      return nil
    }
  }

  /// Text.
  mutating func text<Value>(
    _ node: ConfigNode, _ path: [String], _ check: (String) throws(FieldProblem) -> Value
  ) -> Value? {
    guard case .string(let text) = node.value else {
      refuse(node, path, "is not text", "write it in quotes")
      return nil
    }
    return checked(node, path) { () throws(FieldProblem) in try check(text) }
  }

  /// One of a few words.
  mutating func choice<Word: RawRepresentable<String> & CaseIterable>(
    _ node: ConfigNode, _ path: [String]
  ) -> Word? {
    text(node, path) { text throws(FieldProblem) in try FieldCheck.choice(text, of: Word.self) }
  }

  /// A duration.
  mutating func duration(
    _ node: ConfigNode, _ path: [String], _ range: ClosedRange<Duration>
  ) -> Duration? {
    if case .number(let number) = node.value {
      let shown = PrintableText.clip(number.text, to: 40)
      refuse(node, path, "has no unit", "write \"\(shown)s\" for seconds or \"\(shown)m\" for minutes")
      return nil
    }
    guard case .string(let text) = node.value else {
      refuse(node, path, "is not a duration", "write it like \"10s\" or \"60m\"")
      return nil
    }
    return checked(node, path) { () throws(FieldProblem) in try FieldCheck.duration(text, in: range) }
  }

  /// A number.
  mutating func number<Value>(
    _ node: ConfigNode, _ path: [String], _ what: String, _ check: (ConfigNumber) throws(FieldProblem) -> Value
  ) -> Value? {
    if case .number(let number) = node.value {
      return checked(node, path) { () throws(FieldProblem) in try check(number) }
    }
    var remedy = "write \(what)"
    if case .string(let text) = node.value {
      if let rate = FieldCheck.rateText(percentage: text) {
        remedy = "did you mean \(rate)?"
      } else if NumberText.parse(text) != nil {
        remedy = "write it without quotes"
      }
    }
    refuse(node, path, "is not a number", remedy)
    return nil
  }

  /// A whole number.
  mutating func count(_ node: ConfigNode, _ path: [String], _ range: ClosedRange<Int>) -> Int? {
    number(node, path, "a whole number such as 5") { number throws(FieldProblem) in
      try FieldCheck.count(number, in: range)
    }
  }

  /// Yes or no.
  mutating func flag(_ node: ConfigNode, _ path: [String]) -> Bool? {
    guard case .bool(let flag) = node.value else {
      refuse(node, path, "is neither true nor false", "write true or false, without quotes")
      return nil
    }
    positions[path.joined(separator: ".")] = node.position
    return flag
  }
}
