/// A supervisor at one moment.
public struct SupervisorSnapshot: Sendable, Hashable {
  /// The supervisor's id.
  public let id: String
  /// What it is doing.
  public let state: SupervisorState
  /// The moment on the supervisor's clock.
  public let takenAt: Duration
  /// Its children in the order of their start; temporary ones that have ended are forgotten.
  public internal(set) var children: [ChildSnapshot]
  /// What was abandoned and still runs.
  public let orphans: [OrphanSnapshot]
}

/// What a supervisor is doing.
public enum SupervisorState: String, Sendable, Hashable {
  /// It has not been run yet.
  case idle
  /// Its children are being started for the first time.
  case starting
  /// All children have been ready once.
  case running
  /// Its children are being stopped.
  case stopping
  /// It has stopped.
  case stopped
}

/// A child at one moment.
public struct ChildSnapshot: Sendable, Hashable {
  /// The child's id.
  public let id: String
  /// What it is.
  public let kind: ChildKind
  /// What it is doing.
  public let state: ChildState
  /// The number of its latest start; 0 before the first.
  public let generation: UInt64
  /// How often it was started again.
  public let restarts: Int
  /// Its latest failure; nil where there was none.
  public let lastFailure: ChildOutcome?
  /// Since when it is in this state, on the supervisor's clock.
  public let since: Duration
  /// How long it has been in this state.
  public let age: Duration
  /// Where it is a nested supervisor that runs: that one, or nothing.
  public internal(set) var subtree: [SupervisorSnapshot] = []

  /// Its latest failure, in words; nil where there was none.
  public var lastError: String? { lastFailure?.description }
}

/// What a child is doing.
public enum ChildState: String, Sendable, Hashable {
  /// It is not running: its turn to start has not come, or it was stopped.
  case down
  /// It was started and is not ready yet.
  case starting
  /// It is ready.
  case ready
  /// It was asked to stop.
  case stopping
  /// It failed, and waits for its next start.
  case restarting
  /// It ended for good.
  case ended
}

/// An abandoned child at one moment.
public struct OrphanSnapshot: Sendable, Hashable {
  /// The child's id.
  public let id: String
  /// The start that was abandoned.
  public let generation: UInt64
  /// How long ago it was abandoned.
  public let age: Duration
}
