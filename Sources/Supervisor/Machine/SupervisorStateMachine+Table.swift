/// The children as a whole: adding, removing, changing their states, and who waits for them.
extension SupervisorStateMachine {
  /// Adds a child that is down.
  mutating func add(_ spec: ChildSpec, isDynamic: Bool) -> ChildKey {
    // A former child of this name that still runs keeps its numbers to itself.
    let key = children.append(spec, isDynamic: isDynamic, generation: orphans.latestGeneration(of: spec.id))
    if spec.kind == .supervisor { supervisorCount += 1 }
    if spec.significant { significantCount += 1 }
    return key
  }

  /// Removes a child that does not run.
  mutating func remove(_ key: ChildKey) {
    if let walk, walk.next == key {
      self.walk?.next = walk.direction == .up ? children.next(after: key) : children.previous(before: key)
    }
    if children[key].spec.kind == .supervisor { supervisorCount -= 1 }
    if children[key].isActivelySignificant { significantCount -= 1 }
    children.remove(key)
  }

  /// Changes the state of a child.
  mutating func enter(_ key: ChildKey, _ state: SupervisedChild.State, now: Duration) {
    if children[key].isRunning { runningCount -= 1 }
    if children[key].isActivelySignificant { significantCount -= 1 }
    children[key].enter(state, now: now)
    if children[key].isRunning { runningCount += 1 }
    if children[key].isActivelySignificant { significantCount += 1 }
  }

  /// Sets the deadline of a child's present state.
  mutating func arm(_ key: ChildKey, at deadline: Duration) {
    deadlines.push(deadline, owner: UInt64(key.slot), stamp: UInt64(children[key].stamp))
    deadlines.compact(live: children.count) { [children] in children.key(ofDeadline: $0) != nil }
  }

  /// True once no child is started any more.
  var isStopping: Bool {
    switch phase {
    case .stopping, .finished: true
    case .idle, .starting, .running: false
    }
  }

  /// What the supervisor is doing, as others see it.
  var publicState: SupervisorState {
    switch phase {
    case .idle: .idle
    case .starting: .starting
    case .running: .running
    case .stopping: .stopping
    case .finished: .stopped
    }
  }

  // MARK: Who waits

  /// Answers those who wait for a child's start.
  mutating func answerStarts(of key: ChildKey, _ answer: Answer, _ actions: inout [Action]) {
    guard !waiters.isEmpty, let waiting = waiters[key.number] else { return }
    for ticket in waiting.starts { actions.append(.answer(ticket, answer)) }
    waiters[key.number] = waiting.stops.isEmpty ? nil : Waiters(stops: waiting.stops)
  }

  /// Answers those who wait for a child's stop.
  mutating func answerStops(of key: ChildKey, _ actions: inout [Action]) {
    guard !waiters.isEmpty, let waiting = waiters[key.number] else { return }
    for ticket in waiting.stops { actions.append(.answer(ticket, .success(nil))) }
    waiters[key.number] = waiting.starts.isEmpty ? nil : Waiters(starts: waiting.starts)
  }

  /// Tells all who wait for starts that there will be none.
  mutating func refuseStarts(_ actions: inout [Action]) {
    for number in waiters.keys.sorted() {
      guard let waiting = waiters[number] else { continue }
      for ticket in waiting.starts {
        actions.append(.answer(ticket, .failure(.notRunning(supervisor: id, state: .stopping))))
      }
      waiters[number] = waiting.stops.isEmpty ? nil : Waiters(stops: waiting.stops)
    }
  }
}

extension ChildTable {
  /// The child that a deadline is for; nil where it no longer counts.
  func key(ofDeadline entry: DeadlineQueue.Entry) -> ChildKey? {
    guard let key = self.key(inSlot: Int(entry.owner)), UInt64(self[key].stamp) == entry.stamp else { return nil }
    return key
  }
}
