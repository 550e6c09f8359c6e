import Actors
import Platform
import Rules

/// Makes findings of what the probes saw. Pure.
enum Examination {
  /// Every finding.
  ///
  /// - Parameters:
  ///   - unfinished: probes that had no answer within `bound`.
  static func findings(_ facts: DoctorFacts, unfinished: Set<DoctorProbe>, bound: Duration) -> [Finding] {
    var all = SystemFindings.configuration(facts.configuration)
    let database = facts.state?.path ?? ""
    if let state = facts.state { all += PlaceFindings.state(state) }
    // What follows from a state that is somebody else's is not told again.
    let isForeign = facts.state?.isForeign ?? false
    if let log = facts.log, !isForeign || !log.isForeign && log.directory != facts.state?.directory {
      all += PlaceFindings.log(log)
    }
    var isToldByDaemon = false
    var daemon: Int32?
    let isLocked = DatabaseFindings.isLocked(facts)
    var sinks = StatusReport.Sink.all(facts.notify.settings, facts.database?.sinks ?? [])
    if let found = facts.daemon {
      daemon = found.holder
      switch found.answer {
      case .status(let report):
        (isToldByDaemon, sinks) = (true, report.sinks)
        daemon = report.pid ?? daemon
        all += DaemonFindings.of(found)
      case .failed, .denied:
        if isLocked {
          all.append(DaemonFindings.waiting(found))
        } else if !isForeign {
          all += DaemonFindings.of(found)
        }
      case .nobody where isForeign: break
      case .nobody: all += DaemonFindings.of(found)
      }
    }
    if isToldByDaemon || !isForeign { all += NotifyFindings.of(sinks, programs: facts.notify.programs) }
    if let found = facts.database, !isForeign || found.failure == nil {
      all += DatabaseFindings.of(found, path: database, daemon: daemon, isToldByDaemon: isToldByDaemon)
    }
    if let found = facts.integrity, facts.database?.failure == nil {
      all += DatabaseFindings.integrity(found, path: database)
    }
    if let found = facts.ollama {
      all += OllamaFindings.of(found)
      // Also those whose rows are all older than the update that left the version before behind.
      let named = (facts.configuration.model.map { [$0] } ?? []) + facts.configuration.models
      all += StaleRunner.findings(facts.stale, about: named + (facts.cycles?.entries.compactMap(\.model) ?? []))
    }
    all += names(facts)
    if let found = facts.project { all += StoreFindings.project(found) }
    // Why they cannot be read is told of the database or the project already.
    let isNoFile = facts.state.map { $0.kind != .file && $0.kind != .absent } ?? false
    let isTold = facts.cycles?.failure != nil && (isNoFile || facts.database?.failure != nil || facts.project != nil)
    if let found = facts.cycles, !isTold {
      all += StoreFindings.cycles(
        found, present: facts.ollama?.models ?? [], isAttributed: isAttributed(facts.daemon?.answer))
    }
    if let found = facts.system { all += SystemFindings.system(found) }
    for probe in DoctorProbe.allCases where unfinished.contains(probe) {
      if probe == .daemon, isLocked { continue }
      if probe == .runners, unfinished.contains(.ollama) || facts.ollama?.failure != nil { continue }
      all.append(probe.late(bound, database))
    }
    return all
  }

  /// Whether a daemon names every model that it has checked: it was started with `--model`, which this command does not see.
  private static func isAttributed(_ answer: DaemonFacts.Answer?) -> Bool {
    guard case .status(let report) = answer else { return false }
    return !report.models.isEmpty && report.models.allSatisfy { $0.check.model != nil }
  }

  /// What is to be said of the names of models.
  private static func names(_ facts: DoctorFacts) -> [Finding] {
    let hasRows: (CheckEntry) -> String? = { $0.have > 0 || $0.quarantined > 0 ? $0.model : nil }
    var names = NameFindings(
      configured: (facts.configuration.model.map { [$0] } ?? []) + facts.configuration.models,
      rows: facts.cycles?.entries.compactMap(hasRows) ?? [], present: facts.ollama?.models)
    var circuits = facts.database?.circuits ?? []
    if case .status(let report) = facts.daemon?.answer {
      circuits = DaemonFindings.circuits(report)
      // What no cycle is about is watched because somebody named it.
      names.flagged = report.models.filter { hasRows($0.check) == nil }.compactMap(\.check.model)
        .filter { model in !names.configured.contains { ModelName.isSame($0, model) } }
    }
    return names.all(circuits)
  }
}

/// What is looked at at the same time.
enum DoctorProbe: String, Sendable, Hashable, CaseIterable {
  /// Directories and files.
  case places
  /// Whether the database opens.
  case database
  /// Whether all of it is sound.
  case integrity
  /// The daemon.
  case daemon
  /// The model server.
  case ollama
  /// What the model server has loaded.
  case runners
  /// The project.
  case project
  /// What a check would say.
  case cycles
  /// The machine.
  case system

  /// The finding of a probe that took too long.
  func late(_ bound: Duration, _ database: String) -> Finding {
    let time = "\(DoctorCommand.milliseconds(of: bound)) ms"
    let path = ProgramPath.quoted(database)
    switch self {
    case .places:
      return Finding(
        .error, .state, "files could not be looked at within \(time)", why: "does a network file system hang?",
        type: "df")
    case .database:
      return Finding(.error, .database, "\(database) could not be opened within \(time)", type: "fuser \(path)")
    case .integrity:
      return Finding(
        .note, .database, "\(database) takes more than \(time) to check, and was not checked in full",
        type: "sqlite3 \(path) 'PRAGMA quick_check'")
    case .daemon: return Finding(.error, .daemon, "the daemon did not answer within \(time)", type: "retraind status")
    case .ollama:
      return Finding(.error, .ollama, "the model server did not answer within \(time)", type: "ollama ps")
    case .runners: return Finding(.note, .ollama, "what is loaded was not told within \(time)", type: "ollama ps")
    case .project:
      return Finding(.warning, .supabase, "the project did not answer within \(time)", type: "retraind check --dry-run")
    case .cycles:
      return Finding(
        .note, .cycles, "cycles could not be read within \(time)", type: "retraind check --dry-run")
    case .system: return Finding(.note, .system, "this machine could not be looked at within \(time)")
    }
  }
}
