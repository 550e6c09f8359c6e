internal import Journal
internal import Platform
internal import Rules

/// The cycles of a store elsewhere, kept in the journal's file: checks read them there, also while the store is away.
extension Journal {
  /// Cycles that the mirror keeps, the newest ones.
  static let maximumMirrored = 200_000
  /// Rows may come late, or be put right: how far back each look reads again.
  static let mirrorOverlap = Duration.seconds(7 * 86_400)

  /// One look at a store.
  struct MirrorLook: Sendable, Hashable {
    /// Its number; rows that it does not see keep an older one.
    var number: Int64
    /// What ended before it is known from earlier looks; nil where nothing is.
    var floor: Timestamp?
    /// When a look was last complete.
    var completedAt: Timestamp?
  }

  /// Begins a look. What is kept of another store is dropped.
  func beginLook(at source: String) throws(JournalFailure) -> MirrorLook {
    try write { database in
      if try meta("mirror.source", in: database) != source {
        try database.run("DELETE FROM retraind_mirror")
        try database.run("DELETE FROM retraind_meta WHERE key IN ('mirror.look', 'mirror.completed', 'mirror.newest')")
        try setMeta("mirror.source", source, in: database)
      }
      let look = try nextLook(in: database)
      try setMeta("mirror.look", "\(look.number)", in: database)
      return look
    }
  }

  /// The look that would be made now, by who may not write.
  func possibleLook(at source: String) throws(JournalFailure) -> MirrorLook {
    try read { database in
      guard try meta("mirror.source", in: database) == source else { return MirrorLook(number: 0) }
      return try nextLook(in: database)
    }
  }

  private func nextLook(in database: SQLiteDatabase) throws -> MirrorLook {
    var look = MirrorLook(number: (try meta("mirror.look", in: database).flatMap { Int64($0) } ?? 0) + 1)
    guard let completed = try meta("mirror.completed", in: database).flatMap({ Timestamp(parsing: $0) }) else {
      return look
    }
    look.completedAt = completed
    // Not what the mirror has now: a look that broke off may have brought its newest rows, and not those before them.
    if let newest = try meta("mirror.newest", in: database).flatMap({ Timestamp(parsing: $0) }) {
      let overlap = Self.mirrorOverlap.components.seconds * 1_000_000
      look.floor = Timestamp(microseconds: newest.microseconds - overlap)
    }
    return look
  }

  /// Keeps what a look has seen; what was there is replaced.
  func mirror(_ rows: [CycleRow], look: MirrorLook) throws(JournalFailure) {
    try write { database in
      for row in rows {
        _ = try database.run(
          """
          INSERT INTO retraind_mirror (id, timestamp, model, model_version, window_minutes, total_events, accepted,
          rejected, edited, accept_rate, look) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
          ON CONFLICT (id) DO UPDATE SET timestamp = excluded.timestamp, model = excluded.model,
          model_version = excluded.model_version, window_minutes = excluded.window_minutes,
          total_events = excluded.total_events, accepted = excluded.accepted, rejected = excluded.rejected,
          edited = excluded.edited, accept_rate = excluded.accept_rate, look = excluded.look
          """,
          [
            .text(row.id), SQLiteValue(row.timestamp), SQLiteValue(row.model), SQLiteValue(row.modelVersion),
            SQLiteValue(row.windowMinutes), SQLiteValue(row.totalEvents), SQLiteValue(row.accepted),
            SQLiteValue(row.rejected), SQLiteValue(row.edited), Self.mirrored(row.acceptRate), .integer(look.number),
          ])
      }
    }
  }

  /// A look has seen everything down to its floor: what it did not see there is gone from the store.
  ///
  /// - Parameter sawRows: false where the store showed no row at all. That may be a policy or a key, so nothing is
  ///   taken for gone.
  func finishLook(_ look: MirrorLook, sawRows: Bool, at now: Timestamp) throws(JournalFailure) {
    try write { database in
      if sawRows {
        try database.run(
          "DELETE FROM retraind_mirror WHERE look <> ?1 AND (timestamp IS NULL OR timestamp >= ?2)",
          [.integer(look.number), .text(look.floor?.sortableText ?? "")])
      }
      try database.run(
        """
        DELETE FROM retraind_mirror WHERE timestamp <
        (SELECT timestamp FROM retraind_mirror ORDER BY timestamp DESC LIMIT 1 OFFSET ?1)
        """, [SQLiteValue(Self.maximumMirrored)])
      try setMeta("mirror.completed", now.sortableText, in: database)
      // A stamp of a wrong clock, far ahead, would leave everything else below the next floor.
      let newest = try database.first(
        "SELECT max(timestamp) FROM retraind_mirror WHERE timestamp <= ?1", [SQLiteValue(now)]
      ) { row in row[0].timestamp }
      if let newest = newest.flatMap({ $0 }) {
        try setMeta("mirror.newest", newest.sortableText, in: database)
      } else {
        try database.run("DELETE FROM retraind_meta WHERE key = 'mirror.newest'")
      }
    }
  }

  /// When the mirror of a store was last complete; nil where it never was.
  func mirrorCompleted(of source: String) throws(JournalFailure) -> Timestamp? {
    try read { database in
      guard try meta("mirror.source", in: database) == source else { return nil }
      return try meta("mirror.completed", in: database).flatMap { Timestamp(parsing: $0) }
    }
  }

  /// What was noted of a store under a name; nil where nothing was.
  func recall(_ name: String) throws(JournalFailure) -> String? {
    try read { database in try meta("store.\(name)", in: database) }
  }

  /// Notes something of a store; nil forgets it.
  func remember(_ name: String, _ value: String?) throws(JournalFailure) {
    try write { database in
      if let value {
        try setMeta("store.\(name)", value, in: database)
      } else {
        try database.run("DELETE FROM retraind_meta WHERE key = ?1", [.text("store.\(name)")])
      }
    }
  }

  /// SQLite stores NaN as NULL, which says that there is no rate: something else than a wrong one.
  private static func mirrored(_ rate: Double?) -> SQLiteValue {
    guard let rate else { return .null }
    return rate.isNaN ? "NaN" : .real(rate)
  }
}
