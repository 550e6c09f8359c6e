import Glibc
import Platform

/// How long the suite waits. Generous: only a failure takes so long.
enum Patience {
  /// For something that has to happen.
  static let event = 60.0
  /// Between two looks, in milliseconds.
  static let look: Int32 = 10
}

/// Seconds on a clock that only goes forward.
func uptime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Waits until a condition holds: the one place in which this suite waits. What happens in other processes is seen in
/// files, tables and exit codes, so it looks at them again and again, on a thread of its own.
///
/// - Throws: `HarnessFailure` with `what` where it does not come in time.
func waitUntil(
  _ what: String, deadline: Double = Patience.event, _ condition: @escaping @Sendable () throws -> Bool
) async throws {
  let end = uptime() + deadline
  let came = try await onOwnThread(name: "wait") {
    while true {
      if try condition() { return true }
      if uptime() > end { return false }
      poll(nil, 0, Patience.look)
    }
  }
  guard came else { throw HarnessFailure("did not come within \(Int(deadline)) s: \(what)") }
}

/// Waits for a value.
func waitFor<Value: Sendable>(
  _ what: String, deadline: Double = Patience.event, _ find: @escaping @Sendable () throws -> Value?
) async throws -> Value {
  let found = Guarded<Value?>(nil)
  try await waitUntil(what, deadline: deadline) {
    guard let value = try find() else { return false }
    found.withLock { $0 = value }
    return true
  }
  guard let value = found.withLock({ $0 }) else { throw HarnessFailure("lost: \(what)") }
  return value
}
