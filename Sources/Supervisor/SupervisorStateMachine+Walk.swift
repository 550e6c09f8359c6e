/// All children in order: starting upwards, stopping downwards, giving up.
extension SupervisorStateMachine {
  /// Goes on with the walk as far as it can without waiting.
  mutating func advance(now: Duration, _ actions: inout [Action]) {
    while let walk {
      let goesOn =
        switch walk {
        case .up(let next): stepUp(next, now: now, &actions)
        case .down(let next, let floor): stepDown(next, floor: floor, now: now, &actions)
        }
      if !goesOn { return }
    }
  }

  /// One step upwards. False where the walk has to wait for the child.
  private mutating func stepUp(_ next: Int, now: Duration, _ actions: inout [Action]) -> Bool {
    guard next < children.count else {
      walk = nil
      if case .starting = phase {
        phase = .running
        actions.append(.emit(.supervisorReady(supervisor: id, children: children.count)))
        actions.append(.becameReady)
      }
      return false
    }
    switch children[next].state {
    case .ready, .done:
      walk = .up(next: next + 1)
      return true
    case .down:
      start(next, now: now, &actions)
      return false
    case .starting, .stopping, .waiting:
      return false
    }
  }

  /// One step downwards. False where the walk has to wait for the child.
  private mutating func stepDown(_ next: Int, floor: Int, now: Duration, _ actions: inout [Action]) -> Bool {
    guard next >= floor else {
      if isStopping {
        finish(now: now, &actions)
      } else {
        walk = .up(next: floor - 1)
      }
      return true
    }
    switch children[next].state {
    case .starting, .ready: stop(next, .asked, now: now, &actions)
    case .stopping: children[next].turnStopIntoAsked()
    case .waiting: children[next].enter(.down, now: now)
    case .down, .done: break
    }
    if children[next].isRunning { return false }
    walk = .down(next: next - 1, floor: floor)
    return true
  }

  /// True where a child is in the part that a walk is about to stop, to start it again.
  func isAwaitingItsStop(_ index: Int) -> Bool {
    guard case .down(_, let floor) = walk else { return false }
    return index >= floor
  }

  /// Sends a walk down to the child after this one; then it turns and starts from this one.
  mutating func stopRest(after index: Int) {
    switch walk {
    case .down(let next, let floor): walk = .down(next: next, floor: min(floor, index + 1))
    // Nothing above the one that is being started runs.
    case .up(let next): walk = .down(next: next, floor: index + 1)
    case nil: walk = .down(next: children.count - 1, floor: index + 1)
    }
  }

  /// Asks a child to stop.
  mutating func stop(
    _ index: Int, _ why: SupervisedChild.Why, now: Duration, _ actions: inout [Action]
  ) {
    children[index].enter(.stopping(why), now: now)
    let child = children[index]
    actions.append(.emit(.stopping(id: child.id, generation: child.generation)))
    actions.append(.cancel(child: index))
    switch child.shutdown {
    case .grace(let grace) where grace > .zero: arm(index, at: now + grace)
    case .grace, .atOnce: abandon(index, why, now: now, &actions)
    case .infinity: break
    }
  }

  /// Gives a child up that does not stop: it is fenced, and listed until it ends.
  mutating func abandon(
    _ index: Int, _ why: SupervisedChild.Why, now: Duration, _ actions: inout [Action]
  ) {
    let child = children[index]
    orphans.append(Orphan(child: index, generation: child.generation, since: now))
    actions.append(.release(child: index))
    actions.append(.emit(.abandoned(id: child.id, generation: child.generation, waited: now - child.since)))
    if case .startTimeout = why, !isStopping {
      startFailed(index, .timedOut(after: child.startTimeout), now: now, &actions)
    } else {
      settle(index, now: now, &actions)
    }
    if orphans.count > Defaults.orphanLimit, !isStopping {
      escalate(index, .orphans(limit: Defaults.orphanLimit), now: now, &actions)
    }
  }

  /// What was abandoned has ended after all.
  mutating func orphanEnded(child index: Int, generation: UInt64, now: Duration) -> [Action] {
    guard let position = orphans.firstIndex(where: { $0.child == index && $0.generation == generation }) else {
      return []
    }
    let orphan = orphans.remove(at: position)
    return [.emit(.orphanEnded(id: children[index].id, generation: generation, age: now - orphan.since))]
  }

  /// Gives the whole supervisor up because of a child.
  mutating func escalate(_ index: Int, _ cause: EscalationCause, now: Duration, _ actions: inout [Action]) {
    let child = children[index]
    actions.append(.emit(.escalated(supervisor: id, child: child.id, generation: child.generation, cause: cause)))
    beginStop(.escalated(child: index, cause: cause), now: now, &actions)
  }

  /// Begins to stop all children in reverse.
  mutating func beginStop(_ cause: StopCause, now: Duration, _ actions: inout [Action]) {
    phase = .stopping(cause)
    actions.append(.emit(.supervisorStopping(supervisor: id)))
    walk = .down(next: children.count - 1, floor: 0)
  }

  /// The run is over.
  private mutating func finish(now: Duration, _ actions: inout [Action]) {
    guard case .stopping(let cause) = phase else { return }
    phase = .finished
    walk = nil
    report.unstopped = orphans.map {
      StopReport.Unstopped(id: children[$0.child].id, generation: $0.generation, age: now - $0.since)
    }
    actions.append(.emit(.supervisorStopped(supervisor: id, report: report)))
    let result: Result<StopReport, SupervisorError> =
      switch cause {
      case .requested: .success(report)
      case .startFailed(let child, let reason):
        .failure(.startFailed(child: children[child].id, reason: reason, report: report))
      case .escalated(let child, let cause):
        .failure(.escalated(child: children[child].id, cause: cause, report: report))
      }
    actions.append(.finish(result))
  }

  /// The supervisor at this moment.
  func snapshot(now: Duration) -> SupervisorSnapshot {
    let state: SupervisorState =
      switch phase {
      case .idle: .idle
      case .starting: .starting
      case .running: .running
      case .stopping: .stopping
      case .finished: .stopped
      }
    return SupervisorSnapshot(
      id: id, state: state, takenAt: now,
      children: children.compactMap { child in
        if child.state == .done && child.restart == .temporary { return nil }
        return ChildSnapshot(
          id: child.id, state: child.publicState, generation: child.generation, restarts: child.restarts,
          lastError: child.lastFailure?.description, since: child.since, age: now - child.since)
      },
      orphans: orphans.map {
        OrphanSnapshot(id: children[$0.child].id, generation: $0.generation, age: now - $0.since)
      })
  }
}
