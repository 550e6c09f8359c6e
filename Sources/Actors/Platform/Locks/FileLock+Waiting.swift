/// A lock that whoever holds it is about to let go.
extension FileLock {
  /// Pause between two attempts.
  static let retryInterval: Duration = .milliseconds(25)

  /// Takes the lock, at once or as soon as it is free within a time.
  ///
  /// - Throws: `LockFailure`, `held` where it is still held then; `CancellationError` where the task is cancelled first.
  public static func acquire(
    path: String, access: Access = .owner, within patience: Duration
  ) async throws -> FileLock {
    let deadline = MonotonicMoment.now().advanced(by: patience)
    while true {
      do throws(LockFailure) {
        return try acquire(path: path, access: access)
      } catch {
        guard case .held = error, deadline.nanosecondsLeft() > 0 else { throw error }
      }
      try await Task.sleep(for: retryInterval)
    }
  }
}
