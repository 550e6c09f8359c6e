/// Why a request about a child was refused, or failed.
public enum ChildError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A child of this id is there and runs.
  case alreadyStarted(id: String, generation: UInt64)
  /// A child of this id is there, though it does not run: restart it, or delete it first.
  case alreadyPresent(id: String)
  /// There is no such child.
  case notFound(id: String)
  /// The child runs: terminate it first.
  case running(id: String)
  /// The child failed and waits for its next start: terminate it first.
  case restarting(id: String)
  /// A pool cannot do this: its children have no specification of their own.
  case notAvailable(operation: String, pool: String)
  /// The child's start failed.
  case startFailed(id: String, reason: StartFailure)
  /// The specification is refused.
  case invalidSpec(SpecError)
  /// The supervisor holds as many children as it can.
  case full(supervisor: String, limit: Int)
  /// The supervisor was not run yet, is stopping, or has stopped.
  case notRunning(supervisor: String, state: SupervisorState)

  /// The error that the child's start threw; nil where there was none.
  public var underlying: (any Error)? {
    if case .startFailed(_, let reason) = self { reason.underlying } else { nil }
  }

  /// For people.
  public var description: String {
    switch self {
    case .alreadyStarted(let id, let generation): "\(id) is running already, as \(id)#\(generation)"
    case .alreadyPresent(let id): "\(id) is there already, though it is not running: restart it, or delete it first"
    case .notFound(let id): "there is no child \(id)"
    case .running(let id): "\(id) is running: terminate it first"
    case .restarting(let id): "\(id) is being restarted: terminate it first"
    case .notAvailable(let operation, let pool):
      "\(pool) is a pool: it cannot \(operation) a child, only start and terminate one"
    case .startFailed(let id, let reason): "\(id) could not be started: \(reason)"
    case .invalidSpec(let error): "\(error)"
    case .full(let supervisor, let limit): "\(supervisor) holds \(limit) children, and cannot hold more"
    case .notRunning(let supervisor, let state): "\(supervisor) is \(state.rawValue): it takes requests while it runs"
    }
  }
}
