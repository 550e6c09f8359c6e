/// What to do about a finding: patience put into rules. Pure; `ModelMemory`'s transitions record what came of it.
///
/// Stamps in the memory may come from a clock that was wrong. One that lies so far ahead that no delay explains it
/// holds nothing back; a clock set back by less makes a delay longer, to twice its length at most.
public enum Policy {
  /// Decides. Only `degraded` acts.
  public static func decide(
    evaluation: Evaluation, memory: ModelMemory, settings: RuleSettings, now: Timestamp
  ) -> PolicyAction {
    guard evaluation.verdict == .degraded, let model = evaluation.model else { return .none(why: evaluation.reason) }
    if let run = memory.activeRun {
      return .join(run: run, why: "run \(run) for \(model) waits or is running")
    }
    if case .open(let reason) = memory.circuit {
      return .suppressed(
        why: "automatic retrains of \(model) are stopped: \(reason); to try again, type `retraind retrain \(model)`")
    }
    if let run = memory.retryRun { return retry(run, memory: memory, now: now) }
    switch settings.rearm {
    case .always: return .fire(why: evaluation.reason)
    case .newEvidence: return rearm(evaluation: evaluation, memory: memory, settings: settings, now: now)
    }
  }

  /// The failed run: again, or not yet.
  private static func retry(_ run: String, memory: ModelMemory, now: Timestamp) -> PolicyAction {
    let past =
      memory.failures > 0
      ? "\(memory.failures) of \(RuleBounds.failuresToOpen) attempts of run \(run) failed"
      : "run \(run) got further but did not finish in time"
    guard let due = memory.retryAt, due > now, due - now <= RuleBounds.retryCeiling else {
      return .retry(run: run, why: "\(past); trying it again")
    }
    return .suppressed(
      why: "\(past); a check from \(due.rfc3339) on tries it again (in \(Wording.timeLeft(due - now)))")
  }

  /// The same evidence never fires twice, and no run follows another within its pause.
  private static func rearm(
    evaluation: Evaluation, memory: ModelMemory, settings: RuleSettings, now: Timestamp
  ) -> PolicyAction {
    let changedNothing = memory.lastChange == .alreadyCurrent
    let pause = changedNothing ? max(settings.cooldown, RuleBounds.exhaustedPause) : settings.cooldown
    let new = newCycles(of: evaluation, memory: memory, now: now)
    let left = timeLeft(of: pause, since: memory.lastRunEnded, now: now)

    var waits: [String] = []
    let need = settings.effectiveNeed
    if new < need { waits.append("\(new) of \(need) new cycles since the last run") }
    if let left {
      waits.append(
        "the pause of \(Wording.duration(pause)) after the last run ends at \(now.adding(left).rfc3339) "
          + "(in \(Wording.timeLeft(left)))")
    }
    if waits.isEmpty { return .fire(why: evaluation.reason) }
    let why = waits.joined(separator: "; ")
    return changedNothing
      ? .exhausted(why: "the last run found the newest version in place already; \(why)") : .suppressed(why: why)
  }

  /// Cycles that no firing has used. `firedThrough` never lies ahead of a right clock by more than a cycle's stamp may.
  private static func newCycles(of evaluation: Evaluation, memory: ModelMemory, now: Timestamp) -> Int {
    guard let used = memory.firedThrough, used <= now.adding(RuleBounds.futureTolerance) else {
      return evaluation.used.count
    }
    return evaluation.used.count { $0.timestamp > used }
  }

  /// What is left of a pause; nil where it is over.
  private static func timeLeft(of pause: Duration, since ended: Timestamp?, now: Timestamp) -> Duration? {
    guard let ended else { return nil }
    let elapsed = now - ended
    guard elapsed < pause, elapsed >= .zero - pause else { return nil }
    return pause - elapsed
  }
}
