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
      let goesOn =
        switch sweep {
        case .falling(let first, let number): fall(from: first, because: number)
        case .held(let first, let number, let mustFallAgain): hold(from: first, because: number, mustFallAgain)
        case .rising(let next): rise(next)
        }
      if !goesOn { return }
    }
  }

  /// Goes on with taking children down. False where it waits for one.
  private mutating func fall(from first: Int, because number: Int?) -> Bool {
    if let index = children.indices.last(where: { isInTheWay($0, first, number) }) {
      switch children[index].state {
      case .waiting: enter(.down, index)
      case .starting, .ready: askToStop(index, .wanted)
      case .stopping(.terminated), .down, .over: break
      case .stopping: children[index].state = .stopping(.wanted)
      }
      // It may have been forgotten.
      return !(children.indices.contains(index) && children[index].isRunning)
    }
    if cause != nil {
      finish()
      return false
    }
    sweep = .held(from: first, because: number, mustFallAgain: false)
    // Whoever was asked for meanwhile does not wait for the delay.
    let wanted = asked
    asked = []
    guard isWaiting(number) else { return true }
    for number in wanted {
      guard let index = children.firstIndex(where: { $0.number == number && $0.state == .down }) else { continue }
      startOnRequest(index)
    }
    return true
  }

  /// Waits for the delay of the one because of which others are down. False while it is not over.
  private mutating func hold(from first: Int, because number: Int?, _ mustFallAgain: Bool) -> Bool {
    if isGivenUp {
      isGivenUp = false
      sweep = nil
      for index in children.indices.reversed()
      where children[index].number >= first && children[index].state == .down {
        if children[index].startWaiters.isEmpty { enter(.over, index) } else { startByHand(index) }
      }
      return false
    }
    if isWaiting(number) { return false }
    sweep = mustFallAgain ? .falling(from: first, because: nil) : .rising(next: first)
    return true
  }

  /// Goes on with starting children. False where it waits for one.
  private mutating func rise(_ next: Int) -> Bool {
    guard let index = children.firstIndex(where: { $0.number >= next }) else {
      sweep = nil
      asked = []
      becomeReady()
      return false
    }
    switch children[index].state {
    case .ready, .over: sweep = .rising(next: children[index].number + 1)
    case .down:
      start(index)
      return false
    case .starting, .stopping, .waiting: return false
    }
    return true
  }

  /// True where a child waits for its restart.
  private func isWaiting(_ number: Int?) -> Bool {
    children.contains { $0.number == number && $0.state == .waiting }
  }

  /// The first child that has to be down, or is because of another one.
  var fallenFrom: Int? {
    switch sweep {
    case .falling(let first, _), .held(let first, _, _): first
    case .rising, nil: nil
    }
  }

  /// True where a child has to go down and is not.
  private func isInTheWay(_ index: Int, _ first: Int, _ number: Int?) -> Bool {
    let child = children[index]
    switch child.state {
    case .down, .over: return false
    case .waiting where child.number == number && cause == nil: return false
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
    sweep = .falling(from: 0, because: nil)
    asked = []
    isGivenUp = false
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
  func isBeingStopped(_ index: Int) -> Bool { fallenFrom.map { children[index].number >= $0 } ?? false }

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
        answerStart(index, "\(ChildError.notFound(id: id))")
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
    new.startWaiters = [number]
    children.append(new)
    startOnRequest(children.count - 1)
  }

  /// Starts a child that somebody asked for: at once, or when a sweep that is under way comes to it.
  private mutating func startOnRequest(_ index: Int) {
    let number = children[index].number
    switch sweep {
    case nil: startByHand(index)
    case .rising(let next) where number < next: startByHand(index)
    case .falling(let first, _) where number < first: startByHand(index)
    case .rising, .falling: asked.append(number)
    case .held(let first, let because, let mustFallAgain):
      sweep = .held(from: first, because: because, mustFallAgain: mustFallAgain || number >= first)
      startByHand(index)
    }
  }

  /// Starts a child for somebody: where that fails it fails only him.
  private mutating func startByHand(_ index: Int) {
    children[index].isByHand = true
    start(index)
  }

  /// Somebody wants a child back.
  private mutating func restartStopped(_ index: Int, _ number: Int) throws(ChildError) {
    try demandStopped(index)
    children[index].startWaiters.append(number)
    if children[index].state == .over { enter(.down, index) }
    startOnRequest(index)
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
      let child = children[index]
      switch sweep {
      case .falling(_, child.number), .held(_, child.number, _): if child.state == .waiting { isGivenUp = true }
      case .falling, .held, .rising, nil: break
      }
      answerStart(index, "\(ChildError.startFailed(id: child.id, reason: .stopped))")
      if child.state != .over { enter(.over, index) }
      if child.isDynamic && !child.wasReady { children.remove(at: index) }
      answers[number] = "done"
    }
  }

  /// New specifications: nothing is started or stopped.
  private mutating func reload(_ new: SupervisorSpec, _ number: Int) {
    if isOver { return answers[number] = "\(SpecError.hasStopped(supervisor: spec.id))" }
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
