import Actors
import Journal
import Ollama
import Platform
import Stores
import Supervision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A monitor that lives for one command, where no daemon runs on the state directory.
enum OneShot {
  /// What came of it.
  enum Failure: Error {
    /// The command ends with this code, for this reason.
    case ended(code: Int32, String)
  }

  /// Starts one, hands it to `body`, and stops it: what still runs is journalled as interrupted.
  static func with<T: Sendable>(
    _ loaded: LoadedConfiguration, _ context: ProgramContext, _ body: (RetrainMonitor) async throws -> T
  ) async throws -> T {
    if let shortage = ThreadRoom.shortage(own: ThreadRoom.forRuns) {
      throw Failure.ended(code: ExitCode.temporary, shortage.description)
    }
    let log = Log(
      destination: .file(loaded.paths.log), level: loaded.settings.log.platformLevel,
      format: loaded.settings.log.platformFormat)
    defer { log.flush() }
    let monitor: RetrainMonitor
    do {
      monitor = try await RetrainMonitor.start(
        loaded.settings, paths: loaded.paths,
        parts: Parts.real(loaded.settings, log: log, environment: context.environment, owner: loaded.paths.database),
        mode: .oneShot, configurationFile: loaded.file)
    } catch {
      let (code, reason) = StartRefusal.explain(error, paths: loaded.paths)
      throw Failure.ended(code: code, reason)
    }
    do {
      // A signal stops the monitor, which answers whoever waits; the body then ends by itself.
      let value = try await withTaskCancellationHandler {
        try await body(monitor)
      } onCancel: {
        Task.detached { await monitor.stop() }
      }
      await monitor.stop()
      return value
    } catch {
      await monitor.stop()
      throw error
    }
  }
}

/// Why a monitor did not start, as an exit code and words.
enum StartRefusal {
  static func explain(_ error: any Error, paths: StatePaths) -> (code: Int32, reason: String) {
    let cause = (error as? SupervisorError)?.underlying ?? error
    if let obstacle = State.obstacle(on: paths.database) { return obstacle }
    if let failure = cause as? JournalFailure, failure.isFull || failure.isTransient { return explain(failure) }
    if let failure = cause as? FileFailure, failure.code == ENOSPC || failure.code == EDQUOT {
      return (ExitCode.temporary, "\(failure.path): \(noSpace)")
    }
    switch error {
    case let failure as OllamaEndpointFailure: return (ExitCode.configuration, "\(failure)")
    case let failure as LockFailure:
      switch failure {
      case .held(let pid):
        let who = pid.map { "process \($0)" } ?? "another process"
        return (
          ExitCode.temporary,
          "\(who) already works on this state directory (lock \(paths.lock)): wait until it has ended, stop it, or give another "
            + "--state-dir"
        )
      case .denied: return (ExitCode.permission, "\(failure)")
      case .unsupported: return (ExitCode.configuration, "\(failure)")
      case .failed: return (ExitCode.software, "\(failure)")
      }
    case let failure as SupervisorError:
      let text = "\(failure)"
      if let file = cause as? JournalFailure, file.isUnusable { return (ExitCode.configuration, "\(file)") }
      return (isPermission(failure) ? ExitCode.permission : ExitCode.software, text)
    case let failure as JournalFailure:
      return explain(failure)
    case let failure as FileFailure:
      return (
        ExitCode.permission,
        "\(failure): give it to the user that runs this, or name another --state-dir"
      )
    case is StoreFailure, is RunRefusal:
      return (Patience.isWorthwhile(error) ? ExitCode.temporary : ExitCode.failure, "\(error)")
    case let failure as SocketFailure: return (exitCode(of: failure), "\(failure)")
    default: return (ExitCode.software, "\(error)")
    }
  }

  /// The same for the journal alone, for commands that only look into it, too.
  static func explain(_ failure: JournalFailure) -> (code: Int32, reason: String) {
    if case .database(let inner) = failure, inner.kind == .full {
      return (ExitCode.temporary, "\(inner.path): \(noSpace)")
    }
    if failure.isTransient { return (ExitCode.temporary, failure.description) }
    if case .database(let inner) = failure, let obstacle = State.obstacle(on: inner.path) { return obstacle }
    return (failure.isPermission ? ExitCode.permission : ExitCode.failure, failure.description)
  }

  /// The exit code where a daemon cannot listen on its control socket.
  private static func exitCode(of failure: SocketFailure) -> Int32 {
    switch failure.kind {
    case .inUse: ExitCode.temporary
    case .denied: ExitCode.permission
    default: ExitCode.software
    }
  }

  private static let noSpace = "no space left on its disk: free some and start again, or name another --state-dir"

  private static func isPermission(_ failure: SupervisorError) -> Bool {
    (failure.underlying as? JournalFailure)?.isPermission ?? false
  }
}

/// Whether there is any state to look at.
enum State {
  /// Ends the program where there is none: only some commands create it.
  static func require(_ loaded: LoadedConfiguration, _ context: ProgramContext) {
    guard access(loaded.paths.database, F_OK) != 0 else { return }
    let problem = problem(error: errno, path: loaded.paths.database)
    context.fail(problem.reason, code: problem.code)
  }

  /// Exit code and words where something that is no directory stands on the way to a database; nil where nothing does.
  static func obstacle(on path: String) -> (code: Int32, reason: String)? {
    var rest = path[...]
    while let slash = rest.lastIndex(of: "/"), slash > rest.startIndex {
      rest = rest[..<slash]
      var status = stat()
      guard stat(String(rest), &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR { return nil }
      return (
        ExitCode.configuration, "\(rest) is not a directory, so \(path) cannot be there: name another --state-dir"
      )
    }
    return nil
  }

  /// Exit code and words for a database that could not be looked at.
  static func problem(error: Int32, path: String) -> (code: Int32, reason: String) {
    if let obstacle = obstacle(on: path) { return obstacle }
    if error == EACCES || error == EPERM {
      return (
        ExitCode.permission,
        "\(path) cannot be looked at: this user may not enter its directory; run this as the user of the daemon, or "
          + "name another --state-dir"
      )
    }
    return (
      ExitCode.unavailable,
      "no state at \(path): `retraind run` or `retraind record` creates it there; "
        + "--state-dir DIR or --config FILE looks elsewhere"
    )
  }
}
