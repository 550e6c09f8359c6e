internal import Actors
internal import Platform

/// Prints the effective configuration with the source of each value. A secret is never in it.
struct ConfigurationPrinter {
  /// What is printed.
  let loaded: LoadedConfiguration

  /// As JSON5 that gives the same settings when it is read again, with sources as comments.
  func json5() -> String {
    var lines = ["// Effective configuration; \(fileLine)", "{"]
    let fields = loaded.settings.fields
    var section: [String] = []
    for field in fields {
      if field.path == ["stateDirectory"] || field.path.last == "key" || field.path.first == "notify" { continue }
      let parent = Array(field.path.dropLast())
      move(from: &section, to: parent, &lines)
      // A model's entry shows what it says itself; an entry that says nothing stays an entry.
      if field.path.first == "models", loaded.provenance[field.name] == nil { continue }
      lines.append(line(field, indent: parent.count + 1))
      if field.name == "supabase.keyFile" { lines.append(keyLine(indent: parent.count + 1)) }
    }
    move(from: &section, to: [], &lines)
    lines += sinkLines()
    lines.append("}")
    if let directory = loaded.settings.stateDirectory {
      lines.append("// state directory: \(PrintableText.clip(directory, to: 200)) (\(source(["stateDirectory"])))")
    }
    lines.append(contentsOf: loaded.warnings.map { "// warning: \($0)" })
    return lines.joined(separator: "\n") + "\n"
  }

  /// As JSON for programs: `file`, `settings`, `sources`, `paths`, `warnings`.
  func json() -> String {
    var root = JSONTree()
    root.set(["file"], loaded.file.map(JSONText.quote) ?? "null")
    root.set(["settings"], nil)
    for field in loaded.settings.fields where field.path.first != "notify" {
      root.set(["settings"] + field.path, field.value.json)
    }
    root.set(["settings", "notify"], sinkList())
    for field in loaded.settings.fields {
      root.set(["sources", field.name], JSONText.quote(source(field.path)))
    }
    let paths = loaded.paths
    for (name, path) in [
      ("database", paths.database), ("log", paths.log), ("status", paths.status), ("socket", paths.socket),
      ("lock", paths.lock),
    ] {
      root.set(["paths", name], JSONText.quote(path))
    }
    root.set(["warnings"], "[" + loaded.warnings.map { JSONText.quote($0.description) }.joined(separator: ", ") + "]")
    return root.text() + "\n"
  }

  /// The fields of a sink that a file has, with its name; that there is a secret is no field.
  private func sinkFields(_ sink: SinkSettings) -> [SettingField] {
    let path = ["notify", sink.name]
    let own = loaded.settings.fields.filter { $0.path.starts(with: path) && $0.path.count == 3 }
    return [SettingField(path: path + ["name"], value: .text(sink.name))] + own.filter { $0.path[2] != "secret" }
  }

  /// The list of sinks, in the order of the file.
  private func sinkLines() -> [String] {
    if loaded.settings.notify.isEmpty { return [pad("  notify: [],") + "// \(source(["notify"])): nobody is told"] }
    var lines = ["  notify: ["]
    for sink in loaded.settings.notify {
      lines.append("    {")
      for field in sinkFields(sink) {
        let isEvery = field.path[2] == "events" && sink.events.count == NoticeKind.choices.count
        lines.append(isEvery ? "      // events: every one" : line(field, indent: 3))
        if field.path[2] == "secretFile" { lines.append("      // secret: \(sink.problem == nil ? "***" : "none")") }
      }
      lines.append("    },")
    }
    return lines + ["  ],"]
  }

  /// The same as JSON.
  private func sinkList() -> String {
    let sinks = loaded.settings.notify.map { sink in
      "{" + sinkFields(sink).map { "\(JSONText.quote($0.path[2])): \($0.value.json)" }.joined(separator: ", ") + "}"
    }
    return "[" + sinks.joined(separator: ", ") + "]"
  }

  /// The file, in the first line.
  private var fileLine: String {
    loaded.file.map { "file: \(PrintableText.clip($0, to: 200))" } ?? "no file was found: the defaults hold"
  }

  /// Where a value came from.
  private func source(_ path: [String]) -> String {
    loaded.source(of: path).description(file: loaded.file.map { PrintableText.clip($0, to: 200) })
  }

  /// One value.
  private func line(_ field: SettingField, indent: Int) -> String {
    let space = String(repeating: "  ", count: indent)
    let key = ConfigurationPrinter.key(field.path.last ?? "")
    if field.value == .none { return "\(space)// \(key): none" }
    return pad("\(space)\(key): \(field.value.json),") + "// \(source(field.path))"
  }

  /// That there is a key, or that there is none.
  private func keyLine(indent: Int) -> String {
    let space = String(repeating: "  ", count: indent)
    guard let supabase = loaded.settings.supabase, let key = supabase.key else { return "\(space)// key: none" }
    return "\(space)// key: \(key), from \(source(["supabase", "key"]))"
  }

  /// Closes and opens sections.
  private func move(from section: inout [String], to other: [String], _ lines: inout [String]) {
    var common = 0
    while common < min(section.count, other.count), section[common] == other[common] { common += 1 }
    while section.count > common {
      section.removeLast()
      lines.append(String(repeating: "  ", count: section.count + 1) + "},")
    }
    for name in other[common...] {
      section.append(name)
      lines.append(String(repeating: "  ", count: section.count) + "\(ConfigurationPrinter.key(name)): {")
    }
  }

  /// Comments begin in a column of their own where the value leaves room.
  private func pad(_ text: String) -> String {
    text + String(repeating: " ", count: max(1, 44 - text.count))
  }

  /// A key, in quotes where it needs them.
  private static func key(_ name: String) -> String {
    let isPlain = name.unicodeScalars.allSatisfy { $0.isASCII && ScalarCursor.isIdentifierPart($0) }
    let first = name.unicodeScalars.first.map(ScalarCursor.isIdentifierStart) ?? false
    return isPlain && first ? name : JSONText.quote(name)
  }
}
