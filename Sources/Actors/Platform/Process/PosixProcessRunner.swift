#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs children by posix_spawn(3), each on a thread of its own, so that nothing here blocks the cooperative pool.
///
/// The child leads a process group, has an empty signal mask, default handlers, /dev/null as its input, and no other
/// descriptor of ours. The end of the leader is the end of the run: whatever it left in its group is killed before the
/// leader is reaped, and a grandchild outside the group that holds a pipe open delays the result by 500 ms at most.
public struct PosixProcessRunner: ProcessRunner {
  /// Makes a runner.
  public init() {}

  /// See `ProcessRunner`. A task that is cancelled before the start starts nothing and gets `ECANCELED`.
  public func run(
    _ command: ProcessCommand, onOutput: @escaping @Sendable (ProcessOutput) -> Void
  ) async throws(ProcessFailure) -> ProcessResult {
    guard let cancellation = WakeUp() else {
      throw ProgramSearch.failure(errno, starting: command.program, directory: nil)
    }
    let outcome: Result<ProcessResult, ProcessFailure> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let failure = OwnThread.startOneOff(name: "child") {
          continuation.resume(returning: Self.perform(command, cancellation, onOutput))
        }
        if let failure {
          continuation.resume(returning: .failure(ProcessFailure(code: failure.code, failure.description)))
        }
      }
    } onCancel: {
      cancellation.wake()
    }
    return try outcome.get()
  }

  /// The whole run, on the thread.
  private static func perform(
    _ command: ProcessCommand, _ cancellation: WakeUp, _ onOutput: (ProcessOutput) -> Void
  ) -> Result<ProcessResult, ProcessFailure> {
    if cancellation.isAwake {
      return .failure(ProcessFailure(code: ECANCELED, "\(command.program) was not started: cancelled before"))
    }
    do throws(ProcessFailure) {
      let child = try ChildProcess(command)
      return .success(child.run(command, cancellation: cancellation, onOutput: onOutput))
    } catch {
      return .failure(error)
    }
  }
}
