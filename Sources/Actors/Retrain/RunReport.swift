import Ollama
import Platform
import Rules
import Supervision

/// What a running job tells whoever watches it; the only state that the job and the lane share.
final class RunReport: Sendable {
  /// A moment of a run.
  struct State: Sendable {
    /// The step in words.
    var stage = ""
    /// The last line of progress.
    var progress: PullProgress?
    /// Bytes of each layer at their highest, by layer: counters of the server fall legitimately.
    var highest: [String: Int64] = [:]
    /// Result of a run that succeeded.
    var change: RunChange?
    /// Why it failed.
    var failure: ModelServerFailure?
    /// Why it waits for the journal, or ended because of it; nil where it does not wait.
    var journalTrouble: String?
    /// True once the job's body has returned: its connection is closed and its process group gone.
    var hasEnded = false

    /// The outcome that the job told itself; nil where it ended without one, because it was cancelled.
    var outcome: JobOutcome? {
      if change != nil { return .finished }
      guard let failure, failure.kind != .cancelled else { return nil }
      return .failed(failure)
    }
  }
  /// Layers whose bytes are remembered; a model has about ten.
  static let maximumLayers = 256

  private let state = Guarded(State())
  private let ended = Wakeup()
  private let onChange: @Sendable (State) -> Void

  /// A report whose changes are handed on, on the thread that made them.
  init(onChange: @escaping @Sendable (State) -> Void = { _ in }) { self.onChange = onChange }

  /// The moment now.
  var current: State { state.withLock { $0 } }

  /// Bytes that have arrived at the best moment, over all layers.
  var bestBytes: Int64 { state.withLock { $0.highest.values.reduce(0) { $0 &+ $1 } } }

  /// A step begins.
  func onStage(_ stage: String) {
    onChange(
      state.withLock {
        $0.stage = stage
        $0.progress = nil
        return $0
      })
  }

  /// The step waits for the journal, or the run ends because of it.
  func onJournalTrouble(_ why: String) {
    onChange(
      state.withLock {
        $0.stage = "waiting for the journal: \(why)"
        $0.progress = nil
        $0.journalTrouble = why
        return $0
      })
  }

  /// The journal took the step.
  func onJournalled(_ stage: String) {
    let waited = state.withLock { state -> Bool in
      defer { state.journalTrouble = nil }
      return state.journalTrouble != nil
    }
    if waited { onStage(stage) }
  }

  /// A line of progress.
  func onProgress(_ progress: PullProgress) {
    onChange(
      state.withLock {
        $0.progress = progress
        if let digest = progress.digest, $0.highest[digest] != nil || $0.highest.count < Self.maximumLayers {
          $0.highest[digest] = max($0.highest[digest] ?? 0, progress.completed)
        }
        return $0
      })
  }

  /// The run succeeded.
  func onFinished(_ change: RunChange) { state.withLock { $0.change = change } }

  /// The run failed.
  func onFailed(_ failure: ModelServerFailure) { state.withLock { $0.failure = failure } }

  /// The body has returned.
  func onEnded() {
    state.withLock { $0.hasEnded = true }
    ended.poke()
  }

  /// Returns once the body has returned, or the task is cancelled.
  func waitForEnd() async {
    while !current.hasEnded, !Task.isCancelled { await ended.wait() }
  }
}
