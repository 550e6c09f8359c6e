/// What came of a start that was asked for.
public struct StartedChild: Sendable {
  /// The child's id.
  public let id: String
  /// The start that is ready, or that declined.
  public let generation: UInt64
  /// What the child gave to `ready(_:)`; the supervisor does not look at it.
  public let info: (any Sendable)?
  /// True where the child declined to start: nothing runs.
  public let declined: Bool
  /// Which child it is, to a pool.
  let key: ChildKey
}

/// A child as a list of them shows it.
public struct ChildInfo: Sendable, Hashable {
  /// The child's id.
  public let id: String
  /// What it is.
  public let kind: ChildKind
  /// What it is doing.
  public let state: ChildState
  /// The number of its latest start; 0 before the first.
  public let generation: UInt64
}

/// How many children a supervisor has.
public struct ChildCounts: Sendable, Hashable {
  /// Those with a specification, whether they run or not.
  public let specs: Int
  /// Those that run; one that waits for its restart does not.
  public let active: Int
  /// The supervisors and pools among those with a specification.
  public let supervisors: Int
  /// The others among those with a specification.
  public let workers: Int

  /// Makes the counts.
  public init(specs: Int, active: Int, supervisors: Int, workers: Int) {
    self.specs = specs
    self.active = active
    self.supervisors = supervisors
    self.workers = workers
  }
}
