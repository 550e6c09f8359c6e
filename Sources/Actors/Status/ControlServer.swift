import Platform

/// The daemon's end of the control socket: each request is answered by the monitor, on the connection's own thread.
final class ControlServer: Sendable {
  /// How often a connection that waits for an answer looks whether its client is still there.
  static let clientLook = Duration.seconds(1)
  /// Time in which answers that are on their way are sent when the server stops.
  static let drainBound = Duration.seconds(3)
  /// Requests that wait for the end of a run at once. Fewer than connections, so that a status always gets in.
  static let maximumWaiting = 48

  /// Servers whose socket file has gone and that still answer who came before: as many as are kept.
  static let maximumRetired = 4

  /// Where it listens.
  private let path: String
  /// Answers requests.
  private let handler: UnixSocketServer.Handler
  /// The server that clients find, last, and those before it whose file was removed.
  private let servers: Guarded<[UnixSocketServer]>
  /// Requests that are being answered.
  private let active: Guarded<Int>

  /// Answers on a socket until `stop`.
  init(_ listener: UnixListener, owner: MonitorTree.Owner) throws {
    let active = Guarded(0)
    self.active = active
    let waiting = Guarded(0)
    path = listener.path
    handler = { line, connection in
      active.change { $0 += 1 }
      Self.serve(line, on: connection, owner: owner, waiting: waiting)
      active.change { $0 -= 1 }
    }
    servers = Guarded([try UnixSocketServer(listener: listener, refusal: Self.refusal, handler: handler)])
  }

  /// Opens the socket anew where somebody has removed its file; who waits for an answer keeps the old one. Blocks for a
  /// moment.
  ///
  /// - Returns: true where that was so.
  func restore() throws -> Bool {
    guard servers.withLock({ $0.last?.isInPlace != true }) else { return false }
    let new = try UnixSocketServer(listener: UnixListener(path: path), refusal: Self.refusal, handler: handler)
    let oldest = servers.withLock { servers -> UnixSocketServer? in
      servers.append(new)
      return servers.count > Self.maximumRetired ? servers.removeFirst() : nil
    }
    oldest?.stop()
    return true
  }

  /// Lets answers go out that are on their way, then closes the socket and every connection. Blocks for that long.
  func stop() {
    _ = active.wait(atMost: Self.drainBound) { $0 == 0 ? true : nil }
    for server in servers.withLock({ $0 }) { server.stop() }
  }

  /// The line with which a client is turned away.
  private static func refusal(_ reason: String) -> String {
    var reply = ControlReply()
    reply.error = reason
    reply.exitCode = 75
    return (try? JSON.encode(reply)) ?? "{}"
  }

  private static func serve(
    _ line: String, on connection: UnixConnection, owner: MonitorTree.Owner, waiting: Guarded<Int>
  ) {
    guard let monitor = owner.monitor else {
      connection.send(line: refusal("retraind is starting or stopping: ask again in a moment"))
      return
    }
    guard let request = try? JSON.decode(ControlRequest.self, from: line) else {
      var reply = ControlReply()
      reply.error = "this daemon does not understand the request: use the retraind command of its own version"
      reply.exitCode = 64
      if let text = try? JSON.encode(reply) { connection.send(line: text) }
      return
    }
    if request.waits ?? false {
      let hasPlace = waiting.withLock { count in
        if count >= maximumWaiting { return false }
        count += 1
        return true
      }
      guard hasPlace else {
        let way = request.command == .retrain ? "without --wait" : "with --no-wait"
        connection.send(line: refusal("too many are waiting: ask \(way)"))
        return
      }
    }
    defer { if request.waits ?? false { waiting.withLock { $0 -= 1 } } }
    let lines = ReplyQueue()
    // Named place of an unstructured task: it bridges the connection's thread to the actors, and ends with the reply.
    let task = Task.detached {
      await monitor.answer(request) { lines.push($0) }
    }
    while true {
      guard let reply = lines.next(atMost: clientLook) else {
        if connection.isOpen { continue }
        break
      }
      guard let text = try? JSON.encode(reply), connection.send(line: text) else { break }
      if reply.isFinal { return }
    }
    task.cancel()
  }
}

/// Replies on their way from the actors to a connection's thread. Progress is dropped where the thread is slow; a part
/// of the answer never is, and the final one ends it: what comes later is dropped. Parts are as many as the check made.
final class ReplyQueue: Sendable {
  /// Lines of progress that may wait.
  static let maximumProgress = 64

  private struct State {
    var replies: [ControlReply] = []
    var hasFinal = false
  }
  private let queue = Guarded(State())

  /// An empty queue.
  init() {}

  /// Adds a reply.
  func push(_ reply: ControlReply) {
    queue.change { state in
      if state.hasFinal { return }
      if reply.isFinal {
        state.hasFinal = true
      } else if reply.progress != nil, state.replies.count >= Self.maximumProgress {
        return
      }
      state.replies.append(reply)
    }
  }

  /// The next reply; blocks the calling thread until there is one, or for the limit: then nil.
  func next(atMost limit: Duration) -> ControlReply? {
    queue.wait(atMost: limit) { $0.replies.isEmpty ? nil : $0.replies.removeFirst() }
  }
}
