internal import Actors
internal import Rules

/// Reads a command line. Pure: no environment, no output, no exit.
struct ArgumentParser {
  /// What was typed.
  let scanned: ScannedArguments
  /// The command.
  private let command: CommandName

  /// What the arguments behind the program's name ask for.
  static func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
    let scanned = try ScannedArguments.scan(arguments)
    if scanned.flags.contains("--help") {
      let global = try ArgumentParser(scanned: scanned, command: scanned.command ?? .help).global()
      return .help(HelpOptions(command: scanned.command == .help ? nil : scanned.command), global)
    }
    guard let command = scanned.command else {
      let parser = ArgumentParser(scanned: scanned, command: .help)
      if scanned.flags.contains("--version") { return .version(try parser.global()) }
      return .help(HelpOptions(command: nil, wasAskedFor: false), try parser.global())
    }
    let parser = ArgumentParser(scanned: scanned, command: command)
    if scanned.flags.contains("--version") { return .version(try parser.global()) }
    return try parser.invocation()
  }

  /// The command with its options.
  private func invocation() throws(UsageError) -> Invocation {
    let global = try global()
    let spec = CommandSpec.of(command)
    if let extra = scanned.positionals.dropFirst(spec.positionals.count).first {
      let takesModel = spec.options.contains { $0.name == "--model" } && spec.positionals.isEmpty
      let meant =
        takesModel && scanned.values["--model"] == nil && ModelName.problem(with: extra) == nil
        ? "Did you mean --model \(extra)?\n" : ""
      throw UsageError(
        "\(command.rawValue) takes no argument \"\(PrintableText.clip(extra))\"",
        hint: "\(meant)Usage: \(HelpText.usage(of: spec))")
    }
    for (index, positional) in spec.positionals.enumerated() where positional.isRequired {
      guard index < scanned.positionals.count else {
        throw UsageError(
          "\(command.rawValue) needs \(positional.name): \(positional.summary)",
          hint: spec.examples.first.map { "For example: \($0.command)" } ?? ScannedArguments.topHint)
      }
    }
    switch command {
    case .run: return .run(try run(), global)
    case .check: return .check(try check(), global)
    case .status: return .status(global)
    case .explain: return .explain(try explain(), global)
    case .history: return .history(try history(), global)
    case .record: return .record(try record(), global)
    case .feedback: return .feedback(try feedback(), global)
    case .retrain: return .retrain(try modelRun(waits: scanned.flags.contains("--wait")), global)
    case .rollback: return .rollback(try rollback(), global)
    case .doctor: return .doctor(global)
    case .checkConfig: return .checkConfig(try checkConfig(global), global)
    case .reload: return .reload(global)
    case .notifyTest: return .notifyTest(global)
    case .schema: return .schema(try schema(), global)
    case .demo: return .demo(DemoOptions(ollamaModel: try model("--ollama")), global)
    case .version: return .version(global)
    case .help:
      let topic = scanned.positionals.first
      var name: CommandName?
      if let topic { name = try ScannedArguments.command(named: topic) }
      return .help(HelpOptions(command: name), global)
    }
  }

  /// The options that every command knows.
  private func global() throws(UsageError) -> GlobalOptions {
    GlobalOptions(
      config: try value("--config", FieldCheck.path), stateDirectory: try value("--state-dir", FieldCheck.path),
      json: scanned.flags.contains("--json"), noColor: scanned.flags.contains("--no-color"))
  }

  /// `run`.
  private func run() throws(UsageError) -> RunOptions {
    let interval = try value("--interval") { text throws(FieldProblem) in
      try FieldCheck.duration(text, in: FieldLimits.interval)
    }
    return RunOptions(interval: interval, model: try model("--model"), rules: try rules())
  }

  /// `check`.
  private func check() throws(UsageError) -> CheckOptions {
    CheckOptions(
      model: try model("--model"), dryRun: scanned.flags.contains("--dry-run"),
      noWait: scanned.flags.contains("--no-wait"), rules: try rules())
  }

  /// `explain`: the model by either way, but not two different ones.
  private func explain() throws(UsageError) -> ExplainOptions {
    let named = try value("--model", FieldCheck.recordedName)
    guard let first = scanned.positionals.first else { return ExplainOptions(model: named) }
    let model = try checked("MODEL", first, FieldCheck.recordedName)
    if let named, named != model {
      throw UsageError("explain is asked about \(model) and about \(named)", hint: "Name one of them.")
    }
    return ExplainOptions(model: model)
  }

  /// `history`.
  private func history() throws(UsageError) -> HistoryOptions {
    var options = HistoryOptions(model: try value("--model", FieldCheck.recordedName))
    let kinds = HistoryOptions.Kind.allCases.filter { scanned.flags.contains("--" + $0.rawValue) }
    if kinds.count > 1 {
      throw UsageError(
        "\(kinds.map { "--" + $0.rawValue }.joined(separator: " and ")) exclude each other", hint: "Name one of them.")
    }
    options.kind = kinds.first ?? .cycles
    options.limit = try count("--limit", HistoryOptions.limits) ?? options.limit
    return options
  }

  /// `schema`.
  private func schema() throws(UsageError) -> SchemaOptions {
    let dialects = SchemaOptions.Dialect.allCases.filter { scanned.flags.contains("--" + $0.rawValue) }
    if dialects.count > 1 { throw UsageError("--postgres and --sqlite exclude each other", hint: "Name one of them.") }
    return SchemaOptions(dialect: dialects.first)
  }

  /// `retrain` and `rollback`.
  private func modelRun(waits: Bool) throws(UsageError) -> ModelRunOptions {
    ModelRunOptions(
      model: try checked("MODEL", scanned.positionals.first ?? "", FieldCheck.modelName), wait: waits)
  }

  /// `rollback`: whoever takes a version back wants to know that it is gone.
  private func rollback() throws(UsageError) -> ModelRunOptions {
    let waitsNot = scanned.flags.contains("--no-wait")
    if waitsNot, scanned.flags.contains("--wait") {
      throw UsageError("--wait and --no-wait exclude each other", hint: "Name one of them.")
    }
    return try modelRun(waits: !waitsNot)
  }

  /// `check-config`.
  private func checkConfig(_ global: GlobalOptions) throws(UsageError) -> CheckConfigOptions {
    var file: String?
    if let first = scanned.positionals.first { file = try checked("FILE", first, FieldCheck.path) }
    if file != nil, global.config != nil {
      throw UsageError("check-config is given a FILE and --config", hint: "Name one of them.")
    }
    return CheckConfigOptions(file: file, print: scanned.flags.contains("--print"))
  }

  /// Threshold, window and minStats.
  private func rules() throws(UsageError) -> RuleOverrides {
    let threshold = try number("--threshold") { number throws(FieldProblem) in try FieldCheck.rate(number) }
    return RuleOverrides(
      threshold: threshold, window: try count("--window", FieldLimits.window),
      minStats: try count("--min-stats", FieldLimits.window))
  }

  /// `record`: counts, or a rate where nobody counted.
  private func record() throws(UsageError) -> RecordOptions {
    guard let model = try model("--model") else { throw missing("--model M", "the model that the cycle is about") }
    let counts = CountArgument.judgements
    var options = RecordOptions(model: model)
    options.accepted = try judgements("--accepted", counts)
    options.rejected = try judgements("--rejected", counts)
    options.edited = try judgements("--edited", counts)
    options.rate = try number("--rate") { number throws(FieldProblem) in try FieldCheck.rate(number) }
    options.timestamp = try value("--timestamp", TimestampArgument.parse)
    options.windowMinutes = try judgements("--window-minutes", CountArgument.minutes)
    options.version = try value("--version") { text throws(FieldProblem) in try CountArgument.label(text) }
    options.id = try value("--id") { text throws(FieldProblem) in try CountArgument.label(text) }
    if options.rate != nil {
      if options.accepted != nil || options.rejected != nil {
        throw UsageError(
          "--rate stands beside counts", hint: "Leave --rate out: the rate follows from --accepted and --rejected.")
      }
      return options
    }
    if options.accepted == nil { throw missing("--accepted N", "answers that were accepted") }
    if options.rejected == nil { throw missing("--rejected N", "answers that were rejected") }
    if options.accepted == 0, options.rejected == 0 {
      throw UsageError("--accepted 0 --rejected 0: \(CycleRefusal.nothingJudged).", hint: "Leave the cycle out.")
    }
    return options
  }

  /// An option that the command needs.
  func missing(_ option: String, _ meaning: String) -> UsageError {
    UsageError(
      "\(command.rawValue) needs \(option): \(meaning)",
      hint: CommandSpec.of(command).examples.first.map { "For example: \($0.command)" } ?? ScannedArguments.topHint)
  }
}

/// Single values: each error names the option.
extension ArgumentParser {
  /// Runs a check on a text.
  private func checked<Value>(
    _ name: String, _ text: String, _ check: (String) throws(FieldProblem) -> Value
  ) throws(UsageError) -> Value {
    do throws(FieldProblem) {
      return try check(text)
    } catch {
      let hint = error.remedy.map { $0.prefix(1).uppercased() + $0.dropFirst() + ($0.hasSuffix("?") ? "" : ".") }
      throw UsageError("\(name): \(error.message)", hint: hint ?? "See retraind \(command.rawValue) --help.")
    }
  }

  /// The value of an option; nil where it was not typed.
  func value<Value>(
    _ name: String, _ check: (String) throws(FieldProblem) -> Value
  ) throws(UsageError) -> Value? {
    guard let text = scanned.values[name] else { return nil }
    return try checked(name, text, check)
  }

  /// A model's name.
  func model(_ name: String) throws(UsageError) -> String? { try value(name, FieldCheck.modelName) }

  /// A number.
  func number<Value>(
    _ name: String, _ check: (ConfigNumber) throws(FieldProblem) -> Value
  ) throws(UsageError) -> Value? {
    try value(name) { text throws(FieldProblem) in try check(try CountArgument.number(text)) }
  }

  /// A small whole number.
  private func count(_ name: String, _ range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard
      let count = try value(
        name,
        { text throws(FieldProblem) in
          try CountArgument.count(text, in: Int64(range.lowerBound)...Int64(range.upperBound), negative: nil)
        })
    else { return nil }
    return Int(count)
  }

  /// A number of judgements or minutes.
  private func judgements(_ name: String, _ kind: CountArgument.Kind) throws(UsageError) -> Int64? {
    try value(name) { text throws(FieldProblem) in
      try CountArgument.count(text, in: kind.range, negative: kind.reason)
    }
  }
}
