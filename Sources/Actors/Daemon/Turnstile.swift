import Platform

/// Lets one caller through at a time, in the order in which they came: an actor would let them overlap across `await`.
final class Turnstile: Sendable {
  private struct State {
    var isTaken = false
    /// Who waits, first in front; as many as there are callers, which are few: reloads and status dumps.
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Guarded(State())

  /// How many wait now.
  var waiting: Int { state.withLock { $0.waiting.count } }

  /// Runs `body` when everybody who came before is through.
  func pass<Value: Sendable>(_ body: @Sendable () async -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state -> Bool in
        if state.isTaken {
          state.waiting.append(continuation)
          return false
        }
        state.isTaken = true
        return true
      }
      if isFree { continuation.resume() }
    }
    let value = await body()
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.isTaken = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
    return value
  }
}
