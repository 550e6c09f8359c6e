/// One child: its starts, its delays, its signs of life.
extension SupervisorStateMachine {
  /// Starts a child.
  mutating func start(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    children[key].generation += 1
    children[key].starts &+= 1
    enter(key, .starting, now: now)
    let (generation, restarts) = (children[key].generation, children[key].restarts)
    let id = children[key].id
    // Without a limit there is nothing to wake up for.
    if children[key].spec.startTimeout < Defaults.longestDuration {
      arm(key, at: now + children[key].spec.startTimeout)
    }
    actions.append(.spawn(key, generation: generation, id: id, body: children[key].spec.body))
    actions.append(
      .emit(
        restarts == 0
          ? .started(id: id, generation: generation)
          : .restarting(id: id, generation: generation, restarts: restarts)))
  }

  /// A child that was starting has ended.
  mutating func startingEnded(_ key: ChildKey, exit: ChildExit, now: Duration, _ actions: inout [Action]) {
    switch exit {
    case .threw(let error): startFailed(key, .threw(Fault(error)), now: now, &actions)
    case .subtree(_, let error?): startFailed(key, .threw(Fault(error)), now: now, &actions)
    case .declined: declined(key, now: now, &actions)
    case .returned where children[key].spec.restart == .permanent,
      .subtree(_, nil) where children[key].spec.restart == .permanent:
      startFailed(key, .endedBeforeReady, now: now, &actions)
    case .returned, .subtree:
      // A short task that is done with its work was ready for it.
      children[key].hasStarted = true
      children[key].isStartedByHand = false
      let started = StartedChild(
        id: children[key].id, generation: children[key].generation, info: nil, declined: false, key: key)
      answerStarts(of: key, .success(started), &actions)
      readyEnded(key, exit: exit, now: now, &actions)
    }
  }

  /// A child has nothing to do: it is kept as a specification, where that is worth something.
  private mutating func declined(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    let (id, generation) = (children[key].id, children[key].generation)
    actions.append(.emit(.declined(id: id, generation: generation)))
    children[key].hasStarted = true
    children[key].isStartedByHand = false
    let answer = StartedChild(id: id, generation: generation, info: nil, declined: true, key: key)
    answerStarts(of: key, .success(answer), &actions)
    note(key, .normal)
    enter(key, .done, now: now)
    if isPool || children[key].spec.restart == .temporary { remove(key) }
  }

  /// A start was not completed. The first one fails the supervisor or its caller, a later one is charged and retried.
  mutating func startFailed(_ key: ChildKey, _ reason: StartFailure, now: Duration, _ actions: inout [Action]) {
    let (id, generation) = (children[key].id, children[key].generation)
    children[key].lastFailure = .startFailed(reason)
    let isFirstOfDynamic = children[key].isDynamic && !children[key].hasStarted
    let isByHand = children[key].isStartedByHand
    children[key].isStartedByHand = false
    enter(key, .down, now: now)
    /// Tells the failure.
    func tell(_ delay: Duration?) {
      actions.append(.emit(.startFailed(id: id, generation: generation, reason: reason, retryIn: delay)))
    }
    if isFirstOfDynamic || isByHand {
      tell(nil)
      note(key, .startFailed(reason))
      answerStarts(of: key, .failure(.startFailed(id: id, reason: reason)), &actions)
      enter(key, .done, now: now)
      if isFirstOfDynamic { remove(key) }
      return
    }
    if isStopping || isAwaitingItsStop(key) {
      // It is on its way down anyway: neither charged nor delayed.
      tell(nil)
      note(key, .startFailed(reason))
      if isPool { remove(key) }
      return
    }
    guard children[key].hasStarted else {
      tell(nil)
      return beginStop(.startFailed(id: id, reason: reason), now: now, &actions)
    }
    let delay = charge(key, now: now)
    tell(delay)
    answerStarts(of: key, .failure(.startFailed(id: id, reason: reason)), &actions)
    wait(key, delay, after: .startFailed(reason), now: now, &actions)
  }

  /// Charges a restart: its delay, or nil where it is one too many.
  mutating func charge(_ key: ChildKey, now: Duration) -> Duration? {
    guard intensity.charge(at: now) else { return nil }
    return children[key].backoff.next(children[key].spec.backoff ?? rules.backoff, using: &random)
  }

  /// Lets a child wait for its next start, or gives up.
  mutating func wait(
    _ key: ChildKey, _ delay: Duration?, after outcome: ChildOutcome, now: Duration, _ actions: inout [Action]
  ) {
    guard let delay else {
      let cause = EscalationCause.restarts(intensity: rules.intensity, period: rules.period, last: outcome)
      return escalate(key, cause, now: now, &actions)
    }
    enter(key, .waiting, now: now)
    stopOthers(because: key)
    if delay > .zero {
      arm(key, at: now + delay)
    } else {
      waitingEnded(key, now: now, &actions)
    }
  }

  /// The delay of a child is over.
  mutating func waitingEnded(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    if isAwaitingItsStop(key) {
      // The walk starts it when the others are down.
      enter(key, .down, now: now)
    } else {
      start(key, now: now, &actions)
    }
  }

  /// A child's heartbeat is due: it is fine where it has given a sign since, else it is stopped.
  mutating func checkHeartbeat(_ key: ChildKey, lastSign: Duration?, now: Duration, _ actions: inout [Action]) {
    guard let heartbeat = children[key].spec.heartbeat else { return }
    let next = max(lastSign ?? .zero, children[key].since) + heartbeat
    guard next <= now else { return arm(key, at: next) }
    if now - children[key].since >= rules.healthyAfter { children[key].backoff.reset() }
    actions.append(
      .emit(.unresponsive(id: children[key].id, generation: children[key].generation, after: heartbeat)))
    stop(key, .unresponsive, now: now, &actions)
  }
}
