internal import Platform
public import Rules

/// Questions about all models at once, for schedule and status.
extension Journal {
  /// Models whose failed run can be tried again, by their normalised names, and when.
  public func modelsWithRetry() throws(JournalFailure) -> [String: Timestamp] {
    try read { database in
      let rows = try database.query(
        "SELECT model, retry_at FROM retraind_models WHERE retry_at IS NOT NULL", []
      ) { row in (row[0].text ?? "", row[1].timestamp) }
      var found: [String: Timestamp] = [:]
      for (model, at) in rows { found[ModelName.normalised(model)] = at }
      return found
    }
  }

  /// The digest that each model's last successful run left behind, where it could be read, by the normalised name.
  public func servedDigests() throws(JournalFailure) -> [String: String] {
    try read { database in
      let rows = try database.query(
        // SQLite takes the other columns from the row with the greatest `ended_at`.
        """
        SELECT model, digest_after, max(ended_at) FROM retraind_runs
        WHERE state IN ('succeeded', 'rolledBack') GROUP BY model ORDER BY max(ended_at)
        """, []
      ) { row in (row[0].text ?? "", row[1].text) }
      var found: [String: String] = [:]
      for (model, digest) in rows {
        if let digest, !digest.isEmpty { found[ModelName.normalised(model)] = digest }
      }
      return found
    }
  }

  /// The newest decision on each model, newest first.
  public func latestDecisions(limit: Int) throws(JournalFailure) -> [DecisionRow] {
    let ids = try read { database in
      try database.query(
        "SELECT max(id) FROM retraind_decisions GROUP BY model ORDER BY max(id) DESC LIMIT ?1",
        [.integer(Int64(max(0, limit)))]
      ) { row in row[0].integer ?? 0 }
    }
    var decisions: [DecisionRow] = []
    // A model that rows wrote in two ways has one newest decision.
    var seen: Set<String?> = []
    for id in ids {
      guard let decision = try decision(id), seen.insert(decision.model.map(ModelName.normalised)).inserted else {
        continue
      }
      decisions.append(decision)
    }
    return decisions
  }

  /// The run that a decision started; nil where it started none.
  public func run(ofDecision decision: Int64) throws(JournalFailure) -> RunRow? {
    let id = try read { database in
      try database.query(
        "SELECT id FROM retraind_runs WHERE decision_id = ?1 LIMIT 1", [.integer(decision)]
      ) { row in row[0].text ?? "" }.first
    }
    guard let id else { return nil }
    return try run(id)
  }

  /// A model's own configuration changed: what stopped its automatic work may be repaired.
  public func onConfigurationChanged(_ model: String) throws(JournalFailure) {
    try updateMemory(of: model) { $0.onConfigurationChanged() }
  }

  /// Models on which no automatic work is done until a person does something, why, and when their last run ended.
  public func openCircuits(
    limit: Int
  ) throws(JournalFailure) -> [(model: String, why: String, ended: Timestamp?)] {
    try read { database in
      try database.query(
        """
        SELECT model, circuit_reason, last_run_ended FROM retraind_models WHERE circuit = 'open' ORDER BY model LIMIT ?1
        """,
        [.integer(Int64(max(0, limit)))]
      ) { row in (model: row[0].text ?? "", why: row[1].text ?? "", ended: row[2].timestamp) }
    }
  }

  /// Why the newest event that waits for a person does; nil where none waits.
  public func newestBlock() throws(JournalFailure) -> String? {
    try read { database in
      try database.first(
        "SELECT why FROM retraind_outbox WHERE state = 'blocked' ORDER BY rowid DESC LIMIT 1"
      ) { row in row[0].text }
    }.flatMap { $0 }
  }

  /// True where no run is open and no event waits: nothing that a monitor would go on with.
  public func hasNothingToDo() throws(JournalFailure) -> Bool {
    try read { database in
      let open = try database.first(
        "SELECT EXISTS (SELECT 1 FROM retraind_runs WHERE state IN (\(RunRow.openStates)))"
      ) { row in row[0].integer ?? 0 }
      let waiting = try database.first(
        "SELECT EXISTS (SELECT 1 FROM retraind_outbox WHERE state = 'pending')"
      ) { row in row[0].integer ?? 0 }
      return open == 0 && waiting == 0
    }
  }

  /// Why the journal cannot be written; nil where it can.
  public func unwritable() -> String? {
    do throws(JournalFailure) {
      try proveWritable()
      return nil
    } catch {
      return error.description
    }
  }
}

extension JournalFailure {
  /// True where trying the same call again can never help: somebody else owns the run, or the change is not allowed.
  public var isFinal: Bool {
    switch self {
    case .fenced, .illegalTransition, .unknownRun, .runExists, .unknownEvent: true
    case .database, .readOnly, .outboxFull: false
    }
  }
}
