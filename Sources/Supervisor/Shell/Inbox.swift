/// What happened, as told to a supervisor.
enum Post: Sendable {
  /// The run begins; the continuation gets its end.
  case run(CheckedContinuation<Result<StopReport, SupervisorError>, Never>)
  /// A child is ready.
  case ready(ChildKey, generation: UInt64, info: (any Sendable)?)
  /// A child's task has ended.
  case ended(ChildKey, generation: UInt64, exit: ChildExit)
  /// A child is a nested supervisor.
  case attached(ChildKey, generation: UInt64, Supervisor)
  /// Something has ended that a nested supervisor had left behind.
  case heirEnded(OrphanLedger.Key)
  /// A child waits to be asked to stop.
  case parked(ChildKey, generation: UInt64, UnsafeContinuation<Void, Never>)
  /// The alarm that was set for this time has gone off.
  case alarm(Duration)
  /// Somebody asks for the stop.
  case stop
  /// Somebody asks for something else; called with the turn.
  case request(@Sendable (Supervisor) -> Void)
}

/// What waits for the turn, and whether somebody has it.
///
/// Its bound is in what is posted: at most three times for each start that lives, once for the alarm, the run and the
/// stop, and once for each task that waits for an answer or for the stop.
struct Inbox {
  /// What waits, in order.
  private var pending: [Post] = []
  /// True while somebody has the turn.
  private var isTaken = false
  /// True once a stop is among what was posted.
  private var hasStop = false

  /// Takes the turn for a post; false where somebody has it, and the post waits.
  mutating func claim(for post: Post) -> Bool {
    if case .stop = post {
      // One is enough: a further one finds the turn taken, so to speak.
      guard !hasStop else { return false }
      hasStop = true
    }
    guard isTaken else {
      isTaken = true
      return true
    }
    pending.append(post)
    return false
  }

  /// Adds a post without handling it; true where the turn was free, and the caller has to see to it.
  mutating func enqueue(_ post: Post) -> Bool {
    if case .stop = post {
      guard !hasStop else { return false }
      hasStop = true
    }
    pending.append(post)
    guard !isTaken else { return false }
    isTaken = true
    return true
  }

  /// Swaps what waits for an empty array; false where nothing waits, and the turn is free again.
  mutating func exchange(_ batch: inout [Post]) -> Bool {
    guard !pending.isEmpty else {
      isTaken = false
      return false
    }
    swap(&pending, &batch)
    return true
  }
}
