import Actors

/// The model server, and whether it has what is to be watched.
enum OllamaFindings {
  /// What is so.
  static func of(_ facts: OllamaFacts) -> [Finding] {
    var findings = facts.warnings.map { Finding(.warning, .ollama, "OLLAMA_HOST or ollama.host: \($0)") }
    if let models = facts.models, let version = facts.version {
      findings.append(
        Finding(
          .note, .ollama,
          "Ollama \(version) at \(facts.endpoint) has \(models.count) model\(models.count == 1 ? "" : "s")"))
    } else {
      findings.append(unreachable(facts))
    }
    if !facts.keepsBackup {
      findings.append(
        Finding(
          .note, .ollama, "ollama.backup is false: no version is kept to go back to",
          why:
            "rollback has nothing to put back, and the runner of a version that is replaced stays until its time is up",
          write: "ollama: { backup: true }   (in retraind.json5)"))
    }
    if let problem = facts.programProblem, facts.transport == .cli {
      findings.append(
        Finding(
          .error, .ollama, "ollama.transport is \"cli\", and the program cannot be used", why: problem,
          type: install, write: "ollama: { transport: \"api\" }   (in retraind.json5: without the program)"))
    }
    if !facts.isLaneLockUsable {
      findings.append(
        Finding(
          .error, .ollama, "the lock that keeps two pulls apart cannot be made or taken: \(facts.laneLock)",
          why: "without it nothing is refreshed",
          type: "ls -ld \(ProgramPath.quoted(StatePaths.directory(of: facts.laneLock)))"))
    }
    if let holder = facts.laneHolder {
      findings.append(
        Finding(
          .note, .ollama, "process \(holder) has the lane of \(facts.endpoint)",
          why: "one pull at a time: others wait for it", type: "ps -fp \(holder)"))
    }
    return findings
  }

  private static func unreachable(_ facts: OllamaFacts) -> Finding {
    if facts.hasImpliedPort {
      return Finding(
        .error, .ollama, "Ollama does not answer at \(facts.endpoint)",
        why: "http:// without a port means port 80, and Ollama's is 11434",
        type: "export OLLAMA_HOST=\(ProgramPath.quoted(facts.withOwnPort))")
    }
    if facts.isAnswered {
      // It runs, or something else does: nothing has to be started.
      return Finding(
        .error, .ollama, "\(facts.endpoint) does not answer as Ollama should", why: facts.failure,
        type: facts.refusesName ? nil : "curl -i \(ProgramPath.quoted(facts.endpoint + "/api/version"))",
        write: facts.refusesName ? "OLLAMA_HOST=IP:PORT   (its address in place of the name)" : nil)
    }
    var why = facts.failure
    if facts.transport == .auto, let problem = facts.programProblem { why = (why.map { $0 + "; " } ?? "") + problem }
    // What is not there cannot be started. A program under another name is somebody's own.
    return Finding(
      .error, .ollama, "Ollama does not answer at \(facts.endpoint)",
      why: (why.map { $0 + "; " } ?? "") + "where it runs elsewhere, OLLAMA_HOST=HOST:PORT says so",
      type: facts.isLocal && facts.isProgramMissing ? install : "ollama serve")
  }

  /// Installs Ollama as its makers say.
  private static var install: String {
    #if os(macOS)
      "brew install ollama"
    #else
      "curl -fsSL https://ollama.com/install.sh | sh"
    #endif
  }
}
