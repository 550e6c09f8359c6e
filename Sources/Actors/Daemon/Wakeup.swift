import Platform
import Supervision

/// Wakes one loop: any number of `poke`s before it looks count as one, none is lost.
final class Wakeup: Sendable {
  private struct State {
    /// True where a poke came while nobody waited.
    var isPending = false
    /// Who waits, by the number of its wait: at most one loop, but a cancelled wait may overlap the next.
    var waiter: (number: UInt64, continuation: CheckedContinuation<Void, Never>)?
    /// Number of the newest wait.
    var waits: UInt64 = 0
    /// Waits that were cancelled before they had registered.
    var cancelled: UInt64 = 0
  }
  private let state = Guarded(State())

  /// Wakes the loop, or lets its next wait return at once.
  func poke() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard let waiter = state.waiter else {
        state.isPending = true
        return nil
      }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  /// Returns at the next poke, or when the task is cancelled.
  func wait() async {
    let number = state.withLock { state -> UInt64 in
      state.waits += 1
      return state.waits
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state -> Bool in
          if state.isPending || state.cancelled >= number {
            state.isPending = false
            return true
          }
          state.waiter = (number, continuation)
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
        guard let waiter = state.waiter, waiter.number == number else {
          state.cancelled = max(state.cancelled, number)
          return nil
        }
        state.waiter = nil
        return waiter.continuation
      }
      waiter?.resume()
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
