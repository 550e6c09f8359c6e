/// An ordered walk over the children from a floor on: down to stop them, up to start them, one after the other.
struct Walk: Sendable {
  /// Which way it goes.
  enum Direction: Sendable {
    /// Starts them in order.
    case up
    /// Stops them in reverse; then the walk turns, or the run is over.
    case down
    /// All are down; the delay of the cause is not over.
    case held
  }

  /// Which way it goes.
  var direction: Direction
  /// The next child to start or to stop; nil at the end.
  var next: ChildKey?
  /// The number of the first child that it is about.
  var floor: UInt64
  /// The child whose delay it waits for before it turns.
  var cause: ChildKey?
  /// True where the cause is not wanted any more: those that went down with it stay down, as in OTP.
  var isGivenUp = false
  /// True where somebody had a child started while the walk was held: it has to go down once more.
  var isOutdated = false

  /// Makes a walk.
  init(_ direction: Direction, next: ChildKey?, floor: UInt64, cause: ChildKey? = nil) {
    self.direction = direction
    self.next = next
    self.floor = floor
    self.cause = cause
  }
}

/// Children in order: stopping those that go down with another, starting all of them again.
extension SupervisorStateMachine {
  /// Goes on with the walk as far as it can without waiting.
  mutating func advance(now: Duration, _ actions: inout [Action]) {
    if isPool, isStopping {
      // The children of a pool have no order: all are stopping already.
      if runningCount == 0 { finish(now: now, &actions) }
      return
    }
    while let direction = walk?.direction {
      let goesOn =
        switch direction {
        case .up: stepUp(now: now, &actions)
        case .down: stepDown(now: now, &actions)
        case .held: stepHeld(now: now, &actions)
        }
      if !goesOn { return }
    }
  }

  /// One step upwards. False where the walk has to wait for the child.
  private mutating func stepUp(now: Duration, _ actions: inout [Action]) -> Bool {
    guard let next = walk?.next else {
      walk = nil
      asked = []
      if case .starting = phase {
        phase = .running
        actions.append(.emit(.supervisorReady(supervisor: id, children: children.count)))
        actions.append(.becameReady)
      }
      return false
    }
    switch children[next].state {
    case .ready, .done:
      walk?.next = children.next(after: next)
      return true
    case .down:
      start(next, now: now, &actions)
      return false
    case .starting, .stopping, .waiting:
      return false
    }
  }

  /// One step downwards. False where the walk has to wait for the child.
  private mutating func stepDown(now: Duration, _ actions: inout [Action]) -> Bool {
    guard let walk else { return false }
    guard let next = walk.next, next.number >= walk.floor else {
      if isStopping {
        finish(now: now, &actions)
      } else {
        self.walk?.direction = .held
        startAsked(now: now, &actions)
      }
      return true
    }
    switch children[next].state {
    case .starting, .ready: stop(next, .asked, now: now, &actions)
    case .stopping: children[next].turnStop(into: .asked)
    case .waiting where next == walk.cause && !isStopping: break
    case .waiting: enter(next, .down, now: now)
    // One that had ended is started again with the others, unless it is terminated while the walk is under way.
    case .down, .done: break
    }
    guard children.contains(next) else { return true }
    if children[next].isRunning { return false }
    self.walk?.next = children.previous(before: next)
    return true
  }

  /// Turns upwards once the delay of the cause is over. False while it is not.
  private mutating func stepHeld(now: Duration, _ actions: inout [Action]) -> Bool {
    guard let walk else { return false }
    if walk.isGivenUp {
      self.walk = nil
      leaveDown(from: walk.floor, now: now, &actions)
      return false
    }
    if let cause = walk.cause, children.contains(cause), children[cause].state == .waiting { return false }
    if walk.isOutdated {
      self.walk = Walk(.down, next: children.last, floor: walk.floor)
      return true
    }
    self.walk = Walk(.up, next: first(from: walk.floor, cause: walk.cause), floor: walk.floor)
    return true
  }

  /// The first child of a walk. Where it begins at its cause, nothing has to be searched.
  private func first(from floor: UInt64, cause: ChildKey?) -> ChildKey? {
    if let cause, children.contains(cause), cause.number == floor { return cause }
    return children.keys.first { $0.number >= floor }
  }

  /// True where a child is in the part that a walk is about to stop, to start it again.
  func isAwaitingItsStop(_ key: ChildKey) -> Bool {
    guard let walk, walk.direction != .up else { return false }
    return key.number >= walk.floor
  }

  /// Sends a walk down because a child failed: to that child, or to the first, as the strategy says.
  mutating func stopOthers(because key: ChildKey) {
    let floor: UInt64
    switch rules.strategy {
    case .oneForOne: return
    case .oneForAll: floor = 0
    case .restForOne: floor = key.number
    }
    // Those that had ended by themselves, or were terminated, come back with the others, as in OTP.
    var next = children.last
    while let child = next, child.number >= floor {
      if children[child].state == .done {
        children[child].turnBack()
        if children[child].spec.significant { significantCount += 1 }
      }
      next = children.previous(before: child)
    }
    guard var walk else {
      self.walk = Walk(.down, next: children.last, floor: floor, cause: key)
      return
    }
    switch walk.direction {
    case .down:
      walk.floor = min(walk.floor, floor)
      walk.cause = key
      walk.isGivenUp = false
      self.walk = walk
    // Nothing above the one that is being started runs.
    case .up: self.walk = Walk(.down, next: walk.next ?? children.last, floor: floor, cause: key)
    case .held: self.walk = Walk(.down, next: children.last, floor: min(walk.floor, floor), cause: key)
    }
  }
}
