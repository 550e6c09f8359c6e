/// How a job ended.
public enum JobOutcome: Sendable {
  /// Its body returned, and nobody had cancelled it.
  case finished
  /// Its body threw, and nobody had cancelled it.
  case failed(any Error)
  /// It ended after it was cancelled at its deadline, however it ended.
  case deadlineExceeded
  /// It ended after it was cancelled on request or because the pool stopped, however it ended.
  case cancelled
  /// It ignored its cancellation past its grace, and still runs: its effects are refused.
  case abandoned
}

extension JobOutcome: Hashable, CustomStringConvertible {
  /// Whether two jobs ended in the same way; errors are compared by their texts.
  public static func == (left: JobOutcome, right: JobOutcome) -> Bool {
    switch (left, right) {
    case (.finished, .finished), (.deadlineExceeded, .deadlineExceeded), (.cancelled, .cancelled),
      (.abandoned, .abandoned):
      true
    case (.failed(let left), .failed(let right)): Fault(left) == Fault(right)
    case (.finished, _), (.failed, _), (.deadlineExceeded, _), (.cancelled, _), (.abandoned, _): false
    }
  }

  /// Hashes the words.
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }

  /// In words: `finished`, `failed: …`.
  public var description: String {
    switch self {
    case .finished: "finished"
    case .failed(let error): "failed: \(Fault(error))"
    case .deadlineExceeded: "was ended by its deadline"
    case .cancelled: "was cancelled"
    case .abandoned: "was abandoned: it did not stop, its effects are refused"
    }
  }
}

/// Why a job's task was cancelled.
public enum JobCancellation: String, Sendable, Hashable, CustomStringConvertible {
  /// It reached its deadline.
  case deadline
  /// Somebody asked for it.
  case request
  /// The pool stops.
  case poolStop

  /// For people.
  public var description: String {
    switch self {
    case .deadline: "it reached its deadline"
    case .request: "on request"
    case .poolStop: "the pool stops"
    }
  }
}

/// A job that runs, or ran, in a pool.
public struct Job: Sendable {
  /// Its id.
  public let id: String
  /// Its number, which its effects carry.
  public let generation: UInt64
  /// Set when it has its outcome.
  let latch: Latch<JobOutcome>

  /// Waits for the outcome, also where the waiting task is cancelled: the deadline or the stop of the pool ends the
  /// wait.
  public func outcome() async -> JobOutcome {
    await latch.wait()
  }

  /// Waits for the outcome; where the waiting task is cancelled it leaves, and the job goes on.
  ///
  /// - Throws: `CancellationError` where the waiting task is cancelled before the job has its outcome.
  public func outcomeUnlessCancelled() async throws(CancellationError) -> JobOutcome {
    guard let outcome = await latch.waitUnlessCancelled() else { throw CancellationError() }
    return outcome
  }
}

/// What a job's body gets.
public struct JobContext: Sendable {
  /// The job's id.
  public let id: String
  /// The job's number. Effects carry it.
  public let generation: UInt64
  /// The pool's clock.
  public let clock: SupervisionClock
  /// The fence of the job.
  let incarnation: Fence
  /// The fence of the pool.
  let pool: PoolFence

  /// False once the job was abandoned or has ended, or its pool was replaced: effects must then be refused.
  public var isCurrent: Bool { incarnation.isOpen && pool.isCurrent }
}

/// Why a job was not started.
public enum JobError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One of this id is running; adopt it with `job(_:)`.
  case duplicate(id: String)
  /// The pool holds as many as it can, some of them abandoned.
  case full(capacity: Int, abandoned: Int)
  /// The pool is stopping.
  case stopping
  /// A time that makes no sense.
  case badTime(id: String, field: String, value: Duration)

  /// For people.
  public var description: String {
    switch self {
    case .duplicate(let id): "job \(id) is running already: wait for it, or cancel it first"
    case .full(let capacity, let abandoned):
      "the pool is full: \(capacity) jobs are running, \(abandoned) of them abandoned; try again when one has ended"
    case .stopping: "no job is started any more: the pool is stopping"
    case .badTime(let id, let field, let value):
      "job \(id): \(field) \(value.short) is out of range: a deadline is more than 0, or nil; a grace is 0 or more"
    }
  }
}

/// What a job is doing.
public enum JobState: String, Sendable, Hashable {
  /// It runs.
  case running
  /// Its task is cancelled, and it has its grace to end.
  case cancelling
  /// It ignored its cancellation, and still runs.
  case abandoned
}

/// A job at one moment.
public struct JobSnapshot: Sendable, Hashable {
  /// The job's id.
  public let id: String
  /// The job's number.
  public let generation: UInt64
  /// What it is doing.
  public let state: JobState
  /// How long ago it was started.
  public let age: Duration
  /// How long after its start it is cancelled; nil: never.
  public let deadline: Duration?
}
