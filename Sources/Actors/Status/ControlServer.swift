import Platform

/// The daemon's end of the control socket: each request is answered by the monitor, on the connection's own thread.
final class ControlServer: Sendable {
  /// How often a connection that waits for an answer looks whether its client is still there.
  static let clientLook = Duration.seconds(1)
  /// Time in which answers that are on their way are sent when the server stops.
  static let drainBound = Duration.seconds(1)
  /// Requests that wait for the end of a run at once. Fewer than connections, so that a status always gets in.
  static let maximumWaiting = 48

  private let server: UnixSocketServer
  /// Requests that are being answered.
  private let active: Guarded<Int>

  /// Opens the socket and answers until `stop`.
  init(path: String, owner: MonitorTree.Owner, log: Log) throws {
    let active = Guarded(0)
    self.active = active
    let waiting = Guarded(0)
    server = try UnixSocketServer(path: path, refusal: Self.refusal) { line, connection in
      active.change { $0 += 1 }
      Self.serve(line, on: connection, owner: owner, waiting: waiting)
      active.change { $0 -= 1 }
    }
  }

  /// Lets answers go out that are on their way, then closes the socket and every connection. Blocks for that long.
  func stop() {
    _ = active.wait(atMost: Self.drainBound) { $0 == 0 ? true : nil }
    server.stop()
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

/// Replies on their way from the actors to a connection's thread. Progress is dropped where the thread is slow; the
/// final reply never is, and ends it: what comes later is dropped.
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
      } else if state.replies.count >= Self.maximumProgress {
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
