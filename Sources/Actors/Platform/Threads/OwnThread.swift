import CShims
import Synchronization

/// Threads of our own, for what would block the cooperative pool.
enum OwnThread {
  /// Stack of each: what is called on them is shallow, and address space is all that an unused page costs.
  static let stackSize = 512 * 1024
  /// How many one-off threads may run at once; more than that means that something blocks for good.
  static let maximumOneOff = 64

  /// One-off threads that run now.
  private static let oneOff = Atomic<Int>(0)

  /// Starts a detached thread. The body runs exactly once, or, where an error number comes back, never.
  ///
  /// - Parameter name: as tools show it; Linux cuts it to 15 bytes.
  static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
    let box = Unmanaged.passRetained(Body(body))
    let code = retraind_thread_start(
      name, stackSize, { raw in raw.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() } },
      box.toOpaque())
    if code != 0 { box.release() }
    return code
  }

  /// Like `start`, counted against `maximumOneOff`.
  static func startOneOff(name: String, _ body: @escaping @Sendable () -> Void) -> ThreadFailure? {
    if oneOff.add(1, ordering: .relaxed).newValue > maximumOneOff {
      oneOff.subtract(1, ordering: .relaxed)
      return ThreadFailure(
        code: EAGAIN,
        "thread \(name): \(maximumOneOff) blocking operations run already; something they wait for does not answer")
    }
    let code = start(name: name) {
      body()
      oneOff.subtract(1, ordering: .relaxed)
    }
    if code == 0 { return nil }
    oneOff.subtract(1, ordering: .relaxed)
    return ThreadFailure(code: code, "thread \(name) could not be started: \(SystemError.text(code))")
  }

  /// Carries a body through C.
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

/// A thread that could not be started.
public struct ThreadFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The error number.
  public var code: Int32
  /// For people: what, why, what to do.
  public var description: String

  /// Makes a failure.
  public init(code: Int32, _ description: String) {
    self.code = code
    self.description = description
  }
}

/// Runs a blocking body on a thread of its own and hands back what it returns or throws.
///
/// Cancelling the task does not interrupt the body: it has to bound its own waits.
///
/// - Throws: what the body throws, or `ThreadFailure` where no thread can be had.
public func onOwnThread<Value: Sendable>(
  name: String, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
    let failure = OwnThread.startOneOff(name: name) { continuation.resume(with: Result { try body() }) }
    if let failure { continuation.resume(throwing: failure) }
  }
}
