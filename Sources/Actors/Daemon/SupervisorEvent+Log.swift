import Platform
import Supervision

extension Log {
  /// Writes what a supervisor tells: faults as errors, restarts as warnings, the rest for debugging.
  func supervision(_ event: SupervisorEvent) {
    switch event {
    case .startFailed, .abandoned, .escalated, .unresponsive: error("Supervisor: \(event)")
    case .terminated(_, _, let outcome, _):
      if case .failed = outcome { error("Supervisor: \(event)") } else { debug("Supervisor: \(event)") }
    case .restarting, .orphanEnded: warning("Supervisor: \(event)")
    case .started, .ready, .declined, .stopping, .stopped, .supervisorReady, .autoShutdown, .reloaded,
      .supervisorStopping, .supervisorStopped, .jobStarted, .jobCancelled, .jobEnded:
      debug("Supervisor: \(event)")
    }
  }
}
