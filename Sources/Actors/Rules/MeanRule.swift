/// The default rule: the unweighted mean of the accept rate over the newest usable cycles, strictly below a threshold.
public struct MeanRule: Sendable {
  /// The rule's name in settings and decisions.
  public static let name = "mean"

  /// Its parameters. A window or a minimum that no window can have is cut to what it can (see `RuleBounds`).
  public let settings: RuleSettings
  /// Hash of the rule and its parameters, 16 hexadecimal digits.
  public let hash: String

  /// Makes the rule; worth keeping where many models share their settings.
  public init(_ settings: RuleSettings) {
    self.settings = settings
    hash = RuleHash.of(settings)
  }

  /// Evaluates once; the same as making the rule and asking it.
  public static func evaluate(
    rows: [CycleRow], model: String?, settings: RuleSettings, windowStart: Timestamp?, now: Timestamp
  ) -> Evaluation {
    MeanRule(settings).evaluate(rows: rows, model: model, windowStart: windowStart, now: now)
  }

  /// What the rule says of a model.
  ///
  /// - Parameters:
  ///   - rows: its rows as the store gave them, in any order.
  ///   - model: the model; nil or empty where the rows name none and none is configured, which is `unattributed`
  ///     whatever the numbers say.
  ///   - windowStart: cycles that began before it do not count.
  ///   - now: the wall clock.
  public func evaluate(rows: [CycleRow], model: String?, windowStart: Timestamp?, now: Timestamp) -> Evaluation {
    let model = model.flatMap { $0.isEmpty ? nil : $0 }
    let collected = Evidence.collect(rows: rows, windowStart: windowStart, now: now)
    let isWhole = collected.usable.count <= settings.effectiveWindow
    let used = isWhole ? collected.usable : Array(collected.usable.prefix(settings.effectiveWindow))

    let mean = ExactMean(used.map(\.evidence))
    let position = mean.position(relativeTo: settings.threshold)
    let counts = Counts(used)
    let age = used.first.map { now - $0.timestamp } ?? .zero
    let verdict = verdict(hasModel: model != nil, have: used.count, age: age, position: position)

    var evaluation = Evaluation(
      model: model, verdict: verdict, average: mean.shown(position: position, threshold: settings.threshold),
      threshold: settings.threshold, have: used.count, need: settings.effectiveNeed, used: used,
      leftOut: collected.leftOut, accepted: counts.accepted, judged: counts.judged, interval: counts.interval,
      rule: Self.name, ruleHash: hash, reason: "")
    evaluation.reason = MeanRuleReason(evaluation: evaluation, age: age, staleAfter: settings.staleAfter).text
    return evaluation
  }

  /// The first that holds, in this order.
  private func verdict(hasModel: Bool, have: Int, age: Duration, position: ExactMean.Position) -> Verdict {
    guard hasModel else { return .unattributed }
    guard have >= settings.effectiveNeed else { return .insufficient }
    guard age < settings.staleAfter else { return .stale }
    return position == .below ? .degraded : .healthy
  }

  /// The judgements of a window.
  private struct Counts {
    /// Accepted; stays at the largest number that fits.
    var accepted: Int64 = 0
    /// Accepted and rejected; stays at the largest number that fits.
    var judged: Int64 = 0
    /// Wilson interval, from sums that do not stop there; nil without judgements.
    var interval: ClosedRange<Double>?

    /// Adds the cycles up; bare rates have no judgements to count.
    init(_ cycles: [Cycle]) {
      var acceptedSum = 0.0
      var rejectedSum = 0.0
      for cycle in cycles {
        guard case .counted(let newlyAccepted, let rejected, _) = cycle.evidence else { continue }
        acceptedSum += Double(newlyAccepted)
        rejectedSum += Double(rejected)
        accepted = Self.sum(accepted, newlyAccepted)
        judged = Self.sum(Self.sum(judged, newlyAccepted), rejected)
      }
      interval = WilsonInterval.of(accepted: acceptedSum, judged: acceptedSum + rejectedSum)
    }

    /// The sum, or the largest number where it does not fit.
    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
      let (sum, isTooLarge) = left.addingReportingOverflow(right)
      return isTooLarge ? .max : sum
    }
  }
}

extension ExactMean {
  /// Parts of one that a shown mean is rounded to: three cycles of 4 in 10 show 0.4, not the 0.4000000000000001 of a sum
  /// of doubles.
  private static let shownParts = 1e12

  /// The mean as a double that stands on the same side of the threshold as the exact one: a window at 0.6 shows 0.6,
  /// not 0.6000000000000001.
  fileprivate func shown(position: Position, threshold: Double) -> Double? {
    guard let sum = approximate else { return nil }
    let approximate = (sum * Self.shownParts).rounded() / Self.shownParts
    return switch position {
    case .below: min(approximate, threshold.nextDown)
    case .equal: threshold
    case .above: threshold >= 0 ? max(approximate, min(threshold.nextUp, 1)) : approximate
    }
  }
}
