#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A value that one thread at a time may touch.
///
/// A POSIX mutex rather than `Synchronization.Mutex`: the thread sanitizer does not see into that one on Linux and
/// reports races where there are none (Docs/decisions/0010).
package final class Locked<Value>: @unchecked Sendable {
  /// Protects `value`; never changes and lives as long as the object.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  /// Only touched with `mutex` held, which is why the class may be shared.
  private var value: Value

  /// Keeps a value.
  package init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deinitialize(count: 1)
    mutex.deallocate()
  }

  /// Runs a body with the value, alone.
  package func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure)
    -> Result
  {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
