internal import Platform
public import Rules

/// Decisions: each with its numbers, so that `explain` can tell why and why not.
extension Journal {
  /// Stores the decisions of one check in one transaction, with what people are told of them, and returns their numbers
  /// in the same order.
  @discardableResult
  public func storeDecisions(
    _ decisions: [DecisionRow], notices: [Notice] = []
  ) throws(JournalFailure) -> [Int64] {
    try write { database in
      let ids = try decisions.map { try insert($0, into: database) }
      try trimDecisions(in: database)
      try announce(notices, in: database)
      return ids
    }
  }

  /// The newest decisions, newest first; of one model, or of all where it is nil.
  public func decisions(model: String? = nil, limit: Int) throws(JournalFailure) -> [DecisionRow] {
    try read { database in
      let filter = model.map { Self.isAbout($0, first: 2) }
      return try database.query(
        """
        SELECT id, \(Self.decisionColumns) FROM retraind_decisions WHERE \(filter?.sql ?? "true")
        ORDER BY id DESC LIMIT ?1
        """, [.integer(Int64(max(0, limit)))] + (filter?.values ?? []), Self.readDecision)
    }
  }

  /// A decision came to join a run that was there: it names that run, and the model's memory changes with it.
  ///
  /// - Parameters:
  ///   - decision: its number; nil where none was stored.
  ///   - memory: the change; nil where there is none.
  public func join(
    run: String, model: String, decision: Int64?, memory: MemoryChange?
  ) throws(JournalFailure) {
    try write { database in
      if let decision {
        try database.run(
          """
          UPDATE retraind_decisions SET why = CASE action WHEN 'join' THEN why ELSE why || ?3 END, action = 'join', \
          run = ?2 WHERE id = ?1
          """,
          [.integer(decision), .text(run), .text("; run \(run) for \(model) waited or was running already")])
      }
      if let memory { try update(model, memory, in: database) }
    }
  }

  /// What a decision asked for was refused: it names no run and says why.
  public func refuse(decision: Int64, because why: String) throws(JournalFailure) {
    try write { database in
      _ = try database.run(
        "UPDATE retraind_decisions SET why = why || ?2, run = NULL WHERE id = ?1",
        [.integer(decision), SQLiteValue(clipped: "; refused: \(why)")])
    }
  }

  /// One decision.
  public func decision(_ id: Int64) throws(JournalFailure) -> DecisionRow? {
    try read { database in
      try database.first(
        "SELECT id, \(Self.decisionColumns) FROM retraind_decisions WHERE id = ?1", [.integer(id)], Self.readDecision)
    }
  }

  private static let decisionColumns = """
    at, model, verdict, average, threshold, have, need, accepted, judged, interval_low, interval_high, rule, \
    rule_hash, reason, action, why, digest, run, used, left_out
    """

  private func insert(_ decision: DecisionRow, into database: SQLiteDatabase) throws -> Int64 {
    let evaluation = decision.evaluation
    let id = try database.first(
      """
      INSERT INTO retraind_decisions (\(Self.decisionColumns)) VALUES (\
      ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20) RETURNING id
      """,
      [
        SQLiteValue(decision.at), SQLiteValue(decision.model), .text(evaluation.verdict.rawValue),
        SQLiteValue(evaluation.average), .real(evaluation.threshold), SQLiteValue(evaluation.have),
        SQLiteValue(evaluation.need), .integer(evaluation.accepted), .integer(evaluation.judged),
        SQLiteValue(evaluation.interval?.lowerBound), SQLiteValue(evaluation.interval?.upperBound),
        .text(evaluation.rule), .text(evaluation.ruleHash), SQLiteValue(clipped: evaluation.reason),
        .text(decision.action), SQLiteValue(clipped: decision.why), SQLiteValue(decision.digest),
        SQLiteValue(decision.run), .text(EvaluationJSON.text(of: evaluation.used)),
        .text(EvaluationJSON.leftOut(of: evaluation)),
      ]
    ) { row in row[0].integer ?? 0 }
    return id ?? 0
  }

  private func trimDecisions(in database: SQLiteDatabase) throws {
    try database.run(
      "DELETE FROM retraind_decisions WHERE id <= (SELECT max(id) FROM retraind_decisions) - ?1",
      [SQLiteValue(limits.decisions)])
  }

  private static func readDecision(_ row: borrowing SQLiteRow) throws(SQLiteFailure) -> DecisionRow {
    var interval: ClosedRange<Double>?
    if let low = row[10].real, let high = row[11].real, low <= high { interval = low...high }
    let model = row[2].text
    let leftOut = EvaluationJSON.leftOut(row[20].text ?? "[]")
    let evaluation = Evaluation(
      model: model, verdict: try row.required(3, Verdict.self, of: "retraind_decisions.verdict"),
      average: row[4].real, threshold: row[5].real ?? 0, have: row[6].count, need: row[7].count,
      used: EvaluationJSON.cycles(row[19].text ?? "[]"), leftOut: leftOut.rows,
      leftOutCounts: leftOut.counts, accepted: row[8].integer ?? 0, judged: row[9].integer ?? 0, interval: interval,
      rule: row[12].text ?? "", ruleHash: row[13].text ?? "", reason: row[14].text ?? "")
    return DecisionRow(
      id: row[0].integer ?? 0, at: row[1].timestamp ?? .unknown, model: model, evaluation: evaluation,
      action: row[15].text ?? "", why: row[16].text ?? "", digest: row[17].text, run: row[18].text)
  }
}
