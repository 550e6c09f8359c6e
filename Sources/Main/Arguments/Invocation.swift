internal import Rules

/// What a person wants, read from the command line and checked.
enum Invocation: Sendable, Hashable {
  /// `run`.
  case run(RunOptions, GlobalOptions)
  /// `check`.
  case check(CheckOptions, GlobalOptions)
  /// `status`.
  case status(GlobalOptions)
  /// `explain`.
  case explain(ExplainOptions, GlobalOptions)
  /// `history`.
  case history(HistoryOptions, GlobalOptions)
  /// `record`.
  case record(RecordOptions, GlobalOptions)
  /// `feedback`.
  case feedback(FeedbackOptions, GlobalOptions)
  /// `retrain`.
  case retrain(ModelRunOptions, GlobalOptions)
  /// `rollback`.
  case rollback(ModelRunOptions, GlobalOptions)
  /// `doctor`.
  case doctor(GlobalOptions)
  /// `check-config`.
  case checkConfig(CheckConfigOptions, GlobalOptions)
  /// `reload`.
  case reload(GlobalOptions)
  /// `notify-test`.
  case notifyTest(GlobalOptions)
  /// `schema`.
  case schema(SchemaOptions, GlobalOptions)
  /// `demo`.
  case demo(DemoOptions, GlobalOptions)
  /// `version` or `--version`.
  case version(GlobalOptions)
  /// `help`, `--help`, or nothing at all.
  case help(HelpOptions, GlobalOptions)

  /// The options that every command knows.
  var global: GlobalOptions {
    switch self {
    case .run(_, let global), .check(_, let global), .explain(_, let global), .history(_, let global),
      .record(_, let global), .feedback(_, let global), .retrain(_, let global), .rollback(_, let global),
      .checkConfig(_, let global),
      .schema(_, let global), .demo(_, let global), .help(_, let global), .status(let global), .reload(let global),
      .doctor(let global), .notifyTest(let global), .version(let global):
      global
    }
  }

  /// What the command line says of the configuration.
  var overrides: FlagOverrides {
    var flags = FlagOverrides()
    flags.config = global.config
    flags.stateDirectory = global.stateDirectory
    switch self {
    case .run(let options, _):
      flags.interval = options.interval
      flags.model = options.model
      flags.rules = options.rules
    case .check(let options, _):
      flags.modelWhereNone = options.model
      flags.rules = options.rules
    case .checkConfig(let options, _):
      flags.config = options.file ?? flags.config
      if options.file != nil { flags.configNamedBy = "the argument" }
    default: break
    }
    return flags
  }
}

/// The options that every command knows.
struct GlobalOptions: Sendable, Hashable {
  /// `--config`.
  var config: String?
  /// `--state-dir`.
  var stateDirectory: String?
  /// `--json`.
  var json = false
  /// `--no-color`.
  var noColor = false
}

/// `run`.
struct RunOptions: Sendable, Hashable {
  /// Time between two checks.
  var interval: Duration?
  /// The model that rows are about which name none.
  var model: String?
  /// Threshold, window and minStats.
  var rules = RuleOverrides()
}

/// `check`.
struct CheckOptions: Sendable, Hashable {
  /// Only this model.
  var model: String?
  /// Evaluate only.
  var dryRun = false
  /// Do not wait for the run that it starts.
  var noWait = false
  /// Threshold, window and minStats.
  var rules = RuleOverrides()
}

/// `explain`.
struct ExplainOptions: Sendable, Hashable {
  /// Only this model.
  var model: String?
}

/// `history`.
struct HistoryOptions: Sendable, Hashable {
  /// What is listed.
  enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Learning cycles: what nobody named.
    case cycles
    /// Runs.
    case runs
    /// Events.
    case events
    /// Decisions.
    case decisions
    /// What people were told.
    case notices
  }

  /// Rows where nobody named a number.
  static let defaultLimit = 50
  /// Rows that may be asked for.
  static let limits = 1...100_000

  /// Only this model.
  var model: String?
  /// What is listed.
  var kind = Kind.cycles
  /// Rows at most.
  var limit = HistoryOptions.defaultLimit
}

/// `record`.
struct RecordOptions: Sendable, Hashable {
  /// The model.
  var model: String
  /// Accepted answers; nil where only a rate is given.
  var accepted: Int64?
  /// Rejected answers; nil where only a rate is given.
  var rejected: Int64?
  /// Edited answers.
  var edited: Int64?
  /// The rate where nobody counted.
  var rate: Double?
  /// End of the cycle; nil for now.
  var timestamp: Timestamp?
  /// Length of the cycle.
  var windowMinutes: Int64?
  /// The model's version.
  var version: String?
  /// The cycle's id.
  var id: String?
}

/// `feedback`.
struct FeedbackOptions: Sendable, Hashable {
  /// The judgement; nil where a file of them is read.
  var judgement: Judgement?
  /// The file; `-` for standard input.
  var file: String?
  /// The model of lines that name none.
  var model: String?
}

/// `retrain` and `rollback`.
struct ModelRunOptions: Sendable, Hashable {
  /// The model.
  var model: String
  /// Wait for the end of the run; `rollback` does unless it is told not to.
  var wait = false
}

/// `check-config`.
struct CheckConfigOptions: Sendable, Hashable {
  /// The file; nil for the one that would be found.
  var file: String?
  /// Print the effective configuration.
  var print = false
}

/// `schema`.
struct SchemaOptions: Sendable, Hashable {
  /// Whose SQL.
  enum Dialect: String, Sendable, Hashable, CaseIterable {
    /// Postgres, with Supabase's roles.
    case postgres
    /// SQLite.
    case sqlite
  }

  /// Whose SQL; nil for that of the active store.
  var dialect: Dialect?
}

/// `demo`.
struct DemoOptions: Sendable, Hashable {
  /// The model on the real server; nil for stand-ins.
  var ollamaModel: String?
}

/// `help`.
struct HelpOptions: Sendable, Hashable {
  /// The command; nil for all of it.
  var command: CommandName?
  /// False where nothing was typed at all: then the help is talk, and the exit code that of wrong usage.
  var wasAskedFor = true
}
