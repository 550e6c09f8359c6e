import Platform

/// Configuration, clock, limits and service manager.
enum SystemFindings {
  /// 2024-01-01: no clock that is right is before it.
  static let earliest: Int64 = 1_704_067_200

  /// The configuration.
  static func configuration(_ facts: ConfigurationFacts) -> [Finding] {
    var findings = facts.errors.map {
      Finding(
        .error, .configuration, $0, why: "no daemon starts with it, and one that runs keeps what it had",
        type: "retraind check-config")
    }
    findings += facts.warnings.map { Finding(.warning, .configuration, $0) }
    if facts.errors.isEmpty {
      if let file = facts.file {
        findings.append(Finding(.note, .configuration, "\(file) is valid", type: "retraind check-config --print"))
      } else {
        findings.append(
          Finding(
            .note, .configuration, "there is no configuration file: the defaults are in force",
            why: "looked for \(facts.places.joined(separator: ", "))", type: "retraind check-config --print"))
      }
    }
    return findings
  }

  /// The machine.
  static func system(_ facts: SystemFacts) -> [Finding] {
    var findings: [Finding] = []
    if facts.seconds < earliest {
      findings.append(
        Finding(
          .error, .system, "this machine's clock is before 2024",
          why: "cycles look as if they came from the future, and are left out", type: "timedatectl set-ntp true"))
    }
    if let problem = DescriptorLimit.problem(limit: facts.descriptorLimit) {
      findings.append(Finding(.error, .system, problem, type: "ulimit -n 1024"))
    } else if facts.descriptorLimit < DescriptorLimit.wanted {
      findings.append(
        Finding(
          .warning, .system, "this process may open only \(facts.descriptorLimit) files at once",
          why: "\(DescriptorLimit.wanted) are enough for everything at once", type: "ulimit -n 1024"))
    }
    if let socket = facts.notifySocket, !facts.hasNotifySocket {
      findings.append(
        Finding(
          .warning, .system, "NOTIFY_SOCKET is \(socket.shownName), and nothing is there",
          why: "the service manager would wait for a word that it never hears", type: "unset NOTIFY_SOCKET"))
    }
    if let text = facts.watchdog, (Int64(text) ?? 0) < 1_000_000 {
      findings.append(
        Finding(
          .warning, .system, "WATCHDOG_USEC is \(text.shownName)",
          why: Int64(text) == nil
            ? "that is no number, so that no sign of life is given" : "a busy machine takes longer",
          write: "WatchdogSec=60s   (in the unit of the service)"))
    }
    if let other = facts.otherState {
      findings.append(
        Finding(
          .note, .system, "a service keeps its state in \(other), which was not looked at",
          type: "sudo STATE_DIRECTORY=\(ProgramPath.quoted(other)) LOGS_DIRECTORY=/var/log/retraind retraind doctor"))
    }
    return findings
  }
}
