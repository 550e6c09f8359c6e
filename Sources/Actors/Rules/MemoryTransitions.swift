/// How a run ended, as far as the policy cares.
public enum RunOutcomeKind: Sendable, Hashable {
  /// It did what it was for.
  case succeeded(RunChange)
  /// It failed; permanent where another attempt cannot help. Why, in words.
  case failed(permanent: Bool, reason: String)
  /// Its deadline passed; progressed where it got further than the attempt before.
  case timedOut(progressed: Bool)
  /// A person or a reload called it off.
  case cancelled
  /// The process ended under it: it is resumed, and still the model's run.
  case interrupted
}

extension ModelMemory {
  /// A run was started, or the failed run is tried again: then `run` is `retryRun`, and its failures still count.
  ///
  /// - Parameters:
  ///   - evaluation: the finding that it answers, whose evidence will not fire again; nil for a run that a person
  ///     asked for.
  ///   - run: its id.
  public mutating func onFired(evaluation: Evaluation?, run: String) {
    // Not the later of both: an earlier stamp may be from a clock that was ahead, and is to be forgotten.
    if let newest = evaluation?.used.lazy.map(\.timestamp).max() { firedThrough = newest }
    if run != retryRun && run != activeRun { failures = 0 }
    clearRetry()
    activeRun = run
  }

  /// A rollback was asked for. A retry that is planned stays so until the rollback has put another version there.
  public mutating func onRollback(run: String) { activeRun = run }

  /// A finding joined a run that waits or is running: its evidence will not fire again. Nothing where that run is not
  /// the model's any more.
  public mutating func onJoined(evaluation: Evaluation, run: String) {
    guard activeRun == run, let newest = evaluation.used.lazy.map(\.timestamp).max() else { return }
    firedThrough = newest
  }

  /// A run ended.
  ///
  /// The report of a run that is not the active one, an abandoned one say, changes the state of the active one not at
  /// all; but if it succeeded, what it did to the served model is still true. A failure reported twice counts once.
  ///
  /// - Parameters:
  ///   - outcome: how.
  ///   - endedAt: when, by the wall clock.
  ///   - jitter: a random number in 0..<1, for the next attempt.
  ///   - run: its id.
  public mutating func onRunEnded(outcome: RunOutcomeKind, endedAt: Timestamp, jitter: Double, run: String) {
    let isCurrent = activeRun == nil || activeRun == run
    switch outcome {
    case .succeeded(let change):
      lastRunEnded = endedAt
      lastChange = change
      switch change {
      case .updated, .unverified: windowStart = endedAt
      case .alreadyCurrent: break
      }
      guard isCurrent else { return }
      activeRun = nil
      failures = 0
      clearRetry()
      circuit = .closed
    case .failed(let isPermanent, let reason):
      guard isCurrent, !isReportedAgain(run) else { return }
      onFailure(reason: reason, isPermanent: isPermanent, endedAt: endedAt, jitter: jitter, run: run)
    case .timedOut(progressed: false):
      guard isCurrent, !isReportedAgain(run) else { return }
      let reason = "it timed out and got no further than before"
      onFailure(reason: reason, isPermanent: false, endedAt: endedAt, jitter: jitter, run: run)
    case .timedOut(progressed: true):
      guard isCurrent, !isReportedAgain(run) else { return }
      activeRun = nil
      lastRunEnded = endedAt
      scheduleRetry(after: RetrySchedule.delay(failures: 0, jitter: jitter), of: run, endedAt: endedAt)
    case .cancelled:
      guard isCurrent else { return }
      activeRun = nil
      lastRunEnded = endedAt
      failures = 0
      clearRetry()
    case .interrupted:
      guard isCurrent else { return }
      activeRun = run
    }
  }

  /// The model's own configuration changed: what stopped its automatic work may be repaired. The evidence that fired
  /// stays spent.
  public mutating func onConfigurationChanged() {
    guard case .open = circuit else { return }
    circuit = .closed
    failures = 0
  }

  /// Counts a failure; another attempt, or the circuit opens.
  private mutating func onFailure(
    reason: String, isPermanent: Bool, endedAt: Timestamp, jitter: Double, run: String
  ) {
    activeRun = nil
    lastRunEnded = endedAt
    failures = failures == .max ? .max : max(failures, 0) + 1
    if isPermanent {
      clearRetry()
      circuit = .open(reason: reason)
    } else if failures >= RuleBounds.failuresToOpen {
      clearRetry()
      circuit = .open(reason: "\(Wording.count(failures, "attempt")) failed, the last one: \(reason)")
    } else {
      scheduleRetry(after: RetrySchedule.delay(failures: failures, jitter: jitter), of: run, endedAt: endedAt)
    }
  }

  /// Plans the next attempt; none while the circuit is open, as for a run that a person asked for meanwhile.
  private mutating func scheduleRetry(after delay: Duration, of run: String, endedAt: Timestamp) {
    clearRetry()
    guard case .closed = circuit else { return }
    retryRun = run
    retryAt = endedAt.adding(delay)
  }

  /// Forgets the planned attempt.
  private mutating func clearRetry() {
    retryRun = nil
    retryAt = nil
  }

  /// True where this run's failure was counted already and its next attempt has not begun.
  private func isReportedAgain(_ run: String) -> Bool { activeRun == nil && retryRun == run }
}
