#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A thread that runs one actor's jobs in order, so that its blocking calls never hold up the cooperative pool.
///
/// The queue needs no bound of its own: a task that waits for the actor stands in it once, so it is as long as the
/// number of tasks that call.
public final class SQLiteThread: SerialExecutor, @unchecked Sendable {
  // `mutex` protects `jobs` and `isStopped`; the pointers themselves never change.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var jobs: [UnownedJob] = []
  private var isStopped = false
  private let onEnd: @Sendable () -> Void

  /// Starts the thread.
  public convenience init() throws(SQLiteFailure) { try self.init(onEnd: {}) }

  /// Starts the thread; `onEnd` is its last act.
  init(onEnd: @escaping @Sendable () -> Void) throws(SQLiteFailure) {
    self.onEnd = onEnd
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    // The thread holds the executor until it ends, so that the last job may release the actor that owns it.
    let box = Unmanaged.passRetained(self)
    let code = pthread_create(&thread, nil, runJobs, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw SQLiteFailure(
        kind: .other, path: "",
        description: "No thread could be started for the database: "
          + "\(SQLiteFile.words(for: code) ?? "unknown error"). Raise the limit of processes (ulimit -u, TasksMax).")
    }
    #if canImport(Darwin)
      if let thread { pthread_detach(thread) }
    #else
      pthread_detach(thread)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Ends the thread when its queue is empty; only for the actor's `deinit`, after which no job can come.
  public func stop() {
    pthread_mutex_lock(mutex)
    isStopped = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Adds a job to the end of the queue.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    jobs.append(job)
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// The thread's body: returns when stopped and out of jobs.
  fileprivate func run() {
    while let batch = nextJobs() {
      for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
    onEnd()
  }

  private func nextJobs() -> [UnownedJob]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while jobs.isEmpty {
      if isStopped { return nil }
      pthread_cond_wait(condition, mutex)
    }
    defer { jobs = [] }
    return jobs
  }
}

#if canImport(Darwin)
  private func runJobs(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<SQLiteThread>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }
#else
  private func runJobs(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<SQLiteThread>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }
#endif
