import Platform
import Synchronization

/// The daemon's end of the control socket: each request is answered by the monitor, on the connection's own thread.
final class ControlServer: Sendable {
  private let server: UnixSocketServer

  /// Opens the socket and answers until `stop`.
  init(path: String, owner: MonitorTree.Owner, log: Log) throws {
    server = try UnixSocketServer(path: path) { line, connection in
      Self.serve(line, on: connection, owner: owner)
    }
  }

  /// Closes the socket and every connection.
  func stop() { server.stop() }

  private static func serve(_ line: String, on connection: UnixConnection, owner: MonitorTree.Owner) {
    guard let monitor = owner.monitor, let request = try? JSON.decode(ControlRequest.self, from: line) else {
      var reply = ControlReply()
      reply.error = "this daemon does not understand the request: use the retraind command of its own version"
      reply.exitCode = 64
      if let text = try? JSON.encode(reply) { _ = connection.send(line: text) }
      return
    }
    let lines = ReplyQueue()
    // Named place of an unstructured task: it bridges the connection's thread to the actors, and ends with the reply.
    let task = Task.detached {
      await monitor.answer(request) { lines.push($0) }
    }
    while true {
      let reply = lines.next()
      guard let text = try? JSON.encode(reply), connection.send(line: text) else { break }
      if reply.isFinal { return }
    }
    task.cancel()
  }
}

/// Replies on their way from the actors to a connection's thread. Progress is dropped where the thread is slow; the
/// final reply never is.
final class ReplyQueue: Sendable {
  /// Lines of progress that may wait.
  static let maximumProgress = 64

  private let queue = Guarded<[ControlReply]>([])

  /// An empty queue.
  init() {}

  /// Adds a reply.
  func push(_ reply: ControlReply) {
    queue.change { replies in
      if reply.isFinal || replies.count < Self.maximumProgress { replies.append(reply) }
    }
  }

  /// The next reply; blocks the calling thread until there is one.
  func next() -> ControlReply {
    queue.wait { replies in replies.isEmpty ? nil : replies.removeFirst() }
  }
}
