/// The commands that exist.
enum CommandName: String, Sendable, Hashable, CaseIterable {
  /// The daemon.
  case run
  /// One check.
  case check
  /// What the daemon is doing.
  case status
  /// Why it decided what it decided.
  case explain
  /// Cycles, runs, events, decisions.
  case history
  /// Add a cycle.
  case record
  /// Add a judgement.
  case feedback
  /// Refresh a model now.
  case retrain
  /// Put the version back that served before.
  case rollback
  /// Look at everything, and say what is wrong.
  case doctor
  /// Check the configuration.
  case checkConfig = "check-config"
  /// Make the daemon read its configuration again.
  case reload
  /// Try whether people are told.
  case notifyTest = "notify-test"
  /// The SQL of the tables.
  case schema
  /// See it work, on stand-ins.
  case demo
  /// The version.
  case version
  /// Help.
  case help
}

/// An option as it is typed and explained.
struct OptionSpec: Sendable, Hashable {
  /// With its dashes.
  var name: String
  /// What its value is called in the help; nil for a flag without a value.
  var value: String?
  /// What it does, in a line.
  var summary: String
  /// One letter with its dash that means the same.
  var short: String?
  /// Whether it may stand without its value.
  var isValueOptional: Bool

  /// Describes an option.
  init(
    _ name: String, value: String? = nil, isValueOptional: Bool = false, short: String? = nil, _ summary: String
  ) {
    self.isValueOptional = isValueOptional
    self.name = name
    self.value = value
    self.summary = summary
    self.short = short
  }

  /// `--model M`.
  var usage: String { value.map { isValueOptional ? "\(name) [\($0)]" : "\(name) \($0)" } ?? name }
}

/// An argument without a name.
struct PositionalSpec: Sendable, Hashable {
  /// What it is called in the help.
  var name: String
  /// Whether the command needs it.
  var isRequired: Bool
  /// What it is, in a line.
  var summary: String
}

/// An example with what it does.
struct Example: Sendable, Hashable {
  /// What to type.
  var command: String
  /// What happens.
  var meaning: String

  /// Describes an example.
  init(_ command: String, _ meaning: String) {
    self.command = command
    self.meaning = meaning
  }
}

/// A command as it is typed and explained: parser and help read the same description.
struct CommandSpec: Sendable, Hashable {
  /// Its name.
  var name: CommandName
  /// What it does, in a line.
  var summary: String
  /// What else one should know; empty for nothing.
  var details: String
  /// The usage line behind the name, options that belong together in one bracket.
  var usage: String
  /// Its arguments without a name.
  var positionals: [PositionalSpec]
  /// Its options.
  var options: [OptionSpec]
  /// Examples, the most common one first.
  var examples: [Example]

  /// Describes a command.
  init(
    _ name: CommandName, _ summary: String, details: String = "", usage: String = "",
    positionals: [PositionalSpec] = [], options: [OptionSpec] = [], examples: [Example]
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.usage = usage
    self.positionals = positionals
    self.options = options
    self.examples = examples
  }

  /// The options that every command knows, before and behind its name.
  static let global: [OptionSpec] = [
    OptionSpec("--config", value: "FILE", "read this configuration instead of searching for one"),
    OptionSpec("--state-dir", value: "DIR", "keep database, log and status in DIR"),
    OptionSpec("--json", "print JSON for programs"),
    OptionSpec("--no-color", "print without colours"),
    OptionSpec("--help", short: "-h", "show help"),
    OptionSpec("--version", "show the version"),
  ]

  /// The description of a command.
  static func of(_ name: CommandName) -> CommandSpec {
    // `all` is made of every case; a command that were missing is described by its name alone.
    all.first { $0.name == name } ?? CommandSpec(name, "", examples: [])
  }
}
