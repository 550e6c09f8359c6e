/// The decisions of a supervisor: which child to start, stop, restart or give up, and when.
///
/// No clock, no task: each input comes with the time, and is answered with actions for the shell to perform in order.
/// The inputs are here; what they lead to is in `+Restarts` (one child) and `+Walk` (all of them, in order).
struct SupervisorStateMachine: Sendable {
  /// What the shell is to do.
  enum Action: Sendable {
    /// Start a child's body under this generation.
    case spawn(child: Int, generation: UInt64)
    /// Cancel a child's task.
    case cancel(child: Int)
    /// A child's start is over or given up: fence it and let its task go.
    case release(child: Int)
    /// A child will never be started again: let its body go.
    case forget(child: Int)
    /// Tell what happened.
    case emit(SupervisorEvent)
    /// All children are ready for the first time.
    case becameReady
    /// The run is over.
    case finish(Result<StopReport, SupervisorError>)
  }

  /// Where the supervisor's life is.
  enum Phase: Sendable {
    /// Not run yet; the flag tells that a stop was asked for already.
    case idle(stopAsked: Bool)
    /// First starts.
    case starting
    /// All have been ready once.
    case running
    /// Stopping, for the first reason that came up.
    case stopping(StopCause)
    /// Over.
    case finished
  }

  /// Why a supervisor stops.
  enum StopCause: Sendable {
    /// It was asked to.
    case requested
    /// A first start failed.
    case startFailed(child: Int, reason: StartFailure)
    /// Restarts did not help.
    case escalated(child: Int, cause: EscalationCause)
  }

  /// An ordered walk over the children.
  enum Walk: Sendable {
    /// Starts them upwards, one after the other; the next one to be ready.
    case up(next: Int)
    /// Stops them downwards to the floor, one after the other; then the walk turns, or the run is over.
    case down(next: Int, floor: Int)
  }

  /// A start that was given up and still runs.
  struct Orphan: Sendable {
    /// Which child.
    let child: Int
    /// Which start.
    let generation: UInt64
    /// When it was abandoned.
    let since: Duration
  }

  /// The supervisor's id.
  let id: String
  /// What else is restarted with a child.
  let strategy: Strategy
  /// How long a child must be ready for its backoff to begin again.
  let healthyAfter: Duration
  /// The children, by position.
  var children: [SupervisedChild]
  /// Where the supervisor's life is.
  var phase = Phase.idle(stopAsked: false)
  /// The walk under way.
  var walk: Walk?
  /// The window of restarts.
  var intensity: RestartIntensity
  /// What chance adds to delays.
  var random: SplitMix64
  /// What was abandoned and still runs.
  var orphans: [Orphan] = []
  /// The deadlines of the children, each by its position.
  var deadlines = DeadlineQueue()
  /// What the stop has come to so far.
  var report = StopReport()

  /// Makes the machine of a supervisor that has not been run.
  init(_ spec: SupervisorSpec, seed: UInt64) {
    id = spec.id
    strategy = spec.strategy
    healthyAfter = spec.healthyAfter
    intensity = RestartIntensity(intensity: spec.intensity, period: spec.period)
    random = SplitMix64(seed: seed)
    children = spec.children.map { SupervisedChild($0, backoff: $0.backoff ?? spec.backoff) }
  }

  // MARK: Inputs

  /// The run begins.
  mutating func onRun(now: Duration) -> [Action] {
    guard case .idle(let stopAsked) = phase else { return [] }
    var actions: [Action] = []
    if stopAsked {
      beginStop(.requested, now: now, &actions)
    } else {
      phase = .starting
      walk = .up(next: 0)
    }
    advance(now: now, &actions)
    return actions
  }

  /// Somebody asks for the stop.
  mutating func onStop(now: Duration) -> [Action] {
    var actions: [Action] = []
    switch phase {
    case .idle: phase = .idle(stopAsked: true)
    case .starting, .running:
      beginStop(.requested, now: now, &actions)
      advance(now: now, &actions)
    case .stopping, .finished: break
    }
    return actions
  }

  /// A child says that it is ready. Too late, or from an older start, it says nothing.
  mutating func onReady(child index: Int, generation: UInt64, now: Duration) -> [Action] {
    let child = children[index]
    guard child.generation == generation, child.state == .starting else { return [] }
    var actions: [Action] = [.emit(.ready(id: child.id, generation: generation, after: now - child.since))]
    children[index].hasStarted = true
    children[index].enter(.ready, now: now)
    advance(now: now, &actions)
    return actions
  }

  /// A child's task has ended.
  mutating func onEnded(child index: Int, generation: UInt64, exit: ChildExit, now: Duration) -> [Action] {
    guard children[index].generation == generation, children[index].isRunning else {
      return orphanEnded(child: index, generation: generation, now: now)
    }
    var actions: [Action] = [.release(child: index)]
    switch children[index].state {
    case .stopping(let why): stopEnded(index, why, exit: exit, now: now, &actions)
    case .starting: startingEnded(index, exit: exit, now: now, &actions)
    case .ready: readyEnded(index, exit: exit, now: now, &actions)
    case .down, .waiting, .done: break
    }
    advance(now: now, &actions)
    return actions
  }

  /// Time has come for what is due.
  mutating func onAlarm(now: Duration) -> [Action] {
    var actions: [Action] = []
    while let entry = deadlines.first, entry.deadline <= now {
      deadlines.pop()
      let index = Int(entry.owner)
      guard children[index].stamp == entry.stamp else { continue }
      switch children[index].state {
      case .starting: stop(index, .startTimeout, now: now, &actions)
      case .stopping(let why): abandon(index, why, now: now, &actions)
      case .waiting: waitingEnded(index, now: now, &actions)
      case .down, .ready, .done: break
      }
      advance(now: now, &actions)
    }
    return actions
  }

  /// When the next input of time is due; nil where nothing waits for time.
  mutating func nextDeadline() -> Duration? {
    while let entry = deadlines.first {
      if children[Int(entry.owner)].stamp == entry.stamp { return entry.deadline }
      deadlines.pop()
    }
    return nil
  }

  /// Sets the deadline of a child's present state.
  mutating func arm(_ index: Int, at deadline: Duration) {
    deadlines.push(deadline, owner: UInt64(index), stamp: children[index].stamp)
    deadlines.compact(live: children.count) { [children] in children[Int($0.owner)].stamp == $0.stamp }
  }
}
