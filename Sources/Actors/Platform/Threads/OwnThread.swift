import CShims

/// Threads of our own, for what would block the cooperative pool.
enum OwnThread {
  /// Stack of each: what is called on them is shallow, and address space is all that an unused page costs.
  static let stackSize = 512 * 1024
  /// How many one-off threads may run at once; more than that means that something blocks for good.
  static let maximumOneOff = 64

  /// One-off threads that run now.
  private static let oneOff = Guarded(0)

  /// Starts a detached thread. The body runs exactly once, or, where an error number comes back, never.
  ///
  /// - Parameters:
  ///   - name: as tools show it; Linux cuts it to 15 bytes.
  ///   - stack: bytes of its stack.
  static func start(name: String, stack: Int = stackSize, _ body: @escaping @Sendable () -> Void) -> Int32 {
    launch(name: name, stack: stack, Body(isOneOff: false, body))
  }

  /// Like `start`, counted against `maximumOneOff`.
  static func startOneOff(name: String, _ body: @escaping @Sendable () -> Void) -> ThreadFailure? {
    let isFull = oneOff.withLock { running in
      if running >= maximumOneOff { return true }
      running += 1
      return false
    }
    if isFull {
      return ThreadFailure(
        code: EAGAIN,
        "thread \(name): \(maximumOneOff) blocking operations run already; something they wait for does not answer")
    }
    let code = launch(name: name, Body(isOneOff: true, body))
    if code == 0 { return nil }
    oneOff.change { $0 -= 1 }
    return ThreadFailure(code: code, "thread \(name) could not be started: \(SystemError.text(code))")
  }

  /// Waits until at most so many one-off threads run, or for the limit: then false. On a thread that does not count
  /// itself; for tests.
  static func waitForOneOff(atMost count: Int, within limit: Duration) async -> Bool {
    await withCheckedContinuation { continuation in
      let code = start(name: "one-off-count") {
        continuation.resume(returning: oneOff.wait(atMost: limit) { $0 <= count ? true : nil } ?? false)
      }
      if code != 0 { continuation.resume(returning: false) }
    }
  }

  /// Starts a thread for a body.
  private static func launch(name: String, stack: Int = stackSize, _ body: Body) -> Int32 {
    let box = Unmanaged.passRetained(body)
    let code = retraind_thread_start(
      name, stack, { raw in if let raw, OwnThread.perform(raw) { OwnThread.oneOff.change { $0 -= 1 } } },
      box.toOpaque())
    if code != 0 { box.release() }
    return code
  }

  /// Runs a body, and lets go of what it held before it is counted as ended.
  ///
  /// - Returns: whether it is counted.
  @inline(never)
  private static func perform(_ raw: UnsafeMutableRawPointer) -> Bool {
    let body = Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
    body.run()
    return body.isOneOff
  }

  /// Carries a body through C.
  private final class Body: Sendable {
    /// Whether it is counted.
    let isOneOff: Bool
    /// What the thread does.
    let run: @Sendable () -> Void
    init(isOneOff: Bool, _ run: @escaping @Sendable () -> Void) {
      self.isOneOff = isOneOff
      self.run = run
    }
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
