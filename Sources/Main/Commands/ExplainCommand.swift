import Actors
import Journal
import Platform
import Rules

/// `retraind explain`: the last decision on each model with every number behind it.
enum ExplainCommand {
  static func run(_ options: ExplainOptions, _ loaded: LoadedConfiguration, _ context: ProgramContext) async -> Int32 {
    State.require(loaded, context)
    do {
      let journal = try await Journal.open(path: loaded.paths.database, readOnly: true)
      var decisions = try await journal.latestDecisions(limit: MonitorSummary.maximumModels)
      if let model = options.model.map(ModelName.normalised) {
        decisions = decisions.filter { $0.model.map(ModelName.normalised) == model }
      }
      var explanations: [Explanation] = []
      for decision in decisions {
        var run: RunRow?
        if let id = decision.run { run = try await journal.run(id) }
        if run == nil { run = try await journal.run(ofDecision: decision.id) }
        explanations.append(Explanation(decision, run: run))
      }
      await journal.close()
      if explanations.isEmpty, let model = options.model, let unknown = await ModelNames.unknown(model, loaded) {
        throw CommandFailure(code: ExitCode.unavailable, unknown.refusal)
      }
      if context.global.json {
        context.terminal.print(try JSON.encode(explanations, isPretty: true))
      } else if explanations.isEmpty {
        let about = options.model.map { " on \($0)" } ?? ""
        context.terminal.print("No decision\(about) yet: the daemon decides at its next check, `retraind check` now.")
      } else {
        for explanation in explanations {
          for line in explanation.lines(context.terminal) { context.terminal.show(line) }
        }
      }
      return explanations.isEmpty && options.model != nil ? ExitCode.unavailable : ExitCode.success
    } catch {
      return CommandFailure.report(error, context)
    }
  }
}

/// A decision as `explain` shows it.
struct Explanation: Encodable {
  /// A row that did not count.
  struct LeftOut: Encodable {
    var id: String
    var timestamp: String?
    var why: String
  }

  /// How many rows did not count for a reason.
  struct LeftOutCount: Encodable {
    var why: String
    var count: Int
  }

  /// Left-out rows that are shown to people; the rest is counted.
  static let shownLeftOut = 10

  var decision: Int64
  var at: String
  var model: String?
  var verdict: Verdict
  var average: Double?
  var threshold: Double
  var rule: String
  var ruleHash: String
  var have: Int
  var need: Int
  var accepted: Int64
  var judged: Int64
  var intervalLow: Double?
  var intervalHigh: Double?
  var cycles: [CheckEntry.UsedCycle]
  var leftOut: [LeftOut]
  var leftOutCounts: [LeftOutCount]
  var reason: String
  var action: String
  var why: String
  var digest: String?
  var digestAfter: String?
  var run: String?
  var runState: String?
  var runResult: String?
  var runError: String?

  /// From the journal's rows.
  init(_ row: DecisionRow, run: RunRow?) {
    let evaluation = row.evaluation
    decision = row.id
    at = row.at.rfc3339
    model = row.model
    verdict = evaluation.verdict
    average = evaluation.average
    threshold = evaluation.threshold
    rule = evaluation.rule
    ruleHash = evaluation.ruleHash
    have = evaluation.have
    need = evaluation.need
    accepted = evaluation.accepted
    judged = evaluation.judged
    intervalLow = evaluation.interval?.lowerBound
    intervalHigh = evaluation.interval?.upperBound
    cycles = evaluation.used.map { CheckEntry.UsedCycle($0) }
    leftOut = evaluation.leftOut.map {
      LeftOut(id: $0.id, timestamp: $0.timestamp?.rfc3339, why: $0.why.words)
    }
    leftOutCounts = Exclusion.allCases.compactMap { why in
      evaluation.leftOutCounts[why].map { LeftOutCount(why: why.words, count: $0) }
    }
    reason = evaluation.reason
    action = row.action
    why = row.why
    digest = row.digest ?? run?.digestBefore
    digestAfter = run?.digestAfter
    self.run = run?.id ?? row.run
    runState = run?.state.rawValue
    runResult = run?.result
    runError = run?.error
  }

  /// For people.
  func lines(_ terminal: Terminal) -> [String] {
    var lines = [
      terminal.paint("\(model?.shownName ?? "(no model)"): \(verdict.rawValue)", .bold)
        + "  (decision \(decision) at \(at))"
    ]
    lines.append("  because    \(reason.shownText)")
    let over =
      switch have {
      case 0: "no usable cycle"
      case 1: "mean of the newest cycle"
      default: "mean of the newest \(have) cycles"
      }
    lines.append("  rule       \(rule) (\(ruleHash)): \(over), \(need) needed, threshold \(threshold)")
    if let average { lines.append("  mean       \(Self.three(average))") }
    if let low = intervalLow, let high = intervalHigh {
      lines.append(
        "  judgements \(accepted) of \(judged) accepted, 95 % interval \(Self.three(low)) to \(Self.three(high))")
    }
    for cycle in cycles {
      let counts = cycle.uncounted ? "uncounted" : "\(cycle.accepted ?? 0) accepted, \(cycle.rejected ?? 0) rejected"
      lines.append("    \(cycle.timestamp)  \(Self.three(cycle.acceptRate))  \(counts)")
    }
    lines += leftOutLines
    lines.append("  action     \(action): \(why.shownText)")
    if let digest { lines.append("  digest     \(digest.shownName)") }
    if let digestAfter, digestAfter != digest { lines.append("          →  \(digestAfter.shownName)") }
    if let run {
      let outcome = RunWords.outcome(state: runState, result: runResult, error: runError)
      lines.append("  run        \(run.shownName): \(outcome.shownText)")
    }
    return lines
  }

  /// The newest rows that did not count, and how many more there are by reason.
  var leftOutLines: [String] {
    let shown = leftOut.prefix(Self.shownLeftOut)
    var lines = shown.map { "    left out: \($0.timestamp ?? "no timestamp") \($0.id.shownName): \($0.why)" }
    let rest = leftOutCounts.compactMap { entry -> LeftOutCount? in
      let count = entry.count - shown.count { $0.why == entry.why }
      return count > 0 ? LeftOutCount(why: entry.why, count: count) : nil
    }
    let more = rest.reduce(0) { $0 + $1.count }
    if more > 0 {
      lines.append("    … and \(more) more: \(rest.map { "\($0.why) × \($0.count)" }.joined(separator: ", "))")
    }
    return lines
  }

  /// A rate with three decimals.
  static func three(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let fraction = String(thousandths % 1000)
    return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
  }
}

extension Exclusion {
  /// In words.
  var words: String {
    switch self {
    case .noTimestamp: "no readable timestamp"
    case .fromTheFuture: "its timestamp lies in the future"
    case .rateNotANumber: "its accept rate is not a number"
    case .rateOutOfRange: "its accept rate lies outside 0 to 1"
    case .negativeCount: "one of its counts is negative"
    case .acceptedAboveTotal: "more accepted than events"
    case .idTooLong: "its id is longer than \(RuleBounds.longestLabel) bytes"
    case .noJudgement: "nothing was accepted or rejected"
    case .duplicate: "the same id was read already"
    case .beforeModelChange: "it began before the model last changed"
    }
  }
}
