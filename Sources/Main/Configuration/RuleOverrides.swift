internal import Actors
internal import Rules

/// What a file, an entry of `models` or the flags say of rule and policy; nil for what they leave out.
struct RuleOverrides: Sendable, Hashable {
  /// Threshold of the mean accept rate.
  var threshold: Double?
  /// Newest usable cycles that count.
  var window: Int?
  /// Usable cycles that are needed.
  var minStats: Int?
  /// The rule.
  var rule: String?
  /// Time between runs.
  var cooldown: Duration?
  /// Whether the same evidence may fire again.
  var rearm: Rearm?
  /// Age from which evidence is stale.
  var staleAfter: Duration?
  /// How a model is refreshed.
  var strategy: Strategy?

  /// The keys in a file, in the order of the documentation.
  static let keys = ["threshold", "window", "minStats", "rule", "cooldown", "rearm", "staleAfter", "strategy"]

  /// Puts what is said over what holds otherwise.
  func apply(to settings: ModelSettings) -> ModelSettings {
    var rules = settings.rules
    if let threshold { rules.threshold = threshold }
    if let window { rules.window = window }
    if let minStats { rules.minStats = minStats }
    if let rule { rules.rule = rule }
    if let cooldown { rules.cooldown = cooldown }
    if let rearm { rules.rearm = rearm }
    if let staleAfter { rules.staleAfter = staleAfter }
    return ModelSettings(rules: rules, strategy: strategy ?? settings.strategy)
  }
}
