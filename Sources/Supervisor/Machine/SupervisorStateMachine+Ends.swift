/// One child: how it ends, by itself or because it was asked to.
extension SupervisorStateMachine {
  /// A child that was ready has ended by itself.
  mutating func readyEnded(_ key: ChildKey, exit: ChildExit, now: Duration, _ actions: inout [Action]) {
    switch exit {
    case .returned, .declined: lost(key, .normal, now: now, &actions)
    case .threw(let error) where error is ChildShutdown:
      lost(key, .shutdown, now: now, &actions)
    case .threw(let error):
      lost(key, .failed(Fault(error)), now: now, &actions)
    case .subtree(_, let error):
      if let error { children[key].lastFailure = .failed(Fault(error)) }
      lost(key, .shutdown, now: now, &actions)
    }
  }

  /// A child is gone though nobody asked it to stop: it is started again, or not.
  private mutating func lost(_ key: ChildKey, _ outcome: ChildOutcome, now: Duration, _ actions: inout [Action]) {
    if outcome.isFailure { children[key].lastFailure = outcome }
    let isWanted =
      switch children[key].spec.restart {
      case .permanent: true
      case .transient: outcome.isFailure
      case .temporary: false
      }
    guard isWanted else { return end(key, outcome, now: now, &actions) }
    if case .ready = children[key].state, now - children[key].since >= rules.healthyAfter {
      children[key].backoff.reset()
    }
    let (id, generation) = (children[key].id, children[key].generation)
    enter(key, .down, now: now)
    if isStopping || isAwaitingItsStop(key) {
      // It is on its way down anyway: neither charged nor delayed.
      actions.append(.emit(.terminated(id: id, generation: generation, outcome: outcome, restartIn: nil)))
      note(key, outcome)
      if isPool { remove(key) }
      return
    }
    let delay = charge(key, now: now)
    actions.append(.emit(.terminated(id: id, generation: generation, outcome: outcome, restartIn: delay)))
    wait(key, delay, after: outcome, now: now, &actions)
  }

  /// A child that is being stopped has ended.
  mutating func stopEnded(
    _ key: ChildKey, _ why: SupervisedChild.Why, exit: ChildExit, now: Duration, _ actions: inout [Action]
  ) {
    if !isStopping {
      switch why {
      case .startTimeout: return startTimedOut(key, now: now, &actions)
      case .unresponsive: return unresponsive(key, now: now, &actions)
      case .asked, .terminated: break
      }
    }
    var fault: Fault?
    switch exit {
    case .threw(let error) where !(error is CancellationError || error is ChildShutdown): fault = Fault(error)
    case .subtree(_, let error):
      // A nested one that was stopped before it was ready was stopped, no more.
      if let error, !error.isStop { fault = Fault(error) }
    case .threw, .returned, .declined: break
    }
    actions.append(
      .emit(.stopped(id: children[key].id, generation: children[key].generation, fault: fault)))
    note(key, fault.map { .failed($0) } ?? .normal)
    settle(key, now: now, &actions)
  }

  /// A child gave no sign of life and is gone: it counts as failed.
  mutating func unresponsive(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    let heartbeat = children[key].spec.heartbeat ?? .zero
    intensity.leaveOut(from: children[key].since - heartbeat, to: now)
    lost(key, .unresponsive(after: heartbeat), now: now, &actions)
  }

  /// A child was not ready in time and is gone.
  mutating func startTimedOut(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    let timeout = children[key].spec.startTimeout
    intensity.leaveOut(from: children[key].since - timeout, to: now)
    startFailed(key, .timedOut(after: timeout), now: now, &actions)
  }

  /// A child ends for good, by itself. Where it is significant that may end the supervisor.
  private mutating func end(_ key: ChildKey, _ outcome: ChildOutcome, now: Duration, _ actions: inout [Action]) {
    let (id, isSignificant) = (children[key].id, children[key].spec.significant)
    actions.append(
      .emit(.terminated(id: id, generation: children[key].generation, outcome: outcome, restartIn: nil)))
    note(key, outcome)
    // Going down with the others it is a bystander, whatever it died of.
    let isBystander = isStopping || isAwaitingItsStop(key)
    enter(key, .done, now: now)
    if isPool || children[key].spec.restart == .temporary { remove(key) }
    guard isSignificant, !isBystander else { return }
    switch rules.autoShutdown {
    case .never: return
    case .allSignificant where significantCount > 0: return
    case .anySignificant, .allSignificant:
      actions.append(.emit(.autoShutdown(supervisor: self.id, child: id)))
      beginStop(.significant(id: id), now: now, &actions)
    }
  }

  /// A child was stopped because it was asked to be.
  mutating func settle(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    answerStops(of: key, &actions)
    let isForgotten = isPool || children[key].spec.restart == .temporary
    let neverStarted = children[key].isDynamic && !children[key].hasStarted
    let isTerminated = children[key].state == .stopping(.terminated)
    children[key].isStartedByHand = false
    if isTerminated || isForgotten || neverStarted && isStopping {
      answerStarts(of: key, .failure(.startFailed(id: children[key].id, reason: .stopped)), &actions)
      enter(key, .done, now: now)
      if isForgotten || neverStarted { remove(key) }
    } else {
      // Those who wait for its start have it when the walk comes by again.
      enter(key, .down, now: now)
    }
  }

  /// Takes in what a nested supervisor reports: what it left running, and at the stop what became of its children.
  mutating func inherit(_ part: StopReport, from key: ChildKey, now: Duration) {
    let (id, generation) = (children[key].id, children[key].generation)
    orphans.inherit(part.unstopped, from: OrphanLedger.Key(child: key, generation: generation), id, now: now)
    if isStopping { report.merge(part, under: id) }
  }

  /// Writes an end into the report of the stop.
  mutating func note(_ key: ChildKey, _ outcome: ChildOutcome) {
    guard isStopping else { return }
    report.stopped.append(children[key].id)
    if case .failed(let fault) = outcome {
      report.failures.append(StopReport.Failure(id: children[key].id, fault: fault))
    }
  }
}
