/// Keeps children running: starts them in order, restarts what fails, stops them in reverse.
///
/// The decisions are in `SupervisorStateMachine`; this performs them. What happens is posted, and handled one at a time
/// in order by whoever posts while nobody else is at it: that one has *the turn*. So the end of a child is turned into
/// its next start on the thread where it ended. Nobody ever waits for a child's task with the turn: a child that
/// ignores its cancellation holds up nobody.
///
/// `@unchecked Sendable`: `inbox` has a lock; the variables are only touched with the turn, which the lock passes on.
public final class Supervisor: IncarnationHost, @unchecked Sendable {
  /// A child's start that is under way.
  struct Running {
    /// Its task.
    let task: Task<Void, Never>
    /// Its fence.
    let incarnation: Incarnation
    /// The first that waits for it to be asked to stop.
    var parked: UnsafeContinuation<Void, Never>?
  }

  /// The supervisor's id.
  public let id: String
  /// Measures all durations.
  let clock: SupervisionClock
  /// Of the chance in the delays between restarts.
  let seed: UInt64
  /// Makes the tasks.
  let spawner: TaskSpawner
  /// Is told what happens, in order.
  let events: @Sendable (SupervisorEvent) -> Void
  /// The ids that lead to it from the root; nil where it is the root.
  let path: String?
  /// The start of the child that it is; nil where it is the root.
  let own: Incarnation?
  /// Open until it has stopped.
  let lifespan = Fence()
  /// Set when all children are ready, or never will be.
  let readiness = Latch<Result<Void, SupervisorError>>()
  /// What waits for the turn.
  private let inbox = Locked(Inbox())

  /// What is to be done.
  var machine: SupervisorStateMachine
  /// The starts that are under way, by slot.
  var running: [Running?] = []
  /// The nested supervisors that run, by child.
  var subtrees: [ChildKey: Supervisor] = [:]
  /// Further ones that wait for a child to be asked to stop; in the slot there is room for one.
  var alsoParked: [ChildKey: [UnsafeContinuation<Void, Never>]] = [:]
  /// Who waits for the answer to a request.
  var tickets: [UInt64: CheckedContinuation<SupervisorStateMachine.Answer, Never>] = [:]
  /// The number of the next request.
  var nextTicket: UInt64 = 0
  /// Who waits for the end of the run.
  var runner: CheckedContinuation<Result<StopReport, SupervisorError>, Never>?
  /// True from the call of `run()`.
  var hasRun = false
  /// Wakes it for what is due.
  var alarm = Alarm()
  /// What becomes of the task whose end is being handled on it.
  var succession = Succession()
  /// What the machine said last.
  private var actions: [SupervisorStateMachine.Action] = []
  /// What is being handled.
  private var batch: [Post] = []
  /// How much of it has been.
  private var position = 0

  /// Makes a supervisor. It starts nothing until it is run.
  ///
  /// - Parameters:
  ///   - seed: of the chance in the delays between restarts.
  ///   - spawner: makes the tasks of the children.
  ///   - events: called for everything that happens, in order, on the thread where it happens; must not block.
  public convenience init(
    spec: SupervisorSpec, clock: SupervisionClock, seed: UInt64, spawner: TaskSpawner = TaskSpawner(),
    events: @escaping @Sendable (SupervisorEvent) -> Void
  ) {
    self.init(spec.core, clock: clock, seed: seed, spawner: spawner, events: events, own: nil, path: nil)
  }

  /// Makes a nested supervisor for a start of its parent's child.
  convenience init(_ spec: CoreSpec, under context: ChildContext) {
    let parent = context.incarnation.host as? Supervisor
    var random = SplitMix64(seed: (parent?.seed ?? 0) ^ context.incarnation.key.number ^ context.generation << 32)
    let silence: @Sendable (SupervisorEvent) -> Void = { _ in }
    var path = context.id
    if let above = parent?.path { path = "\(above)/\(path)" }
    self.init(
      spec, clock: context.clock, seed: random.next(), spawner: parent?.spawner ?? TaskSpawner(),
      events: parent?.events ?? silence, own: context.incarnation, path: path)
  }

  /// Makes a supervisor or the core of a pool.
  init(
    _ spec: CoreSpec, clock: SupervisionClock, seed: UInt64, spawner: TaskSpawner,
    events: @escaping @Sendable (SupervisorEvent) -> Void, own: Incarnation?, path: String?
  ) {
    id = spec.id
    self.clock = clock
    self.seed = seed
    self.spawner = spawner
    self.events = events
    self.own = own
    self.path = path
    machine = SupervisorStateMachine(spec, seed: seed)
    running.reserveCapacity(spec.children.count)
  }

  /// False once it is a nested one that was replaced or abandoned.
  var isCurrent: Bool { own?.isCurrent ?? true }

  // MARK: The turn

  /// Posts, and handles what waits where nobody else is at it.
  func post(_ post: Post) {
    guard inbox.withLock({ $0.claim(for: post) }) else { return }
    handle(post)
    finishTurn()
  }

  /// Posts the end of a start from its task. Where that has the turn, and the child is started again at once, it is
  /// given the next start to go on with: a new task would have to be picked up by a thread, often by one that sleeps.
  ///
  /// The child's code runs when the turn is over. What else waits for the turn is left to a task of its own, because
  /// nobody knows when the child lets go of the thread.
  func postEnd(of incarnation: Incarnation, _ end: Post, _ next: TaskSeries) -> Incarnation? {
    guard inbox.withLock({ $0.claim(for: end) }) else { return nil }
    if let running = running[Int(incarnation.key.slot)], running.incarnation === incarnation {
      succession = Succession(of: running, next)
    }
    handle(end)
    let successor = succession.successor
    succession = Succession()
    finishTurn(budget: successor == nil ? Defaults.turnLimit : 0)
    return successor
  }

  /// Posts from where nothing may be done, such as a cancellation handler, or where much else is going on: a task of
  /// its own takes the turn.
  func postLater(_ post: Post) {
    guard inbox.withLock({ $0.enqueue(post) }) else { return }
    handOver()
  }

  /// Handles what waits until nothing does. After `Defaults.turnLimit` posts it hands the turn over, so that a child
  /// whose call began it gets on with its own work.
  private func finishTurn(budget limit: Int = Defaults.turnLimit) {
    var budget = limit
    while true {
      while position < batch.count {
        guard budget > 0 else { return handOver() }
        budget -= 1
        position += 1
        handle(batch[position - 1])
      }
      setAlarm()
      // A burst is no reason to keep room for the next one.
      batch.removeAll(keepingCapacity: batch.count <= Defaults.turnLimit)
      position = 0
      guard inbox.withLock({ $0.exchange(&batch) }) else { return }
    }
  }

  /// Lets a task of its own go on with the turn.
  private func handOver() {
    _ = spawner.spawn("turn") { self.finishTurn() }
  }

  /// Sets the alarm to the earliest deadline.
  private func setAlarm() {
    alarm.set(for: machine.nextDeadline(), clock: clock, spawner: spawner) { self.post(.alarm($0)) }
  }

  /// Hands an input to the machine and performs what it says.
  private func handle(_ post: Post) {
    let now = clock.now()
    decide { machine, actions in
      switch post {
      case .run(let continuation):
        runner = continuation
        machine.onRun(now: now, &actions)
      case .ready(let key, let generation, let info):
        machine.onReady(key, generation: generation, info: info, now: now, &actions)
      case .ended(let key, let generation, let exit):
        machine.onEnded(key, generation: generation, exit: exit, now: now, &actions)
      case .heirEnded(let key): machine.onHeirEnded(key, &actions)
      case .alarm(let deadline):
        alarm.wentOff(setFor: deadline)
        machine.onAlarm(now: now, lastSign: { running[Int($0.slot)]?.incarnation.lastSign }, &actions)
      case .stop: machine.onStop(now: now, &actions)
      case .attached, .parked, .request: break
      }
    }
    switch post {
    case .request(let body): body(self)
    case .attached(let key, let generation, let inner):
      if current(key, generation) != nil { subtrees[key] = inner }
    case .parked(let key, let generation, let continuation):
      park(continuation, key, generation)
    case .run, .ready, .ended, .heirEnded, .alarm, .stop: break
    }
  }

  /// The start that is under way, if it is this one.
  func current(_ key: ChildKey, _ generation: UInt64) -> Incarnation? {
    guard let start = running[Int(key.slot)]?.incarnation, start.key == key, start.generation == generation else {
      return nil
    }
    return start
  }

  /// Lets the machine decide, and performs what it says in order.
  func decide(_ input: (inout SupervisorStateMachine, inout [SupervisorStateMachine.Action]) -> Void) {
    // Taken out while it is in use: what is performed may lead back here.
    var actions: [SupervisorStateMachine.Action] = []
    swap(&actions, &self.actions)
    input(&machine, &actions)
    for action in actions { perform(action) }
    actions.removeAll(keepingCapacity: true)
    swap(&actions, &self.actions)
  }
}
