/// What a supervisor or a pool did or saw, as a value. Rendered in SupervisorEvent+Description.swift.
///
/// Of nested supervisors the names are paths: `web/workers/3` is the child `3` of `workers`, a child of `web`.
public enum SupervisorEvent: Sendable, Hashable {
  // MARK: Children

  /// A child was started for the first time.
  case started(id: String, generation: UInt64)
  /// A child is ready, this long after its start.
  case ready(id: String, generation: UInt64, after: Duration)
  /// A child that was ready ended though nobody had asked; nil: it is not started again.
  case terminated(id: String, generation: UInt64, outcome: ChildOutcome, restartIn: Duration?)
  /// A start was not completed; nil: it is not tried again.
  case startFailed(id: String, generation: UInt64, reason: StartFailure, retryIn: Duration?)
  /// A child declined to start: it has nothing to do.
  case declined(id: String, generation: UInt64)
  /// A child gave no sign of life for longer than its heartbeat allows, and is stopped for that.
  case unresponsive(id: String, generation: UInt64, after: Duration)
  /// A child was started again, for the n-th time.
  case restarting(id: String, generation: UInt64, restarts: Int)
  /// A child was asked to stop.
  case stopping(id: String, generation: UInt64)
  /// A child that was asked to stop did; with an error where it threw anything but `CancellationError`.
  case stopped(id: String, generation: UInt64, fault: Fault?)
  /// A child or job ignored its cancellation for this long: it is fenced, and nobody waits for it any more.
  case abandoned(id: String, generation: UInt64, waited: Duration)
  /// An abandoned child or job has ended after all.
  case orphanEnded(id: String, generation: UInt64, age: Duration)

  // MARK: The supervisor

  /// All children are ready.
  case supervisorReady(supervisor: String, children: Int)
  /// The supervisor gives up because of a child.
  case escalated(supervisor: String, child: String, generation: UInt64, cause: EscalationCause)
  /// The supervisor stops because a significant child has ended.
  case autoShutdown(supervisor: String, child: String)
  /// The specifications were replaced; nothing was started or stopped by that.
  case reloaded(supervisor: String)
  /// The supervisor stops its children in reverse.
  case supervisorStopping(supervisor: String)
  /// The supervisor has stopped.
  case supervisorStopped(supervisor: String, report: StopReport)

  // MARK: Jobs

  /// A job was started.
  case jobStarted(id: String, generation: UInt64, deadline: Duration?)
  /// A job's task was cancelled.
  case jobCancelled(id: String, generation: UInt64, cause: JobCancellation)
  /// A job has its outcome.
  case jobEnded(id: String, generation: UInt64, outcome: JobOutcome, age: Duration)
}
