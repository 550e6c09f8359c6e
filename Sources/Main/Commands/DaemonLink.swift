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
  /// Time that a daemon may stay silent before a command gives up whose answer takes no time.
  static let shortSilence = Duration.seconds(10)
  /// The same for checks and runs, between two lines: whoever waits gets a sign of life every 30 seconds.
  static let longSilence = Duration.seconds(90)

  /// Where the daemon's socket and lock are.
  let paths: StatePaths
  /// Signals: while the daemon works, one is enough to stop waiting for it.
  let requests: SignalRequests
  /// What is wrong with the configuration, for a command that must not go on alone then.
  let unusable: ConfigErrors?
  /// Where that is said once a daemon has answered with its own.
  let terminal: Terminal
  /// True where cycles lie in a store elsewhere.
  let asksStore: Bool

  /// The way to the daemon of a configuration.
  init(_ loaded: LoadedConfiguration, requests: SignalRequests, _ terminal: Terminal) {
    asksStore = loaded.settings.supabase?.isComplete == true
    self.terminal = terminal
    paths = loaded.paths
    unusable = loaded.unusable
    self.requests = requests
  }

  /// Asks the daemon.
  ///
  /// - Parameter unanswered: what follows for the command where the daemon does not answer, as a sentence.
  /// - Returns: its final reply, which is no error; nil where no daemon runs on this state directory.
  /// - Throws: `CommandFailure` where one runs and refuses or does not answer, or none runs and the configuration cannot
  ///   be used; `SocketFailure` where the talk failed.
  func ask(
    _ request: ControlRequest, unanswered: String? = nil,
    onProgress: @escaping @Sendable (StatusReport.Lane.Run) -> Void = { _ in }
  ) async throws -> ControlReply? {
    // A socket that is not there needs no thread to find out.
    guard access(paths.socket, F_OK) == 0 else { return try alone() }
    let line = try JSON.encode(request)
    let path = paths.socket
    // A cycle may go to a store elsewhere, which takes its time.
    let isSlow = request.command == .record && asksStore
    let silence = isSlow ? Self.longSilence : Self.silence(of: request.command)
    requests.endAtOnce(true)
    defer { requests.endAtOnce(false) }
    let reply: ControlReply? = try await onOwnThread(name: "control") {
      let last = Guarded<ControlReply?>(nil)
      // Those of the lines before the last one; whoever sent them holds as many.
      let checks = Guarded<[CheckEntry]>([])
      do {
        try UnixSocketClient.request(path: path, line: line, timeout: silence) { text in
          guard let reply = try? JSON.decode(ControlReply.self, from: text) else { return }
          if let progress = reply.progress {
            onProgress(progress)
          } else if reply.isPart == true {
            checks.withLock { $0 += reply.checks ?? [] }
          } else {
            var whole = reply
            if let rest = reply.checks { whole.checks = checks.withLock { $0 + rest } }
            last.withLock { $0 = whole }
          }
        }
      } catch let failure as SocketFailure where failure.kind == .notRunning {
        return nil
      } catch let failure as SocketFailure where failure.kind == .timedOut {
        throw unansweredFailure(unanswered)
      }
      guard let reply = last.withLock({ $0 }) else {
        throw SocketFailure(.closed, "the daemon at \(path) ended before it answered: its log tells why")
      }
      return reply
    }
    // Busy, starting or stopping is not the same as not there.
    if let error = reply?.error { throw CommandFailure(code: reply?.exitCode ?? ExitCode.failure, error) }
    guard let reply else { return try alone() }
    if let unusable { terminal.say("retraind: warning: \(unusable)") }
    return reply
  }

  /// No daemon runs here.
  private func alone() throws(CommandFailure) -> ControlReply? {
    guard let unusable else { return nil }
    throw CommandFailure(
      code: ExitCode.configuration,
      "\(unusable)\nNor does a daemon run at \(paths.socket) that could do it with its own.")
  }

  private static func silence(of command: ControlRequest.Command) -> Duration {
    switch command {
    case .status, .record, .feedback, .reload: shortSilence
    case .check, .retrain, .rollback: longSilence
    }
  }

  private func unansweredFailure(_ consequence: String?) -> CommandFailure {
    let daemon = FileLock.processID(at: paths.lock)
    let pid = daemon.map { " (pid \($0))" } ?? ""
    // It waits for its journal then, as everybody else does.
    if let writer = SQLiteWriter.now(path: paths.database)?.process, writer != daemon {
      return CommandFailure(
        code: ExitCode.temporary,
        "the daemon\(pid) does not answer: process \(writer) holds its database \(paths.database) locked. See what it is "
          + "with `ps -p \(writer)`; an open transaction in a sqlite3 shell ends with COMMIT or ROLLBACK, and the daemon "
          + "goes on by itself then." + (consequence.map { " \($0)" } ?? ""))
    }
    return CommandFailure(
      code: ExitCode.temporary,
      "the daemon\(pid) does not answer; is it stopped?" + (consequence.map { " \($0)" } ?? ""))
  }
}
