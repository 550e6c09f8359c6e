import Supervision

/// The rules.
extension ReferenceModel {
  /// Does what the rules ask for, until they wait for a task or for time.
  ///
  /// 1. Whoever has to be down is stopped, the last one first, one at a time.
  /// 2. A supervisor that ends has ended when all are down.
  /// 3. Otherwise children are started in order, each when those before it are ready or over.
  mutating func pursue() {
    while isRun, !isOver {
      if let floor {
        if let index = children.indices.last(where: { $0 >= floor && children[$0].state != .down && !isOver($0) }) {
          switch children[index].state {
          case .waiting: enter(.down, index)
          case .starting, .ready: askToStop(index, .wanted)
          case .stopping: children[index].state = .stopping(.wanted)
          case .down, .over: break
          }
          if children[index].isRunning { return }
          continue
        }
        self.floor = nil
        if cause != nil { return finish() }
        continue
      }
      guard let index = nextToStart() else { return becomeReady() }
      guard children[index].state == .down else { return }
      start(index)
    }
  }

  /// Whose turn it is to be started, or to be waited for.
  private mutating func nextToStart() -> Int? {
    switch spec.strategy {
    case .oneForOne:
      // Each has one first turn; its restarts are its own affair.
      while turns < children.count, children[turns].state == .ready || isOver(turns) { turns += 1 }
      return turns < children.count ? turns : nil
    case .restForOne:
      return children.indices.first { children[$0].state != .ready && !isOver($0) }
    }
  }

  /// All have had their turn.
  private mutating func becomeReady() {
    guard !wasReady else { return }
    wasReady = true
    tell(.supervisorReady(supervisor: spec.id, children: children.count))
  }

  /// Starts a child.
  private mutating func start(_ index: Int) {
    children[index].generation += 1
    let (id, generation) = (children[index].spec.id, children[index].generation)
    enter(.starting, index)
    setDue(index, in: children[index].spec.startTimeout)
    if generation == 1 {
      tell(.started(id: id, generation: 1))
    } else {
      children[index].restarts += 1
      tell(.restarting(id: id, generation: generation, restarts: children[index].restarts))
    }
  }

  /// Asks a child to stop.
  mutating func askToStop(_ index: Int, _ why: Why) {
    tell(.stopping(id: children[index].spec.id, generation: children[index].generation))
    enter(.stopping(why), index)
    switch children[index].spec.shutdown {
    case .grace(let grace) where grace > .zero: setDue(index, in: grace)
    case .grace, .atOnce: giveUp(index)
    case .infinity: break
    }
  }

  /// Gives a start up.
  mutating func giveUp(_ index: Int) {
    let child = children[index]
    orphans.append(Orphan(id: child.spec.id, generation: child.generation, since: now))
    tell(.abandoned(id: child.spec.id, generation: child.generation, waited: now - child.since))
    if child.state == .stopping(.late), cause == nil {
      failStart(index, .timedOut(after: child.spec.startTimeout))
    } else {
      settle(index)
    }
  }

  /// A start was not completed.
  mutating func failStart(_ index: Int, _ reason: StartFailure) {
    let child = children[index]
    children[index].lastFailure = .startFailed(reason)
    if !child.wasReady, !isBeingStopped(index) {
      tell(.startFailed(id: child.spec.id, generation: child.generation, reason: reason, retryIn: nil))
      enter(.down, index)
      end(.startFailed(child.spec.id))
    } else {
      restart(index, .startFailed(reason))
    }
  }

  /// A child that is wanted has ended: it waits for its restart, or the supervisor gives up.
  mutating func restart(_ index: Int, _ outcome: ChildOutcome) {
    let (id, generation) = (children[index].spec.id, children[index].generation)
    enter(.down, index)
    guard !isBeingStopped(index) else {
      tell(ending(id, generation, outcome, delay: nil))
      if cause != nil {
        if case .failed = outcome { note(id, isFailure: true) } else { note(id, isFailure: false) }
      }
      return
    }
    charges = charges.filter { now - $0 <= spec.period } + [now]
    guard charges.count <= spec.intensity else {
      tell(ending(id, generation, outcome, delay: nil))
      tell(
        .escalated(
          supervisor: spec.id, child: id, generation: generation,
          cause: .restarts(intensity: spec.intensity, period: spec.period, last: outcome)))
      return end(.escalated(id))
    }
    if spec.strategy == .restForOne { floor = min(floor ?? index + 1, index + 1) }
    enter(.waiting, index)
    let shortest = delay(index)
    children[index].delays += 1
    if shortest == .zero {
      tell(ending(id, generation, outcome, delay: .zero))
      return endWait(index)
    }
    let jitter = (children[index].spec.backoff ?? spec.backoff).jitter
    let longest = shortest * (1 + jitter)
    expected.append(.restart(id: id, generation: generation, outcome: outcome, shortest...longest))
    setDue(index, in: shortest)
  }

  /// The delay of a child's restart, as it was told.
  mutating func adopt(_ id: String, delay: Duration) {
    guard let index = position(id), children[index].state == .waiting else { return }
    children[index].due = children[index].since + delay
  }

  /// `delay(n) = min(max, base * ratio^n)`, before chance adds to it.
  private func delay(_ index: Int) -> Duration {
    let backoff = children[index].spec.backoff ?? spec.backoff
    var delay = backoff.base
    for _ in 0..<children[index].delays where delay < backoff.max { delay = delay * Int(backoff.ratio) }
    return min(delay, backoff.max)
  }

  /// How the end of a start is told.
  func ending(_ id: String, _ generation: UInt64, _ outcome: ChildOutcome, delay: Duration?) -> SupervisorEvent {
    if case .startFailed(let reason) = outcome {
      .startFailed(id: id, generation: generation, reason: reason, retryIn: delay)
    } else {
      .terminated(id: id, generation: generation, outcome: outcome, restartIn: delay)
    }
  }

  /// The delay of a child is over. Where the supervisor ends, nothing is started any more.
  mutating func endWait(_ index: Int) {
    enter(.down, index)
    if spec.strategy == .oneForOne, cause == nil { start(index) }
  }

  /// A child ends by itself and is not wanted any more.
  mutating func endForGood(_ index: Int, _ outcome: ChildOutcome) {
    let (id, generation) = (children[index].spec.id, children[index].generation)
    tell(.terminated(id: id, generation: generation, outcome: outcome, restartIn: nil))
    if cause != nil {
      if case .failed = outcome { note(id, isFailure: true) } else { note(id, isFailure: false) }
    }
    enter(.over, index)
  }

  /// A child was stopped: a temporary one is never started again.
  mutating func settle(_ index: Int) {
    enter(children[index].spec.restart == .temporary ? .over : .down, index)
  }

  /// Notes who stopped, where the supervisor ends.
  mutating func note(_ id: String, isFailure: Bool) {
    guard cause != nil else { return }
    stopped.append(id)
    if isFailure { failures.append(id) }
  }

  /// The supervisor ends: all have to be down.
  mutating func end(_ cause: Cause) {
    self.cause = cause
    floor = 0
    tell(.supervisorStopping(supervisor: spec.id))
  }

  /// The supervisor has ended.
  private mutating func finish() {
    isOver = true
    expected.append(
      .finished(stopped: stopped, failures: failures, unstopped: orphans.map { "\($0.id)#\($0.generation)" }))
  }

  // MARK: Small words

  /// True where a child is never started again.
  private func isOver(_ index: Int) -> Bool { children[index].state == .over }

  /// True where a child has to be down anyway.
  private func isBeingStopped(_ index: Int) -> Bool { cause != nil || floor.map { index >= $0 } ?? false }

  /// Where a child is.
  func position(_ id: String) -> Int? { children.firstIndex { $0.spec.id == id } }

  /// Changes the state of a child; what was due for the old one is not any more.
  mutating func enter(_ state: State, _ index: Int) {
    children[index].state = state
    children[index].since = now
    children[index].due = nil
  }

  /// Sets when a child is to be looked at again.
  mutating func setDue(_ index: Int, in duration: Duration) {
    dueCount += 1
    children[index].due = now + duration
    children[index].dueOrder = dueCount
  }

  /// Expects an event.
  mutating func tell(_ event: SupervisorEvent) { expected.append(.exactly(event)) }
}
