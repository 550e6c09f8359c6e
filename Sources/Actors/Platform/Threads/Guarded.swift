import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// State behind a mutex, with a condition on which threads of our own wait. Never waited on from the cooperative pool.
///
/// Unchecked: `mutex` protects `state`; the two pointers never change and live as long as the object.
package final class Guarded<State>: @unchecked Sendable {
  /// Protects `state`.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  /// Tells waiting threads that `state` changed.
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  /// What is guarded.
  private var state: State

  /// Guards a value.
  package init(_ state: sending State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    // It fails only for want of memory, which the allocations before it would have met first.
    _ = retraind_condition_init(condition)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Reads or changes the state.
  package func withLock<Value, Failure: Error>(_ body: (inout State) throws(Failure) -> Value) throws(Failure) -> Value
  {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Changes the state and wakes whoever waits for it.
  package func change<Value>(_ body: (inout State) -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    let value = body(&state)
    pthread_cond_broadcast(condition)
    return value
  }

  /// Blocks the thread until the body gives a value.
  package func wait<Value>(_ body: (inout State) -> Value?) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let value = body(&state) { return value }
      pthread_cond_wait(condition, mutex)
    }
  }

  /// Blocks the thread until the body gives a value, but no longer than the limit; nil where it was reached.
  package func wait<Value>(atMost limit: Duration, _ body: (inout State) -> Value?) -> Value? {
    let end = MonotonicMoment.now().advanced(by: limit)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let value = body(&state) { return value }
      let left = end.nanosecondsLeft()
      if left <= 0 { return nil }
      _ = retraind_condition_wait(condition, mutex, left)
    }
  }
}
