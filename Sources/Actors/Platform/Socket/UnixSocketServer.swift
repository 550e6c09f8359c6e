#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The daemon's end of the control socket: one request line per connection, any number of lines as the answer, and then
/// the end of the connection. Only our own user and root get in. Idle, it wakes for nothing.
///
/// Two servers on one path are kept apart by the instance lock, not by this: between asking whether anybody listens on
/// an old socket file and replacing it there is a moment.
public final class UnixSocketServer: Sendable {
  /// Connections at once; one more is told so and closed.
  public static let maximumConnections = 64
  /// Bytes of a request line.
  public static let maximumRequest = 1 << 20
  /// Time in which a client has to send its request.
  public static let requestBound: Duration = .seconds(10)
  /// Time for which sending waits for a client that does not read.
  public static let sendBound: Duration = .seconds(10)
  /// Pause where no descriptor is left to accept a connection with.
  static let exhaustedPause: Int32 = 200
  /// Time for which `stop` waits for the accepting thread.
  static let stopBound: Duration = .seconds(2)

  /// Answers a request on the connection's own thread; it may block.
  public typealias Handler = @Sendable (_ request: String, _ connection: UnixConnection) -> Void

  /// Where it listens.
  public let path: String
  /// What its threads share.
  private let core: ServerCore

  /// Starts to listen.
  ///
  /// - Parameters:
  ///   - mode: mode of the socket file.
  ///   - refusal: makes the one line with which a client is turned away, from the reason in words.
  public convenience init(
    path: String, mode: UInt32 = 0o600, refusal: @escaping @Sendable (String) -> String = { "{\"error\":\"\($0)\"}" },
    handler: @escaping Handler
  ) throws(SocketFailure) {
    try self.init(
      path: path, mode: mode, mayEnter: { $0 == geteuid() || $0 == 0 }, requestBound: Self.requestBound,
      refusal: refusal, handler: handler)
  }

  /// With other people at the door and another bound, for tests.
  convenience init(
    path: String, mode: UInt32 = 0o600, mayEnter: @escaping @Sendable (UInt32) -> Bool, requestBound: Duration,
    refusal: @escaping @Sendable (String) -> String = { "{\"error\":\"\($0)\"}" }, handler: @escaping Handler
  ) throws(SocketFailure) {
    try self.init(
      listener: try UnixListener(path: path, mode: mode), mayEnter: mayEnter, requestBound: requestBound,
      refusal: refusal, handler: handler)
  }

  /// Starts to accept where somebody listens already.
  ///
  /// - Parameter refusal: makes the one line with which a client is turned away, from the reason in words.
  public convenience init(
    listener: UnixListener, refusal: @escaping @Sendable (String) -> String, handler: @escaping Handler
  ) throws(SocketFailure) {
    try self.init(
      listener: listener, mayEnter: { $0 == geteuid() || $0 == 0 }, requestBound: Self.requestBound, refusal: refusal,
      handler: handler)
  }

  private init(
    listener: UnixListener, mayEnter: @escaping @Sendable (UInt32) -> Bool, requestBound: Duration,
    refusal: @escaping @Sendable (String) -> String, handler: @escaping Handler
  ) throws(SocketFailure) {
    path = listener.path
    guard let wakeUp = WakeUp() else {
      listener.remove()
      throw .system(lastError(), "make a pipe", path: path)
    }
    core = ServerCore(
      listener: listener, wakeUp: wakeUp, mayEnter: mayEnter, requestBound: requestBound, refusal: refusal,
      handler: handler)
    let core = core
    let code = OwnThread.start(name: "control") { core.work() }
    if code != 0 {
      core.listener.remove()
      throw .system(code, "start its thread", path: path)
    }
  }

  deinit { core.askToStop() }

  /// Whether the socket file is still ours; where it is not, no client finds this server any more.
  public var isInPlace: Bool { core.listener.isInPlace }

  /// Connections that are open now.
  public var connections: Int { core.connectionCount }

  /// Blocks until the number of open connections satisfies a condition, or for the limit: then false. For tests, which
  /// call it on a thread of its own.
  func blockUntil(connections isThere: (Int) -> Bool, atMost limit: Duration) -> Bool {
    core.blockUntil(connections: isThere, atMost: limit)
  }

  /// Removes the socket file, closes every connection, and returns when nobody is accepted any more. Handlers that run
  /// find their connection closed.
  public func stop() {
    core.askToStop()
    core.waitUntilStopped(atMost: Self.stopBound)
  }
}
