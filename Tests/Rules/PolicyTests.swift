import Rules
import Testing

@Suite(.timeLimit(.minutes(5))) struct PolicyTests {
  /// A finding on bad cycles an hour apart, the newest at `noon`.
  static func finding(cycles: Int64 = 5, good: Bool = false) -> Evaluation {
    MeanRuleTests.evaluate(steadyRows(cycles, accepted: good ? 9 : 1, rejected: good ? 1 : 9))
  }

  static func decide(
    _ memory: ModelMemory, evaluation: Evaluation = finding(), settings: RuleSettings = RuleSettings(),
    now: Timestamp = noon
  ) -> PolicyAction {
    Policy.decide(evaluation: evaluation, memory: memory, settings: settings, now: now)
  }

  static let why = "mean accept rate 0.100 over the newest 5 cycles is below 0.6"

  @Test(arguments: Verdict.allCases)
  func onlyDegradedActs(verdict: Verdict) {
    var evaluation = Self.finding()
    evaluation.verdict = verdict
    let action = Self.decide(ModelMemory(), evaluation: evaluation)
    #expect(action == (verdict == .degraded ? .fire(why: Self.why) : .none(why: Self.why)))
    // Neither does a pending retry or an open circuit.
    let busy = ModelMemory(retryRun: "r1", circuit: .open(reason: "x"))
    if verdict != .degraded { #expect(Self.decide(busy, evaluation: evaluation) == .none(why: Self.why)) }
  }

  @Test func aRunThatIsActiveIsJoined() {
    let memory = ModelMemory(retryRun: "r0", activeRun: "r1", circuit: .open(reason: "x"))
    #expect(Self.decide(memory) == .join(run: "r1", why: "run r1 for m:latest waits or is running"))
    #expect(Self.decide(memory, settings: RuleSettings(rearm: .always)) == Self.decide(memory))
  }

  @Test(arguments: Rearm.allCases)
  func anOpenCircuitTellsWhatToType(rearm: Rearm) {
    let action = Self.decide(
      ModelMemory(circuit: .open(reason: "3 attempts failed")), settings: RuleSettings(rearm: rearm))
    #expect(
      action
        == .suppressed(
          why: "automatic retrains of m:latest are stopped: 3 attempts failed; to try again, type "
            + "`retraind retrain m:latest`"))
  }

  @Test func retries() {
    let memory = ModelMemory(
      firedThrough: noon, lastRunEnded: noon, failures: 1, retryAt: noon.adding(.minutes(15)), retryRun: "r1")
    #expect(
      Self.decide(memory)
        == .suppressed(
          why: "1 of 3 attempts of run r1 failed; a check from 2026-01-05T00:15:00Z on tries it again (in 15 min)"))
    let again = PolicyAction.retry(run: "r1", why: "1 of 3 attempts of run r1 failed; trying it again")
    #expect(Self.decide(memory, now: noon.adding(.minutes(15))) == again)
    #expect(Self.decide(memory, now: noon.adding(.minutes(15) - .microseconds(1))) != again)
    #expect(Self.decide(memory, settings: RuleSettings(rearm: .always), now: noon.adding(.hours(9))) == again)
    // A clock set back by more than any delay.
    #expect(Self.decide(memory, now: noon.adding(.hours(-24))) == again)
    var unfinished = memory
    unfinished.failures = 0
    unfinished.retryAt = nil
    #expect(
      Self.decide(unfinished)
        == .retry(run: "r1", why: "run r1 got further but did not finish in time; trying it again"))
  }

  @Test func alwaysFiresAtEachCheck() {
    let memory = ModelMemory(firedThrough: noon, lastRunEnded: noon, lastChange: .alreadyCurrent)
    #expect(Self.decide(memory, settings: RuleSettings(rearm: .always)) == .fire(why: Self.why))
  }

  /// New cycles, hours since the last run, and what follows.
  @Test(
    arguments: [
      (5, 24, nil), (3, 24, nil), (3, 100, nil),
      (2, 24, "2 of 3 new cycles since the last run"), (0, 1000, "0 of 3 new cycles since the last run"),
      (3, 23, "the pause of 24 h after the last run ends at 2026-01-05T01:00:00Z (in 1 h)"),
      (
        1, 0,
        "1 of 3 new cycles since the last run; "
          + "the pause of 24 h after the last run ends at 2026-01-06T00:00:00Z (in 24 h)"
      ),
    ] as [(Int64, Int64, String?)])
  func theSameEvidenceNeverFiresTwice(new: Int64, hours: Int64, why: String?) {
    var memory = ModelMemory(
      firedThrough: noon.adding(.hours(-new)), lastRunEnded: noon.adding(.hours(-hours)), lastChange: .updated)
    #expect(Self.decide(memory) == (why.map { .suppressed(why: $0) } ?? .fire(why: Self.why)))
    memory.lastChange = .alreadyCurrent
    let prefix = "the last run found the newest version in place already; "
    #expect(Self.decide(memory) == (why.map { .exhausted(why: prefix + $0) } ?? .fire(why: Self.why)))
  }

  /// A short cooldown does not make a pull that changed nothing worth repeating within a day.
  @Test func exhaustedLastsADayAtLeast() {
    var memory = ModelMemory(
      firedThrough: noon.adding(.hours(-5)), lastRunEnded: noon.adding(.hours(-2)), lastChange: .alreadyCurrent)
    let settings = RuleSettings(cooldown: .hours(1))
    guard case .exhausted = Self.decide(memory, settings: settings) else {
      Issue.record("not exhausted")
      return
    }
    memory.lastRunEnded = noon.adding(.hours(-24))
    #expect(Self.decide(memory, settings: settings) == .fire(why: Self.why))
    memory.lastChange = .updated
    memory.lastRunEnded = noon.adding(.hours(-1))
    #expect(Self.decide(memory, settings: settings) == .fire(why: Self.why))
    memory.lastChange = .alreadyCurrent
    memory.lastRunEnded = noon.adding(.hours(-25))
    guard case .exhausted = Self.decide(memory, settings: RuleSettings(cooldown: .hours(48))) else {
      Issue.record("not exhausted")
      return
    }
  }

  /// After a person's run nothing has fired, but the pause holds.
  @Test func thePauseFollowsEveryRun() {
    let memory = ModelMemory(lastRunEnded: noon.adding(.hours(-23)), lastChange: .alreadyCurrent)
    guard case .exhausted = Self.decide(memory) else {
      Issue.record("not exhausted")
      return
    }
    #expect(Self.decide(memory, now: noon.adding(.hours(1))) == .fire(why: Self.why))
  }

  @Test func aClockSetBackDoesNotLockOut() {
    let cooldown = Duration.hours(24)
    // By less than the cooldown: the pause is longer, twice the cooldown at most.
    var memory = ModelMemory(firedThrough: noon.adding(.hours(-5)), lastRunEnded: noon.adding(cooldown))
    #expect(
      Self.decide(memory)
        == .suppressed(why: "the pause of 24 h after the last run ends at 2026-01-07T00:00:00Z (in 2 d)"))
    // By more: the stamp is nonsense.
    memory.lastRunEnded = noon.adding(cooldown + .microseconds(1))
    #expect(Self.decide(memory) == .fire(why: Self.why))
    memory.firedThrough = noon.adding(.hours(24 * 365))
    #expect(Self.decide(memory) == .fire(why: Self.why))
    memory.firedThrough = noon.adding(.minutes(5))
    #expect(Self.decide(memory) == .suppressed(why: "0 of 3 new cycles since the last run"))
  }

  @Test(arguments: [Int64.min, 0, .max])
  func extremeStampsDoNotTrap(stamp: Int64) {
    let stamp = Timestamp(microseconds: stamp)
    for now in [Timestamp(microseconds: .min), noon, Timestamp(microseconds: .max)] {
      for cooldown in [Duration.seconds(Int64.min), .zero, .seconds(Int64.max)] {
        for change in RunChange.allCases {
          let memory = ModelMemory(firedThrough: stamp, lastRunEnded: stamp, lastChange: change)
          let action = Self.decide(memory, settings: RuleSettings(cooldown: cooldown), now: now)
          if case .none = action { Issue.record("a degraded model is never passed over") }
          let failed = ModelMemory(failures: .max, retryAt: stamp, retryRun: "r1")
          if case .fire = Self.decide(failed, now: now) { Issue.record("a failed run is retried, not replaced") }
        }
      }
    }
  }
}
