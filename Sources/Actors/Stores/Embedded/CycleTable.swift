internal import Journal

/// A table of cycles in the journal's file, and how its newest rows are found.
struct CycleTable: Sendable, Hashable {
  /// Its name.
  let name: String
  /// Every model with its newest rows in one query: it hops from one name to the next through the index and reads
  /// `?1` rows of each, so it grows with the number of models and never with the length of their history.
  let newestOfAll: String
  /// The newest rows of one model.
  let newestOfOne: String
  /// The row with an id.
  let one: String

  /// The table that people and other programs write into.
  static let embedded = CycleTable(name: "learning_stats", orderKey: EmbeddedTables.orderKey)
  /// What was read of another store.
  static let mirror = CycleTable(name: "retraind_mirror", orderKey: "timestamp")

  /// - Parameter orderKey: what orders as time does; an index of the table begins with the model and goes on with it.
  private init(name: String, orderKey: String) {
    self.name = name
    let columns = """
      row.id, row.model, row.model_version, row.timestamp, row.window_minutes, row.total_events, row.accepted, \
      row.rejected, row.edited, row.accept_rate, \(orderKey)
      """
    newestOfAll = """
      WITH RECURSIVE
      names(model) AS (
        SELECT (SELECT model FROM \(name) WHERE model > '' ORDER BY model LIMIT 1)
        UNION ALL
        SELECT (SELECT s.model FROM \(name) AS s WHERE s.model > names.model ORDER BY s.model LIMIT 1)
        FROM names WHERE names.model IS NOT NULL
      ),
      groups(model) AS (
        SELECT model FROM names WHERE model IS NOT NULL UNION ALL SELECT NULL UNION ALL SELECT ''
      )
      SELECT \(columns)
      FROM groups CROSS JOIN \(name) AS row ON row.rowid IN (
        SELECT rowid FROM \(name) WHERE model IS groups.model
        ORDER BY \(orderKey) DESC, id DESC LIMIT ?1
      )
      """
    newestOfOne = """
      SELECT \(columns) FROM \(name) AS row
      WHERE model IS ?2 ORDER BY \(orderKey) DESC, id DESC LIMIT ?1
      """
    one = "SELECT \(columns) FROM \(name) AS row WHERE id = ?1 LIMIT 1"
  }
}
