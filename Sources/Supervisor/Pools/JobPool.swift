/// The fence that a pool's jobs share: closed when the pool itself was replaced or abandoned.
final class PoolFence: Sendable {
  /// The pool's own context; nil while it is not run.
  private let context = Locked<ChildContext?>(nil)

  /// False once the pool is no longer the current one. One that is not run yet is current.
  var isCurrent: Bool { context.withLock { $0?.isCurrent ?? true } }

  /// Notes as which child the pool is run.
  func set(_ new: ChildContext) { context.withLock { $0 = new } }
}

/// Runs jobs: children that are started while it runs, are never restarted, and have a deadline.
///
/// It is itself a child, run by `run(_:)`. A job that reaches its deadline is cancelled; one that ignores that past its
/// grace is abandoned: fenced, settled, and listed until it ends. The decisions are in `JobPoolStateMachine`.
public actor JobPool {
  /// A job that runs.
  private struct Running {
    /// Its task.
    let task: Task<Void, Never>
    /// Its fence.
    let incarnation: Fence
    /// The job as others hold it.
    let job: Job
  }

  /// Measures all durations.
  private let clock: SupervisionClock
  /// Makes the tasks.
  private let spawner: TaskSpawner
  /// Is told what happens, in order.
  private let events: @Sendable (SupervisorEvent) -> Void
  /// What is to be done.
  private var machine: JobPoolStateMachine
  /// The jobs that are not abandoned, by number.
  private var running: [UInt64: Running] = [:]
  /// Wakes the pool for what is due.
  private var alarm = Alarm()
  /// Fences all jobs when the pool is replaced.
  private let fence = PoolFence()
  /// Set when the pool is stopping and nothing is left to wait for.
  private let drained = Latch<Void>()
  /// Never set: what `run(_:)` waits on until it is cancelled.
  private let cancellation = Latch<Never>()

  /// Makes a pool without jobs.
  ///
  /// - Parameters:
  ///   - capacity: how many jobs it holds at once, abandoned ones included; at least 1.
  ///   - firstGeneration: the number of its first job. One pool after another under the same name should go on
  ///     counting, for instance from `context.generation << 32`, so that a number never stands for two jobs.
  ///   - events: called for everything that happens, in order; must not block.
  public init(
    capacity: Int = Defaults.jobCapacity, clock: SupervisionClock, firstGeneration: UInt64 = 1,
    spawner: TaskSpawner = TaskSpawner(), events: @escaping @Sendable (SupervisorEvent) -> Void
  ) {
    self.clock = clock
    self.spawner = spawner
    self.events = events
    machine = JobPoolStateMachine(capacity: max(1, capacity), firstGeneration: firstGeneration)
  }

  /// Runs the pool as a child: ready at once, until its task is cancelled. Then all jobs are cancelled together, and it
  /// returns when each has ended or was abandoned.
  ///
  /// The shutdown grace of this child must exceed the longest grace of its jobs.
  public func run(_ context: ChildContext) async {
    fence.set(context)
    context.ready()
    _ = await cancellation.waitUnlessCancelled()
    perform(machine.onStop(now: clock.now()))
    await drained.wait()
    alarm.cancel()
  }

  /// Starts a job.
  ///
  /// - Parameters:
  ///   - id: unique among the jobs that run.
  ///   - deadline: how long after its start it is cancelled; nil: never.
  ///   - grace: how long it has to end when it is cancelled; then it is abandoned.
  ///   - body: what it runs; ends when its task is cancelled.
  /// - Throws: `JobError` where the id is taken, a time makes no sense, the pool is full, or it is stopping.
  public func start(
    id: String, deadline: Duration?, grace: Duration, body: @escaping @Sendable (JobContext) async throws -> Void
  ) throws(JobError) -> Job {
    let (generation, actions) = try machine.onStart(id: id, deadline: deadline, grace: grace, now: clock.now())
    let incarnation = Fence()
    let job = Job(id: id, generation: generation, latch: Latch())
    let context = JobContext(
      id: id, generation: generation, clock: clock, incarnation: incarnation, pool: fence)
    let task = spawner.spawn(id) {
      let exit: ChildExit
      do {
        try await body(context)
        exit = .returned
      } catch {
        exit = .threw(error)
      }
      incarnation.close()
      await self.ended(generation, exit)
    }
    running[generation] = Running(task: task, incarnation: incarnation, job: job)
    perform(actions)
    return job
  }

  /// The running job of an id, for adoption; nil where none is running. An abandoned one is not.
  public func job(_ id: String) -> Job? {
    machine.active[id].flatMap { running[$0]?.job }
  }

  /// Cancels the running job of an id; where none is running it does nothing.
  public func cancel(_ id: String) {
    perform(machine.onCancel(id: id, now: clock.now()))
  }

  /// The jobs that have not ended, oldest first, abandoned ones included.
  public func snapshot() -> [JobSnapshot] {
    machine.snapshot(now: clock.now())
  }

  /// A job's task has ended.
  private func ended(_ generation: UInt64, _ exit: ChildExit) {
    perform(machine.onEnded(generation: generation, exit: exit, now: clock.now()))
    running[generation] = nil
  }

  /// The alarm that was set for this time has gone off.
  private func alarmWentOff(_ deadline: Duration) {
    alarm.wentOff(setFor: deadline)
    perform(machine.onAlarm(now: clock.now()))
  }

  /// Performs actions in order, then sets the alarm anew.
  private func perform(_ actions: [JobPoolStateMachine.Action]) {
    for action in actions {
      switch action {
      case .cancel(let generation): running[generation]?.task.cancel()
      case .release(let generation): running[generation]?.incarnation.close()
      case .settle(let generation, let outcome):
        running[generation]?.job.latch.set(outcome)
        running[generation] = nil
      case .emit(let event): events(event)
      case .drained: drained.set(())
      }
    }
    // A weak reference: a pool that nobody holds needs no alarm.
    alarm.set(for: machine.nextDeadline(), clock: clock, spawner: spawner) { [weak self] deadline in
      await self?.alarmWentOff(deadline)
    }
  }
}
