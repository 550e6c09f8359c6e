extension SupervisorEvent: CustomStringConvertible {
  /// The event on one line, for a log.
  public var description: String {
    switch self {
    case .started(let id, let generation):
      return "\(id)#\(generation) started"
    case .ready(let id, let generation, let after):
      return "\(id)#\(generation) is ready after \(after.short)"
    case .terminated(let id, let generation, let outcome, let restartIn):
      return "\(id)#\(generation) ended: \(Self.clause("\(outcome)")); \(Self.again("restarts", restartIn))"
    case .startFailed(let id, let generation, let reason, let retryIn):
      return "\(id)#\(generation) did not start: \(Self.clause("\(reason)")); \(Self.again("next try", retryIn))"
    case .declined(let id, let generation):
      return "\(id)#\(generation) declined to start"
    case .unresponsive(let id, let generation, let after):
      return "\(id)#\(generation) gave no sign of life for \(after.short): it is stopped"
    case .restarting(let id, let generation, let restarts):
      return "\(id)#\(generation) restarted (restart \(restarts))"
    case .stopping(let id, let generation):
      return "\(id)#\(generation) is asked to stop"
    case .stopped(let id, let generation, let fault):
      guard let fault else { return "\(id)#\(generation) stopped" }
      return "\(id)#\(generation) stopped with an error: \(fault)"
    case .abandoned(let id, let generation, let waited):
      return "\(id)#\(generation) did not stop within \(waited.short): abandoned, its effects are refused"
    case .orphanEnded(let id, let generation, let age):
      return "\(id)#\(generation) ended after all, \(age.short) after it was abandoned"
    case .supervisorReady(let supervisor, let children):
      return "\(supervisor) is ready (\(children) \(children == 1 ? "child" : "children"))"
    case .escalated(let supervisor, let child, let generation, let cause):
      return "\(supervisor) gives up because of \(child)#\(generation): \(cause)"
    case .autoShutdown(let supervisor, let child):
      return "\(supervisor) ends because its significant child \(child) has ended"
    case .reloaded(let supervisor):
      return "\(supervisor) has new specifications"
    case .supervisorStopping(let supervisor):
      return "\(supervisor) is stopping"
    case .supervisorStopped(let supervisor, let report):
      return "\(supervisor) stopped: \(report)"
    case .jobStarted(let id, let generation, let deadline):
      return "job \(id)#\(generation) started\(deadline.map { ", at most \($0.short)" } ?? "")"
    case .jobCancelled(let id, let generation, let cause):
      return "job \(id)#\(generation) is cancelled: \(cause)"
    case .jobEnded(let id, let generation, let outcome, let age):
      return "job \(id)#\(generation) \(outcome) after \(age.short)"
    }
  }

  /// Words of an error, which come with a full stop and without, before others that go on.
  private static func clause(_ words: String) -> String { words.hasSuffix(".") ? String(words.dropLast()) : words }

  /// What comes next for a child.
  private static func again(_ what: String, _ delay: Duration?) -> String {
    delay.map { "\(what) in \($0.short)" } ?? "not started again"
  }
}
