import Actors
import Rules

/// The model server, and whether it has what is to be watched.
enum OllamaFindings {
  /// Models that are named in a hint.
  static let shownModels = 5

  /// What is so.
  ///
  /// - Parameters:
  ///   - configured: models that the configuration names.
  ///   - watched: models that rows name.
  static func of(_ facts: OllamaFacts, configured: [String], watched: [String]) -> [Finding] {
    var findings = facts.warnings.map { Finding(.warning, .ollama, "OLLAMA_HOST or ollama.host: \($0)") }
    if let models = facts.models, let version = facts.version {
      findings.append(
        Finding(
          .note, .ollama,
          "Ollama \(version) at \(facts.endpoint) has \(models.count) model\(models.count == 1 ? "" : "s")"))
      findings += missing(configured, watched, models)
    } else {
      findings.append(unreachable(facts))
    }
    if !facts.keepsBackup {
      findings.append(
        Finding(
          .note, .ollama, "ollama.backup is false: no version is kept to go back to",
          why:
            "rollback has nothing to put back, and the runner of a version that is replaced stays until its time is up",
          type: "ollama: { backup: true }   # in retraind.json5"))
    }
    if let problem = facts.programProblem, facts.transport == .cli {
      findings.append(
        Finding(
          .error, .ollama, "ollama.transport is \"cli\", and the program cannot be used", why: problem,
          type: install + "ollama: { transport: \"api\" }   # in retraind.json5: without the program"))
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
        why: "http:// without a port means port 80, and Ollama's is 11434", type: "OLLAMA_HOST=HOST:11434")
    }
    if facts.isAnswered {
      // It runs, or something else does: nothing has to be started.
      return Finding(
        .error, .ollama, "\(facts.endpoint) does not answer as Ollama should", why: facts.failure,
        type: facts.refusesName
          ? "export OLLAMA_HOST=IP:PORT   # its address in place of the name"
          : "curl -i \(ProgramPath.quoted(facts.endpoint + "/api/version"))")
    }
    var why = facts.failure
    if facts.transport == .auto, let problem = facts.programProblem { why = (why.map { $0 + "; " } ?? "") + problem }
    // What is not there cannot be started. A program under another name is somebody's own.
    let start = facts.isLocal && facts.isProgramMissing ? install : "ollama serve\n"
    return Finding(
      .error, .ollama, "Ollama does not answer at \(facts.endpoint)", why: why,
      type: start + "export OLLAMA_HOST=HOST:PORT   # where it runs elsewhere")
  }

  /// Installs Ollama as its makers say.
  private static var install: String {
    #if os(macOS)
      "brew install ollama\n"
    #else
      "curl -fsSL https://ollama.com/install.sh | sh   # installs Ollama\n"
    #endif
  }

  /// Models that are to be watched and are not there.
  private static func missing(_ configured: [String], _ watched: [String], _ present: [String]) -> [Finding] {
    var seen: Set<String> = []
    let wanted = configured.map { ($0, "the configuration names it") } + watched.map { ($0, "cycles are about it") }
    return wanted.compactMap { model, who in
      guard seen.insert(ModelName.normalised(model)).inserted else { return nil }
      guard !present.contains(where: { ModelName.isSame($0, model) }) else { return nil }
      let name = model.shownName
      if let near = nearest(model, among: present) {
        return Finding(
          .warning, .ollama, "\(name) is not on the server", why: "\(who); the server has \(near.shownName)",
          type: "\(near.shownName)   # in its place, or: ollama pull \(ProgramPath.quoted(name))")
      }
      return Finding(
        .warning, .ollama, "\(name) is not on the server", why: "\(who); a refresh would download it whole",
        type: "ollama pull \(ProgramPath.quoted(name))")
    }
  }

  /// The model that was probably meant: the same name with another tag, or a word that is nearly the same.
  static func nearest(_ model: String, among present: [String]) -> String? {
    let family = model.split(separator: ":").first
    let relatives = present.filter { $0.split(separator: ":").first == family }
    if relatives.count == 1 { return relatives.first }
    return NearestName.of(model, among: relatives.isEmpty ? present : relatives) ?? relatives.first
  }
}
