import Journal
import Ollama
import Platform
import Rules
import Supervision

/// How the lane carries a run out: lock, job with a deadline, outcome.
extension RetrainActor {
  /// Time between two tries for the lane's lock while somebody else holds it.
  static let lockRetry = Duration.seconds(1)
  /// Time beyond the stop grace after which a job that ignores its cancellation is abandoned.
  static let abandonMargin = Duration.seconds(5)

  /// Carries the run out and tells those who wait; returns when the lane may go on.
  func perform(_ entry: RetrainLane.Entry) async {
    preparation = "starting"
    let end = await attempt(entry)
    lane.onEnded(run: entry.run)
    guard let end else { return }
    let resumes = resuming == entry.run && !handover.isDraining && !Task.isCancelled
    resuming = nil
    if resumes, goesOn(entry) { return }
    handover.ends.tell(end)
  }

  /// What the journal interrupted goes on at once; those who wait for it wait on.
  ///
  /// - Returns: false where the lane has no room for it: it is resumed at the next check or start.
  private func goesOn(_ entry: RetrainLane.Entry) -> Bool {
    let admission = lane.onRequest(
      run: entry.run, model: entry.model, isRefresh: entry.isRefresh, isRecorded: true)
    guard admission == .admitted else { return false }
    parts.log.info("Run \(entry.run): it is taken up again, for the journal can be written.")
    return true
  }

  /// - Returns: the end; nil where those who wait are told already, or the run is left to the next incarnation.
  private func attempt(_ entry: RetrainLane.Entry) async -> RunEnd? {
    guard let found = await persistently("read run \(entry.run)", { try await self.journal.run(entry.run) }) else {
      return nil
    }
    guard let row = found else {
      return RunEnd(run: entry.run, state: .failed, result: nil, error: "the journal lost run \(entry.run)")
    }
    guard !row.state.isTerminal else { return RunEnd(row) }
    if let running = handover.running {
      if running.run == row.id, let job = await pool.job(row.id) {
        parts.log.info("Run \(row.id): adopted while it is running.")
        return await watch(job, row: row, running: running)
      }
      guard await waitUntilGone(running) else { return nil }
      let report = running.report.current
      if running.run == row.id, let outcome = report.outcome {
        // It ended while the lane was being restarted, and nobody has written that down.
        let end = await conclude(row, running: running, outcome: outcome)
        handover.onEnded()
        return end
      }
      handover.onEnded()
    }
    guard await lockLane(row) else { return nil }
    return await start(row)
  }

  /// Starts the job under the lane's lock.
  private func start(_ found: RunRow) async -> RunEnd? {
    preparation = "starting"
    guard let (row, fence) = await takeUp(found) else {
      handover.onEnded()
      guard !Task.isCancelled else { return nil }
      return RunEnd(run: found.id, state: .failed, result: nil, error: "the journal refused to start it: see the log")
    }
    // The lock may have been let go while the journal was gone.
    guard await lockLane(row) else { return nil }
    let configuration = configuration(of: row)
    let server = await parts.server()
    let report = RunReport()
    let running = LaneHandover.Running(run: row.id, report: report, fence: fence)
    let work = RunJob(
      run: row, fence: fence, keepsBackup: configuration.backup, journal: journal, patience: patience,
      server: ListedNames(server), report: report, log: parts.log, wallClock: parts.wallClock)
    handover.onStarted(running)
    parts.log.info("Run \(row.id): \(row.kind.rawValue) of \(row.model) begins on \(server.name).")
    let job: Job
    do {
      job = try await pool.start(
        id: row.id, deadline: configuration.pullTimeout, grace: configuration.stopGrace + Self.abandonMargin
      ) { context in
        var work = work
        work.isCurrent = { context.isCurrent }
        try await work.perform()
      }
    } catch {
      report.onEnded()
      // A pool that stops takes this incarnation with it: the run is recorded, and waits for the next.
      let end = error == .stopping ? nil : await conclude(row, running: running, outcome: .failed(error))
      handover.onEnded()
      return end
    }
    return await watch(job, row: row, running: running)
  }

  /// Waits for the job's outcome and writes it down; the lane stays closed until the job's body has really ended.
  private func watch(_ job: Job, row: RunRow, running: LaneHandover.Running) async -> RunEnd? {
    let outcome: JobOutcome
    do {
      outcome = try await job.outcomeUnlessCancelled()
    } catch {
      guard handover.isDraining else { return nil }
      await pool.cancel(row.id)
      // Abandoned or not, it was interrupted: it is resumed at the next start.
      outcome = if case .abandoned = await job.outcome() { .cancelled } else { await job.outcome() }
    }
    let end = await conclude(row, running: running, outcome: outcome)
    guard running.report.current.hasEnded else {
      handover.ends.tell(end)
      // Cancelled meanwhile: the handover still says who has the lane, and the next incarnation waits on.
      guard await waitUntilGone(running) else { return nil }
      handover.onEnded()
      return nil
    }
    handover.onEnded()
    return end
  }

  /// Waits until a job's body has returned: only then are its connection closed and its process group gone.
  ///
  /// - Returns: false where the task was cancelled first.
  func waitUntilGone(_ running: LaneHandover.Running) async -> Bool {
    guard !running.report.current.hasEnded else { return true }
    let words = "run \(running.run) did not stop when asked; the lane stays closed until it is gone"
    preparation = words
    running.report.onStage("did not stop when asked: the lane stays closed until it is gone")
    parts.log.error("The lane is held: \(words).")
    await running.report.waitForEnd()
    guard running.report.current.hasEnded else { return false }
    parts.log.info("Run \(running.run): it is gone at last; the lane goes on.")
    return true
  }

  /// Takes the run up: its fence, and for one that was left in the middle the gap and its next attempt.
  ///
  /// - Returns: nil where the task was cancelled.
  private func takeUp(_ found: RunRow) async -> (RunRow, Int64)? {
    await persistently("start run \(found.id)", lettingGo: { true }) {
      let fence = try await self.journal.takeFence(run: found.id)
      var row = found
      row.fence = fence
      guard found.state != .recorded else { return (row, fence) }
      let now = Timestamp(microseconds: self.parts.wallClock.microseconds())
      if found.state != .interrupted {
        // What ran was not told to stop: its history shows the gap.
        try await self.journal.transition(
          run: found.id, fence: fence, to: .interrupted, stage: found.stage, detail: "it was left in the middle",
          at: now)
      }
      row.attempt += 1
      try await self.journal.transition(
        run: found.id, fence: fence, to: .recorded, stage: "taken up again", detail: "attempt \(row.attempt)",
        change: RunChangeSet(attempt: row.attempt), at: now)
      return (row, fence)
    }
  }

  /// Takes the host-wide lock of the endpoint; false where the task was cancelled while it waited.
  private func lockLane(_ row: RunRow) async -> Bool {
    guard let path = parts.laneLock, !handover.isLocked else { return !Task.isCancelled }
    var holder: String?
    while !Task.isCancelled {
      do {
        handover.hold(try FileLock.acquire(path: path, access: .everyone))
        return true
      } catch {
        let words = Self.laneWords(error)
        preparation = "waiting for the lane of this model server: \(words)"
        if words != holder {
          parts.log.warning("Run \(row.id): waits for the lane of this model server: \(words)".asSentence)
          holder = words
        }
      }
      await wakeup.wait(until: parts.clock.now() + Self.lockRetry, clock: parts.clock)
    }
    return false
  }

  /// Why the lane is not free. Whoever has it is at work, which is no trouble: nobody needs to be stopped.
  private static func laneWords(_ failure: LockFailure) -> String {
    guard case .held(let process) = failure else { return "\(failure)" }
    let who = process.map { "process \($0)" } ?? "another process"
    return "\(who) works on it; this goes on by itself when that one has finished"
  }

  /// Repeats a journal operation until it succeeds: an outcome is never dropped for a full disk. nil where it can never
  /// succeed, or the task is cancelled first; the journal then still says what was under way, and the next start goes on
  /// from there.
  ///
  /// - Parameter lettingGo: asked where the journal is gone, which can last: true where nothing of this process uses the
  ///   model server, so that the lane may go to others meanwhile.
  func persistently<T: Sendable>(
    _ what: String, lettingGo: () -> Bool = { false }, _ operation: () async throws -> T
  ) async -> T? {
    try? await patience(
      what,
      onFailure: { error in
        preparation = "waiting for the journal: \(error)"
        if let report = handover.running?.report, report.current.hasEnded { report.onStage(preparation) }
        if let failure = error as? JournalFailure, failure.isMoved, handover.isLocked, lettingGo() {
          handover.releaseLock()
          parts.log.warning("The lane of this model server is let go while the journal is gone.")
        }
      }, operation)
  }

  /// How the journal is waited for.
  var patience: JournalPatience {
    JournalPatience(recovery: handover.recovery, clock: parts.clock, log: parts.log)
  }
}

extension RunEnd {
  /// From the journal.
  init(_ row: RunRow) { self.init(run: row.id, state: row.state, result: row.result, error: row.error) }
}
