public import Journal
import Ollama
import Platform
public import Rules
import Stores
import Supervision

/// How the monitor's parts become the status.
extension RetrainMonitor {
  /// Writes the status to its file, at once replaced as a whole, and the main numbers to the log.
  public func dumpStatus() async {
    await oneDumpAtATime {
      await tree.restoreControl()
      await writeStatus()
    }
  }

  private func writeStatus() async {
    let report = await status()
    do {
      let text = try JSON.encode(report, isPretty: true) + "\n"
      let path = paths.status
      try await onOwnThread(name: "status") { try AtomicFile.write(text, to: path, mode: 0o640) }
      // Nobody has counted them before the first check has ended.
      let count = report.monitor.models
      let models = report.monitor.lastCheck == nil ? "" : "\(count) \(count == 1 ? "model" : "models"), "
      parts.log.info(
        "Status: \(report.children.filter { $0.state == "ready" }.count) of \(report.children.count) children ready, "
          + "\(models)lane \(report.lane.running?.stage ?? "free"), "
          + "\(report.lane.waiting.count) waiting, outbox \(report.outbox.pending) pending and "
          + "\(report.outbox.blocked) blocked; written to \(path).")
    } catch {
      parts.log.error("The status could not be written to \(paths.status): \(error)")
    }
  }

  /// Fills in what the last check saw.
  func fillMonitor(_ report: inout StatusReport, now: Timestamp) async {
    if let journal = tree.journal.current, let standing = parts.stats(journal).standing {
      report.store = StatusReport.Store(standing)
    }
    if let journal = tree.journal.current {
      report.circuits = await StatusReport.Circuit.all(journal, settings, stats: parts.stats(journal), now: now)
    }
    guard let summary = await tree.monitor.current?.summary() else { return }
    report.monitor.checks = summary.checks
    report.monitor.lastCheck = summary.lastCheck?.rfc3339
    report.monitor.lastError = summary.lastError
    report.monitor.models = summary.models
    report.monitor.nextCheck = summary.nextCheckIn.map { now.adding($0).rfc3339 }
    let names = summary.results.compactMap(\.evaluation.model)
    let memories = (try? await tree.journal.current?.memories(of: names)) ?? [:]
    report.models = await upToDate(summary.results).map { result in
      let memory = result.evaluation.model.flatMap { memories[$0] }
      return StatusReport.Model(result, memory: memory)
    }
  }

  /// Fills in how far cycles are made of judgements.
  func fillLearning(_ report: inout StatusReport, now: Timestamp) async {
    guard settings.makesCycles, let journal = tree.journal.current else { return }
    report.learning = await StatusReport.Learning.of(journal, now: now)
    report.learning?.lastError = await tree.learning.current?.lastError
  }

  /// Results of the last check, with how the runs ended that it started and that have ended since.
  private func upToDate(_ results: [CheckResult]) async -> [CheckResult] {
    var results = results
    for index in results.indices where [.started, .joined].contains(results[index].action) {
      guard let run = results[index].run, let row = try? await tree.journal.current?.run(run), row.state.isTerminal
      else { continue }
      results[index].note(RunEnd(row))
    }
    return results
  }

  /// Opens the log file again, after somebody moved it away.
  public func reopenLog() { parts.log.reopen() }
}

extension StatusReport.Child {
  /// From the supervisor's snapshot.
  init(_ child: ChildSnapshot) {
    self.init(
      id: child.id, state: "\(child.state)", generation: child.generation, restarts: child.restarts,
      lastError: child.lastError)
  }
}

extension StatusReport.Store {
  /// As far as it is known without asking the store; nil for the embedded one.
  public static func atHand(_ settings: Settings, _ journal: Journal) async -> StatusReport.Store? {
    await StoreParts.atHand(settings, journal).standingAtHand().map { StatusReport.Store($0) }
  }

  /// From what the store says of itself.
  init(_ standing: StoreStanding) {
    self.init(
      name: standing.name, state: standing.state.rawValue, since: standing.since?.rfc3339, why: standing.why,
      mirroredAt: standing.mirroredAt?.rfc3339, notes: standing.notes)
  }
}

extension StatusReport.Outbox {
  /// From the journal's counts.
  public init(_ counts: OutboxCounts) {
    self.init(
      pending: counts.pending, delivered: counts.delivered, blocked: counts.blocked)
  }
}

extension StatusReport.Learning {
  /// As the journal knows it; nil where that cannot be read.
  public static func of(_ journal: Journal, now: Timestamp) async -> Self? {
    let bound = now.adding(.zero - LearningWindow.lateBound)
    guard let progress = try? await journal.learningProgress(notBefore: bound) else { return nil }
    var learning = Self(pending: progress.pending, through: progress.through?.rfc3339)
    learning.lastCycle = progress.last.map { cycle in
      Cycle(
        id: cycle.id, model: cycle.model, modelVersion: cycle.modelVersion, timestamp: cycle.timestamp?.rfc3339,
        accepted: cycle.accepted, rejected: cycle.rejected, edited: cycle.edited)
    }
    return learning
  }
}

extension StatusReport.Model {
  /// From a check and the model's memory.
  public init(_ result: CheckResult, memory: ModelMemory?) {
    check = CheckEntry(result)
    if case .open(let reason) = memory?.circuit { circuitOpen = reason }
    retryAt = memory?.retryAt?.rfc3339
  }
}

extension RetrainActor {
  /// The lane as the status shows it.
  func status() -> StatusReport.Lane {
    var status = StatusReport.Lane()
    status.server = parts.serverName
    status.waiting = lane.waiting.map {
      StatusReport.Lane.Run(id: $0.run, model: $0.model, stage: "waiting for the lane")
    }
    if let entry = lane.running {
      var run = StatusReport.Lane.Run(id: entry.run, model: entry.model, stage: preparation)
      if let running = handover.running, running.run == entry.run {
        let moment = running.report.current
        if !moment.stage.isEmpty { run.stage = moment.stage }
        run.progress = moment.progress?.status
        run.completed = moment.progress.flatMap { $0.digest == nil ? nil : $0.completed }
        run.total = moment.progress.flatMap { $0.digest == nil ? nil : $0.total }
      }
      status.running = run
    }
    return status
  }
}

extension Duration {
  /// For the start line: `60 minutes`, `10 seconds`, `1.5 seconds`.
  var inWords: String {
    let milliseconds = wholeMilliseconds
    func words(_ count: Int64, _ unit: String) -> String { "\(count) \(unit)\(count == 1 ? "" : "s")" }
    if milliseconds % 60_000 == 0 { return words(milliseconds / 60_000, "minute") }
    if milliseconds % 1000 == 0 { return words(milliseconds / 1000, "second") }
    return words(milliseconds, "millisecond")
  }
}
