internal import Platform
public import Rules

/// The outbox: each event is delivered at least once; its stable id makes that once for whoever reads by it.
extension Journal {
  /// Events that may be delivered now, those that wait longest first.
  public func pendingEvents(limit: Int, now: Timestamp) throws(JournalFailure) -> [OutboxRow] {
    try outbox(
      "WHERE state = 'pending' AND next_attempt_at <= ?2 ORDER BY next_attempt_at, rowid", limit, [SQLiteValue(now)])
  }

  /// Events that wait for a person, oldest first.
  public func blockedEvents(limit: Int) throws(JournalFailure) -> [OutboxRow] {
    try outbox("WHERE state = 'blocked' ORDER BY rowid", limit)
  }

  /// The newest events whatever became of them, newest first.
  public func sentEvents(limit: Int) throws(JournalFailure) -> [OutboxRow] {
    try outbox("ORDER BY rowid DESC", limit)
  }

  /// One event; nil where there is none.
  public func outboxEvent(_ eventID: String) throws(JournalFailure) -> OutboxRow? {
    try outbox("WHERE event_id = ?2", 1, [.text(eventID)]).first
  }

  /// When the next event is to be tried; nil where none is pending.
  public func nextAttempt() throws(JournalFailure) -> Timestamp? {
    try read { database in
      try database.first("SELECT min(next_attempt_at) FROM retraind_outbox WHERE state = 'pending'") { row in
        row[0].timestamp
      } ?? nil
    }
  }

  /// Notes that an event lies in a table of the store.
  public func markDelivered(eventID: String, table: String, at time: Timestamp) throws(JournalFailure) {
    try settle([OutboxSettlement(eventID: eventID, outcome: .delivered(table: table))], at: time)
  }

  /// Notes what became of several deliveries, all or none of them.
  ///
  /// - Parameters:
  ///   - notices: what people are told of it.
  ///   - unstuck: what they are told where no event that was tried is on its way any more.
  public func settle(
    _ settlements: [OutboxSettlement], at time: Timestamp, notices: [Notice] = [], unstuck: Notice? = nil
  ) throws(JournalFailure) {
    try write { database in
      var hasDelivered = false
      for settlement in settlements {
        switch settlement.outcome {
        case .delivered(let table):
          hasDelivered = true
          try mark(
            settlement.eventID,
            "state = 'delivered', delivered_to = ?2, delivered_at = ?3, attempts = attempts + 1, why = NULL",
            [.text(table), SQLiteValue(time)], in: database)
        case .retry(let error, let next):
          try mark(
            settlement.eventID,
            "state = 'pending', last_error = ?2, next_attempt_at = ?3, attempts = attempts + 1, why = NULL",
            [SQLiteValue(clipped: error), SQLiteValue(next)], in: database)
        case .blocked(let why):
          try mark(
            settlement.eventID, "state = 'blocked', why = ?2, last_error = ?2, attempts = attempts + 1",
            [SQLiteValue(clipped: why)], in: database)
        }
      }
      try announce(notices, in: database)
      guard hasDelivered else { return }
      // Asked only where somebody was told that events are stuck: of very many that wait, it reads each.
      if let unstuck, try isRemembered(unstuck, in: database), try !hasStuckEvents(in: database) {
        try announce([unstuck], in: database)
      }
      try database.run(
        """
        DELETE FROM retraind_outbox WHERE state = 'delivered' AND rowid <=
        (SELECT rowid FROM retraind_outbox WHERE state = 'delivered' ORDER BY rowid DESC LIMIT 1 OFFSET ?1)
        """, [SQLiteValue(limits.deliveredEvents)])
    }
  }

  /// Notes that a delivery failed and when it is tried again.
  public func markRetry(eventID: String, error: String, nextAttemptAt: Timestamp) throws(JournalFailure) {
    try settle(
      [OutboxSettlement(eventID: eventID, outcome: .retry(error: error, at: nextAttemptAt))], at: nextAttemptAt)
  }

  /// Notes that an event waits for a person; it holds up no other.
  public func markBlocked(eventID: String, why: String) throws(JournalFailure) {
    try settle([OutboxSettlement(eventID: eventID, outcome: .blocked(why: why))], at: .unknown)
  }

  /// Makes every blocked event pending again and returns how many there were.
  @discardableResult
  public func retryBlocked() throws(JournalFailure) -> Int {
    try write { database in
      try database.run(
        """
        UPDATE retraind_outbox SET state = 'pending', why = NULL, next_attempt_at = created_at WHERE state = 'blocked'
        """)
    }
  }

  /// How many events stand where.
  public func outboxCounts() throws(JournalFailure) -> OutboxCounts {
    try read { database in
      var counts = OutboxCounts()
      let rows = try database.query("SELECT state, count(*), min(created_at) FROM retraind_outbox GROUP BY state") {
        row in (row[0].text ?? "", row[1].count, row[2].timestamp)
      }
      for (state, count, oldest) in rows {
        switch state {
        case "pending": counts.pending = count
        case "blocked": counts.blocked = count
        default: counts.delivered = count
        }
        if state != "delivered", let oldest {
          counts.oldestUndelivered = counts.oldestUndelivered.map { min($0, oldest) } ?? oldest
        }
      }
      return counts
    }
  }

  /// Adds an event to the outbox, as part of the transaction that records its run.
  func addToOutbox(_ event: RetrainEvent, at time: Timestamp, in database: SQLiteDatabase) throws {
    let waiting = try database.first(
      """
      SELECT count(*) FROM (SELECT 1 FROM retraind_outbox WHERE state IN ('pending', 'blocked') LIMIT ?1)
      """, [SQLiteValue(limits.waitingEvents)]
    ) { row in row[0].count }
    guard let waiting, waiting < limits.waitingEvents else {
      throw JournalFailure.outboxFull(waiting: limits.waitingEvents, path: path)
    }
    try database.run(
      """
      INSERT INTO retraind_outbox (event_id, run, model, type, notes, average_accept_rate, threshold,
      stats_window_size, triggered_at, model_version, state, attempts, next_attempt_at, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending', 0, ?11, ?11)
      """,
      [
        .text(event.eventID), .text(event.runID), .text(event.model), .text(event.type), .text(event.notes),
        SQLiteValue(event.averageAcceptRate), .real(event.threshold), SQLiteValue(event.statsWindowSize),
        SQLiteValue(event.triggeredAt), SQLiteValue(event.modelVersion), SQLiteValue(time),
      ])
  }

  private func hasStuckEvents(in database: SQLiteDatabase) throws -> Bool {
    try database.first(
      "SELECT 1 FROM retraind_outbox WHERE state = 'blocked' OR (state = 'pending' AND attempts > 0) LIMIT 1"
    ) { _ in true } != nil
  }

  private func mark(
    _ eventID: String, _ change: String, _ values: [SQLiteValue], in database: SQLiteDatabase
  ) throws {
    let isThere = try database.first("SELECT 1 FROM retraind_outbox WHERE event_id = ?1", [.text(eventID)]) { _ in true
    }
    guard isThere != nil else { throw JournalFailure.unknownEvent(eventID) }
    // What was delivered stays so, whatever a late answer says.
    try database.run(
      "UPDATE retraind_outbox SET \(change) WHERE event_id = ?1 AND state <> 'delivered'", [.text(eventID)] + values)
  }

  private func outbox(
    _ clause: String, _ limit: Int, _ values: [SQLiteValue] = []
  ) throws(JournalFailure) -> [OutboxRow] {
    try read { database in
      try database.query(
        """
        SELECT event_id, run, model, type, notes, average_accept_rate, threshold, stats_window_size, triggered_at,
        model_version, state, delivered_to, why, attempts, last_error, next_attempt_at, created_at, delivered_at
        FROM retraind_outbox \(clause) LIMIT ?1
        """, [.integer(Int64(max(0, limit)))] + values, Self.readOutboxRow)
    }
  }

  private static func readOutboxRow(_ row: borrowing SQLiteRow) throws(SQLiteFailure) -> OutboxRow {
    let event = RetrainEvent(
      eventID: row[0].text ?? "", runID: row[1].text ?? "", model: row[2].text ?? "", type: row[3].text ?? "",
      notes: row[4].text ?? "", averageAcceptRate: row[5].real, threshold: row[6].real ?? 0,
      statsWindowSize: row[7].count, triggeredAt: row[8].timestamp ?? .unknown, modelVersion: row[9].text)
    let state: OutboxRow.State =
      switch row[10].text {
      case "delivered": .delivered(table: row[11].text ?? "")
      case "blocked": .blocked(why: row[12].text ?? "")
      default: .pending
      }
    return OutboxRow(
      event: event, state: state, attempts: row[13].count, lastError: row[14].text,
      nextAttemptAt: row[15].timestamp ?? .unknown, createdAt: row[16].timestamp ?? .unknown,
      deliveredAt: row[17].timestamp)
  }
}
