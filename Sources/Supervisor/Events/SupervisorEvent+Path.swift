extension SupervisorEvent {
  /// The event of a nested supervisor as its root tells it: the supervisor is its path, its children are below it.
  func under(_ path: String) -> SupervisorEvent {
    func below(_ id: String) -> String { "\(path)/\(id)" }
    switch self {
    case .started(let id, let generation): return .started(id: below(id), generation: generation)
    case .ready(let id, let generation, let after): return .ready(id: below(id), generation: generation, after: after)
    case .terminated(let id, let generation, let outcome, let delay):
      return .terminated(id: below(id), generation: generation, outcome: outcome, restartIn: delay)
    case .startFailed(let id, let generation, let reason, let delay):
      return .startFailed(id: below(id), generation: generation, reason: reason, retryIn: delay)
    case .declined(let id, let generation): return .declined(id: below(id), generation: generation)
    case .unresponsive(let id, let generation, let after):
      return .unresponsive(id: below(id), generation: generation, after: after)
    case .restarting(let id, let generation, let restarts):
      return .restarting(id: below(id), generation: generation, restarts: restarts)
    case .stopping(let id, let generation): return .stopping(id: below(id), generation: generation)
    case .stopped(let id, let generation, let fault):
      return .stopped(id: below(id), generation: generation, fault: fault)
    case .abandoned(let id, let generation, let waited):
      return .abandoned(id: below(id), generation: generation, waited: waited)
    case .orphanEnded(let id, let generation, let age):
      return .orphanEnded(id: below(id), generation: generation, age: age)
    case .supervisorReady(_, let children): return .supervisorReady(supervisor: path, children: children)
    case .escalated(_, let child, let generation, let cause):
      return .escalated(supervisor: path, child: below(child), generation: generation, cause: cause)
    case .autoShutdown(_, let child): return .autoShutdown(supervisor: path, child: below(child))
    case .reloaded: return .reloaded(supervisor: path)
    case .supervisorStopping: return .supervisorStopping(supervisor: path)
    case .supervisorStopped(_, let report): return .supervisorStopped(supervisor: path, report: report)
    // Jobs are told by their pool itself, not through a supervisor.
    case .jobStarted, .jobCancelled, .jobEnded: return self
    }
  }
}
