import CShims

/// Runs an actor on one thread of its own, for actors whose work blocks (SQLite, slow disks).
///
/// It can be a task's preferred executor too: a command that uses one such actor and little else then runs on this one
/// thread, and the cooperative pool is never started.
///
/// Jobs run one at a time in the order in which they came. An idle executor wakes for nothing. Its queue cannot have a
/// bound: Swift gives an executor no way to refuse a job, and a job that is dropped is a task that hangs for ever. It
/// holds at most one job per task that waits for the actor, so the bound is the caller's.
///
/// A hop to such a thread costs tens of microseconds: do much per hop.
public final class ThreadExecutor: SerialExecutor, TaskExecutor {
  /// Name of the thread, cut to 15 bytes.
  public let name: String
  /// Shared with the thread, which does not keep the executor itself alive.
  private let queue: Guarded<Queue>

  /// Starts the thread.
  ///
  /// - Throws: `ThreadFailure` where the system has no thread left.
  public init(name: String) throws(ThreadFailure) {
    self.name = name
    queue = Guarded(Queue())
    let queue = queue
    let code = OwnThread.start(name: name) { ThreadExecutor.work(queue) }
    if code != 0 {
      throw ThreadFailure(code: code, "thread \(name) could not be started: \(SystemError.text(code))")
    }
  }

  deinit { queue.change { $0.isStopping = true } }

  /// Adds a job behind those that wait.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let mustRestart = queue.change { queue in
      queue.jobs.append(job)
      queue.keeper = self
      guard queue.hasEnded else { return false }
      queue.hasEnded = false
      return true
    }
    guard mustRestart else { return }
    // A job after `stop`: it still has to run, or its task hangs. A thread for it alone, or, where there is none to be
    // had, this one; `hasEnded` sees to it that there is never a second beside it.
    let queue = queue
    if OwnThread.start(name: name, { ThreadExecutor.work(queue) }) != 0 { ThreadExecutor.work(queue) }
  }

  /// Runs what waits, ends the thread, and returns when it has ended. Blocks: not for the cooperative pool. Called on
  /// the executor's own thread it returns at once, and the thread ends after the jobs that wait.
  public func stop() {
    queue.change { $0.isStopping = true }
    if isIsolatingCurrentContext() == true { return }
    queue.wait { $0.hasEnded ? () : nil }
  }

  /// Blocks until the thread has ended, or for a limit: then false. It does not keep the executor; for tests, which see
  /// with it what comes after the executor has gone.
  var endOfThread: @Sendable (_ limit: Duration) -> Bool {
    { [queue] limit in queue.wait(atMost: limit) { $0.hasEnded ? true : nil } ?? false }
  }

  /// Whether the caller runs on this executor's thread.
  public func isIsolatingCurrentContext() -> Bool? {
    queue.withLock { $0.thread == retraind_thread_id() }
  }

  /// Stops the process where the caller does not run on this executor's thread.
  public func checkIsolated() {
    precondition(isIsolatingCurrentContext() == true, "not on the thread of executor \(name)")
  }

  /// What the thread and the executor share.
  private struct Queue {
    /// Jobs that wait, oldest first.
    var jobs: [UnownedJob] = []
    /// Keeps the executor alive while jobs wait; it is nil while none do, so that an unused one can go.
    var keeper: ThreadExecutor?
    /// The thread; 0 before it runs and after it ended.
    var thread: UInt = 0
    /// True once it is to end when nothing waits.
    var isStopping = false
    /// True where no thread serves the queue.
    var hasEnded = false
  }

  /// What the thread does next.
  private enum Step {
    /// Runs these, which keep the executor alive.
    case run([UnownedJob], ThreadExecutor)
    /// Ends: nothing waits and nothing will.
    case end
  }

  /// The thread's whole life.
  private static func work(_ queue: Guarded<Queue>) {
    queue.withLock { $0.thread = retraind_thread_id() }
    while case .run(let jobs, let executor) = nextStep(queue) {
      for job in jobs {
        job.runSynchronously(
          isolatedTo: executor.asUnownedSerialExecutor(), taskExecutor: executor.asUnownedTaskExecutor())
      }
    }
    queue.change { _ in }  // wakes whoever waits in `stop`
  }

  /// Waits for jobs and takes them all, or finds that the thread is to end.
  private static func nextStep(_ queue: Guarded<Queue>) -> Step {
    queue.wait { queue in
      if let executor = queue.keeper {
        let jobs = queue.jobs
        queue.jobs = []
        queue.keeper = nil
        return .run(jobs, executor)
      }
      guard queue.isStopping else { return nil }
      queue.thread = 0
      queue.hasEnded = true
      return .end
    }
  }
}
