import Journal
import Platform
import Rules
import Stores

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the lane writes into the journal before anything is done: intents.
extension RetrainActor {
  /// Event, run, outbox row and memory in one transaction: recorded means committed.
  func record(_ request: RunRequest, run: String) async throws {
    let settings = settings.current
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    let event = request.kind == .pull ? event(of: request, run: run, at: now) : nil
    let row = RunRow(
      id: run, model: request.model, kind: request.kind, trigger: request.trigger, state: .recorded,
      stage: "waiting for the lane", attempt: 1, fence: 0, requestedAt: now,
      averageAcceptRate: request.evaluation?.average,
      threshold: request.evaluation?.threshold ?? settings.rules(for: request.model).threshold,
      cyclesUsed: request.evaluation?.used.count, eventID: event?.eventID, decisionID: request.decision,
      configuration: Self.encoded(RunConfiguration(settings)))
    try await journal.beginRun(run: row, event: event, decision: request.decision) {
      if request.kind == .rollback {
        $0.onRollback(run: run)
      } else {
        $0.onFired(evaluation: request.evaluation, run: run)
      }
    }
    parts.log.info("Run \(run): recorded for \(request.model) (\(request.trigger.rawValue)).")
  }

  /// A failed run is taken up again: the same run, the next attempt.
  func reopen(_ run: String, model: String) async throws {
    guard let row = try await journal.run(run) else { throw RunRefusal(description: "the journal has no run \(run)") }
    let fence = try await journal.takeFence(run: run)
    try await journal.transition(
      run: run, fence: fence, to: .recorded, stage: "waiting for the lane", detail: "attempt \(row.attempt + 1)",
      change: RunChangeSet(attempt: row.attempt + 1), memory: { $0.onFired(evaluation: nil, run: run) },
      at: Timestamp(microseconds: parts.wallClock.microseconds()))
  }

  /// A waiting run is cancelled.
  func cancelWaiting(_ entry: RetrainLane.Entry) async throws {
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    let fence = try await journal.takeFence(run: entry.run)
    let jitter = jitter()
    try await journal.transition(
      run: entry.run, fence: fence, to: .cancelled, stage: "cancelled", detail: "the model left the configuration",
      change: RunChangeSet(error: "its model left the configuration", endedAt: now),
      memory: { $0.onRunEnded(outcome: .cancelled, endedAt: now, jitter: jitter, run: entry.run) }, at: now)
    parts.log.info("Run \(entry.run): cancelled while it waited: \(entry.model) left the configuration.")
  }

  /// Rebuilds the lane from the journal: what was running is resumed, or adopted where its job still runs.
  func rebuild() async throws {
    let open = try await journal.openRuns()
    let running = handover.running?.run
    // Only what this process did not start itself: then the children of a run in the middle, and programs that people
    // are told by, are a dead process's.
    let tellsByPrograms = settings.current.notify.contains { if case .command = $0.way { true } else { false } }
    if running == nil, tellsByPrograms || open.contains(where: { $0.state != .recorded && $0.state != .interrupted }) {
      let groups = await parts.endOrphans()
      if !groups.isEmpty {
        let ids = groups.map(String.init).joined(separator: ", ")
        parts.log.warning("Ended what outlived the process before this one: process groups \(ids).")
      }
    }
    let ordered = open.sorted { left, right in
      (left.id == running ? 0 : 1, left.requestedAt, left.id) < (
        right.id == running ? 0 : 1, right.requestedAt, right.id
      )
    }
    for row in ordered {
      switch lane.onRequest(run: row.id, model: row.model, isRefresh: row.kind == .pull, isRecorded: true) {
      case .admitted:
        if row.id != running {
          let stage = row.stage == row.state.rawValue ? "" : ", \(row.stage)"
          parts.log.info("Run \(row.id): resumed for \(row.model) (was \(row.state.words)\(stage)).")
        }
      case .joined(let other), .conflicting(let other): await closeDuplicate(row, of: other)
      case .refused: parts.log.error("Run \(row.id): the lane is full; it is resumed at the next start.")
      }
    }
  }

  /// Two open runs for one model can only stem from a foreign hand in the journal: the later one is closed honestly.
  private func closeDuplicate(_ row: RunRow, of other: String) async {
    do {
      let now = Timestamp(microseconds: parts.wallClock.microseconds())
      let fence = try await journal.takeFence(run: row.id)
      try await journal.transition(
        run: row.id, fence: fence, to: .cancelled, stage: "cancelled", detail: "run \(other) has the model",
        change: RunChangeSet(error: "run \(other) has the model", endedAt: now), at: now)
    } catch {
      parts.log.error("Run \(row.id): could not be closed: \(error)")
    }
  }

  private func event(of request: RunRequest, run: String, at now: Timestamp) -> RetrainEvent {
    let evaluation = request.evaluation
    let notes =
      evaluation.map { "Model \(request.model) retrain triggered: \($0.reason)" }
      ?? "Model \(request.model) retrain asked for by a person"
    return RetrainEvent(
      eventID: parts.identifiers.next(), runID: run, model: request.model, notes: notes,
      averageAcceptRate: evaluation?.average,
      threshold: evaluation?.threshold ?? settings.current.rules(for: request.model).threshold,
      statsWindowSize: evaluation?.used.count ?? 0, triggeredAt: now,
      modelVersion: evaluation?.used.first?.modelVersion)
  }

  /// As JSON; an encoder of plain numbers does not fail.
  static func encoded(_ configuration: RunConfiguration) -> String {
    (try? JSONEncoder().encode(configuration)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  /// The configuration that a run was requested with; the one in force where the row's cannot be read.
  func configuration(of row: RunRow) -> RunConfiguration {
    (try? JSONDecoder().decode(RunConfiguration.self, from: Data(row.configuration.utf8)))
      ?? RunConfiguration(settings.current)
  }
}
