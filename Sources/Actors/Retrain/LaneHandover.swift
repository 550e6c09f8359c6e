import Platform

/// What a restarted RetrainActor takes over from the one before it: the job that is running, the lane's lock, and those
/// who wait for ends.
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
    var isDraining = false
  }
  private let state = Guarded(State())

  /// Tells how runs ended.
  let ends = RunEnds()

  /// Wakes those who wait for the journal.
  let recovery = JournalRecovery()

  /// The run that has the lane now; it has it until its body is confirmed gone.
  var running: Running? { state.withLock { $0.running } }

  /// True while this process holds the lane's lock.
  var isLocked: Bool { state.withLock { $0.lock != nil } }

  /// True once the whole daemon stops: what runs is then cancelled and journalled as interrupted. While it is false, an
  /// incarnation that is cancelled leaves its job to the next one.
  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// The whole daemon stops.
  func beginDraining() {
    state.withLock { $0.isDraining = true }
    ends.close()
  }

  /// A run has the lane.
  func onStarted(_ running: Running) { state.withLock { $0.running = running } }

  /// The lane is free again, for other processes too.
  func onEnded() {
    let lock = state.withLock { state -> FileLock? in
      state.running = nil
      defer { state.lock = nil }
      return state.lock
    }
    lock?.release()
  }

  /// Lets other processes have the lane while nothing of this one uses the model server; it is locked anew before
  /// anything does.
  func releaseLock() {
    let lock = state.withLock { state -> FileLock? in
      defer { state.lock = nil }
      return state.lock
    }
    lock?.release()
  }

  /// The lane's lock is held from now on.
  func hold(_ lock: FileLock) { state.withLock { $0.lock = lock } }
}
