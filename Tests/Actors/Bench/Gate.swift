import Platform

/// Holds tasks until a test opens it.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    var next: UInt64 = 0
  }
  private let state = Guarded(State())

  /// Lets everybody through, from now on.
  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [:] }
      return state.waiters
    }
    for (_, waiter) in waiters { waiter.resume(returning: true) }
  }

  /// Waits; false where the task is cancelled first. A deaf wait only tells of its cancellation, and waits on.
  func wait(isDeaf: Bool = false, onCancel: @escaping @Sendable () -> Void = {}) async -> Bool {
    let id = state.withLock { state in
      state.next += 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> Bool? in
          if state.isOpen { return true }
          if Task.isCancelled && !isDeaf { return false }
          state.waiters[id] = continuation
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      onCancel()
      if !isDeaf { state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: false) }
    }
  }
}
