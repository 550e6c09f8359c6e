import Actors
import Journal
import Platform

/// The database as it was opened, and what it says where no daemon does.
enum DatabaseFindings {
  /// What is so.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - daemon: the process that may hold its lock for a moment; nil where none runs.
  ///   - isToldByDaemon: true where a daemon told what waits.
  static func of(_ facts: DatabaseFacts, path: String, daemon: Int32?, isToldByDaemon: Bool) -> [Finding] {
    var findings: [Finding] = []
    if let failure = facts.failure { findings.append(refusal(failure)) }
    if let writer = facts.writer, writer.process == nil || writer.process != daemon {
      let who = writer.process.map { "process \($0)" } ?? "another process"
      findings.append(
        Finding(
          .error, .database, "\(who) has \(path) locked",
          why: "nothing can be recorded meanwhile, and nothing is done that is not recorded; an open transaction in a "
            + "sqlite3 shell ends with COMMIT or ROLLBACK",
          type: writer.process.map { "ps -fp \($0)" } ?? "fuser \(ProgramPath.quoted(path))"))
    }
    guard !isToldByDaemon else { return findings }
    findings += outbox(
      pending: facts.outbox.pending, blocked: facts.outbox.blocked, why: facts.blockedWhy, hasDaemon: false)
    // Whoever holds the lock carries it out.
    if daemon == nil { findings += facts.openRuns.map(waiting) }
    return findings
  }

  /// A run that nobody goes on with.
  private static func waiting(_ run: RunRow) -> Finding {
    let (what, command) = run.kind == .rollback ? ("rollback", "rollback") : ("refresh", "retrain")
    return Finding(
      .warning, .daemon,
      "a \(what) of \(run.model.shownName) waits, and no daemon runs that would go on with it",
      why:
        "run \(run.id.shownName) has not ended (\(run.state.rawValue)); a daemon goes on with it at its start, and "
        + "so does a command that acts",
      type: "retraind run\nretraind \(command) \(ProgramPath.quoted(run.model.shownName)) --wait")
  }

  /// Whether somebody other than the daemon has the database locked.
  static func isLocked(_ facts: DoctorFacts) -> Bool {
    guard let database = facts.database else { return false }
    if let writer = database.writer { return writer.process == nil || writer.process != facts.daemon?.holder }
    return database.failure?.kind == .locked
  }

  /// What SQLite says of the whole file.
  static func integrity(_ facts: IntegrityFacts, path: String) -> [Finding] {
    guard case .damaged(let words) = facts else { return [] }
    return [damage(path, words)]
  }

  /// Events on their way.
  static func outbox(pending: Int, blocked: Int, why: String?, hasDaemon: Bool) -> [Finding] {
    var findings: [Finding] = []
    if blocked > 0 {
      findings.append(
        Finding(
          .warning, .daemon, "\(events(blocked)) for a person: the store does not take them",
          why: (why ?? "the log tells why") + (hasDaemon ? "; once that is put right:" : ""),
          type: hasDaemon ? "retraind reload" : nil))
    }
    if pending > 0 {
      let isFull = pending + blocked >= JournalLimits.waitingEvents
      findings.append(
        Finding(
          isFull ? .error : hasDaemon ? .warning : .note, .daemon, "\(events(pending)) to be delivered",
          why: isFull
            ? "no more are kept, so that automatic runs pause until the store takes them"
            : hasDaemon ? "the store does not answer, or not yet" : "a daemon delivers them when it runs"))
    }
    return findings
  }

  private static func events(_ count: Int) -> String { count == 1 ? "1 event waits" : "\(count) events wait" }

  private static func refusal(_ failure: SQLiteFailure) -> Finding {
    let path = failure.path
    switch failure.kind {
    case .corrupted: return damage(path, failure.description)
    case .locked:
      return Finding(
        .error, .database, "\(path) cannot be read: another process has it locked",
        why: "nothing can be recorded meanwhile", type: "fuser \(ProgramPath.quoted(path))")
    case .olderSchema:
      return Finding(.note, .database, failure.description)
    case .newerSchema:
      return Finding(
        .error, .database, "a newer version of retraind wrote \(path)", why: failure.description,
        type: "retraind version")
    default: return Finding(.error, .database, "\(path) cannot be used", why: failure.description)
    }
  }

  private static func damage(_ path: String, _ words: String) -> Finding {
    let path = ProgramPath.quoted(path)
    return Finding(
      .error, .database, "\(path) is damaged",
      why: "\(words); what can be saved of it is copied with the daemon stopped:",
      type: "cp \(path) \(path).damaged && sqlite3 \(path) .recover | sqlite3 \(path).recovered")
  }
}
