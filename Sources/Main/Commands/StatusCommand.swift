import Actors
import Journal
import Platform
import Rules

/// `retraind status`: the daemon at this moment; without one, what its journal says.
enum StatusCommand {
  static func run(_ loaded: LoadedConfiguration, _ requests: SignalRequests, _ context: ProgramContext) async -> Int32 {
    do {
      let link = DaemonLink(loaded, requests: requests, context.terminal)
      var report: StatusReport
      if let reply = try await link.ask(
        ControlRequest(.status), unanswered: "What its journal knows is not shown.")
      {
        guard let status = reply.status else {
          throw CommandFailure(code: ExitCode.failure, "the daemon's answer holds no status")
        }
        report = status
      } else {
        State.require(loaded, context)
        report = try await offline(loaded)
        if let process = FileLock.holder(at: loaded.paths.lock) {
          report.state = "not reachable"
          report.pid = process
          context.terminal.say(
            "retraind: process \(process) works on this state directory (lock \(loaded.paths.lock)), but nobody answers at "
              + "\(loaded.paths.socket). A command that works alone has no socket; a daemon whose socket was removed "
              + "makes a new one when it is asked to reload: kill -HUP \(process)")
        }
      }
      if context.global.json {
        context.terminal.print(try JSON.encode(report, isPretty: true))
      } else {
        for line in StatusText.lines(report, context.terminal) { context.terminal.show(line) }
      }
      return ExitCode.success
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  /// What the journal knows while no daemon runs.
  private static func offline(_ loaded: LoadedConfiguration) async throws -> StatusReport {
    let journal = try await Journal.open(path: loaded.paths.database, readOnly: true)
    let now = Timestamp(microseconds: WallClock.system.microseconds())
    var report = StatusReport(
      writtenAt: now.rfc3339, state: "not running", version: RetrainMonitor.version,
      journal: StatusReport.JournalStatus(path: loaded.paths.database))
    report.outbox = StatusReport.Outbox(try await journal.outboxCounts())
    report.store = await StatusReport.Store.atHand(loaded.settings, journal)
    if loaded.settings.learning.isEnabled { report.learning = await StatusReport.Learning.of(journal, now: now) }
    report.sinks = StatusReport.Sink.all(loaded.settings, try await journal.sinkCounts())
    report.configuration.file = loaded.file
    report.configuration.effective = loaded.settings.effective
    report.lane.waiting = try await journal.openRuns().map {
      StatusReport.Lane.Run(id: $0.id, model: $0.model, stage: "\($0.state.rawValue): resumed at the next start")
    }
    let decisions = try await journal.latestDecisions(limit: MonitorSummary.maximumModels)
    let memories = try await journal.memories(of: decisions.compactMap(\.model))
    report.models = decisions.map { decision in
      let result = CheckResult(
        evaluation: decision.evaluation, action: CheckAction(rawValue: decision.action) ?? .none,
        reason: decision.evaluation.reason, run: decision.run)
      return StatusReport.Model(result, memory: decision.model.flatMap { memories[$0] })
    }
    report.circuits = await StatusReport.Circuit.all(journal, loaded.settings, now: now)
    report.monitor.models = decisions.count
    report.monitor.lastCheck = decisions.map(\.at).max()?.rfc3339
    await journal.close()
    return report
  }
}

/// A status for people.
enum StatusText {
  static func lines(_ report: StatusReport, _ terminal: Terminal) -> [String] {
    var lines: [String] = []
    let pid = report.pid.map { " (pid \($0))" } ?? ""
    lines.append(terminal.paint("retraind \(report.version): \(report.state)\(pid)", .bold))
    if let started = report.startedAt { lines.append("  started       \(started)") }
    lines.append("  configuration \(report.configuration.file ?? "none, defaults")")
    if let error = report.configuration.lastReloadError {
      lines.append(terminal.paint("  last reload refused: \(error)", .red))
    }
    lines.append("  journal       \(report.journal.path)")
    if let why = report.journal.unwritable { lines.append(terminal.paint("  journal cannot be written: \(why)", .red)) }
    lines.append("  last check    \(report.monitor.lastCheck ?? "none yet")")
    if let next = report.monitor.nextCheck { lines.append("  next check    \(next)") }
    if let error = report.monitor.lastError { lines.append(terminal.paint("  last check failed: \(error)", .red)) }
    if let store = report.store { lines += storeLines(store, terminal) }
    let outbox = report.outbox
    lines.append(
      "  events        \(outbox.delivered) delivered, \(outbox.pending) pending, \(outbox.blocked) blocked")
    if let why = outbox.blockedWhy { lines.append(terminal.paint("  blocked: \(why)", .yellow)) }
    if let learning = report.learning { lines += learningLines(learning, terminal) }
    lines += laneLines(report.lane)
    lines += SinkText.lines(report.sinks, terminal)
    if !report.models.isEmpty {
      lines.append("Models (as of the last check)")
      lines += report.models.prefix(50).flatMap { model -> [String] in
        var line = "  " + CheckText.line(model.check, terminal)
        if let why = model.circuitOpen { line += terminal.paint(" (no automatic work: \(why.shownText))", .yellow) }
        if let retry = model.retryAt {
          line +=
            report.pid == nil
            ? " (a check after \(retry) tries it again if it is degraded)" : " (tried again at \(retry))"
        }
        return line.split(separator: "\n").map(String.init)
      }
      if report.models.count > 50 { lines.append("  … and \(report.monitor.models - 50) more (--json lists them)") }
    }
    lines += circuitLines(report, terminal)
    if !report.children.isEmpty {
      lines.append("Supervised")
      lines += report.children.map { child in
        let error = child.lastError.map { ", last error: \($0)" } ?? ""
        return "  \(child.id): \(child.state), generation \(child.generation), \(child.restarts) restarts\(error)"
      }
    }
    for orphan in report.orphans {
      lines.append(
        terminal.paint("  orphan \(orphan.id): ignores its cancellation since \(Int(orphan.ageSeconds)) s", .red))
    }
    return lines
  }

  /// Models that no check saw, such as one without cycles.
  private static func circuitLines(_ report: StatusReport, _ terminal: Terminal) -> [String] {
    (report.circuits ?? []).filter { circuit in
      !report.models.prefix(50).contains { $0.check.model.map { ModelName.isSame($0, circuit.model) } ?? false }
    }.map { circuit in
      let unnamed = circuit.isNamed == false ? " (no cycle or configuration names it)" : ""
      return terminal.paint(
        "  nothing is done on \(circuit.model.shownName) by itself any more\(unnamed): \(circuit.why.shownText)",
        .yellow)
    }
  }

  private static func storeLines(_ store: StatusReport.Store, _ terminal: Terminal) -> [String] {
    guard store.state != "untried" else {
      let mirrored = store.mirroredAt.map { "cycles as of \($0)" } ?? "its cycles were never read"
      return ["  store         \(store.name): not asked, \(mirrored)"]
    }
    var lines = ["  store         \(store.name): \(store.state)\(store.since.map { " since \($0)" } ?? "")"]
    if let why = store.why {
      lines.append(terminal.paint("  store is away: \(why.shownText)", .red))
      lines.append("                cycles as of \(store.mirroredAt ?? "never: there are none to judge by")")
    }
    return lines + store.notes.map { terminal.paint("  note: \($0.shownText)", .yellow) }
  }

  private static func learningLines(_ learning: StatusReport.Learning, _ terminal: Terminal) -> [String] {
    var lines: [String] = []
    if learning.lastCycle != nil || learning.pending > 0 {
      let last = learning.lastCycle.map { cycle in
        "; last cycle \(cycle.timestamp ?? "(no timestamp)"), \(cycle.model?.shownName ?? "(no model)"): "
          + "\(cycle.accepted ?? 0) accepted, \(cycle.rejected ?? 0) rejected"
      }
      // Those beyond are not counted.
      let more = learning.pending >= Journal.mostPending ? " or more" : ""
      lines.append("  judgements    \(learning.pending)\(more) in no cycle yet\(last ?? "")")
    }
    if let error = learning.lastError {
      lines.append(terminal.paint("  no cycles are made of judgements: \(error.shownText)", .red))
    }
    return lines
  }

  private static func laneLines(_ lane: StatusReport.Lane) -> [String] {
    var lines: [String] = []
    if let running = lane.running {
      let fraction = ProgressLine.fraction(running).map { " \(Int($0 * 100)) %" } ?? ""
      lines.append(
        "  lane          \(running.model.shownName): \(running.stage.shownText)\(fraction) (run \(running.id))")
    } else {
      lines.append("  lane          free")
    }
    lines += lane.waiting.map { "                \($0.model.shownName): \($0.stage.shownText) (run \($0.id))" }
    return lines
  }
}
