/// What people ask for while the supervisor runs. Each request is answered once, at the latest when the run ends.
extension SupervisorStateMachine {
  /// Somebody wants a new child.
  mutating func onStartChild(_ spec: ChildSpec, _ ticket: Ticket, now: Duration, _ actions: inout [Action]) {
    var spec = spec
    do throws(ChildError) {
      try checkRunning()
      guard children.count < Defaults.childLimit else {
        throw .full(supervisor: id, limit: Defaults.childLimit)
      }
      if isPool {
        spec = spec.named("\(children.upcomingNumber)")
      } else {
        if let key = children.find(spec.id) {
          throw children[key].isRunning
            ? .alreadyStarted(id: spec.id, generation: children[key].generation) : .alreadyPresent(id: spec.id)
        }
        do { try rules.validate(dynamic: spec, supervisor: id) } catch { throw .invalidSpec(error) }
      }
    } catch {
      return actions.append(.answer(ticket, .failure(error)))
    }
    let key = add(spec, isDynamic: true)
    waiters[key.number, default: Waiters()].starts.append(ticket)
    startOnRequest(key, now: now, &actions)
    advance(now: now, &actions)
  }

  /// Somebody wants a child back that does not run.
  mutating func onRestartChild(_ id: String, _ ticket: Ticket, now: Duration, _ actions: inout [Action]) {
    do throws(ChildError) {
      let key = try find(id)
      switch children[key].state {
      case .starting, .ready, .stopping: throw .running(id: id)
      case .waiting: throw .restarting(id: id)
      case .down, .done: break
      }
      waiters[key.number, default: Waiters()].starts.append(ticket)
      if children[key].state == .done { enter(key, .down, now: now) }
      startOnRequest(key, now: now, &actions)
    } catch {
      return actions.append(.answer(ticket, .failure(error)))
    }
    advance(now: now, &actions)
  }

  /// Somebody wants a child to stop; one that does not run is fine.
  mutating func onTerminateChild(_ id: String, _ ticket: Ticket, now: Duration, _ actions: inout [Action]) {
    do throws(ChildError) {
      terminate(try find(id), ticket, now: now, &actions)
    } catch {
      return actions.append(.answer(ticket, .failure(error)))
    }
    advance(now: now, &actions)
  }

  /// Somebody wants a child of a pool to stop; one that has ended is fine.
  mutating func onTerminateChild(_ key: ChildKey, _ ticket: Ticket, now: Duration, _ actions: inout [Action]) {
    do throws(ChildError) { try checkRunning() } catch { return actions.append(.answer(ticket, .failure(error))) }
    guard children.contains(key) else { return actions.append(.answer(ticket, .success(nil))) }
    terminate(key, ticket, now: now, &actions)
    advance(now: now, &actions)
  }

  /// Somebody wants a child that does not run to be forgotten.
  mutating func onDeleteChild(_ id: String, now: Duration, _ actions: inout [Action]) throws(ChildError) {
    let key = try find(id)
    switch children[key].state {
    case .starting, .ready, .stopping: throw .running(id: id)
    case .waiting: throw .restarting(id: id)
    case .down, .done: break
    }
    answerStarts(of: key, .failure(.notFound(id: id)), &actions)
    remove(key)
    advance(now: now, &actions)
  }

  /// Stops a child for good, whatever it is doing.
  private mutating func terminate(_ key: ChildKey, _ ticket: Ticket, now: Duration, _ actions: inout [Action]) {
    switch children[key].state {
    case .starting, .ready:
      waiters[key.number, default: Waiters()].stops.append(ticket)
      return stop(key, .terminated, now: now, &actions)
    case .stopping:
      waiters[key.number, default: Waiters()].stops.append(ticket)
      return children[key].turnStop(into: .terminated)
    case .waiting where walk?.cause == key: walk?.isGivenUp = true
    case .waiting, .down, .done: break
    }
    let neverStarted = children[key].isDynamic && !children[key].hasStarted
    answerStarts(of: key, .failure(.startFailed(id: children[key].id, reason: .stopped)), &actions)
    if children[key].state != .done { enter(key, .done, now: now) }
    if isPool || neverStarted { remove(key) }
    actions.append(.answer(ticket, .success(nil)))
  }

  /// A walk ends before its way up: its children stay down, but for those that somebody waits for.
  mutating func leaveDown(from floor: UInt64, now: Duration, _ actions: inout [Action]) {
    var next = children.last
    while let key = next, key.number >= floor {
      next = children.previous(before: key)
      guard children[key].state == .down else { continue }
      if waiters[key.number]?.starts.isEmpty == false {
        startByHand(key, now: now, &actions)
      } else {
        enter(key, .done, now: now)
      }
    }
  }

  /// Starts a child that was asked for: at once, or when the walk that is under way comes by.
  private mutating func startOnRequest(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    switch walk?.direction {
    case nil: startByHand(key, now: now, &actions)
    case .held:
      if key.number >= walk?.floor ?? 0 { walk?.isOutdated = true }
      startByHand(key, now: now, &actions)
    case .up where key.number < walk?.next?.number ?? 0: startByHand(key, now: now, &actions)
    case .down where key.number < walk?.floor ?? 0: startByHand(key, now: now, &actions)
    case .up:
      // At the end of its way the walk has nowhere to come by any more.
      if walk?.next == nil { startByHand(key, now: now, &actions) } else { asked.append(key) }
    case .down: asked.append(key)
    }
  }

  /// Starts a child for somebody: a failure of this start is answered, and not charged.
  private mutating func startByHand(_ key: ChildKey, now: Duration, _ actions: inout [Action]) {
    children[key].isStartedByHand = true
    start(key, now: now, &actions)
  }

  /// A walk is held for a delay: what was asked for meanwhile does not wait for that.
  mutating func startAsked(now: Duration, _ actions: inout [Action]) {
    guard !asked.isEmpty else { return }
    let keys = asked
    asked = []
    guard let cause = walk?.cause, children.contains(cause), children[cause].state == .waiting else { return }
    for key in keys where children.contains(key) && children[key].state == .down {
      startOnRequest(key, now: now, &actions)
    }
  }

  /// The child of an id.
  private func find(_ id: String) throws(ChildError) -> ChildKey {
    try checkRunning()
    guard let key = children.find(id) else { throw .notFound(id: id) }
    return key
  }

  /// Refuses requests where there is nobody to see to them.
  func checkRunning() throws(ChildError) {
    switch phase {
    case .starting, .running: return
    case .idle, .stopping, .finished: throw .notRunning(supervisor: id, state: publicState)
    }
  }
}
