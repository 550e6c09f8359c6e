/// What the machine says, done.
extension Supervisor {
  /// Performs an action.
  func perform(_ action: SupervisorStateMachine.Action) {
    switch action {
    case .spawn(let key, let generation, let id, let body): spawn(key, generation, id, body)
    case .cancel(let key):
      running[Int(key.slot)]?.incarnation.askToStop()
      running[Int(key.slot)]?.task.cancel()
      unpark(key)
    case .release(let key):
      running[Int(key.slot)]?.incarnation.fence()
      unpark(key)
      running[Int(key.slot)] = nil
      if !subtrees.isEmpty { subtrees[key] = nil }
    case .answer(let ticket, let answer): tickets.removeValue(forKey: ticket)?.resume(returning: answer)
    case .orphanGone(let heir):
      guard let own, let parent = own.host as? Supervisor else { return }
      parent.postLater(.heirEnded(OrphanLedger.Key(child: own.key, generation: own.generation, heir: heir)))
    case .emit(let event): events(path.map { event.under($0) } ?? event)
    case .becameReady: becameReady()
    case .finish(let result): finish(result)
    }
  }

  /// Starts a child's task; its end is posted.
  private func spawn(_ key: ChildKey, _ generation: UInt64, _ id: String, _ body: @escaping ChildSpec.Body) {
    let predecessor = succession.take(for: key)
    let incarnation = Incarnation(
      id: id, key: key, generation: generation, host: self, series: predecessor?.series ?? TaskSeries(), body: body)
    if predecessor != nil { succession.successor = incarnation }
    let task = predecessor?.task ?? spawner.spawn(incarnation, isNamed: !machine.isPool)
    while running.count <= Int(key.slot) { running.append(nil) }
    running[Int(key.slot)] = Running(task: task, incarnation: incarnation)
  }

  /// Lets a child wait to be asked to stop; one that was, or is no longer current, goes on at once.
  func park(_ continuation: UnsafeContinuation<Void, Never>, _ key: ChildKey, _ generation: UInt64) {
    guard let start = current(key, generation), !start.isShuttingDown else { return continuation.resume() }
    if running[Int(key.slot)]?.parked == nil {
      running[Int(key.slot)]?.parked = continuation
    } else {
      alsoParked[key, default: []].append(continuation)
    }
  }

  /// Lets those go on who waited for a child to be asked to stop.
  private func unpark(_ key: ChildKey) {
    guard let first = running[Int(key.slot)]?.parked else { return }
    running[Int(key.slot)]?.parked = nil
    first.resume()
    guard !alsoParked.isEmpty, let others = alsoParked.removeValue(forKey: key) else { return }
    for continuation in others { continuation.resume() }
  }

  /// All children are ready for the first time.
  private func becameReady() {
    readiness.set(.success(()))
    own?.ready(SubtreeReady())
  }

  /// The run is over.
  private func finish(_ result: Result<StopReport, SupervisorError>) {
    alarm.cancel()
    lifespan.close()
    readiness.set(result.flatMap { _ in .failure(.stoppedBeforeReady(supervisor: id)) })
    runner?.resume(returning: result)
    runner = nil
  }

  // MARK: What children tell

  /// A child's start is complete.
  func incarnationIsReady(_ incarnation: Incarnation, info: (any Sendable)?) {
    // What a nested supervisor tells is told by its turn, and not worked on in it: trees may be deep.
    if info is SubtreeReady {
      postLater(.ready(incarnation.key, generation: incarnation.generation, info: nil))
    } else {
      post(.ready(incarnation.key, generation: incarnation.generation, info: info))
    }
  }

  /// A child's body has returned, or thrown.
  func incarnationHasEnded(_ incarnation: Incarnation, error: (any Error)?, next: TaskSeries?) -> Incarnation? {
    let exit: ChildExit =
      switch error {
      case nil: incarnation.hasDeclined ? .declined : .returned
      case let end as SubtreeEnd: .subtree(end.report, end.error)
      case let error?: .threw(error)
      }
    let end = Post.ended(incarnation.key, generation: incarnation.generation, exit: exit)
    if let next { return postEnd(of: incarnation, end, next) }
    post(end)
    return nil
  }

  /// A child is a nested supervisor.
  func attach(_ inner: Supervisor, to incarnation: Incarnation) {
    post(.attached(incarnation.key, generation: incarnation.generation, inner))
  }
}

/// What a nested supervisor gives to `ready` in place of information.
struct SubtreeReady: Sendable {}
