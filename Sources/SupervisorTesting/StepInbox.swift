import Supervision

/// What a start of a scripted child has been told and has not carried out: one reader, writers on any thread.
final class StepInbox: Sendable {
  /// How much it holds; what is more is refused.
  static let capacity = 16

  /// What the lock protects.
  private struct State {
    /// What has not been read.
    var steps: [ScriptedChild.Step] = []
    /// The reader, where it waits; gets nil where it was cancelled.
    var reader: CheckedContinuation<ScriptedChild.Step?, Never>?
    /// Whether the reader waits for its cancellation alone.
    var wantsStop = false
  }

  /// The state.
  private let state = Locked(State())

  /// Tells a step. False where there is no room.
  func tell(_ step: ScriptedChild.Step) -> Bool {
    let (isTaken, reader) = state.withLock {
      state -> (Bool, CheckedContinuation<ScriptedChild.Step?, Never>?) in
      if let reader = state.reader, !state.wantsStop {
        state.reader = nil
        return (true, reader)
      }
      guard state.steps.count < Self.capacity else { return (false, nil) }
      state.steps.append(step)
      return (true, nil)
    }
    reader?.resume(returning: step)
    return isTaken
  }

  /// Waits for the next step; nil where the task is cancelled. What was told before the cancellation comes first.
  func next() async -> ScriptedChild.Step? {
    await wait(forStop: false)
  }

  /// Waits until the task is cancelled.
  func waitForStop() async {
    _ = await wait(forStop: true)
  }

  /// Waits for a step, or for the cancellation alone.
  private func wait(forStop: Bool) async -> ScriptedChild.Step? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { reader in
        let answer = state.withLock { state -> ScriptedChild.Step?? in
          if !forStop, !state.steps.isEmpty { return .some(state.steps.removeFirst()) }
          // The flag is set before the handler runs, and the handler takes this lock: one of the two sees the other.
          if Task.isCancelled { return .some(nil) }
          state.wantsStop = forStop
          state.reader = reader
          return nil
        }
        if let answer { reader.resume(returning: answer) }
      }
    } onCancel: {
      let reader = state.withLock { state in
        defer { state.reader = nil }
        return state.reader
      }
      reader?.resume(returning: nil)
    }
  }
}
