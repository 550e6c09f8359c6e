/// What became of the children when their supervisor stopped.
public struct StopReport: Sendable, Hashable, CustomStringConvertible {
  /// A child that still runs.
  public struct Unstopped: Sendable, Hashable {
    /// Its id.
    public let id: String
    /// The start that still runs.
    public let generation: UInt64
    /// How long ago it was abandoned.
    public let age: Duration
  }

  /// A child that did not end cleanly when it was asked to.
  public struct Failure: Sendable, Hashable {
    /// Its id.
    public let id: String
    /// What it threw.
    public let fault: Fault
  }

  /// The children that stopped, in the order in which they did.
  public internal(set) var stopped: [String] = []
  /// What was abandoned, now or earlier, and still runs.
  public internal(set) var unstopped: [Unstopped] = []
  /// What threw an error on the way out.
  public internal(set) var failures: [Failure] = []

  /// True where everything stopped without an error.
  public var isClean: Bool { unstopped.isEmpty && failures.isEmpty }

  /// On one line, for people.
  public var description: String {
    var parts = ["\(stopped.count) stopped"]
    if !unstopped.isEmpty {
      parts.append("still running: " + unstopped.map { "\($0.id)#\($0.generation)" }.joined(separator: ", "))
    }
    if !failures.isEmpty {
      parts.append("with errors: " + failures.map { "\($0.id) (\($0.fault))" }.joined(separator: ", "))
    }
    return parts.joined(separator: "; ")
  }
}

/// Why a supervisor did not run, or did not go on.
public enum SupervisorError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A child's first start failed; the ones started before it were stopped in reverse.
  case startFailed(child: String, reason: StartFailure, report: StopReport)
  /// Restarts did not help; all children were stopped in reverse.
  case escalated(child: String, cause: EscalationCause, report: StopReport)
  /// `run()` was called a second time.
  case alreadyRun(supervisor: String)
  /// The supervisor was stopped before its children were ready.
  case stoppedBeforeReady(supervisor: String)
  /// The task that waited for readiness was cancelled.
  case waitCancelled(supervisor: String)

  /// The error of the child that caused it; nil where no child threw.
  public var underlying: (any Error)? {
    switch self {
    case .startFailed(_, let reason, _): reason.underlying
    case .escalated(_, .restarts(_, _, let last), _): last.underlying
    case .escalated(_, .orphans, _), .alreadyRun, .stoppedBeforeReady, .waitCancelled: nil
    }
  }

  /// For people.
  public var description: String {
    switch self {
    case .startFailed(let child, let reason, _): "\(child) could not be started: \(reason)"
    case .escalated(let child, let cause, _): "\(child) cannot be kept running: \(cause)"
    case .alreadyRun(let supervisor): "\(supervisor) has been run already: make a new supervisor for each run"
    case .stoppedBeforeReady(let supervisor): "\(supervisor) was stopped before its children were ready"
    case .waitCancelled(let supervisor): "the wait for \(supervisor) to be ready was cancelled"
    }
  }
}
