public import Supervision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs tasks one step at a time on the thread that asks for it, in an order that a seed decides.
///
/// What can run waits in one queue, and a seeded generator picks from it, so that one seed is one interleaving and
/// another seed another one. Plain actors and task groups follow a task's executor preference; an actor with an
/// executor of its own has to be given `serial`. An unstructured `Task {}` does not follow the preference: it escapes
/// to the global executor, and what it does there is not decided by the seed. Its return is noticed, see `strays`.
///
/// The queue has no bound of its own, because an executor cannot refuse a job: it holds at most one for each task.
public final class SeededExecutor: TaskExecutor {
  /// Where another task may get in between.
  public enum Grain: Sendable, Hashable {
    /// Where the runtime lets go by itself: a wait, a busy actor, a new task, the way back from an actor. Code that
    /// calls code of no actor and does not wait is not interrupted.
    case waits
    /// Also on the way to an idle actor, and where code of no actor begins or is come back to: what many threads could
    /// do there. An actor that calls out and gets its answer at once is not interrupted even so. Takes more steps.
    case hops
  }

  /// Where another task may get in between.
  public let grain: Grain
  /// For actors that have an executor of their own: their jobs wait in the same queue.
  public let serial: SeededSerialExecutor
  /// What can run.
  private let queue: RunQueue

  /// Makes an executor that runs nothing yet.
  public init(seed: UInt64, grain: Grain = .hops) {
    self.grain = grain
    queue = RunQueue(seed: seed)
    serial = SeededSerialExecutor(queue: queue)
  }

  /// Makes the tasks of supervisors and pools run here.
  public var spawner: TaskSpawner { TaskSpawner(executor: self) }

  /// How many jobs can run now.
  public var runnable: Int { queue.state.withLock { $0.jobs.count } }

  /// How many jobs have run.
  public var steps: Int { queue.state.withLock { $0.steps } }

  /// How many jobs came from another thread while this one was running them: tasks that had escaped. With any, the seed
  /// alone does not decide the order.
  public var strays: Int { queue.state.withLock { $0.strays } }

  /// Adds a job to those that can run.
  public func enqueue(_ job: consuming ExecutorJob) {
    queue.add(UnownedJob(job), isSerial: false)
  }

  /// Runs one job, chosen by the seed. False where none can run.
  @discardableResult
  public func runOne() -> Bool {
    guard let entry = queue.take() else { return false }
    // Where a job runs as if on a serial executor, the runtime may not take its thread along to another one: each hop
    // comes back to the queue.
    if entry.isSerial || grain == .hops {
      entry.job.runSynchronously(
        isolatedTo: serial.asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    } else {
      entry.job.runSynchronously(on: asUnownedTaskExecutor())
    }
    queue.state.withLock { $0.runner = nil }
    return true
  }

  /// Runs jobs until none can run, or the limit is reached.
  ///
  /// - Returns: true where none can run any more.
  @discardableResult
  public func run(atMost limit: Int) -> Bool {
    for _ in 0..<max(0, limit) where !runOne() { return true }
    return runnable == 0
  }
}

/// The seeded executor as the executor of an actor.
public final class SeededSerialExecutor: SerialExecutor {
  /// What can run, shared with the task executor.
  private let queue: RunQueue

  /// Makes the serial side of a seeded executor.
  fileprivate init(queue: RunQueue) {
    self.queue = queue
  }

  /// Adds a job to those that can run.
  public func enqueue(_ job: consuming ExecutorJob) {
    queue.add(UnownedJob(job), isSerial: true)
  }
}

/// What can run, and the chance that picks from it.
private final class RunQueue: Sendable {
  /// A job that can run.
  struct Entry {
    /// The job.
    let job: UnownedJob
    /// True where it is an actor's that runs on the serial side.
    let isSerial: Bool
  }

  /// What the lock protects.
  struct State {
    /// What can run.
    var jobs: [Entry] = []
    /// Picks the next one.
    var random: SeededGenerator
    /// How many have run.
    var steps = 0
    /// How many came from another thread while one was running.
    var strays = 0
    /// The thread that runs a job now; nil where none does.
    var runner: pthread_t?
  }

  /// The state.
  let state: Locked<State>

  /// Makes an empty queue.
  init(seed: UInt64) {
    state = Locked(State(random: SeededGenerator(seed: seed)))
  }

  /// Adds a job.
  func add(_ job: UnownedJob, isSerial: Bool) {
    let thread = pthread_self()
    state.withLock { state in
      if let runner = state.runner, pthread_equal(runner, thread) == 0 { state.strays += 1 }
      state.jobs.append(Entry(job: job, isSerial: isSerial))
    }
  }

  /// Takes a job that the seed picks; from here on this thread is the one that runs.
  func take() -> Entry? {
    let thread = pthread_self()
    return state.withLock { state in
      guard !state.jobs.isEmpty else { return nil }
      let last = state.jobs.count - 1
      if last > 0 { state.jobs.swapAt(Int.random(in: 0...last, using: &state.random), last) }
      state.steps += 1
      state.runner = thread
      return state.jobs.removeLast()
    }
  }
}
