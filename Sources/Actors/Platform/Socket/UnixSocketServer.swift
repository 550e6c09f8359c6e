import CShims

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
  public static let maximumConnections = 16
  /// Bytes of a request line.
  public static let maximumRequest = 65_536
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
  init(
    path: String, mode: UInt32 = 0o600, mayEnter: @escaping @Sendable (UInt32) -> Bool, requestBound: Duration,
    refusal: @escaping @Sendable (String) -> String = { "{\"error\":\"\($0)\"}" }, handler: @escaping Handler
  ) throws(SocketFailure) {
    self.path = path
    guard let wakeUp = WakeUp() else { throw .system(lastError(), "make a pipe", path: path) }
    core = ServerCore(
      listener: try UnixListener(path: path, mode: mode), wakeUp: wakeUp, mayEnter: mayEnter,
      requestBound: requestBound, refusal: refusal, handler: handler)
    let core = core
    let code = OwnThread.start(name: "control") { core.work() }
    if code != 0 {
      core.listener.remove()
      throw .system(code, "start its thread", path: path)
    }
  }

  deinit { core.askToStop() }

  /// Connections that are open now.
  public var connections: Int { core.connectionCount }

  /// Removes the socket file, closes every connection, and returns when nobody is accepted any more. Handlers that run
  /// find their connection closed.
  public func stop() {
    core.askToStop()
    core.waitUntilStopped(atMost: Self.stopBound)
  }
}

/// What the threads of a server share.
final class ServerCore: Sendable {
  /// A connection that goes when its handler lets go of it.
  private struct Guest: Sendable {
    weak let connection: UnixConnection?
  }

  /// What changes.
  private struct State: Sendable {
    /// Open connections.
    var guests: [ObjectIdentifier: Guest] = [:]
    /// True once the server is to stop.
    var isStopping = false
    /// True once the accepting thread has ended.
    var hasStopped = false
  }

  let listener: UnixListener
  private let wakeUp: WakeUp
  private let mayEnter: @Sendable (UInt32) -> Bool
  private let requestBound: Duration
  private let refusal: @Sendable (String) -> String
  private let handler: UnixSocketServer.Handler
  private let state = Guarded(State())

  init(
    listener: UnixListener, wakeUp: WakeUp, mayEnter: @escaping @Sendable (UInt32) -> Bool, requestBound: Duration,
    refusal: @escaping @Sendable (String) -> String, handler: @escaping UnixSocketServer.Handler
  ) {
    self.listener = listener
    self.wakeUp = wakeUp
    self.mayEnter = mayEnter
    self.requestBound = requestBound
    self.refusal = refusal
    self.handler = handler
  }

  var connectionCount: Int { state.withLock { $0.guests.count } }

  func askToStop() {
    let guests = state.withLock { state -> [Guest] in
      if state.isStopping { return [] }
      state.isStopping = true
      return Array(state.guests.values)
    }
    wakeUp.wake()
    // Outside the lock: where this is the last hold on a connection, its end comes back for the lock.
    for guest in guests { guest.connection?.close() }
  }

  func waitUntilStopped(atMost limit: Duration) { _ = state.wait(atMost: limit) { $0.hasStopped ? true : nil } }

  /// The accepting thread's whole life.
  func work() {
    var entries = [
      pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wakeUp.readEnd.number, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      _ = poll(&entries, nfds_t(entries.count), -1)
      if entries[1].revents != 0 { break }
      guard entries[0].revents != 0 else { continue }
      if let socket = Descriptor(retraind_accept(listener.number)) {
        welcome(socket)
      } else if [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) {
        _ = poll(&entries[1], 1, UnixSocketServer.exhaustedPause)
      }
    }
    listener.remove()
    state.change { $0.hasStopped = true }
  }

  /// Lets a client in, or turns it away.
  private func welcome(_ socket: consuming Descriptor) {
    _ = retraind_set_send_timeout(socket.number, UnixSocketServer.sendBound.wholeMilliseconds)
    var user: UInt32 = 0
    let isKnown = retraind_peer_user(socket.number, &user) == 0
    let connection = UnixConnection(socket: socket, peerUser: user) { [state] id in
      state.withLock { _ = $0.guests.removeValue(forKey: id) }
    }
    guard isKnown, mayEnter(user) else {
      return turnAway(connection, "this socket is for the user whom the daemon runs as, and for root")
    }
    let hasPlace = state.withLock { state in
      if state.isStopping || state.guests.count >= UnixSocketServer.maximumConnections { return false }
      state.guests[ObjectIdentifier(connection)] = Guest(connection: connection)
      return true
    }
    guard hasPlace else {
      return turnAway(
        connection, "\(UnixSocketServer.maximumConnections) connections are open already; try again in a moment")
    }
    let code = OwnThread.start(name: "control-client") { self.serve(connection) }
    if code != 0 { turnAway(connection, "no thread is left to answer; try again in a moment") }
  }

  private func turnAway(_ connection: UnixConnection, _ reason: String) {
    connection.send(line: refusal(reason))
    connection.close()
  }

  /// A connection's thread.
  private func serve(_ connection: UnixConnection) {
    var reader = SocketLineReader(maximumLine: UnixSocketServer.maximumRequest)
    switch reader.next(from: connection.socket.number, until: .now().advanced(by: requestBound)) {
    case .line(let request): handler(request, connection)
    case .tooLong: turnAway(connection, "a request has at most \(UnixSocketServer.maximumRequest) bytes")
    case .malformed: turnAway(connection, "a request has to be UTF-8")
    case .timedOut: turnAway(connection, "no request came in time")
    case .end, .failed: connection.close()
    }
  }
}
