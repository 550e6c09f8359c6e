import Journal
import Platform
import Supervision

/// Repeats a journal operation until it succeeds: neither an intent nor an outcome is dropped for a full disk.
struct JournalPatience: Sendable {
  /// First pause between two tries; no recovery shortens it, so that a journal which takes one write and refuses the
  /// next is not asked without end.
  static let firstPause = Duration.seconds(1)
  /// Longest pause between two tries; a recovery ends it.
  static let longestPause = Duration.seconds(60)

  /// Wakes those who wait.
  let recovery: JournalRecovery
  /// The clock of the pauses.
  let clock: SupervisionClock
  /// The log.
  let log: Log

  /// Repeats the operation.
  ///
  /// - Parameters:
  ///   - what: what is tried, in words.
  ///   - onFailure: called before each pause; what it throws ends the repetition.
  /// - Throws: a final `JournalFailure`, `CancellationError` where the task is cancelled or the operation says so.
  func callAsFunction<T: Sendable>(
    _ what: String, isolation: isolated (any Actor)? = #isolation,
    onFailure: (any Error) throws -> Void = { _ in }, _ operation: () async throws -> T
  ) async throws -> T {
    var pause = Self.firstPause
    var trouble: UInt64?
    defer { if let trouble { recovery.onOver(trouble) } }
    while true {
      let mark: UInt64
      do {
        return try await operation()
      } catch let failure as JournalFailure where failure.isFinal {
        log.error("Could not \(what): \(failure)")
        throw failure
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        mark = recovery.mark
        // Said when everything that goes with it is done.
        defer {
          log.error(
            "\("Could not \(what): \(error)".asSentence) Nothing is done until the journal can be written again.")
        }
        try onFailure(error)
        trouble = recovery.onTrouble(trouble, why: "\(error)", now: clock.now())
      }
      try Task.checkCancellation()
      try await clock.sleep(for: Self.firstPause)
      if pause > Self.firstPause {
        await recovery.wait(after: mark, until: clock.now() + pause - Self.firstPause, clock: clock)
        try Task.checkCancellation()
      }
      pause = min(pause * 2, Self.longestPause)
    }
  }
}
