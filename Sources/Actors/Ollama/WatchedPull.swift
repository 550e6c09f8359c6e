/// Runs one attempt at a pull beside a watchdog that ends it where it does not get on.
enum WatchedPull {
  /// How an attempt ended.
  enum End<Result: Sendable>: Sendable {
    /// By itself.
    case finished(Result)
    /// The watchdog ended it; the attempt has stopped, with this.
    case stalled(PullWatchdog.Stall, Result)
  }

  /// What ended first.
  private enum First<Result: Sendable>: Sendable {
    /// The attempt.
    case attempt(Result)
    /// The watchdog; nil where it was told to stop.
    case watchdog(PullWatchdog.Stall?)
  }

  /// Runs an attempt. Returns when it has ended, however that came.
  ///
  /// - Parameters:
  ///   - clock: what the watchdog sleeps on.
  ///   - deadline: when to look again; nil where there is nothing left to watch.
  ///   - stall: what stands still now, if anything does.
  ///   - attempt: ends soon after its task is cancelled.
  static func run<Result: Sendable>(
    clock: PullClock, deadline: @escaping @Sendable () -> Duration,
    stall: @escaping @Sendable (Duration) -> PullWatchdog.Stall?,
    attempt: @escaping @Sendable () async -> Result
  ) async -> End<Result> {
    await withTaskGroup(of: First<Result>.self) { group in
      group.addTask { .attempt(await attempt()) }
      group.addTask {
        while !Task.isCancelled {
          let now = clock.now()
          if let stall = stall(now) { return .watchdog(stall) }
          do { try await clock.sleep(max(deadline() - now, .milliseconds(1))) } catch { break }
        }
        return .watchdog(nil)
      }
      var stalled: PullWatchdog.Stall?
      // Two results come: the first stops the other.
      while let first = await group.next() {
        switch first {
        case .attempt(let result):
          group.cancelAll()
          return stalled.map { .stalled($0, result) } ?? .finished(result)
        case .watchdog(let stall):
          stalled = stall
          if stall != nil { group.cancelAll() }
        }
      }
      preconditionFailure("an attempt always ends")
    }
  }
}
