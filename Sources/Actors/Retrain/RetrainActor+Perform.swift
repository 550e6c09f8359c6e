import Journal
import Ollama
import Platform
import Rules
import Supervision

/// How the lane carries a run out: lock, job with a deadline, outcome.
extension RetrainActor {
  /// Time between two tries for the lane's lock while somebody else holds it.
  static let lockRetry = Duration.seconds(1)
  /// First and longest pause between two tries to write an outcome down.
  static let firstRecordRetry = Duration.seconds(1)
  static let longestRecordRetry = Duration.seconds(60)
  /// Time beyond the stop grace after which a job that ignores its cancellation is abandoned.
  static let abandonMargin = Duration.seconds(5)

  /// Carries the run out and answers those who wait; returns when the lane may go on.
  func perform(_ entry: RetrainLane.Entry) async {
    let end = await attempt(entry)
    lane.onEnded(run: entry.run)
    answer(end)
  }

  private func attempt(_ entry: RetrainLane.Entry) async -> RunEnd {
    let interrupted = RunEnd(run: entry.run, state: .interrupted, result: nil, error: Self.stopping)
    guard let row = await persistently("read run \(entry.run)", { try await self.journal.run(entry.run) }) else {
      return interrupted
    }
    guard let row else {
      return RunEnd(run: entry.run, state: .failed, result: nil, error: "the journal lost run \(entry.run)")
    }
    if let running = handover.running, running.run == row.id, let job = await pool.job(row.id) {
      parts.log.info("Run \(row.id): adopted while it is running.")
      return await watch(job, row: row, running: running)
    }
    guard await lockLane(row) else { return interrupted }
    defer { handover.releaseLock() }
    guard await closeGap(row) else { return interrupted }
    guard
      let fence = await persistently("start run \(row.id)", { try await self.journal.takeFence(run: row.id) })
    else { return interrupted }
    let configuration = configuration(of: row)
    let server = await parts.server()
    let report = RunReport()
    let running = LaneHandover.Running(run: row.id, report: report, fence: fence)
    let work = RunJob(
      run: row, fence: fence, keepsBackup: configuration.backup, journal: journal, server: server,
      report: report, log: parts.log, wallClock: parts.wallClock)
    handover.onStarted(running)
    parts.log.info("Run \(row.id): \(row.kind.rawValue) of \(row.model) begins on \(server.name).")
    do {
      let job = try await pool.start(
        id: row.id, deadline: configuration.pullTimeout, grace: configuration.stopGrace + Self.abandonMargin
      ) { _ in try await work.perform() }
      return await watch(job, row: row, running: running)
    } catch {
      handover.onEnded()
      report.onEnded()
      return await conclude(row, running: running, outcome: .failed(error))
    }
  }

  /// Waits for the job's outcome and writes it down; the lane stays closed until the job's body has really ended.
  private func watch(_ job: Job, row: RunRow, running: LaneHandover.Running) async -> RunEnd {
    let outcome: JobOutcome
    do {
      outcome = try await job.outcomeUnlessCancelled()
    } catch {
      isDraining = true
      await pool.cancel(row.id)
      outcome = await job.outcome()
    }
    let end = await conclude(row, running: running, outcome: outcome)
    if case .abandoned = outcome {
      parts.log.error("Run \(row.id): did not stop when asked; the lane stays closed until it is gone.")
      await running.report.waitForEnd()
    }
    handover.onEnded()
    return end
  }

  /// A run that the last process left in the middle is first journalled as interrupted, so that its history shows the
  /// gap; false where the task was cancelled.
  private func closeGap(_ row: RunRow) async -> Bool {
    guard row.state != .recorded, row.state != .interrupted else { return true }
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    let done: Void? = await persistently("write the gap of run \(row.id) down") {
      let fence = try await self.journal.takeFence(run: row.id)
      try await self.journal.transition(
        run: row.id, fence: fence, to: .interrupted, stage: row.stage, detail: "the process ended under it",
        change: RunChangeSet(attempt: row.attempt + 1), at: now)
    }
    return done != nil
  }

  /// Takes the host-wide lock of the endpoint; false where the task was cancelled while it waited.
  private func lockLane(_ row: RunRow) async -> Bool {
    guard let path = parts.laneLock, !handover.isLocked else { return true }
    var holder: String?
    while !Task.isCancelled {
      do {
        handover.hold(try FileLock.acquire(path: path, access: .everyone))
        return true
      } catch {
        let words = "\(error)"
        if words != holder {
          parts.log.warning("Run \(row.id): waits for the lane of this model server: \(words)")
          holder = words
        }
      }
      await wakeup.wait(until: parts.clock.now() + Self.lockRetry, clock: parts.clock)
    }
    return false
  }

  /// Repeats a journal operation until it succeeds: an outcome is never dropped for a full disk. nil where the task is
  /// cancelled first; the journal then still says what was under way, and the next start goes on from there.
  func persistently<T: Sendable>(_ what: String, _ operation: () async throws -> T) async -> T? {
    var pause = Self.firstRecordRetry
    while true {
      do {
        return try await operation()
      } catch let failure as JournalFailure where failure.isFinal {
        parts.log.error("Could not \(what): \(failure)")
        return nil
      } catch {
        parts.log.error("Could not \(what): \(error). Nothing is done until the journal can be written again.")
      }
      guard !Task.isCancelled else { return nil }
      await wakeup.wait(until: parts.clock.now() + pause, clock: parts.clock)
      pause = min(pause * 2, Self.longestRecordRetry)
    }
  }
}
