import Rules
import TestSupport
import Testing

/// Checks every hour over months with random cycles, outcomes and clock steps: what must hold whatever comes.
@Suite(.timeLimit(.minutes(5))) struct PolicySimulationTests {
  /// One model's life.
  struct Life {
    /// Draws everything.
    var random: SeededGenerator
    /// What the policy remembers.
    var memory = ModelMemory()
    /// The cycles so far, newest last.
    var rows: [CycleRow] = []
    /// The rule and the policy.
    let settings: RuleSettings
    /// Cycles used by each firing.
    var firings: [(at: Timestamp, new: Int)] = []
    /// Attempts of each run.
    var attempts: [String: Int] = [:]
    /// Hours in which the finding acted.
    var hoursDegraded = 0

    /// One check; `rate` is the chance in ten that a judgement accepts.
    mutating func check(at now: Timestamp, rate: Int64) {
      if Int.random(in: 0..<3, using: &random) == 0 {
        rows.append(
          CycleRow(
            id: "\(rows.count)", timestamp: now, windowMinutes: 60, accepted: rate, rejected: 10 - rate))
      }
      let evaluation = MeanRule.evaluate(
        rows: rows.suffix(20), model: "m", settings: settings, windowStart: memory.windowStart, now: now)
      if evaluation.verdict == .degraded { hoursDegraded += 1 }
      let fired = memory.firedThrough
      switch Policy.decide(evaluation: evaluation, memory: memory, settings: settings, now: now) {
      case .fire:
        #expect(evaluation.verdict == .degraded)
        let new = evaluation.used.count { cycle in fired.map { cycle.timestamp > $0 } ?? true }
        firings.append((now, new))
        start("run\(firings.count)", evaluation, now)
      case .retry(let run, _):
        #expect(memory.activeRun == nil)
        start(run, evaluation, now)
      case .none, .join, .suppressed, .exhausted: break
      }
    }

    /// Runs at once, with a random end.
    private mutating func start(_ run: String, _ evaluation: Evaluation, _ now: Timestamp) {
      memory.onFired(evaluation: evaluation, run: run)
      attempts[run, default: 0] += 1
      let outcomes: [RunOutcomeKind] = [
        .succeeded(.updated), .succeeded(.alreadyCurrent), .succeeded(.unverified),
        .failed(permanent: false, reason: "x"), .failed(permanent: false, reason: "x"), .timedOut(progressed: false),
        .cancelled,
      ]
      let outcome = outcomes.randomElement(using: &random) ?? .cancelled
      memory.onRunEnded(
        outcome: outcome, endedAt: now, jitter: .random(in: 0..<1, using: &random), run: run)
    }
  }

  @Test(arguments: 0..<8)
  func neverTwiceOnTheSameEvidence(seed: Int) {
    let settings = RuleSettings(cooldown: .hours(Int64(seed % 4) * 12))
    var life = Life(random: SeededGenerator(seed: UInt64(seed)), settings: settings)
    for hour in 0..<1000 {
      life.check(at: noon.adding(.hours(Int64(hour))), rate: hour < 50 ? 8 : 2)
      if case .open = life.memory.circuit, hour % 100 == 0 { life.memory.onConfigurationChanged() }
    }
    for (earlier, later) in zip(life.firings, life.firings.dropFirst()) {
      #expect(later.at - earlier.at >= settings.cooldown)
    }
    #expect(life.firings.allSatisfy { $0.new >= 3 })
    #expect(life.attempts.values.allSatisfy { $0 <= RuleBounds.failuresToOpen })
    #expect(life.firings.count > 1)
    #expect(life.firings.first.map { $0.at > noon.adding(.hours(49)) } == true)
  }

  /// The clock was ten years ahead for a while; when it is right again the model is still looked after.
  @Test(arguments: 0..<10)
  func aWrongClockIsSurvived(seed: Int) {
    var life = Life(random: SeededGenerator(seed: UInt64(seed)), settings: RuleSettings())
    for hour in 0..<100 { life.check(at: noon.adding(.hours(Int64(hour) + 10 * 365 * 24)), rate: 2) }
    life.rows = []
    life.memory.onConfigurationChanged()
    let before = life.firings.count
    #expect(before > 0)
    for hour in 0..<500 {
      life.check(at: noon.adding(.hours(Int64(hour))), rate: 2)
      if hour == 200 { life.memory.onConfigurationChanged() }
    }
    #expect(life.firings.count > before || life.attempts.values.contains { $0 > 1 })
  }

  @Test func aHealthyModelIsLeftAlone() {
    var life = Life(random: SeededGenerator(seed: 7), settings: RuleSettings())
    for hour in 0..<1000 { life.check(at: noon.adding(.hours(Int64(hour))), rate: 6) }
    #expect(life.firings.isEmpty)
    #expect(life.hoursDegraded == 0)
    #expect(life.memory == ModelMemory())
    #expect(life.rows.count > 100)
  }
}
