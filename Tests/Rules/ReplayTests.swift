import Rules
import Testing

/// The rule and the policy on a real stream: a cycle every six hours, a check every hour.
@Suite(.timeLimit(.minutes(5))) struct ReplayTests {
  /// Cycles after which the mean is below the threshold, and those after which a run was fired that changed nothing.
  static func replay(threshold: Double) -> (degraded: [Int], fired: [Int]) {
    let settings = RuleSettings(threshold: threshold)
    let rule = MeanRule(settings)
    var memory = ModelMemory()
    var rows: [CycleRow] = []
    var degraded: [Int] = []
    var fired: [Int] = []
    for (index, accepted) in ReplayData.accepted.enumerated() {
      let end = noon.adding(.hours(Int64(index) * 6))
      rows.append(
        CycleRow(id: "\(index)", timestamp: end, windowMinutes: 360, accepted: accepted, rejected: 1000 - accepted))
      for hour in 0..<6 {
        let now = end.adding(.hours(Int64(hour)))
        let evaluation = rule.evaluate(
          rows: Array(rows.suffix(8)), model: "m", windowStart: memory.windowStart, now: now)
        if evaluation.verdict == .degraded, degraded.last != index { degraded.append(index) }
        let action = Policy.decide(evaluation: evaluation, memory: memory, settings: settings, now: now)
        guard case .fire = action else { continue }
        fired.append(index)
        memory.onFired(evaluation: evaluation, run: "r\(fired.count)")
        memory.onRunEnded(outcome: .succeeded(.alreadyCurrent), endedAt: now, jitter: 0, run: "r\(fired.count)")
      }
    }
    return (degraded, fired)
  }

  @Test func aSteadyModelNeverFires() {
    let result = Self.replay(threshold: 0.6)
    #expect(result.degraded.isEmpty)
    #expect(result.fired.isEmpty)
    #expect(ReplayData.accepted.count == 277)
  }

  /// The dip is seen, once a day at most while it lasts, not at each of the checks.
  @Test func aDipFiresOnceADayAtMost() {
    let result = Self.replay(threshold: 0.8)
    #expect(result.degraded == Array(204...213))
    #expect(result.fired == [204, 208, 212])
  }
}
