import Journal
public import Rules

/// What the last check found, for the status.
public struct MonitorSummary: Sendable, Hashable {
  /// Models that one status lists at most; the worst come first.
  public static let maximumModels = 1000

  /// Scheduled checks so far.
  public var checks = 0
  /// Time until the next one; nil where none is scheduled.
  public var nextCheckIn: Duration?
  /// When the last check ended; nil before the first.
  public var lastCheck: Timestamp?
  /// What failed in the last check; nil where it worked.
  public var lastError: String?
  /// Results of the last check, worst verdict first.
  public var results: [CheckResult] = []
  /// How many models the last check saw.
  public var models = 0

  /// Before the first check.
  init() {}

  /// After a check.
  init(_ results: [CheckResult], at now: Timestamp) {
    lastCheck = now
    models = results.count
    self.results = Array(
      results.sorted { Self.rank($0.evaluation.verdict) < Self.rank($1.evaluation.verdict) }
        .prefix(Self.maximumModels))
  }

  /// Results in one line: `3 models: 1 degraded, 2 healthy`.
  static func words(_ results: [CheckResult]) -> String {
    guard !results.isEmpty else { return "no model to watch yet: no cycle is recorded and none is configured" }
    let counts = Dictionary(grouping: results, by: \.evaluation.verdict).mapValues(\.count)
    let parts = Verdict.allCases.sorted { rank($0) < rank($1) }.compactMap { verdict in
      counts[verdict].map { "\($0) \(verdict.rawValue)" }
    }
    return "\(results.count) \(results.count == 1 ? "model" : "models"): \(parts.joined(separator: ", "))"
  }

  private static func rank(_ verdict: Verdict) -> Int {
    switch verdict {
    case .degraded: 0
    case .unattributed: 1
    case .stale: 2
    case .insufficient: 3
    case .healthy: 4
    }
  }
}

extension DecisionRow {
  /// A finding as the journal keeps it.
  init(_ assessment: Assessor.Assessment, at now: Timestamp) {
    let action: String
    let why: String
    var run: String?
    switch assessment.action {
    case .none(let text): (action, why) = ("none", text)
    case .fire(let text): (action, why) = ("fire", text)
    case .retry(let id, let text): (action, why, run) = ("retry", text, id)
    case .join(let id, let text): (action, why, run) = ("join", text, id)
    case .suppressed(let text): (action, why) = ("suppressed", text)
    case .exhausted(let text): (action, why) = ("exhausted", text)
    }
    self.init(
      at: now, model: assessment.evaluation.model, evaluation: assessment.evaluation, action: action, why: why,
      digest: nil, run: run)
  }
}

extension Duration {
  /// For people: `4 ms`, `2.5 s`.
  var formatted: String {
    let milliseconds = wholeMilliseconds
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let tenths = milliseconds / 100
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
