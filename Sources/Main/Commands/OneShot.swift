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
    switch error {
    case let failure as LockFailure:
      switch failure {
      case .held(let pid):
        let who = pid.map { "process \($0)" } ?? "another process"
        return (
          ExitCode.temporary,
          "\(who) already works on this state directory (lock \(paths.lock)): use that one, stop it, or give another --state-dir"
        )
      case .denied: return (ExitCode.permission, "\(failure)")
      case .failed: return (ExitCode.software, "\(failure)")
      }
    case let failure as SupervisorError:
      let text = "\(failure)"
      return (isPermission(failure) ? ExitCode.permission : ExitCode.software, text)
    case let failure as JournalFailure:
      return (failure.isPermission ? ExitCode.permission : ExitCode.failure, failure.description)
    case let failure as FileFailure:
      return (
        failure.code == ENOSPC ? ExitCode.temporary : ExitCode.permission,
        "\(failure): give it to the user that runs this, free space, or name another --state-dir"
      )
    case is StoreFailure: return (ExitCode.failure, "\(error)")
    default: return (ExitCode.software, "\(error)")
    }
  }

  private static func isPermission(_ failure: SupervisorError) -> Bool {
    (failure.underlying as? JournalFailure)?.isPermission ?? false
  }
}

/// Whether there is any state to look at.
enum State {
  /// Ends the program where there is none: only some commands create it.
  static func require(_ loaded: LoadedConfiguration, _ context: ProgramContext) {
    guard access(loaded.paths.database, F_OK) != 0 else { return }
    context.fail(
      "no state at \(loaded.paths.database): `retraind run` or `retraind record` creates it there; "
        + "--state-dir DIR or --config FILE looks elsewhere",
      code: ExitCode.unavailable)
  }
}
