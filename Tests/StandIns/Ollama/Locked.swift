#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A value that one thread at a time may touch.
///
/// A POSIX mutex, not `Synchronization.Mutex`: the thread sanitizer does not see into that one on Linux and reports
/// races where there are none.
final class Locked<Value>: @unchecked Sendable {  // `value` is only touched with `mutex` held
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  /// Keeps a value.
  init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs a body with the value, alone.
  func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&value)
  }
}
