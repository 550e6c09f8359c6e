import Platform

/// What a restarted RetrainActor takes over from the one before it: the job that is running, and the lane's lock.
///
/// It belongs to the daemon, not to an incarnation, so that a crash of the actor neither frees the lane under a running
/// download nor loses sight of it.
final class LaneHandover: Sendable {
  /// The run that has the lane.
  struct Running: Sendable {
    /// Its id.
    var run: String
    /// What it tells.
    var report: RunReport
    /// The fence that its journal entries carry.
    var fence: Int64
  }

  private struct State {
    var running: Running?
    var lock: FileLock?
  }
  private let state = Guarded(State())

  /// The run that has the lane now.
  var running: Running? { state.withLock { $0.running } }

  /// True while this process holds the lane's lock.
  var isLocked: Bool { state.withLock { $0.lock != nil } }

  /// A run has the lane.
  func onStarted(_ running: Running) { state.withLock { $0.running = running } }

  /// The lane is free again.
  func onEnded() { state.withLock { $0.running = nil } }

  /// The lane's lock is held from now on.
  func hold(_ lock: FileLock) { state.withLock { $0.lock = lock } }

  /// Lets the lane's lock go.
  func releaseLock() { state.withLock { $0.lock = nil } }
}
