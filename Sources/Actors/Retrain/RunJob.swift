import Journal
import Ollama
import Platform
import Rules
import Supervision

/// Performs one run: asks the machine for the next step, writes the intent down, performs it, posts the result back.
struct RunJob: Sendable {
  /// The run as the journal has it.
  let run: RunRow
  /// The fence that this attempt was given; the journal refuses every other.
  let fence: Int64
  /// Whether a version to go back to is kept.
  let keepsBackup: Bool
  /// The journal.
  let journal: Journal
  /// Repeats what the journal refuses for now.
  let patience: JournalPatience
  /// The model server.
  let server: any ModelServer
  /// What others see of the run.
  let report: RunReport
  /// The log.
  let log: Log
  /// The clock of stamps.
  let wallClock: WallClock
  /// False once the job was abandoned or its pool was replaced: it must then do nothing more.
  var isCurrent: @Sendable () -> Bool = { true }

  /// Runs to the end; the outcome is in the report.
  ///
  /// - Throws: `ModelServerFailure` where a step failed, `JournalFailure` where an intent can never be written or the
  ///   journal is gone.
  func perform() async throws {
    defer { report.onEnded() }
    do {
      switch run.kind {
      case .pull: try await performPull()
      case .rollback: try await performRollback()
      }
    } catch let failure as ModelServerFailure {
      report.onFailed(failure)
      throw failure
    }
  }

  private func performPull() async throws {
    var machine = PullRun(
      model: run.model, keepsBackup: keepsBackup, before: run.digestBefore, wasAbsent: run.wasAbsent)
    var step = machine.start()
    while true {
      try await begin(
        step, state: step.state(pulled: machine.hasPulled),
        change: RunChangeSet(
          digestBefore: machine.before, wasAbsent: machine.wasAbsent, digestAfter: machine.after))
      switch step {
      case .inspect(let names): step = machine.onInspected(try await digests(of: names))
      case .copy(let from, let to):
        try await tidyOrThrow(step, pulled: machine.hasPulled) { () async throws(ModelServerFailure) in
          try await server.copy(from, to: to)
        }
        step = machine.onCopied()
      case .pull(let model):
        try await server.pull(model) { [report] in report.onProgress($0) }
        step = machine.onPulled()
      case .verify(let model): step = machine.onVerified(try await server.digest(of: model)?.digest)
      case .compare(let one, let other): step = machine.onCompared(isSame: try await holdSame(one, other))
      case .unload(let name):
        try await tidyOrThrow(step, pulled: true) { () async throws(ModelServerFailure) in
          try await server.unload(name)
        }
        step = machine.onTidied()
      case .delete(let name):
        try await tidyOrThrow(step, pulled: true) { () async throws(ModelServerFailure) in
          try await server.delete(name)
        }
        step = machine.onTidied()
      case .refuse(let why): throw ModelServerFailure(.unknownModel, why)
      case .finish(let change):
        report.onFinished(change)
        return
      }
    }
  }

  private func performRollback() async throws {
    var machine = RollbackRun(model: run.model, before: run.digestBefore, wasAbsent: run.wasAbsent)
    var step = machine.start()
    while true {
      try await begin(
        step, state: .promoting,
        change: RunChangeSet(
          digestBefore: machine.before, wasAbsent: machine.wasAbsent, digestAfter: machine.after))
      switch step {
      case .inspect(let names): step = machine.onInspected(try await digests(of: names))
      case .copy(let from, let to):
        try await server.copy(from, to: to)
        step = machine.onDone()
      case .unload(let name):
        try await tidyOrThrow(step, pulled: true) { () async throws(ModelServerFailure) in
          try await server.unload(name)
        }
        step = machine.onDone()
      case .delete(let name):
        try await tidyOrThrow(step, pulled: true) { () async throws(ModelServerFailure) in
          try await server.delete(name)
        }
        step = machine.onDone()
      case .refuse(let why): throw ModelServerFailure(.unknownModel, why)
      case .finish(let change):
        report.onFinished(change)
        return
      case .pull, .verify, .compare: return
      }
    }
  }

  /// Writes the step down before it is performed, however long that takes: a disk that is full for a moment costs no
  /// download. A journal that is gone ends the run: it must not keep the lane until somebody puts the file back.
  private func begin(_ step: RunStep, state: RunState, change: RunChangeSet) async throws {
    try checkCurrent()
    report.onStage(step.stage)
    try await patience("write down a step of run \(run.id) (\(step.stage))") { [report] error in
      report.onJournalTrouble("\(error)")
      if let failure = error as? JournalFailure, failure.isMoved { throw failure }
    } _: {
      try checkCurrent()
      try await journal.transition(
        run: run.id, fence: fence, to: state, stage: step.stage, detail: nil,
        change: change, at: Timestamp(microseconds: wallClock.microseconds()))
    }
    report.onJournalled(step.stage)
    // No effect follows the last step: what is done then is done.
    if case .finish = step { return }
    try checkCurrent()
  }

  private func digests(of names: [String]) async throws -> [String?] {
    var found: [String?] = []
    for name in names {
      try checkCurrent()
      found.append(try await server.digest(of: name)?.digest)
    }
    return found
  }

  /// Whether two names hold the same; nil where the server does not say, which is worth a warning and no failure.
  private func holdSame(_ one: String, _ other: String) async throws(ModelServerFailure) -> Bool? {
    do {
      guard let first = try await server.content(of: one), let second = try await server.content(of: other) else {
        return nil
      }
      return first == second
    } catch {
      guard error.kind != .cancelled else { throw error }
      log.warning(
        "Run \(run.id): whether the new version differs in more than its digest is not known: \(error.description)")
      return nil
    }
  }

  /// Stands before each effect: a job that nobody waits for any more leaves the server alone.
  private func checkCurrent() throws(CancellationError) {
    guard !Task.isCancelled, isCurrent() else { throw CancellationError() }
  }

  /// Performs a step whose failure, once the download has succeeded, costs memory or a name but not the run.
  private func tidyOrThrow(
    _ step: RunStep, pulled: Bool, _ effect: () async throws(ModelServerFailure) -> Void
  ) async throws(ModelServerFailure) {
    do {
      try await effect()
    } catch {
      guard step.isTidying(pulled: pulled), error.kind != .cancelled else { throw error }
      log.warning("Run \(run.id): \(step.stage) failed, going on: \(error.description)")
    }
  }
}
