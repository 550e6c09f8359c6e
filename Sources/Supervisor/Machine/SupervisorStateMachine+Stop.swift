/// Stopping: one child, all of them, and what does not stop.
extension SupervisorStateMachine {
  /// Asks a child to stop.
  mutating func stop(_ key: ChildKey, _ why: SupervisedChild.Why, now: Duration, _ actions: inout [Action]) {
    enter(key, .stopping(why), now: now)
    actions.append(.emit(.stopping(id: children[key].id, generation: children[key].generation)))
    actions.append(.cancel(key))
    switch children[key].spec.shutdown {
    case .grace(let grace) where grace > .zero: arm(key, at: now + grace)
    case .grace, .atOnce: abandon(key, why, now: now, &actions)
    case .infinity: break
    }
  }

  /// Gives a child up that does not stop: it is fenced, and listed until it ends.
  mutating func abandon(_ key: ChildKey, _ why: SupervisedChild.Why, now: Duration, _ actions: inout [Action]) {
    let (id, generation) = (children[key].id, children[key].generation)
    let orphan = Orphan(id: id, generation: generation, since: now)
    orphans.add(orphan, as: OrphanLedger.Key(child: key, generation: generation))
    actions.append(.release(key))
    actions.append(.emit(.abandoned(id: id, generation: generation, waited: now - children[key].since)))
    children[key].lastFailure = .abandoned
    switch why {
    case .startTimeout where !isStopping: startTimedOut(key, now: now, &actions)
    case .unresponsive where !isStopping: unresponsive(key, now: now, &actions)
    case .asked, .terminated, .startTimeout, .unresponsive: settle(key, now: now, &actions)
    }
    if orphans.count > Defaults.orphanLimit, !isStopping {
      escalate(id, generation, .orphans(limit: Defaults.orphanLimit), now: now, &actions)
    }
  }

  /// Gives the whole supervisor up because of a child.
  mutating func escalate(_ key: ChildKey, _ cause: EscalationCause, now: Duration, _ actions: inout [Action]) {
    escalate(children[key].id, children[key].generation, cause, now: now, &actions)
  }

  /// Gives the whole supervisor up because of a child, which may be gone.
  private mutating func escalate(
    _ child: String, _ generation: UInt64, _ cause: EscalationCause, now: Duration, _ actions: inout [Action]
  ) {
    actions.append(.emit(.escalated(supervisor: id, child: child, generation: generation, cause: cause)))
    beginStop(.escalated(id: child, cause: cause), now: now, &actions)
  }

  /// Begins to stop all children: in reverse, or those of a pool together.
  mutating func beginStop(_ cause: StopCause, now: Duration, _ actions: inout [Action]) {
    phase = .stopping(cause)
    asked = []
    if case .significant(let child) = cause { report.endedBy = child }
    actions.append(.emit(.supervisorStopping(supervisor: id)))
    refuseStarts(&actions)
    guard isPool else {
      walk = Walk(.down, next: children.last, floor: 0)
      return
    }
    var next = children.first
    while let key = next {
      next = children.next(after: key)
      switch children[key].state {
      case .starting, .ready: stop(key, .asked, now: now, &actions)
      case .stopping: children[key].turnStop(into: .asked)
      case .waiting, .down, .done: remove(key)
      }
    }
  }

  /// The run is over.
  mutating func finish(now: Duration, _ actions: inout [Action]) {
    guard case .stopping(let cause) = phase else { return }
    phase = .finished
    walk = nil
    report.unstopped = orphans.all.map {
      StopReport.Unstopped(id: $0.id, generation: $0.generation, age: now - $0.since)
    }
    actions.append(.emit(.supervisorStopped(supervisor: id, report: report)))
    let result: Result<StopReport, SupervisorError> =
      switch cause {
      case .requested, .significant: .success(report)
      case .startFailed(let child, let reason):
        .failure(.startFailed(child: child, reason: reason, report: report))
      case .escalated(let child, let cause):
        .failure(.escalated(child: child, cause: cause, report: report))
      }
    actions.append(.finish(result))
  }
}
