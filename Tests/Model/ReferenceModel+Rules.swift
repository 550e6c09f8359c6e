import Supervision

/// The rules for all children together, and what people ask for.
extension ReferenceModel {
  /// Does what the rules ask for, until they wait for a task or for time.
  ///
  /// 1. Whoever has to be down is stopped, the last one first, one at a time.
  /// 2. A supervisor that ends has ended when all are down.
  /// 3. Otherwise they come back once the delay of the one that failed is over: in order, each when those before it
  ///    have had their turn.
  mutating func pursue() {
    while isRun, !isOver, let sweep {
      switch sweep {
      case .falling(let first, let waitingFor):
        if let index = children.indices.last(where: { isInTheWay($0, first, waitingFor) }) {
          switch children[index].state {
          case .waiting: enter(.down, index)
          case .starting, .ready: askToStop(index, .wanted)
          case .stopping(.terminated), .down, .over: break
          case .stopping: children[index].state = .stopping(.wanted)
          }
          // It may have been forgotten.
          if children.indices.contains(index), children[index].isRunning { return }
          continue
        }
        if cause != nil { return finish() }
        if children.contains(where: { $0.number == waitingFor && $0.state == .waiting }) { return }
        self.sweep = .rising(next: first)
      case .rising(let next):
        guard let index = children.firstIndex(where: { $0.number >= next }) else {
          self.sweep = nil
          return becomeReady()
        }
        switch children[index].state {
        case .ready, .over: self.sweep = .rising(next: children[index].number + 1)
        case .down: return start(index)
        case .starting, .stopping, .waiting: return
        }
      }
    }
  }

  /// True where a child has to go down and is not.
  private func isInTheWay(_ index: Int, _ first: Int, _ waitingFor: Int?) -> Bool {
    let child = children[index]
    switch child.state {
    case .down, .over: return false
    case .waiting where child.number == waitingFor && cause == nil: return false
    case .starting, .ready, .stopping, .waiting: return child.number >= first
    }
  }

  /// All have had their turn.
  private mutating func becomeReady() {
    guard !wasReady else { return }
    wasReady = true
    tell(.supervisorReady(supervisor: spec.id, children: children.count))
  }

  /// Starts a child.
  mutating func start(_ index: Int) {
    children[index].generation += 1
    children[index].starts += 1
    children[index].sign = .zero
    let (id, generation, restarts) = (children[index].id, children[index].generation, children[index].starts - 1)
    enter(.starting, index)
    setDue(index, at: now + children[index].spec.startTimeout)
    if restarts == 0 {
      tell(.started(id: id, generation: generation))
    } else {
      tell(.restarting(id: id, generation: generation, restarts: restarts))
    }
  }

  /// Asks a child to stop.
  mutating func askToStop(_ index: Int, _ why: Why) {
    tell(.stopping(id: children[index].id, generation: children[index].generation))
    enter(.stopping(why), index)
    switch children[index].spec.shutdown {
    case .grace(let grace) where grace > .zero: setDue(index, at: now + grace)
    case .grace, .atOnce: giveUp(index)
    case .infinity: break
    }
  }

  /// The delay of a child is over.
  mutating func endWait(_ index: Int) {
    if isBeingStopped(index) { enter(.down, index) } else { start(index) }
  }

  /// The supervisor ends: all have to be down, and nobody is started any more.
  mutating func end(_ cause: Cause) {
    self.cause = cause
    sweep = .falling(from: 0, waitingFor: nil)
    tell(.supervisorStopping(supervisor: spec.id))
    for index in children.indices {
      answerStart(index, "\(ChildError.notRunning(supervisor: spec.id, state: .stopping))")
    }
  }

  /// The supervisor has ended.
  private mutating func finish() {
    isOver = true
    sweep = nil
    expected.append(
      .finished(stopped: stopped, failures: failures, unstopped: orphans.map { "\($0.id)#\($0.generation)" }))
  }

  /// True where a child has to be down anyway.
  func isBeingStopped(_ index: Int) -> Bool {
    guard case .falling(let first, _) = sweep else { return false }
    return children[index].number >= first
  }

  // MARK: Requests

  /// Somebody asks for something.
  mutating func take(_ request: Request, _ number: Int) {
    do throws(ChildError) {
      switch request {
      case .start(let child): try startNew(child, number)
      case .terminate(let id): terminate(try find(id), number)
      case .restart(let id): try restartStopped(try find(id), number)
      case .delete(let id):
        let index = try find(id)
        try demandStopped(index)
        children.remove(at: index)
        answers[number] = "done"
      case .reload(let new): reload(new, number)
      }
    } catch {
      answers[number] = "\(error)"
    }
  }

  /// The child of an id, where the supervisor takes requests.
  private func find(_ id: String) throws(ChildError) -> Int {
    try demandRunning()
    guard let index = position(id) else { throw .notFound(id: id) }
    return index
  }

  /// Requests are taken while the supervisor runs.
  private func demandRunning() throws(ChildError) {
    guard cause == nil else { throw .notRunning(supervisor: spec.id, state: isOver ? .stopped : .stopping) }
  }

  /// The child must not run, and not come back by itself.
  private func demandStopped(_ index: Int) throws(ChildError) {
    switch children[index].state {
    case .starting, .ready, .stopping: throw .running(id: children[index].id)
    case .waiting: throw .restarting(id: children[index].id)
    case .down, .over: break
    }
  }

  /// A new child is the last in the order.
  private mutating func startNew(_ child: ChildSpec, _ number: Int) throws(ChildError) {
    try demandRunning()
    if let index = position(child.id) {
      throw children[index].isRunning
        ? .alreadyStarted(id: child.id, generation: children[index].generation) : .alreadyPresent(id: child.id)
    }
    var new = Child(spec: child, number: nextNumber)
    nextNumber += 1
    new.isDynamic = true
    // One of this name that still runs keeps its numbers to itself.
    new.generation = orphans.filter { $0.id == child.id }.map(\.generation).max() ?? 0
    new.isByHand = true
    new.startWaiters = [number]
    children.append(new)
    start(children.count - 1)
  }

  /// Somebody wants a child back.
  private mutating func restartStopped(_ index: Int, _ number: Int) throws(ChildError) {
    try demandStopped(index)
    children[index].startWaiters.append(number)
    children[index].isByHand = true
    start(index)
  }

  /// Somebody wants a child gone, whatever it is doing.
  private mutating func terminate(_ index: Int, _ number: Int) {
    switch children[index].state {
    case .starting, .ready:
      children[index].stopWaiters.append(number)
      askToStop(index, .terminated)
    case .stopping:
      children[index].stopWaiters.append(number)
      children[index].state = .stopping(.terminated)
    case .waiting, .down, .over:
      if children[index].state != .over { enter(.over, index) }
      answers[number] = "done"
    }
  }

  /// New specifications: nothing is started or stopped.
  private mutating func reload(_ new: SupervisorSpec, _ number: Int) {
    // As many restarts are remembered as the old and the new window have room for.
    charges = charges.suffix(spec.intensity).suffix(new.intensity)
    spec = new
    for child in new.children {
      if let index = position(child.id) {
        children[index].spec = child
      } else {
        var added = Child(spec: child, number: nextNumber)
        nextNumber += 1
        added.wasReady = true
        added.state = .over
        added.since = now
        added.generation = orphans.filter { $0.id == child.id }.map(\.generation).max() ?? 0
        children.append(added)
      }
    }
    tell(.reloaded(supervisor: spec.id))
    answers[number] = "done"
  }
}
