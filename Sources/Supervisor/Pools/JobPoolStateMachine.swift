/// The decisions of a job pool: what runs, what is cancelled, what is given up. No clock, no task.
struct JobPoolStateMachine: Sendable {
  /// What the shell is to do.
  enum Action: Sendable {
    /// Cancel a job's task.
    case cancel(generation: UInt64)
    /// A job is given up: fence it and let its task go.
    case release(generation: UInt64)
    /// A job has its outcome: tell those who wait.
    case settle(generation: UInt64, JobOutcome)
    /// Tell what happened.
    case emit(SupervisorEvent)
    /// The pool is stopping and nothing is left to wait for.
    case drained
  }

  /// A job that has not ended.
  struct Entry: Sendable {
    /// What a job is doing.
    enum State: Sendable, Hashable {
      /// It runs.
      case running
      /// Its task is cancelled.
      case cancelling(JobCancellation)
      /// It was given up.
      case abandoned
    }

    /// Its id.
    let id: String
    /// How long after its start it is cancelled.
    let deadline: Duration?
    /// How long it has to end when cancelled.
    let grace: Duration
    /// When it was started.
    let startedAt: Duration
    /// What it is doing.
    var state = State.running
    /// When that began.
    var since: Duration
    /// Which of its deadlines counts.
    var stamp: UInt64 = 0
  }

  /// How many jobs it holds, abandoned ones included.
  let capacity: Int
  /// The number of the next job.
  private var nextGeneration: UInt64
  /// The jobs that have not ended, by number.
  private(set) var jobs: [UInt64: Entry] = [:]
  /// The numbers of those that are not abandoned, by id.
  private(set) var active: [String: UInt64] = [:]
  /// Their deadlines.
  private var deadlines = DeadlineQueue()
  /// True once no job is started any more.
  private(set) var isStopping = false

  /// Begins without a job.
  init(capacity: Int, firstGeneration: UInt64) {
    self.capacity = capacity
    nextGeneration = firstGeneration
  }

  /// Somebody wants a job.
  mutating func onStart(
    id: String, deadline: Duration?, grace: Duration, now: Duration
  ) throws(JobError) -> (generation: UInt64, actions: [Action]) {
    guard !isStopping else { throw .stopping }
    if let deadline, deadline <= .zero { throw .badTime(id: id, field: "deadline", value: deadline) }
    guard grace >= .zero else { throw .badTime(id: id, field: "grace", value: grace) }
    guard active[id] == nil else { throw .duplicate(id: id) }
    guard jobs.count < capacity else { throw .full(capacity: capacity, abandoned: jobs.count - active.count) }
    let generation = nextGeneration
    nextGeneration += 1
    active[id] = generation
    let limit = deadline.map { min($0, Defaults.longestDuration) }
    jobs[generation] = Entry(
      id: id, deadline: limit, grace: min(grace, Defaults.longestDuration), startedAt: now, since: now)
    if let limit { arm(generation, at: now + limit, stamp: 0) }
    return (generation, [.emit(.jobStarted(id: id, generation: generation, deadline: limit))])
  }

  /// A job's task has ended.
  mutating func onEnded(generation: UInt64, exit: ChildExit, now: Duration) -> [Action] {
    guard let job = jobs.removeValue(forKey: generation) else { return [] }
    let outcome: JobOutcome
    switch job.state {
    case .abandoned:
      return [.emit(.orphanEnded(id: job.id, generation: generation, age: now - job.since))]
    case .cancelling(.deadline): outcome = .deadlineExceeded
    case .cancelling(.request), .cancelling(.poolStop): outcome = .cancelled
    case .running:
      switch exit {
      case .returned, .declined, .subtree: outcome = .finished
      case .threw(let error): outcome = .failed(error)
      }
    }
    active[job.id] = nil
    return settle(job, generation, outcome, now: now)
  }

  /// Somebody wants a job to end.
  mutating func onCancel(id: String, now: Duration) -> [Action] {
    guard let generation = active[id], let job = jobs[generation], job.state == .running else { return [] }
    return cancel(generation, .request, until: now + job.grace, now: now)
  }

  /// The pool is to stop: all jobs are cancelled at once, and have the longest of their graces together.
  mutating func onStop(now: Duration) -> [Action] {
    guard !isStopping else { return [] }
    isStopping = true
    let running = active.values.filter { jobs[$0]?.state == .running }.sorted()
    let grace = running.compactMap { jobs[$0]?.grace }.max() ?? .zero
    var actions = running.flatMap { cancel($0, .poolStop, until: now + grace, now: now) }
    if active.isEmpty { actions.append(.drained) }
    return actions
  }

  /// Time has come for what is due.
  mutating func onAlarm(now: Duration) -> [Action] {
    var actions: [Action] = []
    while let entry = deadlines.first, entry.deadline <= now {
      deadlines.pop()
      guard let job = jobs[entry.owner], job.stamp == entry.stamp else { continue }
      switch job.state {
      case .running: actions += cancel(entry.owner, .deadline, until: now + job.grace, now: now)
      case .cancelling: actions += abandon(entry.owner, now: now)
      case .abandoned: break
      }
    }
    return actions
  }

  /// When the next input of time is due; nil where nothing waits for time.
  mutating func nextDeadline() -> Duration? {
    while let entry = deadlines.first {
      if jobs[entry.owner]?.stamp == entry.stamp { return entry.deadline }
      deadlines.pop()
    }
    return nil
  }

  /// The jobs at this moment, oldest first.
  func snapshot(now: Duration) -> [JobSnapshot] {
    jobs.sorted { $0.key < $1.key }.map { generation, job in
      let state: JobState =
        switch job.state {
        case .running: .running
        case .cancelling: .cancelling
        case .abandoned: .abandoned
        }
      return JobSnapshot(
        id: job.id, generation: generation, state: state, age: now - job.startedAt, deadline: job.deadline)
    }
  }

  /// Cancels a job that runs.
  private mutating func cancel(
    _ generation: UInt64, _ cause: JobCancellation, until limit: Duration, now: Duration
  ) -> [Action] {
    guard let job = enter(generation, .cancelling(cause), now: now) else { return [] }
    arm(generation, at: limit, stamp: job.stamp)
    return [
      .emit(.jobCancelled(id: job.id, generation: generation, cause: cause)), .cancel(generation: generation),
    ]
  }

  /// Gives a job up that does not end.
  private mutating func abandon(_ generation: UInt64, now: Duration) -> [Action] {
    guard let before = jobs[generation], let job = enter(generation, .abandoned, now: now) else { return [] }
    active[job.id] = nil
    return [
      .release(generation: generation),
      .emit(.abandoned(id: job.id, generation: generation, waited: now - before.since)),
    ] + settle(job, generation, .abandoned, now: now)
  }

  /// Gives a job its outcome.
  private func settle(_ job: Entry, _ generation: UInt64, _ outcome: JobOutcome, now: Duration) -> [Action] {
    var actions: [Action] = [
      .emit(.jobEnded(id: job.id, generation: generation, outcome: outcome, age: now - job.startedAt)),
      .settle(generation: generation, outcome),
    ]
    if isStopping && active.isEmpty { actions.append(.drained) }
    return actions
  }

  /// Changes the state of a job; a deadline of the old one no longer counts.
  private mutating func enter(_ generation: UInt64, _ state: Entry.State, now: Duration) -> Entry? {
    guard var job = jobs[generation] else { return nil }
    job.state = state
    job.since = now
    job.stamp += 1
    jobs[generation] = job
    return job
  }

  /// Sets the deadline of a job's present state.
  private mutating func arm(_ generation: UInt64, at deadline: Duration, stamp: UInt64) {
    deadlines.push(deadline, owner: generation, stamp: stamp)
    deadlines.compact(live: jobs.count) { [jobs] in jobs[$0.owner]?.stamp == $0.stamp }
  }
}
