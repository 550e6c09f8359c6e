import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What signals ask for. They are levels, not counts: after the last HUP one reload begins, after the last USR1 one
/// newer status is written, however many came.
final class SignalRequests: Sendable {
  /// What waits to be done.
  struct Pending: Sendable, Equatable {
    /// HUP came.
    var reload = false
    /// USR1 came.
    var dump = false
    /// TERM or INT came.
    var stop = false

    /// True where nothing waits.
    var isEmpty: Bool { self == Pending() }
  }

  private struct State {
    var pending = Pending()
    var stops = 0
    var endsAtOnce = false
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Guarded(State())

  /// From now on the first TERM or INT ends the program: it only waits for somebody else's answer.
  func endAtOnce(_ endsAtOnce: Bool) { state.withLock { $0.endsAtOnce = endsAtOnce } }

  /// A signal came.
  ///
  /// - Returns: false where the program is to end now: at a second request to stop, or the first while it only waits.
  func onSignal(_ signal: Int32) -> Bool {
    let (waiter, isFirst) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
      switch signal {
      case SIGHUP: state.pending.reload = true
      case SIGUSR1: state.pending.dump = true
      case SIGTERM, SIGINT:
        state.pending.stop = true
        state.stops += 1
      default: return (nil, true)
      }
      defer { state.waiter = nil }
      return (state.waiter, state.stops < (state.endsAtOnce ? 1 : 2))
    }
    waiter?.resume()
    return isFirst
  }

  /// What came since the last call; waits until something has, or the task is cancelled.
  func next() async -> Pending {
    while true {
      let pending = state.withLock { state -> Pending in
        defer { state.pending = Pending() }
        return state.pending
      }
      if !pending.isEmpty || Task.isCancelled { return pending }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isDone = state.withLock { state -> Bool in
            if !state.pending.isEmpty || Task.isCancelled { return true }
            state.waiter = continuation
            return false
          }
          if isDone { continuation.resume() }
        }
      } onCancel: {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
          defer { state.waiter = nil }
          return state.waiter
        }
        waiter?.resume()
      }
    }
  }
}

/// Runs work on the cooperative pool while the main thread waits for signals, as it must: only a thread that blocked
/// the signals itself and waits with `sigwait` loses none.
///
/// - Parameters:
///   - requests: what signals are handed to.
///   - onForce: called on the main thread before the process ends for a second TERM or INT.
///   - executor: what the work runs on; nil for the cooperative pool.
///   - work: gives the exit code.
func runWithSignals(
  _ requests: SignalRequests, onForce: @escaping @Sendable () -> Void = {}, on executor: ThreadExecutor? = nil,
  work: @escaping @Sendable () async -> Int32
) -> Never {
  // The one root task of the program.
  Task.detached(executorPreference: executor) { endProgram(await work()) }
  while true {
    if !requests.onSignal(SignalMask.waitForSignal()) {
      onForce()
      endProgram(ExitCode.forced)
    }
  }
}
