/// Runs one attempt at a pull beside a watchdog that ends it where it does not get on.
enum WatchedPull {
  /// Time in which an answer may end by itself once its last word has been said; then its connection is closed.
  static let endGrace = Duration.seconds(1)

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
    /// The last word was said, and the time to end by itself is over; false where the wait for it was told to stop.
    case settled(Bool)
  }

  /// Runs an attempt. Returns when it has ended, however that came.
  ///
  /// - Parameters:
  ///   - clock: what the watchdog sleeps on.
  ///   - deadline: when to look again; nil where there is nothing left to watch.
  ///   - stall: what stands still now, if anything does.
  ///   - settled: yields once the last word was said: what goes on after it is ended, and not for a stall.
  ///   - attempt: ends soon after its task is cancelled.
  static func run<Result: Sendable>(
    clock: PullClock, deadline: @escaping @Sendable () -> Duration?,
    stall: @escaping @Sendable (Duration) -> PullWatchdog.Stall?, settled: AsyncStream<Void>? = nil,
    attempt: @escaping @Sendable () async -> Result
  ) async -> End<Result> {
    await withTaskGroup(of: First<Result>.self) { group in
      group.addTask { .attempt(await attempt()) }
      group.addTask {
        while !Task.isCancelled {
          let now = clock.now()
          if let stall = stall(now) { return .watchdog(stall) }
          guard let deadline = deadline() else { break }
          do { try await clock.sleep(max(deadline - now, .milliseconds(1))) } catch { break }
        }
        return .watchdog(nil)
      }
      if let settled {
        group.addTask {
          for await _ in settled {
            do { try await clock.sleep(Self.endGrace) } catch { break }
            return .settled(true)
          }
          return .settled(false)
        }
      }
      var stalled: PullWatchdog.Stall?
      // Whatever ends the attempt, its result comes, and the others are stopped then.
      while let first = await group.next() {
        switch first {
        case .attempt(let result):
          group.cancelAll()
          return stalled.map { .stalled($0, result) } ?? .finished(result)
        case .watchdog(let stall):
          stalled = stalled ?? stall
          if stall != nil { group.cancelAll() }
        case .settled(let isOver):
          if isOver { group.cancelAll() }
        }
      }
      preconditionFailure("an attempt always ends")
    }
  }
}
