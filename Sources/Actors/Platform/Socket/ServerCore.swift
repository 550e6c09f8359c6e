import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the threads of a server share.
final class ServerCore: Sendable {
  /// A connection that goes when its handler lets go of it.
  private struct Guest: Sendable {
    /// The connection; nil once it has gone.
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

  /// Where clients come in.
  let listener: UnixListener
  /// Ends the accepting thread.
  private let wakeUp: WakeUp
  /// Whether a user may come in.
  private let mayEnter: @Sendable (UInt32) -> Bool
  /// Time in which a client has to send its request.
  private let requestBound: Duration
  /// Makes the line with which a client is turned away.
  private let refusal: @Sendable (String) -> String
  /// Answers requests.
  private let handler: UnixSocketServer.Handler
  /// What changes.
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

  /// Connections that are open now.
  var connectionCount: Int { state.withLock { $0.guests.count } }

  /// Blocks until the number of open connections satisfies a condition, or for the limit: then false.
  func blockUntil(connections isThere: (Int) -> Bool, atMost limit: Duration) -> Bool {
    state.wait(atMost: limit) { isThere($0.guests.count) ? true : nil } ?? false
  }

  /// Wakes the accepting thread to its end and closes every connection.
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

  /// Blocks until the accepting thread has ended, or for the limit.
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
      state.change { _ = $0.guests.removeValue(forKey: id) }
    }
    guard isKnown, mayEnter(user) else {
      return turnAway(connection, "this socket is for the user whom the daemon runs as, and for root")
    }
    let hasPlace = state.change { state in
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

  /// Says why, and closes.
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
