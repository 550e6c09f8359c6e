internal import Platform

/// How it stands with sinks, and how notices stand in their columns.
extension Journal {
  /// How it stands with each sink that something was ever to be sent to.
  public func sinkCounts() throws(JournalFailure) -> [SinkCounts] {
    try read { database in
      var all: [SinkCounts] = []
      func change(_ row: borrowing SQLiteRow, _ body: (inout SinkCounts, borrowing SQLiteRow) -> Void) {
        let name = row[0].text ?? ""
        if all.last?.sink != name, let index = all.firstIndex(where: { $0.sink == name }) {
          body(&all[index], row)
          return
        }
        if all.last?.sink != name { all.append(SinkCounts(name)) }
        body(&all[all.count - 1], row)
      }
      _ = try database.query(
        "SELECT sink, state, count(*), max(ended_at) FROM retraind_notifications GROUP BY sink, state"
      ) { row in
        change(row) { one, row in
          switch row[1].text {
          case "pending": one.pending = row[2].count
          case "delivered": (one.delivered, one.lastDelivery) = (row[2].count, row[3].timestamp)
          default: one.dead = row[2].count
          }
        }
      }
      // SQLite takes the other columns from the row that has the minimum or maximum.
      _ = try database.query(
        "SELECT sink, min(id), next_attempt_at FROM retraind_notifications WHERE state = 'pending' GROUP BY sink"
      ) { row in change(row) { one, row in one.nextAttempt = row[2].timestamp } }
      _ = try database.query(
        """
        SELECT sink, max(failed_at), last_error FROM retraind_notifications WHERE failed_at IS NOT NULL GROUP BY sink
        """
      ) { row in
        change(row) { one, row in (one.lastFailureAt, one.lastFailure) = (row[1].timestamp, row[2].text) }
      }
      _ = try database.query(
        "SELECT sink, max(id), why FROM retraind_notifications WHERE state = 'dead' GROUP BY sink"
      ) { row in change(row) { one, row in one.deadWhy = row[2].text } }
      return all
    }
  }

  /// The newest notices, newest first; about one model, or all where it is nil.
  public func notices(model: String? = nil, limit: Int) throws(JournalFailure) -> [NoticeRow] {
    try read { database in
      let filter = model.map { Self.isAbout($0, first: 2) }
      return try database.query(
        """
        SELECT \(Self.noticeColumns) FROM retraind_notifications WHERE \(filter?.sql ?? "true")
        ORDER BY id DESC LIMIT ?1
        """, [.integer(Int64(max(0, limit)))] + (filter?.values ?? []), Self.readNotice)
    }
  }

  static let noticeColumns = """
    id, event_id, sink, kind, model, text, details, state, why, attempts, last_error, next_attempt_at, created_at, \
    ended_at
    """

  static func readNotice(_ row: borrowing SQLiteRow) throws(SQLiteFailure) -> NoticeRow {
    NoticeRow(
      id: row[0].integer ?? 0, event: row[1].text ?? "", sink: row[2].text ?? "", kind: row[3].text ?? "",
      model: row[4].text, text: row[5].text ?? "", details: row[6].text ?? "{}",
      state: try row.required(7, NoticeRow.State.self, of: "retraind_notifications.state"), why: row[8].text,
      attempts: row[9].count, lastError: row[10].text, nextAttemptAt: row[11].timestamp ?? .unknown,
      createdAt: row[12].timestamp ?? .unknown, endedAt: row[13].timestamp)
  }
}
