import Platform
import Supervision

/// Tells those who wait for the journal that it can be written again, and others that somebody waits for it.
///
/// It belongs to the daemon, not to an incarnation of the lane or of the journal.
final class JournalRecovery: Sendable {
  /// Why something waits for the journal.
  struct Trouble: Sendable, Hashable {
    /// When the waiting began, on the clock of the daemon.
    var since: Duration
    /// The journal's last failure, in words.
    var why: String
  }

  private struct State {
    /// Recoveries so far.
    var recoveries: UInt64 = 0
    /// Number of the newest wait or trouble.
    var newest: UInt64 = 0
    /// Who sleeps until the next recovery, by number; as many as there are tasks in `wait`.
    var sleepers: [UInt64: Wakeup] = [:]
    /// What is being repeated, by number; as many as there are tasks in `JournalPatience.callAsFunction`.
    var troubles: [UInt64: Trouble] = [:]
  }
  private let state = Guarded(State())

  /// Recoveries so far: taken when a call failed, it keeps a recovery before the wait from being missed.
  var mark: UInt64 { state.withLock { $0.recoveries } }

  /// The longest of the waits that go on; nil where nothing waits for the journal.
  var trouble: Trouble? { state.withLock { $0.troubles.values.min { $0.since < $1.since } } }

  /// The journal took a write after it had refused one.
  func onRecovered() {
    let sleepers = state.withLock { state -> [Wakeup] in
      state.recoveries += 1
      return Array(state.sleepers.values)
    }
    for sleeper in sleepers { sleeper.poke() }
  }

  /// Returns at a recovery after `mark`, at `deadline`, or when the task is cancelled.
  func wait(after mark: UInt64, until deadline: Duration, clock: SupervisionClock) async {
    let wakeup = Wakeup()
    let number = state.withLock { state -> UInt64? in
      guard state.recoveries == mark else { return nil }
      state.newest += 1
      state.sleepers[state.newest] = wakeup
      return state.newest
    }
    guard let number else { return }
    await wakeup.wait(until: deadline, clock: clock)
    state.withLock { $0.sleepers[number] = nil }
  }

  /// Something begins to wait, or waits on for another reason.
  ///
  /// - Returns: its number for `onOver`.
  func onTrouble(_ number: UInt64?, why: String, now: Duration) -> UInt64 {
    state.withLock { state in
      if let number {
        state.troubles[number]?.why = why
        return number
      }
      state.newest += 1
      state.troubles[state.newest] = Trouble(since: now, why: why)
      return state.newest
    }
  }

  /// It waits no more.
  func onOver(_ number: UInt64) { state.withLock { $0.troubles[number] = nil } }
}
