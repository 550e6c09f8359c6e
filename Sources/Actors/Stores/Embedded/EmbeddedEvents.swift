package import Journal
internal import Platform
internal import Rules

/// Delivering events into the file's own tables.
extension Journal {
  /// See `EventSink.deliver(_:)`; a failure in the result has written nothing.
  func deliverLocally(_ event: RetrainEvent) throws(JournalFailure) -> Result<DeliveryReceipt, DeliveryFailure> {
    try write { database in
      let system = EventTable(name: "system_events", columns: try columns(of: "system_events", in: database))
      let learning = EventTable(name: "learning_events", columns: try columns(of: "learning_events", in: database))
      // An earlier delivery may have gone to either, whichever table exists today.
      for table in [system, learning] where try table.holds(event, in: database) {
        return .success(DeliveryReceipt(table: table.name, wasThere: true))
      }
      if system.exists {
        return try system.insert(
          event,
          [
            "id": .text(event.eventID), "timestamp": SQLiteValue(event.triggeredAt), "event_type": .text(event.type),
            "notes": .text(event.notes), "metadata": .text(event.metadataJSON),
          ], path: path, in: database)
      }
      guard learning.exists else { return .failure(.blocked(Self.bothMissing(path))) }
      guard !learning.refusesNull("approved") else { return .failure(.blocked(Self.approvedRefusesNull(path))) }
      return try learning.insert(
        event,
        [
          "id": .text(event.eventID), "event_type": .text(event.type), "approved": .null,
          "model_version": SQLiteValue(event.modelVersion), "metadata": .text(event.metadataJSON),
          "created_at": SQLiteValue(event.triggeredAt),
        ], path: path, in: database)
    }
  }

  private func columns(of table: String, in database: SQLiteDatabase) throws -> [EmbeddedTables.PresentColumn] {
    try EmbeddedTables.columns(of: table, in: database)
  }

  /// SQLite cannot drop a NOT NULL: the column is replaced.
  static let allowNullSQL = """
    ALTER TABLE learning_events RENAME COLUMN approved TO approved_old; \
    ALTER TABLE learning_events ADD COLUMN approved INTEGER; \
    UPDATE learning_events SET approved = approved_old; \
    ALTER TABLE learning_events DROP COLUMN approved_old;
    """

  /// Makes the table again, as small as it may be.
  static let systemEventsSQL = """
    CREATE TABLE system_events (id TEXT PRIMARY KEY, timestamp TEXT, event_type TEXT, notes TEXT, metadata TEXT);
    """

  private static func bothMissing(_ path: String) -> String {
    "\(path): neither system_events nor learning_events exists. Run in `sqlite3 \(path)`: \(systemEventsSQL)"
  }

  private static func approvedRefusesNull(_ path: String) -> String {
    "\(path): system_events does not exist, and learning_events.approved refuses NULL (a retrain is no rejection and "
      + "must not count as one). Run in `sqlite3 \(path)` either: \(systemEventsSQL) or: \(allowNullSQL)"
  }
}

/// A table that events may go to, as it is in the file.
private struct EventTable {
  /// Its name.
  var name: String
  /// Its columns; empty where it does not exist.
  var columns: [EmbeddedTables.PresentColumn]

  var exists: Bool { !columns.isEmpty }

  func refusesNull(_ column: String) -> Bool { columns.contains { $0.name == column && $0.refusesNull } }

  private func has(_ column: String) -> Bool { columns.contains { $0.name == column } }

  /// Whether the event's own id can be the row's: somebody's table may count its rows instead.
  private var takesID: Bool { columns.contains { $0.name == "id" && !$0.type.contains("INT") } }

  /// Whether the event lies in it already.
  func holds(_ event: RetrainEvent, in database: SQLiteDatabase) throws -> Bool {
    if takesID {
      return try database.first("SELECT 1 FROM \(name) WHERE id = ?1", [.text(event.eventID)]) { _ in true } ?? false
    }
    guard has("metadata") else { return false }
    return try database.first(
      "SELECT 1 FROM \(name) WHERE instr(metadata, ?1) > 0", [.text(event.eventIDField)]
    ) { _ in true } ?? false
  }

  /// Writes those values that the table has columns for.
  func insert(
    _ event: RetrainEvent, _ values: [String: SQLiteValue], path: String, in database: SQLiteDatabase
  ) throws -> Result<DeliveryReceipt, DeliveryFailure> {
    guard takesID || has("metadata") else {
      return .failure(
        .blocked(
          "\(path): \(name) has neither a text column id nor a column metadata, so an event in it could not be "
            + "recognised. Run in `sqlite3 \(path)`: ALTER TABLE \(name) ADD COLUMN metadata TEXT;"))
    }
    var fitting = values.filter { has($0.key) }
    if !takesID { fitting["id"] = nil }
    let names = fitting.keys.sorted()
    let placeholders = (1...names.count).map { "?\($0)" }
    try database.run(
      "INSERT INTO \(name) (\(names.joined(separator: ", "))) VALUES (\(placeholders.joined(separator: ", ")))",
      names.map { fitting[$0] ?? .null })
    return .success(DeliveryReceipt(table: name, wasThere: false))
  }
}

extension RetrainEvent {
  /// `metadata` as the embedded tables hold it.
  package var metadataJSON: String { JSONText.of(metadata) }

  /// What `metadata` says.
  var metadata: JSONText.Value {
    .object([
      ("event_id", .text(eventID)), ("run_id", .text(runID)), ("model", .text(model)),
      ("avg_accept_rate", .optional(averageAcceptRate)), ("threshold", .real(threshold)),
      ("stats_window_size", .integer(Int64(statsWindowSize))), ("triggered_at", .text(triggeredAt.sortableText)),
    ])
  }

  /// How `metadataJSON` writes the event's id.
  fileprivate var eventIDField: String { "\"event_id\":" + JSONText.of(.text(eventID)) }
}
