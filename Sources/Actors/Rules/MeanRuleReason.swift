/// The words of a finding: short sentences with the numbers in them.
struct MeanRuleReason {
  /// The finding, complete but for its reason.
  let evaluation: Evaluation
  /// Age of the newest cycle that counts.
  let age: Duration
  /// Age from which it says nothing of today.
  let staleAfter: Duration

  /// The reason.
  var text: String {
    switch evaluation.verdict {
    case .healthy, .degraded: finding
    case .insufficient: scarcity
    case .stale:
      "the newest cycle is \(Wording.duration(age)) old: from \(Wording.duration(staleAfter)) on, cycles say nothing "
        + "of today; \(finding)"
    case .unattributed:
      "the rows name no model and none is configured, so there is nothing to act on; set `model` in the "
        + "configuration; \(evaluation.have < evaluation.need ? scarcity : finding)"
    }
  }

  /// The mean beside the threshold.
  private var finding: String {
    guard let average = evaluation.average else { return scarcity }
    // Piece by piece into one buffer: this sentence is made for every model at every check.
    var text = ""
    text.reserveCapacity(96)
    text += "mean accept rate "
    text += Wording.mean(average, besideThreshold: evaluation.threshold)
    text += " over the newest "
    if evaluation.have != 1 {
      text += String(evaluation.have)
      text += " "
    }
    text += evaluation.have == 1 ? "cycle is " : "cycles is "
    text += average < evaluation.threshold ? "below " : "not below "
    text += Wording.shortest(evaluation.threshold)
    return text
  }

  /// What is missing, and what was left out.
  private var scarcity: String {
    let have = "\(evaluation.have) of \(evaluation.need) usable cycles"
    let counts = evaluation.leftOutCounts
    guard !counts.isEmpty else { return have }
    let parts = Exclusion.allCases.compactMap { why in counts[why].map { "\($0) \(why.phrase)" } }
    let text = "\(have)\(Exclusion.announcement)\(parts.joined(separator: ", "))"
    guard counts[.beforeModelChange] != nil else { return text }
    return text + "; record cycles that began after that (one begins --window-minutes before its timestamp)"
  }
}

extension Exclusion {
  /// What stands before the counts of rows that a reason names.
  public static let announcement = "; left out: "

  /// What to say behind a count of rows: "2 without a judgement".
  public var phrase: String {
    switch self {
    case .noTimestamp: "without a readable timestamp"
    case .fromTheFuture: "from the future"
    case .rateNotANumber: "with a rate that is not a number"
    case .rateOutOfRange: "with a rate outside 0...1"
    case .negativeCount: "with a negative count"
    case .acceptedAboveTotal: "with more accepted than total events"
    case .idTooLong: "with an id of more than \(RuleBounds.longestLabel) bytes"
    case .noJudgement: "without a judgement"
    case .duplicate: "read twice"
    case .beforeModelChange: "from before the model changed"
    }
  }
}
