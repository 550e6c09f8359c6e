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

  /// What became of the children; empty where none was started.
  public var report: StopReport {
    switch self {
    case .startFailed(_, _, let report), .escalated(_, _, let report): report
    case .alreadyRun, .stoppedBeforeReady, .waitCancelled: StopReport()
    }
  }

  /// The error of the child that caused it; nil where no child threw.
  public var underlying: (any Error)? {
    switch self {
    case .startFailed(_, let reason, _): reason.underlying
    case .escalated(_, .restarts(_, _, let last), _): last.underlying
    case .escalated(_, .orphans, _), .alreadyRun, .stoppedBeforeReady, .waitCancelled: nil
    }
  }

  /// True where it was stopped, and nothing went wrong.
  var isStop: Bool {
    switch self {
    case .stoppedBeforeReady: true
    case .startFailed, .escalated, .alreadyRun, .waitCancelled: false
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
