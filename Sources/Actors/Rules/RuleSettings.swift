/// Whether the same evidence may fire again.
public enum Rearm: String, Sendable, Hashable, CaseIterable, Codable {
  /// A new firing needs new cycles and the cooldown to have passed.
  case newEvidence
  /// Fire at each check while the mean is low: the naive behaviour.
  case always
}

/// The parameters of a rule and of the policy that acts on it, for one model.
public struct RuleSettings: Sendable, Hashable {
  /// Fires strictly below this mean accept rate, in 0...1.
  public var threshold: Double
  /// Newest usable cycles that count, at least 1.
  public var window: Int
  /// Usable cycles that are needed, in 1...window.
  public var minStats: Int
  /// The rule's name; `mean` is the only one so far.
  public var rule: String
  /// Time from the end of a run until the next automatic one.
  public var cooldown: Duration
  /// Whether the same evidence may fire again.
  public var rearm: Rearm
  /// Age of the newest usable cycle from which the verdict is `stale`.
  public var staleAfter: Duration

  /// The defaults of the project.
  public init(
    threshold: Double = 0.6, window: Int = 5, minStats: Int = 3, rule: String = "mean",
    cooldown: Duration = .seconds(24 * 3600), rearm: Rearm = .newEvidence,
    staleAfter: Duration = .seconds(30 * 24 * 3600)
  ) {
    self.threshold = threshold
    self.window = window
    self.minStats = minStats
    self.rule = rule
    self.cooldown = cooldown
    self.rearm = rearm
    self.staleAfter = staleAfter
  }
}
