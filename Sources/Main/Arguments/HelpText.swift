/// The help, made of the same descriptions that the parser reads.
enum HelpText {
  /// Columns from which on the second column begins; a longer first column gets a line of its own.
  private static let column = 26

  /// The help of the program: examples first.
  static func top() -> String {
    let examples = [
      Example("retraind demo", "see it work, on stand-ins"),
      Example("retraind run --model llama3.2:3b", "watch a model, refresh it when people reject it"),
      Example("retraind check --dry-run", "how do the models stand?"),
    ]
    var text = "retraind keeps a local model good: it refreshes it when people accept less of what it says.\n\n"
    text += section("Examples", examples.map { ($0.command, $0.meaning) }, column: 36)
    text += "\n" + section("Commands", CommandSpec.all.map { ($0.name.rawValue, $0.summary) }, column: 16)
    text += "\n" + section("Options of every command", CommandSpec.global.map(row), column: column)
    return text + "\nretraind COMMAND --help tells more about a command.\n"
  }

  /// The help of a command.
  static func of(_ name: CommandName) -> String {
    let spec = CommandSpec.of(name)
    var text = "\(usage(of: spec))\n\n\(spec.summary.prefix(1).uppercased())\(spec.summary.dropFirst()).\n"
    if !spec.details.isEmpty { text += spec.details + "\n" }
    let width = (spec.examples.map(\.command.count).max() ?? 0) + 4
    text += "\n" + section("Examples", spec.examples.map { ($0.command, $0.meaning) }, column: width)
    if !spec.positionals.isEmpty {
      text += "\n" + section("Arguments", spec.positionals.map { ($0.name, $0.summary) }, column: column)
    }
    if !spec.options.isEmpty { text += "\n" + section("Options", spec.options.map(row), column: column) }
    let own = Set(spec.options.map(\.name))
    let global = CommandSpec.global.filter { !own.contains($0.name) && $0.name != "--version" }
    return text + "\n" + section("Options of every command", global.map(row), column: column)
  }

  /// `retraind check [--model M] [--dry-run]`.
  static func usage(of spec: CommandSpec) -> String {
    "retraind \(spec.name.rawValue)" + (spec.usage.isEmpty ? "" : " \(spec.usage)")
  }

  /// An option as a row.
  private static func row(_ option: OptionSpec) -> (String, String) {
    (option.short.map { "\($0), \(option.usage)" } ?? option.usage, option.summary)
  }

  /// A heading and rows in two columns.
  private static func section(_ heading: String, _ rows: [(String, String)], column: Int) -> String {
    var text = heading + ":\n"
    for (left, right) in rows {
      let start = "  " + left
      if start.count + 2 > column {
        text += start + "\n" + String(repeating: " ", count: column) + right + "\n"
      } else {
        text += start + String(repeating: " ", count: column - start.count) + right + "\n"
      }
    }
    return text
  }
}
