import Platform

/// Lets one caller through at a time, in the order in which they came: an actor would let them overlap across `await`.
final class Turnstile: Sendable {
  private struct State {
    var isTaken = false
    /// Who waits, first in front; as many as there are callers, which are few: reloads and status dumps.
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Guarded(State())

  /// Blocks until the number of those who wait satisfies a condition, or for the limit: then false. For tests, which call
  /// it on a thread of its own.
  func blockUntil(waiting isThere: (Int) -> Bool, atMost limit: Duration) -> Bool {
    state.wait(atMost: limit) { isThere($0.waiting.count) ? true : nil } ?? false
  }

  /// Runs `body` when everybody who came before is through.
  func pass<Value: Sendable>(_ body: @Sendable () async -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      let isFree = state.change { state -> Bool in
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
    let next = state.change { state -> CheckedContinuation<Void, Never>? in
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
