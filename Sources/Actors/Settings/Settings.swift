public import Platform
public import Rules

/// The whole effective configuration as values. Made by whoever starts the daemon; nothing in here reads a file.
public struct Settings: Sendable, Hashable {
  /// The model that rows are about which name none; nil where none is configured.
  public var model: String?
  /// Time between two checks.
  public var interval: Duration
  /// The rule and the policy for every model without an entry in `models`.
  public var rules: RuleSettings
  /// How a model is refreshed, for every model without an entry in `models`.
  public var strategy: Strategy
  /// Models with settings of their own, resolved: what an entry leaves out is already filled in.
  public var models: [String: ModelSettings]
  /// The model server.
  public var ollama: OllamaSettings
  /// Supabase; nil where no URL is configured.
  public var supabase: SupabaseSettings?
  /// Proxies and certificates; nil for what the environment of this process says.
  public var network: HTTPNetwork?
  /// How judgements become cycles.
  public var learning: LearningSettings
  /// Where people are told, in the order of the file; names are unique.
  public var notify: [SinkSettings]
  /// The embedded store.
  public var store: StoreSettings
  /// The log.
  public var log: LogSettings
  /// Where `--state-dir` or the service manager wants everything to lie; nil for the default places.
  public var stateDirectory: String?

  /// The defaults of the project.
  public init(
    model: String? = nil, interval: Duration = .seconds(60 * 60), rules: RuleSettings = RuleSettings(),
    strategy: Strategy = .pull, models: [String: ModelSettings] = [:], ollama: OllamaSettings = OllamaSettings(),
    supabase: SupabaseSettings? = nil, network: HTTPNetwork? = nil, learning: LearningSettings = LearningSettings(),
    notify: [SinkSettings] = [], store: StoreSettings = StoreSettings(), log: LogSettings = LogSettings(),
    stateDirectory: String? = nil
  ) {
    self.model = model
    self.interval = interval
    self.rules = rules
    self.strategy = strategy
    self.models = models
    self.ollama = ollama
    self.supabase = supabase
    self.network = network
    self.learning = learning
    self.notify = notify
    self.store = store
    self.log = log
    self.stateDirectory = stateDirectory
  }

  /// Proxies and certificates as they hold.
  public var networkInForce: HTTPNetwork { network ?? HTTPNetwork(environment: ChildEnvironment.current()) }

  /// The rule and the policy for a model, however its name is written.
  public func rules(for model: String) -> RuleSettings { own(model)?.rules ?? rules }

  /// How a model is refreshed, however its name is written.
  public func strategy(for model: String) -> Strategy { own(model)?.strategy ?? strategy }

  /// A model's name as the configuration writes it; as it is where the configuration does not name the model.
  public func spelling(of model: String) -> String {
    if let mine = self.model, ModelName.normalised(mine) == ModelName.normalised(model) { return mine }
    return models[model] != nil ? model : ModelName.spellings(of: model).first { models[$0] != nil } ?? model
  }

  private func own(_ model: String) -> ModelSettings? {
    if models.isEmpty { return nil }
    return models[model] ?? ModelName.spellings(of: model).lazy.compactMap { models[$0] }.first
  }
}

/// How a model is refreshed.
public enum Strategy: String, Sendable, Hashable, CaseIterable {
  /// Pull the newest version of its name.
  case pull
}

/// What differs for one model.
public struct ModelSettings: Sendable, Hashable {
  /// Its rule and policy, complete.
  public var rules: RuleSettings
  /// How it is refreshed.
  public var strategy: Strategy

  /// Makes the settings of one model.
  public init(rules: RuleSettings = RuleSettings(), strategy: Strategy = .pull) {
    self.rules = rules
    self.strategy = strategy
  }
}

/// The embedded store.
public struct StoreSettings: Sendable, Hashable {
  /// Path of the SQLite file, as written: relative to the working directory unless it begins with `/`.
  public var path: String

  /// The default place.
  public init(path: String = "data/retraind.db") { self.path = path }
}

/// The log.
public struct LogSettings: Sendable, Hashable {
  /// What is left out of the log.
  public enum Level: String, Sendable, Hashable, CaseIterable {
    /// Everything, also what helps developers only.
    case debug
    /// What the daemon does.
    case info
    /// What a person should look at some day.
    case warning
    /// What did not work.
    case error
  }

  /// How a line looks.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// `2026-11-23 14:37:14,915 - INFO - text`.
    case text
    /// One JSON object a line.
    case json
  }

  /// Path of the log file, as written: relative to the working directory unless it begins with `/`.
  public var file: String
  /// The least level that is written.
  public var level: Level
  /// How a line looks.
  public var format: Format

  /// The default log.
  public init(file: String = "logs/model_retrainer.log", level: Level = .info, format: Format = .text) {
    self.file = file
    self.level = level
    self.format = format
  }
}
