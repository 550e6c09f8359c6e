import Actors
import Platform
import Rules

/// Whether a daemon runs, and what it says of itself.
enum DaemonFindings {
  /// What is so.
  static func of(_ facts: DaemonFacts) -> [Finding] {
    var findings: [Finding]
    switch facts.answer {
    case .status(let report): findings = Self.report(report, facts)
    case .failed(let why):
      findings = [
        Finding(
          .error, .daemon, "the daemon\(pid(facts.holder)) does not answer at \(facts.paths.socket)",
          why: facts.holder == nil ? why : "\(why); where its STAT is T it was stopped, and SIGCONT lets it go on",
          type: facts.holder.map { "ps -o pid,stat,cmd -p \($0)\nkill -CONT \($0)" })
      ]
    case .denied(let why):
      findings = [
        Finding(
          .note, .daemon, "whether a daemon runs on \(facts.paths.directory) is not for this user to see", why: why,
          type: "sudo retraind doctor")
      ]
    case .nobody:
      if let holder = facts.holder {
        findings = [
          Finding(
            .warning, .daemon, "process \(holder) works on this state, but nobody answers at \(facts.paths.socket)",
            why: "a command that works alone has no socket; a daemon whose socket was removed makes a new one",
            type: "kill -HUP \(holder)")
        ]
      } else {
        findings = [
          Finding(
            .note, .daemon, "no daemon runs on \(facts.paths.directory)", why: "nothing is watched",
            type: "retraind run\nsystemctl start retraind")
        ]
      }
    }
    if let (open, limit) = facts.descriptors, limit > 0, open * 5 > limit * 4 {
      findings.append(
        Finding(
          .warning, .daemon, "the daemon\(pid(facts.holder)) has \(open) of \(limit) files open",
          why: "at the limit it can neither connect nor record; the limit counts from its next start on",
          type: "ulimit -n 4096", write: "LimitNOFILE=4096   (in the unit of the service)"))
    }
    return findings
  }

  /// One that is silent while somebody has its database locked: that is told, and this follows from it.
  static func waiting(_ facts: DaemonFacts) -> Finding {
    Finding(
      .note, .daemon, "the daemon\(pid(facts.holder)) does not answer meanwhile", why: "it waits for the database")
  }

  private static func pid(_ process: Int32?) -> String { process.map { " (pid \($0))" } ?? "" }

  /// What a status tells.
  private static func report(_ report: StatusReport, _ facts: DaemonFacts) -> [Finding] {
    var findings = [
      Finding(
        .note, .daemon, "a daemon is \(report.state)\(pid(report.pid))",
        why: report.monitor.nextCheck.map { "its next check is at \($0)" })
    ]
    if report.version != facts.version {
      findings.append(
        Finding(
          .warning, .daemon, "the daemon is version \(report.version.shownName), this program \(facts.version)",
          why: "it was replaced while it runs: the old one works on until it is restarted",
          type: "systemctl restart retraind"))
    }
    if let why = report.journal.unwritable {
      findings.append(
        Finding(.error, .daemon, "the daemon cannot write its journal, and does nothing until it can", why: why))
    }
    if let why = report.monitor.lastError {
      findings.append(Finding(.error, .daemon, "the last check failed", why: why, type: "retraind check --dry-run"))
    }
    if let why = report.configuration.lastReloadError {
      findings.append(
        Finding(
          .warning, .daemon, "the last reload was refused; the configuration before it is in force", why: why,
          type: "retraind check-config && retraind reload"))
    }
    findings += DatabaseFindings.outbox(
      pending: report.outbox.pending, blocked: report.outbox.blocked, why: report.outbox.blockedWhy, hasDaemon: true)
    findings += children(report)
    if let store = report.store {
      if let why = store.why {
        findings.append(
          Finding(
            .warning, .daemon, "the daemon cannot read cycles from \(store.name)", why: why,
            type: nil))
      }
      findings += store.notes.map { Finding(.warning, .daemon, $0) }
    }
    for model in report.models where model.circuitOpen == nil && model.check.action == .exhausted {
      let name = model.check.model?.shownName
      findings.append(
        Finding(
          .warning, .daemon, "\(name ?? "(no model)") stays degraded: its registry has nothing newer",
          why: model.check.reason, type: "retraind explain" + (name.map { " \(ProgramPath.quoted($0))" } ?? "")))
    }
    return findings
  }

  /// Models on which the daemon does nothing by itself any more.
  static func circuits(_ report: StatusReport) -> [StatusReport.Circuit] {
    var circuits = report.circuits ?? []
    for model in report.models {
      guard let why = model.circuitOpen, let name = model.check.model else { continue }
      // A daemon of an earlier version tells only of models that it has checked.
      if circuits.contains(where: { ModelName.isSame($0.model, name) }) { continue }
      circuits.append(StatusReport.Circuit(model: name, why: why))
    }
    return circuits
  }

  /// The supervised parts, and what did not end when it was asked to.
  private static func children(_ report: StatusReport) -> [Finding] {
    var findings: [Finding] = []
    for child in report.children {
      let error = child.lastError.map { "its last error: \($0)" }
      if child.state == "restarting" || child.state == "down" {
        findings.append(
          Finding(
            .warning, .daemon, "\(child.id) is being restarted (\(child.restarts) so far)", why: error,
            type: "retraind status"))
      } else if child.restarts > 0 {
        findings.append(
          Finding(
            .note, .daemon, "\(child.id) was restarted \(child.restarts == 1 ? "once" : "\(child.restarts) times")",
            why: error))
      }
    }
    for orphan in report.orphans {
      findings.append(
        Finding(
          .warning, .daemon, "\(orphan.id) was told to stop \(Int(orphan.ageSeconds)) s ago and has not",
          why: "what it still does is refused; a restart of the daemon ends it", type: "systemctl restart retraind"))
    }
    return findings
  }
}
