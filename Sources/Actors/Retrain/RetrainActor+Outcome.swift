import Journal
import Ollama
import Platform
import Rules
import Supervision

/// What the end of a job means for the run and for the model.
struct RunConclusion: Sendable {
  /// The run's state.
  var state: RunState
  /// Its result where it succeeded.
  var result: String?
  /// Why it did not.
  var error: String?
  /// What the model's memory makes of it.
  var outcome: RunOutcomeKind
  /// True where it is taken up again at once.
  var isResumed = false

  /// Reads a job's end. What the job reports as done is done, though its deadline or a stop came at the same moment.
  ///
  /// - Parameters:
  ///   - kind: what the run is.
  ///   - job: how its job ended.
  ///   - change: the result that the job reported.
  ///   - failure: the failure that it reported.
  ///   - journalTrouble: why it waited for the journal when it ended; nil where it did not.
  ///   - hasProgressed: whether more bytes than ever had arrived.
  ///   - deadline: the time that the run had, in words.
  init(
    kind: RunKind, job: JobOutcome, change: RunChange?, failure: ModelServerFailure?, journalTrouble: String? = nil,
    hasProgressed: Bool, deadline: String
  ) {
    if let change {
      self.init(
        state: kind == .rollback ? .rolledBack : .succeeded,
        result: kind == .rollback ? "rolled back" : change.words, error: nil, outcome: .succeeded(change))
      return
    }
    switch job {
    // Not the model server was slow: it goes on where it stands once the journal can be written.
    case .deadlineExceeded where journalTrouble != nil: self = Self.resumed(journalTrouble ?? "")
    case .finished:
      let error = "it ended without a result: this is a fault of retraind"
      self.init(state: .failed, result: nil, error: error, outcome: .failed(permanent: false, reason: error))
    case .deadlineExceeded:
      self.init(
        state: .timedOut, result: nil, error: "not finished after \(deadline): cancelled",
        outcome: .timedOut(progressed: hasProgressed))
    case .abandoned:
      self.init(
        state: .timedOut, result: nil, error: "not finished after \(deadline), and did not stop when asked",
        outcome: .timedOut(progressed: hasProgressed))
    // Only a stop, of the daemon or of the pool, cancels a job before its deadline.
    case .cancelled: self = .interrupted
    case .failed(let error):
      if let failure {
        if failure.kind == .cancelled {
          self = .interrupted
        } else if failure.kind == .exhausted {
          // The model server was not even asked, so this is no failure of the model.
          self.init(
            state: .failed, result: nil, error: failure.description, outcome: .timedOut(progressed: true))
        } else {
          self.init(
            state: .failed, result: nil, error: failure.description,
            outcome: .failed(permanent: failure.isPermanent, reason: failure.description))
        }
      } else if error is CancellationError {
        self = .interrupted
      } else if let journalTrouble, (error as? JournalFailure)?.isFinal == false {
        self = Self.resumed(journalTrouble)
      } else {
        // The journal or the pool refused: the model server is not to blame, so this is no failure of the model.
        self.init(state: .failed, result: nil, error: "\(error)", outcome: .timedOut(progressed: true))
      }
    }
  }

  /// The daemon stopped under it.
  private static let interrupted = RunConclusion(
    state: .interrupted, result: nil, error: RetrainActor.stopping, outcome: .interrupted)

  /// The journal failed under it: it is taken up again at once, which finds what the server has.
  private static func resumed(_ why: String) -> RunConclusion {
    var conclusion = RunConclusion(
      state: .interrupted, result: nil, error: "it waited for the journal, and is taken up again: \(why)",
      outcome: .interrupted)
    conclusion.isResumed = true
    return conclusion
  }

  private init(state: RunState, result: String?, error: String?, outcome: RunOutcomeKind) {
    self.state = state
    self.result = result
    self.error = error
    self.outcome = outcome
  }
}

extension RunChange {
  /// As people read it in `history`.
  var words: String {
    switch self {
    case .updated: "updated"
    case .alreadyCurrent: "already current"
    case .unverified: "unverified"
    }
  }
}

/// How outcomes are written down.
extension RetrainActor {
  /// Writes a run's end: state, memory of the model, log.
  func conclude(_ row: RunRow, running: LaneHandover.Running, outcome: JobOutcome) async -> RunEnd {
    let report = running.report.current
    let bytes = running.report.bestBytes
    let conclusion = RunConclusion(
      kind: row.kind, job: outcome, change: report.change, failure: report.failure,
      journalTrouble: report.journalTrouble, hasProgressed: bytes > row.progressBytes,
      deadline: "\(configuration(of: row).pullTimeout)")
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    let jitter = jitter()
    let known = await persistently(
      "write the end of run \(row.id)", lettingGo: { running.report.current.hasEnded }
    ) { [self, herald] in
      try await journal.transition(
        run: row.id, fence: running.fence, to: conclusion.state, stage: conclusion.state.rawValue, detail: nil,
        change: RunChangeSet(
          result: conclusion.result, error: conclusion.error, endedAt: now,
          progressBytes: max(bytes, row.progressBytes)),
        memory: { memory in
          if row.kind == .rollback, conclusion.state.isTerminal, conclusion.state != .rolledBack {
            // A person asked for it and is told; it says nothing of what automatic refreshes may do.
            if memory.activeRun == row.id { memory.activeRun = nil }
          } else {
            memory.onRunEnded(outcome: conclusion.outcome, endedAt: now, jitter: jitter, run: row.id)
          }
        }, at: now,
        notices: { before, known in herald.notices(of: row, conclusion, before: before, now: known, at: now) })
    }
    herald.poke()
    if known == nil, conclusion.state == .interrupted, !Task.isCancelled {
      return RunEnd(
        run: row.id, state: .failed, result: nil, error: "that it was interrupted could not be recorded: see the log")
    }
    if conclusion.isResumed { resuming = row.id }
    let memory = known ?? nil
    tell(row, conclusion, memory: memory)
    if let retryAt = memory?.retryAt {
      await onRetryKnown(.microseconds(retryAt.microseconds - now.microseconds))
    }
    return RunEnd(run: row.id, state: conclusion.state, result: conclusion.result, error: conclusion.error)
  }

  private func tell(_ row: RunRow, _ conclusion: RunConclusion, memory: ModelMemory?) {
    let log = parts.log
    switch conclusion.state {
    case .succeeded, .rolledBack:
      log.info("✅ Run \(row.id): \(row.model) \(conclusion.result ?? "").")
    case .interrupted, .cancelled:
      log.warning("Run \(row.id): \(row.model) \(conclusion.state.rawValue).")
    default:
      var line = "❌ Run \(row.id): \(row.model) \(conclusion.state.words): \(conclusion.error ?? "")."
      if case .open(let reason) = memory?.circuit {
        let why = reason == conclusion.error ? "" : " (\(reason))"
        line += " No automatic work on this model any more\(why); `retraind retrain \(row.model)` tries again."
      } else if let retryAt = memory?.retryAt {
        // A command that ends now tries nothing again by itself.
        line +=
          isScheduled
          ? " It is tried again at \(retryAt.rfc3339) if the model is degraded then."
          : " A check after \(retryAt.rfc3339) tries it again if the model is degraded then."
      }
      log.error(line)
    }
  }
}
