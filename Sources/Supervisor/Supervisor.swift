/// Keeps children running: starts them in order, restarts what fails, stops them in reverse.
///
/// The decisions are in `SupervisorStateMachine`; this performs them. What happens is posted to a mailbox and read by
/// one loop, which never waits for a child's task: a child that ignores its cancellation holds up nobody.
public actor Supervisor {
  /// A child's start that is under way.
  private struct Running {
    /// Its task.
    let task: Task<Void, Never>
    /// Its fence.
    let incarnation: Incarnation
  }

  /// The supervisor's id.
  public nonisolated let id: String
  /// Measures all durations.
  private let clock: SupervisionClock
  /// Makes the tasks.
  private let spawner: TaskSpawner
  /// Is told what happens, in order.
  private let events: @Sendable (SupervisorEvent) -> Void
  /// What happened and has not been read.
  private let mailbox = Mailbox()
  /// Set when all children are ready, or never will be.
  private let readiness = Latch<Result<Void, SupervisorError>>()
  /// What is to be done.
  private var machine: SupervisorStateMachine
  /// What each child runs, by position; nil once it is never started again.
  private var bodies: [ChildSpec.Body?]
  /// The names of the children, by position.
  private let names: [String]
  /// The starts that are under way, by position.
  private var running: [Running?]
  /// Wakes the loop for what is due.
  private var alarm = Alarm()
  /// True from the call of `run()`.
  private var hasRun = false
  /// How the run ended.
  private var result: Result<StopReport, SupervisorError>?

  /// Makes a supervisor. It starts nothing until it is run.
  ///
  /// - Parameters:
  ///   - seed: of the chance in the delays between restarts.
  ///   - spawner: makes the tasks of the children.
  ///   - events: called for everything that happens, in order; must not block.
  public init(
    spec: SupervisorSpec, clock: SupervisionClock, seed: UInt64, spawner: TaskSpawner = TaskSpawner(),
    events: @escaping @Sendable (SupervisorEvent) -> Void
  ) {
    id = spec.id
    self.clock = clock
    self.spawner = spawner
    self.events = events
    machine = SupervisorStateMachine(spec, seed: seed)
    bodies = spec.children.map(\.body)
    names = spec.children.map(\.id)
    running = Array(repeating: nil, count: spec.children.count)
  }

  /// Starts the children in order, each when the one before it is ready, and keeps them running until the stop.
  ///
  /// Cancelling the calling task asks for the stop, as `stop()` does.
  ///
  /// - Returns: what became of the children at the stop.
  /// - Throws: `SupervisorError` where a first start failed or restarts did not help; everything has been stopped.
  public func run() async throws(SupervisorError) -> StopReport {
    guard !hasRun else { throw .alreadyRun(supervisor: id) }
    hasRun = true
    let result = await withTaskCancellationHandler {
      await loop()
    } onCancel: {
      mailbox.post(.stop)
    }
    return try result.get()
  }

  /// Asks for the stop, and returns at once.
  public func stop() {
    mailbox.post(.stop)
  }

  /// Waits until all children are ready.
  ///
  /// - Throws: `SupervisorError` where the run ends before they are, or the waiting task is cancelled.
  public func waitUntilReady() async throws(SupervisorError) {
    guard let result = await readiness.waitUnlessCancelled() else { throw .waitCancelled(supervisor: id) }
    try result.get()
  }

  /// The supervisor at this moment.
  public func snapshot() -> SupervisorSnapshot {
    machine.snapshot(now: clock.now())
  }

  /// Reads the mailbox until the run is over.
  private func loop() async -> Result<StopReport, SupervisorError> {
    // A stop that came before the run: nothing is started then.
    for post in mailbox.take() { handle(post) }
    perform(machine.onRun(now: clock.now()))
    while true {
      if let result {
        alarm.cancel()
        // What was posted while the last actions were performed: ends of orphans, at most.
        for post in mailbox.close() { handle(post) }
        return result
      }
      setAlarm()
      for post in await mailbox.next() { handle(post) }
    }
  }

  /// Hands an input to the machine and performs what it says.
  private func handle(_ post: Post) {
    let now = clock.now()
    switch post {
    case .ready(let child, let generation):
      perform(machine.onReady(child: child, generation: generation, now: now))
    case .ended(let child, let generation, let exit):
      perform(machine.onEnded(child: child, generation: generation, exit: exit, now: now))
    case .alarm(let deadline):
      alarm.wentOff(setFor: deadline)
      perform(machine.onAlarm(now: now))
    case .stop:
      perform(machine.onStop(now: now))
    }
  }

  /// Performs actions in order.
  private func perform(_ actions: [SupervisorStateMachine.Action]) {
    for action in actions {
      switch action {
      case .spawn(let child, let generation): spawn(child, generation)
      case .cancel(let child): running[child]?.task.cancel()
      case .release(let child):
        running[child]?.incarnation.fence()
        running[child] = nil
      case .forget(let child): bodies[child] = nil
      case .emit(let event): events(event)
      case .becameReady: readiness.set(.success(()))
      case .finish(let result):
        self.result = result
        readiness.set(result.flatMap { _ in .failure(.stoppedBeforeReady(supervisor: id)) })
      }
    }
  }

  /// Starts a child's task; its end is posted.
  private func spawn(_ child: Int, _ generation: UInt64) {
    guard let body = bodies[child] else { return }
    let mailbox = self.mailbox
    let incarnation = Incarnation { mailbox.post(.ready(child: child, generation: generation)) }
    let context = ChildContext(id: names[child], generation: generation, clock: clock, incarnation: incarnation)
    let task = spawner.spawn(names[child]) {
      let exit: ChildExit
      do {
        try await body(context)
        exit = .returned
      } catch {
        exit = .threw(error)
      }
      let post = Post.ended(child: child, generation: generation, exit: exit)
      // An orphan may outlive the loop.
      if !mailbox.post(post) { await self.handle(post) }
    }
    running[child] = Running(task: task, incarnation: incarnation)
  }

  /// Sets the alarm to the earliest deadline.
  private func setAlarm() {
    let mailbox = self.mailbox
    alarm.set(for: machine.nextDeadline(), clock: clock, spawner: spawner) { mailbox.post(.alarm($0)) }
  }
}
