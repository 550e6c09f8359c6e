internal import Actors

/// What was typed, sorted into command, options and the rest; nothing is understood yet.
struct ScannedArguments: Sendable, Hashable {
  /// The command; nil where none was typed.
  var command: CommandName?
  /// Values by the option's name.
  var values: [String: String] = [:]
  /// Options without a value.
  var flags: Set<String> = []
  /// The arguments without a name.
  var positionals: [String] = []

  /// Bytes that an argument may have.
  static let maximumLength = 64 * 1024
  /// Arguments that are read.
  static let maximumCount = 1000

  /// Sorts the arguments behind the program's name.
  static func scan(_ arguments: [String]) throws(UsageError) -> ScannedArguments {
    guard arguments.count <= maximumCount else {
      throw UsageError("there are more than \(maximumCount) arguments", hint: topHint)
    }
    var result = ScannedArguments()
    var index = 0
    var onlyPositionals = false
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      guard argument.utf8.count <= maximumLength else {
        throw UsageError("an argument has more than \(maximumLength) bytes", hint: topHint)
      }
      if !onlyPositionals, argument == "--" {
        onlyPositionals = true
      } else if !onlyPositionals, argument.hasPrefix("-"), argument != "-" {
        let following = index < arguments.count ? arguments[index] : nil
        if try result.takeOption(argument, following: following) { index += 1 }
      } else if result.command == nil {
        result.command = try command(named: argument)
      } else {
        result.positionals.append(argument)
      }
    }
    return result
  }

  /// Takes an option; true where its value was the argument that follows.
  private mutating func takeOption(_ argument: String, following: String?) throws(UsageError) -> Bool {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    let attached = parts.count > 1 ? String(parts[1]) : nil
    guard let option = option(named: name) else { throw unknownOption(name) }
    if values[option.name] != nil {
      throw UsageError("\(option.name) stands twice", hint: "Write it once.")
    }
    guard let placeholder = option.value else {
      if attached != nil { throw UsageError("\(option.name) takes no value", hint: "Write \(option.name) alone.") }
      flags.insert(option.name)
      return false
    }
    if let attached {
      guard !attached.isEmpty else { throw needsValue(option, placeholder) }
      values[option.name] = attached
      return false
    }
    if option.isValueOptional {
      guard let following, !following.isEmpty, !following.hasPrefix("-") else {
        flags.insert(option.name)
        return false
      }
      values[option.name] = following
      return true
    }
    // A negative number is a value, a wrong one perhaps, but then it is the value that is wrong.
    let isNumber = following.map { $0.hasPrefix("-") && $0.dropFirst().first?.isNumber == true } ?? false
    guard let following, !following.isEmpty, isNumber || following == "-" || !following.hasPrefix("-") else {
      throw needsValue(option, placeholder)
    }
    values[option.name] = following
    return true
  }

  /// The option with a name: the command's own first, since `record` has a `--version` of its own.
  private func option(named name: String) -> OptionSpec? {
    let own = command.map { CommandSpec.of($0).options } ?? []
    return (own + CommandSpec.global).first { $0.name == name || $0.short == name }
  }

  /// The option stands last, or another option follows.
  private func needsValue(_ option: OptionSpec, _ placeholder: String) -> UsageError {
    UsageError("\(option.name) needs a value", hint: "Write \(option.name) \(placeholder): \(option.summary).")
  }

  /// What was probably meant by an option that does not exist here.
  private func unknownOption(_ name: String) -> UsageError {
    let shown = PrintableText.clip(name)
    let own = (command.map { CommandSpec.of($0).options } ?? []) + CommandSpec.global
    let message =
      command.map { "\($0.rawValue) has no option \(shown)" } ?? "there is no option \(shown) before a command"
    if name.hasPrefix("-"), !name.hasPrefix("--"), own.contains(where: { $0.name == "-" + name }) {
      return UsageError(message, hint: "Did you mean -\(shown)?")
    }
    let owners = CommandSpec.all.filter { $0.options.contains { $0.name == name } }.map(\.name.rawValue)
    if command == nil, let owner = owners.first {
      return UsageError(message, hint: "It stands behind the command: retraind \(owner) \(shown)")
    }
    if let command, let first = CommandSpec.of(command).positionals.first, name == "--" + first.name.lowercased() {
      return UsageError(message, hint: "Write \(first.name) without it: \(HelpText.usage(of: CommandSpec.of(command)))")
    }
    if let near = NearestName.of(name, among: own.map(\.name)) {
      return UsageError(message, hint: "Did you mean \(near)?")
    }
    if !owners.isEmpty { return UsageError(message, hint: "It is an option of \(owners.joined(separator: ", ")).") }
    return UsageError(message, hint: helpHint)
  }

  /// Where the help for this command is.
  private var helpHint: String {
    command.map { "See retraind \($0.rawValue) --help." } ?? ScannedArguments.topHint
  }

  /// Where the help is.
  static let topHint = "See retraind --help."

  /// The command with a name.
  static func command(named name: String) throws(UsageError) -> CommandName {
    if let command = CommandName(rawValue: name) { return command }
    let near = NearestName.of(name, among: CommandName.allCases.map(\.rawValue))
    throw UsageError(
      name.isEmpty ? "the command is empty" : "there is no command \"\(PrintableText.clip(name))\"",
      hint: near.map { "Did you mean \($0)?" } ?? topHint)
  }
}
