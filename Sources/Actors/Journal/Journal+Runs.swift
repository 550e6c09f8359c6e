internal import Platform
public import Rules

/// Runs: intent before an effect, outcome after it.
extension Journal {
  /// Records a run: the run in the state `recorded`, its first steps, its event in the outbox, the decision's link to
  /// it and what changes in what is known of the model, all or nothing.
  ///
  /// - Throws: `outboxFull` where an event comes and too many wait already; `runExists`.
  public func beginRun(
    run: RunRow, event: RetrainEvent?, decision: Int64?, memory: MemoryChange
  ) throws(JournalFailure) {
    try write { database in
      guard try database.first("SELECT 1 FROM retraind_runs WHERE id = ?1", [.text(run.id)], { _ in true }) == nil
      else { throw JournalFailure.runExists(run.id) }
      var run = run
      run.state = .recorded
      run.eventID = event?.eventID ?? run.eventID
      run.decisionID = decision ?? run.decisionID
      try insert(run, into: database)
      for state in [RunState.requested, .recorded] {
        try addStep(
          RunStepRow(
            run: run.id, at: run.requestedAt, attempt: run.attempt, fence: run.fence, state: state, stage: run.stage,
            detail: nil), to: database)
      }
      if let event { try addToOutbox(event, at: run.requestedAt, in: database) }
      if let decision {
        try database.run("UPDATE retraind_decisions SET run = ?2 WHERE id = ?1", [.integer(decision), .text(run.id)])
      }
      try update(run.model, memory, in: database)
      try trimRuns(in: database)
    }
  }

  /// Takes a run over and returns the number to act under: whoever held it before is refused from now on.
  public func takeFence(run: String) throws(JournalFailure) -> Int64 {
    try write { database in
      let fence = try database.first(
        "UPDATE retraind_runs SET fence = fence + 1 WHERE id = ?1 RETURNING fence", [.text(run)]
      ) { row in row[0].integer ?? 0 }
      guard let fence else { throw JournalFailure.unknownRun(run) }
      return fence
    }
  }

  /// Moves a run on, with what changes in it and in what is known of its model.
  ///
  /// A run that ends gets its end, and the time of its next attempt from the memory; one that is recorded again (a new
  /// attempt) loses end, result, error and retry.
  ///
  /// - Parameter notices: what people are told of it, from what was known of the model before and is known now.
  /// - Returns: what is known of the model then; nil where nothing was to change in it.
  /// - Throws: `fenced`, `illegalTransition`, `unknownRun`.
  @discardableResult
  public func transition(
    run id: String, fence: Int64, to state: RunState, stage: String = "", detail: String? = nil,
    change: RunChangeSet = RunChangeSet(), memory: MemoryChange? = nil, at time: Timestamp,
    notices: @Sendable (_ before: ModelMemory?, _ now: ModelMemory?) -> [Notice] = { _, _ in [] }
  ) throws(JournalFailure) -> ModelMemory? {
    try write { database in
      guard var run = try run(id, in: database) else { throw JournalFailure.unknownRun(id) }
      guard run.fence == fence else { throw JournalFailure.fenced(run: id, current: run.fence, given: fence) }
      guard run.state.canBecome(state) else {
        throw JournalFailure.illegalTransition(run: id, from: run.state, to: state)
      }
      run.move(to: state, stage: stage, change: change, at: time)
      let before = memory == nil ? nil : try self.known(of: run.model, in: database)
      let known = try memory.map { try update(run.model, $0, in: database) }
      if let known, state.isTerminal, known.retryRun == id { run.retryAt = known.retryAt }
      try update(run, in: database)
      try addStep(
        RunStepRow(
          run: id, at: time, attempt: run.attempt, fence: fence, state: state, stage: stage, detail: detail),
        to: database)
      try announce(notices(before, known), in: database)
      return known
    }
  }

  /// A run; nil where there is none.
  public func run(_ id: String) throws(JournalFailure) -> RunRow? {
    try read { database in try run(id, in: database) }
  }

  /// The newest runs, newest first; of one model, or of all where it is nil.
  public func runs(model: String? = nil, limit: Int) throws(JournalFailure) -> [RunRow] {
    try read { database in
      let filter = model.map { Self.isAbout($0, first: 2) }
      return try database.query(
        "SELECT \(RunRow.columns) FROM retraind_runs WHERE \(filter?.sql ?? "true") ORDER BY rowid DESC LIMIT ?1",
        [.integer(Int64(max(0, limit)))] + (filter?.values ?? []), RunRow.read)
    }
  }

  /// Runs that are not over, oldest first; those that a stop of the process interrupted are among them.
  public func openRuns() throws(JournalFailure) -> [RunRow] {
    try read { database in
      try database.query(
        "SELECT \(RunRow.columns) FROM retraind_runs WHERE state IN (\(RunRow.openStates)) ORDER BY rowid",
        [], RunRow.read)
    }
  }

  /// The newest run of a model that is not over.
  public func activeRun(model: String) throws(JournalFailure) -> RunRow? {
    let filter = Self.isAbout(model, first: 1)
    return try read { database in
      try database.first(
        """
        SELECT \(RunRow.columns) FROM retraind_runs WHERE \(filter.sql) AND +state IN (\(RunRow.openStates)) \
        ORDER BY rowid DESC LIMIT 1
        """, filter.values, RunRow.read)
    }
  }

  /// A run's history, oldest first.
  public func steps(of run: String) throws(JournalFailure) -> [RunStepRow] {
    try read { database in
      try database.query(
        """
        SELECT run, at, attempt, fence, state, stage, detail FROM retraind_run_steps WHERE run = ?1 ORDER BY id
        """, [.text(run)]
      ) { row throws(SQLiteFailure) in
        RunStepRow(
          run: row[0].text ?? "", at: row[1].timestamp ?? .unknown, attempt: row[2].count, fence: row[3].integer ?? 0,
          state: try row.required(4, RunState.self, of: "retraind_run_steps.state"), stage: row[5].text ?? "",
          detail: row[6].text)
      }
    }
  }

  private func run(_ id: String, in database: SQLiteDatabase) throws -> RunRow? {
    try database.first("SELECT \(RunRow.columns) FROM retraind_runs WHERE id = ?1", [.text(id)], RunRow.read)
  }

  private func insert(_ run: RunRow, into database: SQLiteDatabase) throws {
    try database.run(
      "INSERT INTO retraind_runs (\(RunRow.columns)) VALUES (\(RunRow.placeholders))", run.values)
  }

  private func update(_ run: RunRow, in database: SQLiteDatabase) throws {
    // One list of columns for writing and reading; the id is set to itself.
    try database.run(
      "UPDATE retraind_runs SET (\(RunRow.columns)) = (\(RunRow.placeholders)) WHERE id = ?1", run.values)
  }

  private func addStep(_ step: RunStepRow, to database: SQLiteDatabase) throws {
    try database.run(
      """
      INSERT INTO retraind_run_steps (run, at, attempt, fence, state, stage, detail)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """,
      [
        .text(step.run), SQLiteValue(step.at), SQLiteValue(step.attempt), .integer(step.fence),
        .text(step.state.rawValue), SQLiteValue(clipped: step.stage), SQLiteValue(clipped: step.detail),
      ])
    try database.run(
      """
      DELETE FROM retraind_run_steps WHERE run = ?1 AND id <=
      (SELECT id FROM retraind_run_steps WHERE run = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
      """, [.text(step.run), SQLiteValue(limits.stepsOfRun)])
  }

  private func trimRuns(in database: SQLiteDatabase) throws {
    try database.run(
      """
      DELETE FROM retraind_runs WHERE rowid <= (SELECT max(rowid) FROM retraind_runs) - ?1
      AND state NOT IN (\(RunRow.openStates))
      """, [SQLiteValue(limits.runs)])
  }
}
