import Supervision

/// What a deaf task waits at, whatever happens to it: closed until it is opened, then open for ever.
public final class Gate: Sendable {
  /// What the lock protects.
  private struct State {
    /// True once it was opened.
    var isOpen = false
    /// Who waits, in the order in which they came.
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// The state.
  private let state = Locked(State())

  /// Makes a closed gate.
  public init() {}

  /// Waits until it is open, also where the waiting task is cancelled.
  public func pass() async {
    await withCheckedContinuation { waiter in
      let isOpen = state.withLock { state -> Bool in
        if !state.isOpen { state.waiters.append(waiter) }
        return state.isOpen
      }
      if isOpen { waiter.resume() }
    }
  }

  /// Opens it, and lets everybody go who waits.
  public func open() {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
