import Supervision

/// How children end, and what comes of it.
extension ReferenceModel {
  /// A child's task has ended.
  mutating func ended(_ id: String, _ generation: UInt64, _ exit: Exit) {
    guard let index = position(id, generation), children[index].isRunning else { return orphanEnded(id, generation) }
    switch children[index].state {
    case .stopping(.late) where cause == nil:
      hung(index, children[index].spec.startTimeout)
      failStart(index, .timedOut(after: children[index].spec.startTimeout))
    case .stopping(.silent) where cause == nil:
      hung(index, children[index].spec.heartbeat ?? .zero)
      lose(index, silence(index))
    case .stopping:
      let fault: Fault? = if case .threw(let fault) = exit { fault } else { nil }
      tell(.stopped(id: id, generation: generation, fault: fault))
      note(id, fault.map { .failed($0) } ?? .normal)
      settle(index)
    case .starting: endedBeforeReady(index, exit)
    case .ready:
      switch exit {
      case .returned, .declined: lose(index, .normal)
      case .shutDown: lose(index, .shutdown)
      case .cancelled: lose(index, .failed(Fault(CancellationError())))
      case .threw(let fault): lose(index, .failed(fault))
      }
    case .down, .waiting, .over: break
    }
  }

  /// A child's task has ended before it was ready.
  private mutating func endedBeforeReady(_ index: Int, _ exit: Exit) {
    let (id, generation) = (children[index].id, children[index].generation)
    switch exit {
    case .threw(let fault): failStart(index, .threw(fault))
    case .cancelled: failStart(index, .threw(Fault(CancellationError())))
    case .shutDown: failStart(index, .threw(Fault(ChildShutdown())))
    case .declined:
      tell(.declined(id: id, generation: generation))
      children[index].wasReady = true
      children[index].isByHand = false
      answerStart(index, "declined \(id)#\(generation)")
      note(id, .normal)
      enter(.over, index)
      if children[index].spec.restart == .temporary { children.remove(at: index) }
    case .returned where children[index].spec.restart == .permanent: failStart(index, .endedBeforeReady)
    case .returned:
      // A short task that is done with its work was ready for it.
      children[index].wasReady = true
      children[index].isByHand = false
      answerStart(index, "started \(id)#\(generation)")
      endForGood(index, .normal)
    }
  }

  /// A start that was given up has ended.
  private mutating func orphanEnded(_ id: String, _ generation: UInt64) {
    guard let found = orphans.firstIndex(where: { $0.id == id && $0.generation == generation }) else { return }
    tell(.orphanEnded(id: id, generation: generation, age: now - orphans.remove(at: found).since))
  }

  /// A child has hung until now: for a time before it was asked to stop, and since.
  private mutating func hung(_ index: Int, _ before: Duration) {
    let begin = max(children[index].since - before, hangs.last?.upperBound ?? .zero)
    if begin < now { hangs.append(begin...now) }
  }

  /// The time since a moment, without that in which children hung.
  private func counted(since moment: Duration) -> Duration {
    hangs.reduce(now - moment) { $0 - max(.zero, $1.upperBound - max(moment, $1.lowerBound)) }
  }

  /// How the silence of a child counts.
  private func silence(_ index: Int) -> ChildOutcome {
    .unresponsive(after: children[index].spec.heartbeat ?? .zero)
  }

  /// A child that was ready is gone, and nobody had wanted that.
  private mutating func lose(_ index: Int, _ outcome: ChildOutcome) {
    if outcome.isFailure { children[index].lastFailure = outcome }
    switch children[index].spec.restart {
    case .temporary: endForGood(index, outcome)
    case .transient where !outcome.isFailure: endForGood(index, outcome)
    case .transient, .permanent:
      if children[index].state == .ready, now - children[index].since >= spec.healthyAfter {
        children[index].delays = 0
      }
      restart(index, outcome)
    }
  }

  /// A start was not completed: it fails the one who asked for it, or the supervisor, or is tried again.
  mutating func failStart(_ index: Int, _ reason: StartFailure) {
    let child = children[index]
    children[index].lastFailure = .startFailed(reason)
    children[index].isByHand = false
    let isNew = child.isDynamic && !child.wasReady
    if isNew || child.isByHand {
      tell(.startFailed(id: child.id, generation: child.generation, reason: reason, retryIn: nil))
      note(child.id, .startFailed(reason))
      answerStart(index, "\(ChildError.startFailed(id: child.id, reason: reason))")
      enter(.over, index)
      if isNew { children.remove(at: index) }
    } else if !child.wasReady, !isBeingStopped(index) {
      tell(.startFailed(id: child.id, generation: child.generation, reason: reason, retryIn: nil))
      enter(.down, index)
      end(.startFailed(child.id))
    } else {
      restart(index, .startFailed(reason))
    }
  }

  /// A child that is wanted has ended: it waits for its restart, or the supervisor gives up.
  mutating func restart(_ index: Int, _ outcome: ChildOutcome) {
    let (id, generation, number) = (children[index].id, children[index].generation, children[index].number)
    enter(.down, index)
    guard !isBeingStopped(index) else {
      tell(ending(id, generation, outcome, delay: nil))
      return note(id, outcome)
    }
    charges.append(now)
    guard charges.filter({ counted(since: $0) <= spec.period }).count <= spec.intensity else {
      tell(ending(id, generation, outcome, delay: nil))
      if case .startFailed(let reason) = outcome {
        answerStart(index, "\(ChildError.startFailed(id: id, reason: reason))")
      }
      tell(
        .escalated(
          supervisor: spec.id, child: id, generation: generation,
          cause: .restarts(intensity: spec.intensity, period: spec.period, last: outcome)))
      return end(.escalated(id))
    }
    let shortest = delay(index)
    children[index].delays += 1
    if shortest == .zero {
      tell(ending(id, generation, outcome, delay: .zero))
    } else {
      let longest = shortest * (1 + (children[index].spec.backoff ?? spec.backoff).jitter)
      expected.append(.restart(id: id, generation: generation, outcome: outcome, shortest...longest))
    }
    if case .startFailed(let reason) = outcome {
      answerStart(index, "\(ChildError.startFailed(id: id, reason: reason))")
    }
    enter(.waiting, index)
    takeOthersDown(with: number)
    if shortest == .zero { endWait(index) } else { setDue(index, at: now + shortest) }
  }

  /// The others that go down with a child, as the strategy says. Those that were over come back with them.
  private mutating func takeOthersDown(with number: Int) {
    let first: Int
    switch spec.strategy {
    case .oneForOne: return
    case .oneForAll: first = 0
    case .restForOne: first = number
    }
    for index in children.indices where children[index].number >= first && children[index].state == .over {
      children[index].state = .down
    }
    sweep = .falling(from: min(fallenFrom ?? first, first), because: number)
    isGivenUp = false
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

  /// A child ends by itself and is not wanted any more. Where it is significant that may end the supervisor.
  private mutating func endForGood(_ index: Int, _ outcome: ChildOutcome) {
    let child = children[index]
    tell(.terminated(id: child.id, generation: child.generation, outcome: outcome, restartIn: nil))
    note(child.id, outcome)
    let isBystander = isBeingStopped(index)
    enter(.over, index)
    if child.spec.restart == .temporary { children.remove(at: index) }
    guard child.spec.significant, !isBystander else { return }
    let isLast = !children.contains { $0.spec.significant && $0.state != .over }
    guard spec.autoShutdown == .anySignificant || spec.autoShutdown == .allSignificant && isLast else { return }
    tell(.autoShutdown(supervisor: spec.id, child: child.id))
    end(.significant(child.id))
  }

  /// Gives a start up.
  mutating func giveUp(_ index: Int) {
    let child = children[index]
    orphans.append(Orphan(id: child.id, number: child.number, generation: child.generation, since: now))
    tell(.abandoned(id: child.id, generation: child.generation, waited: now - child.since))
    children[index].lastFailure = .abandoned
    switch child.state {
    case .stopping(.late) where cause == nil:
      hung(index, child.spec.startTimeout)
      failStart(index, .timedOut(after: child.spec.startTimeout))
    case .stopping(.silent) where cause == nil:
      hung(index, child.spec.heartbeat ?? .zero)
      lose(index, silence(index))
    default: settle(index)
    }
  }

  /// A child was stopped: it can be started again, unless it is temporary or somebody wanted it gone.
  private mutating func settle(_ index: Int) {
    for number in children[index].stopWaiters { answers[number] = "done" }
    children[index].stopWaiters = []
    children[index].isByHand = false
    let child = children[index]
    let isForgotten = child.spec.restart == .temporary
    let isNew = child.isDynamic && !child.wasReady
    let isGone = child.state == .stopping(.terminated) || isNew && (cause != nil || isForgotten)
    if isGone || isForgotten {
      answerStart(index, "\(ChildError.startFailed(id: child.id, reason: .stopped))")
    }
    enter(isGone ? .over : .down, index)
    if isForgotten || isGone && isNew { children.remove(at: index) }
  }

  /// Notes who stopped, where the supervisor ends.
  mutating func note(_ id: String, _ outcome: ChildOutcome) {
    guard cause != nil else { return }
    stopped.append(id)
    if case .failed = outcome { failures.append(id) }
  }
}
