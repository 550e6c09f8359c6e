package import Platform
public import Rules

/// One model of a `check`, as `check --json` prints it.
public struct CheckEntry: Sendable, Hashable, Codable {
  /// A cycle that the mean used.
  public struct UsedCycle: Sendable, Hashable, Codable {
    /// The row's id.
    public var id: String
    /// End of the cycle, RFC 3339.
    public var timestamp: String
    /// Accepted judgements; nil for a rate without counts.
    public var accepted: Int64?
    /// Rejected judgements; nil for a rate without counts.
    public var rejected: Int64?
    /// Accept rate in 0...1.
    public var acceptRate: Double
    /// True for a rate without counts.
    public var uncounted: Bool
  }

  /// The model; null where the rows name none and none is configured.
  public var model: String?
  /// The verdict.
  public var verdict: Verdict
  /// Mean accept rate; null without usable cycles.
  public var average: Double?
  /// The threshold.
  public var threshold: Double
  /// Usable cycles at hand, at most the window.
  public var have: Int
  /// Usable cycles needed.
  public var need: Int
  /// The cycles that count, newest first.
  public var cycles: [UsedCycle]
  /// Rows at hand that are wrong themselves and so are no evidence.
  public var quarantined: Int
  /// What is wrong with them, in words: `1 from the future, 2 with a negative count`; null where there is none.
  public var quarantine: String?
  /// Finding and action in words.
  public var reason: String
  /// What was done.
  public var action: CheckAction
  /// The run, where the action is about one.
  public var run: String?
  /// True where the action failed for a reason that may be over soon; nil elsewhere. Not printed: it is the exit code.
  public var isTemporary: Bool?

  /// From a check's result.
  public init(_ result: CheckResult) {
    let evaluation = result.evaluation
    model = evaluation.model
    verdict = evaluation.verdict
    average = evaluation.average
    threshold = evaluation.threshold
    have = evaluation.have
    need = evaluation.need
    cycles = evaluation.used.map { UsedCycle($0) }
    quarantined = evaluation.quarantined
    quarantine = evaluation.quarantine
    reason = result.reason
    action = result.action
    run = result.run
    if result.isTemporary { isTemporary = true }
  }

  /// What scripts read from a check: 0 healthy, 1 no verdict, 2 degraded, 3 a failed action, 75 one that failed because
  /// the store was busy.
  public var exitCode: Int32 {
    if action == .failed { return isTemporary == true ? 75 : 3 }
    switch verdict {
    case .healthy: return 0
    case .insufficient, .stale, .unattributed: return 1
    case .degraded: return 2
    }
  }

  enum CodingKeys: String, CodingKey {
    case model, verdict, average, threshold, have, need, cycles, quarantined, quarantine, reason, action, run
    case isTemporary = "temporary"
  }

  /// Writes every key, null where there is no value, so that scripts need not ask whether a key exists.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model, forKey: .model)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(average, forKey: .average)
    try container.encode(threshold, forKey: .threshold)
    try container.encode(have, forKey: .have)
    try container.encode(need, forKey: .need)
    try container.encode(cycles, forKey: .cycles)
    try container.encode(quarantined, forKey: .quarantined)
    try container.encode(quarantine, forKey: .quarantine)
    try container.encode(reason, forKey: .reason)
    try container.encode(action, forKey: .action)
    try container.encode(run, forKey: .run)
    try container.encodeIfPresent(isTemporary, forKey: .isTemporary)
  }
}

extension Evaluation {
  /// Rows that are wrong themselves.
  var quarantined: Int { leftOutCounts.reduce(0) { $1.key.isQuarantine ? $0 + $1.value : $0 } }

  /// What is wrong with them, in words; nil where there is none.
  var quarantine: String? {
    guard quarantined > 0 else { return nil }
    let parts = Exclusion.allCases.filter(\.isQuarantine)
      .compactMap { why in leftOutCounts[why].map { "\($0) \(why.phrase)" } }
    return parts.joined(separator: ", ")
  }
}

extension CheckEntry {
  /// As `check --json` prints it; the keys are those of `encode`.
  package var document: JSONText.Value {
    .object([
      ("model", .optional(model)), ("verdict", .text(verdict.rawValue)), ("average", .optional(average)),
      ("threshold", .real(threshold)), ("have", .integer(Int64(have))), ("need", .integer(Int64(need))),
      ("cycles", .array(cycles.map(\.document))), ("quarantined", .integer(Int64(quarantined))),
      ("quarantine", .optional(quarantine)), ("reason", .text(reason)), ("action", .text(action.rawValue)),
      ("run", .optional(run)),
    ])
  }
}

extension CheckEntry.UsedCycle {
  /// As `check --json` prints it.
  fileprivate var document: JSONText.Value {
    .object([
      ("id", .text(id)), ("timestamp", .text(timestamp)), ("accepted", .optional(accepted)),
      ("rejected", .optional(rejected)), ("accept_rate", .real(acceptRate)), ("uncounted", .flag(uncounted)),
    ])
  }

  /// From a cycle.
  public init(_ cycle: Cycle) {
    id = cycle.id
    timestamp = cycle.timestamp.rfc3339
    switch cycle.evidence {
    case .counted(let accepted, let rejected, _):
      self.accepted = accepted
      self.rejected = rejected
      acceptRate = Double(accepted) / (Double(accepted) + Double(rejected))
      uncounted = false
    case .uncounted(let rate):
      acceptRate = rate
      uncounted = true
    }
  }
}
