/// A value that is set once and waited for by many.
final class Latch<Value: Sendable>: Sendable {
  /// What the lock protects.
  private struct State {
    /// The value, once set.
    var value: Value?
    /// Who waits, by number; as many as there are tasks that wait.
    var waiters: [UInt64: CheckedContinuation<Value?, Never>] = [:]
    /// The number of the next waiter.
    var next: UInt64 = 0
  }

  /// The state.
  private let state = Locked(State())

  /// The value; nil where it has not been set yet.
  var value: Value? { state.withLock { $0.value } }

  /// Sets the value and lets everybody go who waits, in the order in which they came: not in that of a table of
  /// hashes, which differs from process to process. Only the first call counts.
  func set(_ value: Value) {
    let waiters = state.withLock { state -> [UInt64: CheckedContinuation<Value?, Never>] in
      guard state.value == nil else { return [:] }
      state.value = value
      defer { state.waiters = [:] }
      return state.waiters
    }
    for (_, waiter) in waiters.sorted(by: { $0.key < $1.key }) { waiter.resume(returning: value) }
  }

  /// Waits for the value; nil where the waiting task was cancelled before.
  func waitUnlessCancelled() async -> Value? {
    let number = register()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { enqueue($0, number: number, leavesWhenCancelled: true) }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: nil)
    }
  }

  /// Waits for the value, also where the waiting task is cancelled.
  func wait() async -> Value {
    while true {
      let number = register()
      if let value = await withCheckedContinuation({ enqueue($0, number: number, leavesWhenCancelled: false) }) {
        return value
      }
    }
  }

  /// The number of a new waiter.
  private func register() -> UInt64 {
    state.withLock { state in
      state.next += 1
      return state.next
    }
  }

  /// Lets a waiter wait or go. A cancelled task carries its flag before its handler runs, and the handler takes the
  /// same lock, so that either this sees the flag or the handler finds the waiter.
  private func enqueue(
    _ waiter: CheckedContinuation<Value?, Never>, number: UInt64, leavesWhenCancelled: Bool
  ) {
    let answer = state.withLock { state -> Value?? in
      if let value = state.value { return .some(value) }
      if leavesWhenCancelled && Task.isCancelled { return .some(nil) }
      state.waiters[number] = waiter
      return nil
    }
    if let answer { waiter.resume(returning: answer) }
  }
}
