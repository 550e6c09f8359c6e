import Platform
import Supervision

/// Wakes a loop: any number of `poke`s before it looks count as one, none is lost.
///
/// Made for one loop. Where that of a replaced instance still waits beside that of its successor, a poke wakes both.
final class Wakeup: Sendable {
  private struct State {
    /// True where a poke came while nobody waited.
    var isPending = false
    /// Who waits, by the number of its wait; as many as there are tasks in `wait`.
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    /// Number of the newest wait.
    var waits: UInt64 = 0
  }
  private let state = Guarded(State())

  /// True while somebody waits.
  var isWaitedFor: Bool { state.withLock { !$0.waiters.isEmpty } }

  /// Blocks until the number of those who wait satisfies a condition, or for the limit: then false. For tests, which call
  /// it on a thread of its own.
  func blockUntil(waiting isThere: (Int) -> Bool, atMost limit: Duration) -> Bool {
    state.wait(atMost: limit) { isThere($0.waiters.count) ? true : nil } ?? false
  }

  /// Wakes the loop, or lets its next wait return at once.
  func poke() {
    let waiters = state.change { state -> [UInt64: CheckedContinuation<Void, Never>] in
      if state.waiters.isEmpty { state.isPending = true }
      defer { state.waiters = [:] }
      return state.waiters
    }
    for (_, waiter) in waiters { waiter.resume() }
  }

  /// Returns at the next poke, or when the task is cancelled. A cancelled wait takes no poke from the next one.
  func wait() async {
    let number = state.withLock { state -> UInt64 in
      state.waits += 1
      return state.waits
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // A cancelled task carries its flag before its handler runs, and the handler takes this lock: one of the two
        // sees the other.
        let isDone = state.change { state -> Bool in
          if Task.isCancelled { return true }
          if state.isPending {
            state.isPending = false
            return true
          }
          state.waiters[number] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      state.change { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }

  /// Returns at the next poke, at `deadline`, or when the task is cancelled.
  func wait(until deadline: Duration, clock: SupervisionClock) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await clock.sleep(until: deadline) }
      group.addTask { await self.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}
