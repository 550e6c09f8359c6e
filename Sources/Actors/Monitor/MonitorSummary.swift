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

  /// A check is over. One that saw only some models leaves what is known of the others.
  mutating func note(_ new: [CheckResult], at now: Timestamp, isFull: Bool) {
    lastCheck = now
    var all = new
    if !isFull {
      let key = { (result: CheckResult) in result.evaluation.model.map(ModelName.normalised) }
      let names = Set(new.map(key))
      let others = results.filter { !names.contains(key($0)) }
      // Models beyond the list are not known by name; they are still there.
      let known = results.count - others.count
      models = max(models - known, others.count) + new.count
      all += others
    } else {
      models = new.count
    }
    results = Array(
      all.sorted { left, right in
        (Self.rank(left.evaluation.verdict), left.evaluation.model ?? "")
          < (Self.rank(right.evaluation.verdict), right.evaluation.model ?? "")
      }.prefix(Self.maximumModels))
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
      digest: assessment.digest, run: run)
  }
}

extension CheckResult {
  /// What the policy said of it, with what was done.
  init(_ assessment: Assessor.Assessment, action: CheckAction, run: String? = nil) {
    let reason = assessment.evaluation.reason
    let why = assessment.action.why
    self.init(
      evaluation: assessment.evaluation, action: action,
      reason: why.isEmpty || why == reason ? reason : "\(reason); \(why)", run: run)
  }

  /// A finding that could not be recorded: what would have been done is not, and no verdict counts as on record.
  init(unrecorded assessment: Assessor.Assessment, because error: any Error) {
    if case .join(let run, _) = assessment.action {
      self.init(assessment, action: .joined, run: run)
    } else {
      self.init(
        evaluation: assessment.evaluation, action: .failed,
        reason: "\(assessment.evaluation.reason); nothing was done, the decision could not be recorded: \(error)",
        isTemporary: Patience.isWorthwhile(error))
    }
  }
}

extension PolicyAction {
  /// Why, in words.
  var why: String {
    switch self {
    case .none(let why), .fire(let why), .suppressed(let why), .exhausted(let why): why
    case .retry(_, let why), .join(_, let why): why
    }
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
