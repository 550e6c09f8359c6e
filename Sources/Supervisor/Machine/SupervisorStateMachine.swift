/// The decisions of a supervisor or a pool: which child to start, stop, restart or give up, and when.
///
/// No clock, no task: each input comes with the time, and is answered with actions for the shell to perform in order.
/// The inputs of the run are here, those of people in `+Requests`; what they lead to is in `+Starts` and `+Ends` (one
/// child), `+Walk` (children in order) and `+Stop` (all of them).
struct SupervisorStateMachine: Sendable {
  /// Somebody who waits for an answer, by number.
  typealias Ticket = UInt64

  /// An answer to a request.
  typealias Answer = Result<StartedChild?, ChildError>

  /// What the shell is to do.
  enum Action: Sendable {
    /// Start a child's body under this generation.
    case spawn(ChildKey, generation: UInt64, id: String, body: ChildSpec.Body)
    /// Cancel a child's task.
    case cancel(ChildKey)
    /// A child's start is over or given up: fence it and let its task go.
    case release(ChildKey)
    /// Answer a request.
    case answer(Ticket, Answer)
    /// Tell whoever inherited it that something has ended which this run left behind.
    case orphanGone(OrphanLedger.Heir)
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
    /// A significant child has ended.
    case significant(id: String)
    /// A first start failed.
    case startFailed(id: String, reason: StartFailure)
    /// Restarts did not help.
    case escalated(id: String, cause: EscalationCause)
  }

  /// Those who wait for something to become of a child.
  struct Waiters: Sendable {
    /// They wait for its start.
    var starts: [Ticket] = []
    /// They wait for its stop.
    var stops: [Ticket] = []
  }

  /// The supervisor's id.
  let id: String
  /// Whether the children are instances of one template, which have no names and stop together.
  let isPool: Bool
  /// What holds for all children. A reload replaces it.
  var rules: SupervisorRules
  /// The children.
  var children: ChildTable
  /// Where the supervisor's life is.
  var phase = Phase.idle(stopAsked: false)
  /// The walk under way.
  var walk: Walk?
  /// Children that were asked for while a walk was under way, and wait for it to come by or to pause.
  var asked: [ChildKey] = []
  /// Who waits for what, by the number of the child.
  var waiters: [UInt64: Waiters] = [:]
  /// The window of restarts.
  var intensity: RestartIntensity
  /// What chance adds to delays.
  var random: SplitMix64
  /// What was abandoned and still runs.
  var orphans = OrphanLedger()
  /// The deadlines of the children, each by its slot.
  var deadlines = DeadlineQueue()
  /// What the stop has come to so far.
  var report = StopReport()
  /// How many children run.
  var runningCount = 0
  /// How many significant children run or are to run.
  var significantCount = 0
  /// How many of the children are supervisors.
  var supervisorCount = 0

  /// Makes the machine of a supervisor that has not been run.
  init(_ spec: CoreSpec, seed: UInt64) {
    id = spec.id
    isPool = spec.isPool
    rules = spec.rules
    intensity = RestartIntensity(intensity: rules.intensity, period: rules.period)
    random = SplitMix64(seed: seed)
    children = ChildTable(isNamed: !isPool, capacity: spec.children.count)
    for child in spec.children { _ = add(child, isDynamic: false) }
  }

  // MARK: Inputs

  /// The run begins.
  mutating func onRun(now: Duration, _ actions: inout [Action]) {
    guard case .idle(let stopAsked) = phase else { return }
    if stopAsked {
      beginStop(.requested, now: now, &actions)
    } else {
      phase = .starting
      walk = Walk(.up, next: children.first, floor: 0)
    }
    advance(now: now, &actions)
  }

  /// Somebody asks for the stop.
  mutating func onStop(now: Duration, _ actions: inout [Action]) {
    switch phase {
    case .idle: phase = .idle(stopAsked: true)
    case .starting, .running:
      beginStop(.requested, now: now, &actions)
      advance(now: now, &actions)
    case .stopping, .finished: break
    }
  }

  /// A child says that it is ready. Too late, or from an older start, it says nothing.
  mutating func onReady(
    _ key: ChildKey, generation: UInt64, info: (any Sendable)? = nil, now: Duration, _ actions: inout [Action]
  ) {
    guard children.contains(key), children[key].generation == generation, children[key].state == .starting else {
      return
    }
    let id = children[key].id
    actions.append(.emit(.ready(id: id, generation: generation, after: now - children[key].since)))
    children[key].hasStarted = true
    children[key].isStartedByHand = false
    enter(key, .ready, now: now)
    if let heartbeat = children[key].spec.heartbeat { arm(key, at: now + heartbeat) }
    answerStarts(
      of: key, .success(StartedChild(id: id, generation: generation, info: info, declined: false, key: key)), &actions)
    advance(now: now, &actions)
  }

  /// A child's task has ended.
  mutating func onEnded(
    _ key: ChildKey, generation: UInt64, exit: ChildExit, now: Duration, _ actions: inout [Action]
  ) {
    guard children.contains(key), children[key].generation == generation, children[key].isRunning else {
      orphanEnded(OrphanLedger.Key(child: key, generation: generation), exit: exit, now: now, &actions)
      return
    }
    actions.append(.release(key))
    if case .subtree(let part, _) = exit { inherit(part, from: key, now: now) }
    switch children[key].state {
    case .stopping(let why): stopEnded(key, why, exit: exit, now: now, &actions)
    case .starting: startingEnded(key, exit: exit, now: now, &actions)
    case .ready: readyEnded(key, exit: exit, now: now, &actions)
    case .down, .waiting, .done: break
    }
    advance(now: now, &actions)
  }

  /// Time has come for what is due.
  ///
  /// - Parameter lastSign: when a child that is ready last gave a sign of life.
  mutating func onAlarm(now: Duration, lastSign: (ChildKey) -> Duration?, _ actions: inout [Action]) {
    while let entry = deadlines.first, entry.deadline <= now {
      deadlines.pop()
      guard let key = children.key(ofDeadline: entry) else { continue }
      switch children[key].state {
      case .starting: stop(key, .startTimeout, now: now, &actions)
      case .stopping(let why): abandon(key, why, now: now, &actions)
      case .waiting: waitingEnded(key, now: now, &actions)
      case .ready: checkHeartbeat(key, lastSign: lastSign(key), now: now, &actions)
      case .down, .done: break
      }
      advance(now: now, &actions)
    }
  }

  /// When the next input of time is due; nil where nothing waits for time.
  mutating func nextDeadline() -> Duration? {
    while let entry = deadlines.first {
      if children.key(ofDeadline: entry) != nil { return entry.deadline }
      deadlines.pop()
    }
    return nil
  }
}
