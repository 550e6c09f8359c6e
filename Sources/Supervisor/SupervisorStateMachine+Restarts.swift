/// One child: its start, its ends, its delays.
extension SupervisorStateMachine {
  /// True once no child is started any more.
  var isStopping: Bool {
    switch phase {
    case .stopping, .finished: true
    case .idle, .starting, .running: false
    }
  }

  /// Starts a child.
  mutating func start(_ index: Int, now: Duration, _ actions: inout [Action]) {
    children[index].generation += 1
    children[index].enter(.starting, now: now)
    let child = children[index]
    arm(index, at: now + child.startTimeout)
    actions.append(.spawn(child: index, generation: child.generation))
    if child.generation == 1 {
      actions.append(.emit(.started(id: child.id, generation: 1)))
    } else {
      children[index].restarts += 1
      actions.append(
        .emit(.restarting(id: child.id, generation: child.generation, restarts: children[index].restarts)))
    }
  }

  /// A child that was starting has ended.
  mutating func startingEnded(_ index: Int, exit: ChildExit, now: Duration, _ actions: inout [Action]) {
    switch exit {
    case .threw(let error): startFailed(index, .threw(Fault(error)), now: now, &actions)
    case .returned where children[index].restart == .permanent:
      startFailed(index, .endedBeforeReady, now: now, &actions)
    case .returned:
      // A short task that is done with its work was ready for it.
      children[index].hasStarted = true
      end(index, .finished, now: now, &actions)
    }
  }

  /// A start was not completed. The first one fails the supervisor, a later one is charged and tried again.
  mutating func startFailed(_ index: Int, _ reason: StartFailure, now: Duration, _ actions: inout [Action]) {
    let child = children[index]
    children[index].lastFailure = .startFailed(reason)
    children[index].enter(.down, now: now)
    if isStopping || isAwaitingItsStop(index) {
      // It is on its way down anyway: neither charged nor delayed.
      actions.append(
        .emit(.startFailed(id: child.id, generation: child.generation, reason: reason, retryIn: nil)))
      return note(index, .startFailed(reason))
    }
    guard child.hasStarted else {
      actions.append(
        .emit(.startFailed(id: child.id, generation: child.generation, reason: reason, retryIn: nil)))
      return beginStop(.startFailed(child: index, reason: reason), now: now, &actions)
    }
    let delay = charge(index, now: now)
    actions.append(.emit(.startFailed(id: child.id, generation: child.generation, reason: reason, retryIn: delay)))
    wait(index, delay, after: .startFailed(reason), now: now, &actions)
  }

  /// A child that was ready has ended by itself.
  mutating func readyEnded(_ index: Int, exit: ChildExit, now: Duration, _ actions: inout [Action]) {
    let outcome: ChildOutcome
    switch exit {
    case .returned: outcome = .finished
    case .threw(let error):
      outcome = .failed(Fault(error))
      children[index].lastFailure = outcome
    }
    let isWanted =
      switch children[index].restart {
      case .permanent: true
      case .transient: outcome != .finished
      case .temporary: false
      }
    guard isWanted else { return end(index, outcome, now: now, &actions) }
    if now - children[index].since >= healthyAfter { children[index].backoff.reset() }
    let (id, generation) = (children[index].id, children[index].generation)
    children[index].enter(.down, now: now)
    if isStopping || isAwaitingItsStop(index) {
      // It is on its way down anyway: neither charged nor delayed.
      actions.append(.emit(.terminated(id: id, generation: generation, outcome: outcome, restartIn: nil)))
      return note(index, outcome)
    }
    let delay = charge(index, now: now)
    actions.append(.emit(.terminated(id: id, generation: generation, outcome: outcome, restartIn: delay)))
    wait(index, delay, after: outcome, now: now, &actions)
  }

  /// A child that is being stopped has ended.
  mutating func stopEnded(
    _ index: Int, _ why: SupervisedChild.Why, exit: ChildExit, now: Duration, _ actions: inout [Action]
  ) {
    if case .startTimeout = why, !isStopping {
      return startFailed(index, .timedOut(after: children[index].startTimeout), now: now, &actions)
    }
    var fault: Fault?
    if case .threw(let error) = exit, !(error is CancellationError) { fault = Fault(error) }
    let child = children[index]
    actions.append(.emit(.stopped(id: child.id, generation: child.generation, fault: fault)))
    note(index, fault.map { .failed($0) } ?? .finished)
    settle(index, now: now, &actions)
  }

  /// A child ends for good.
  private mutating func end(_ index: Int, _ outcome: ChildOutcome, now: Duration, _ actions: inout [Action]) {
    let child = children[index]
    actions.append(
      .emit(.terminated(id: child.id, generation: child.generation, outcome: outcome, restartIn: nil)))
    if isStopping { note(index, outcome) }
    children[index].enter(.done, now: now)
    if child.restart == .temporary { actions.append(.forget(child: index)) }
  }

  /// A child was stopped: a temporary one is forgotten, any other can be started again.
  mutating func settle(_ index: Int, now: Duration, _ actions: inout [Action]) {
    let isTemporary = children[index].restart == .temporary
    children[index].enter(isTemporary ? .done : .down, now: now)
    if isTemporary { actions.append(.forget(child: index)) }
  }

  /// Writes an end into the report of the stop.
  mutating func note(_ index: Int, _ outcome: ChildOutcome) {
    guard isStopping else { return }
    report.stopped.append(children[index].id)
    if case .failed(let fault) = outcome {
      report.failures.append(StopReport.Failure(id: children[index].id, fault: fault))
    }
  }

  /// Charges a restart: its delay, or nil where it is one too many.
  private mutating func charge(_ index: Int, now: Duration) -> Duration? {
    guard intensity.charge(at: now) else { return nil }
    return children[index].backoff.next(using: &random)
  }

  /// Lets a child wait for its next start, or gives up.
  private mutating func wait(
    _ index: Int, _ delay: Duration?, after outcome: ChildOutcome, now: Duration, _ actions: inout [Action]
  ) {
    guard let delay else {
      let cause = EscalationCause.restarts(
        intensity: intensity.intensity, period: intensity.period, last: outcome)
      return escalate(index, cause, now: now, &actions)
    }
    if strategy == .restForOne { stopRest(after: index) }
    children[index].enter(.waiting, now: now)
    if delay > .zero {
      arm(index, at: now + delay)
    } else {
      waitingEnded(index, now: now, &actions)
    }
  }

  /// The delay of a child is over.
  mutating func waitingEnded(_ index: Int, now: Duration, _ actions: inout [Action]) {
    switch strategy {
    case .oneForOne where !isStopping: start(index, now: now, &actions)
    // Nothing is started once the supervisor stops. Else the walk starts it when those after it are down.
    case .oneForOne, .restForOne: children[index].enter(.down, now: now)
    }
  }
}
