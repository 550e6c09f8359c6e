import Actors
import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A command's way to the daemon on its state directory, over the control socket.
struct DaemonLink: Sendable {
  /// Time that a daemon may stay silent between two lines before the command gives up.
  static let silence = Duration.seconds(660)

  /// The socket.
  let path: String
  /// Signals: while the daemon works, one is enough to stop waiting for it.
  let requests: SignalRequests

  /// Asks the daemon.
  ///
  /// - Returns: its final reply; nil where no daemon runs on this state directory.
  /// - Throws: `SocketFailure` where one runs but the talk failed.
  func ask(
    _ request: ControlRequest, onProgress: @escaping @Sendable (StatusReport.Lane.Run) -> Void = { _ in }
  ) async throws -> ControlReply? {
    // A socket that is not there needs no thread to find out.
    guard access(path, F_OK) == 0 else { return nil }
    let line = try JSON.encode(request)
    let path = path
    requests.endAtOnce(true)
    defer { requests.endAtOnce(false) }
    return try await onOwnThread(name: "control") {
      let last = Guarded<ControlReply?>(nil)
      do {
        try UnixSocketClient.request(path: path, line: line, timeout: Self.silence) { text in
          guard let reply = try? JSON.decode(ControlReply.self, from: text) else { return }
          if let progress = reply.progress {
            onProgress(progress)
          } else {
            last.withLock { $0 = reply }
          }
        }
      } catch let failure as SocketFailure where failure.kind == .notRunning {
        return nil
      }
      guard let reply = last.withLock({ $0 }) else {
        throw SocketFailure(.closed, "the daemon at \(path) ended before it answered: its log tells why")
      }
      return reply
    }
  }
}
