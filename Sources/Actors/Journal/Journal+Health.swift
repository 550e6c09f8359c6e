internal import Platform
internal import Rules

/// Whether the journal can be written, and what lies in its event tables.
extension Journal {
  /// Proves that the journal can be written by writing to it: only the disk itself knows whether it is full.
  public func proveWritable() throws(JournalFailure) {
    try write { database in
      _ = try database.run(
        """
        INSERT INTO retraind_meta (key, value) VALUES ('probe', '1')
        ON CONFLICT (key) DO UPDATE SET value = CAST(value + 1 AS TEXT)
        """)
    }
  }

  /// The newest events of this file's `system_events` and the retrains of its `learning_events`, newest first. A table
  /// that somebody dropped has none.
  public func events(limit: Int) throws(JournalFailure) -> [EventRow] {
    try read { database in
      let sources = [
        (table: "system_events", time: "timestamp", notes: "notes", filter: ""),
        (
          table: "learning_events", time: "created_at", notes: "NULL", filter: "WHERE event_type = 'model_retrain' "
        ),
      ]
      var events: [EventRow] = []
      for source in sources {
        let present = Set(try EmbeddedTables.columns(of: source.table, in: database).map(\.name))
        guard present.contains("event_type"), present.contains(source.time) else { continue }
        func column(_ name: String) -> String { present.contains(name) ? name : "NULL" }
        events += try database.query(
          """
          SELECT \(column("id")), \(source.time), event_type, \(column(source.notes)), \(column("metadata"))
          FROM \(source.table) \(source.filter)ORDER BY \(source.time) DESC LIMIT ?1
          """, [.integer(Int64(max(0, limit)))]
        ) { row in
          EventRow(
            id: row[0].text ?? "", table: source.table, timestamp: row[1].timestamp, type: row[2].text ?? "",
            notes: row[3].text, metadata: row[4].text)
        }
      }
      events.sort { left, right in
        (left.timestamp?.microseconds ?? .min, left.id) > (right.timestamp?.microseconds ?? .min, right.id)
      }
      return Array(events.prefix(max(0, limit)))
    }
  }
}
