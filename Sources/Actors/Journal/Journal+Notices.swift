internal import Platform
public import Rules

/// Notices on their way to people: one row for each sink, written with what they tell.
extension Journal {
  /// Notices of single models that one transaction tells at most; more are counted in one.
  static let noticesAtOnce = 50
  /// Subjects up to which each is looked up by name; for more the table is read once.
  static let maxStandingsByName = 16

  /// Records notices that go with no other change.
  public func announce(_ notices: [Notice]) throws(JournalFailure) {
    guard !notices.isEmpty else { return }
    try write { database in try announce(notices, in: database) }
  }

  /// Whether any of these says something new, told or only remembered: for who can tell nobody.
  public func areNews(_ notices: [Notice]) throws(JournalFailure) -> Bool {
    try read { database in
      var standings = try standings(of: notices, in: database)
      return notices.contains { Self.isNews($0, &standings) }
    }
  }

  /// The subjects of which people were told something that may be over one day.
  public func rememberedSubjects() throws(JournalFailure) -> Set<String> {
    try read { database in Set(try database.query("SELECT key FROM retraind_standings") { row in row[0].text ?? "" }) }
  }

  /// What waits longest for a sink; nil where nothing does.
  public func firstNotice(for sink: String) throws(JournalFailure) -> NoticeRow? {
    try read { database in
      try database.first(
        "SELECT \(Self.noticeColumns) FROM retraind_notifications WHERE sink = ?1 AND state = 'pending' ORDER BY id LIMIT 1",
        [.text(sink)], Self.readNotice)
    }
  }

  /// Notes what became of a try.
  public func settle(notice id: Int64, _ outcome: NoticeOutcome, at time: Timestamp) throws(JournalFailure) {
    try write { database in
      switch outcome {
      case .delivered:
        // Also one that was given up meanwhile: it has arrived.
        try database.run(
          """
          UPDATE retraind_notifications SET state = 'delivered', why = NULL, attempts = attempts + 1, ended_at = ?2
          WHERE id = ?1
          """, [.integer(id), SQLiteValue(time)])
      case .retry(let error, let next):
        try database.run(
          """
          UPDATE retraind_notifications SET attempts = attempts + 1, last_error = ?3, failed_at = ?2,
          next_attempt_at = ?4 WHERE id = ?1 AND state = 'pending'
          """, [.integer(id), SQLiteValue(time), SQLiteValue(clipped: error), SQLiteValue(next)])
      case .dead(let why):
        try database.run(
          """
          UPDATE retraind_notifications SET state = 'dead', why = ?3, last_error = ?3, failed_at = ?2, ended_at = ?2,
          attempts = attempts + 1 WHERE id = ?1 AND state = 'pending'
          """, [.integer(id), SQLiteValue(time), SQLiteValue(clipped: why)])
      }
      try trimNotices(in: database)
    }
  }

  /// Gives up what waits for a sink that takes nothing any more.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func closeNotices(of sink: String, because why: String, at time: Timestamp) throws(JournalFailure) -> Int {
    try write { database in
      try database.run(
        """
        UPDATE retraind_notifications SET state = 'dead', why = ?2, ended_at = ?3
        WHERE sink = ?1 AND state = 'pending'
        """, [.text(sink), SQLiteValue(clipped: why), SQLiteValue(time)])
    }
  }

  /// Records notices in the transaction of what they tell: those that are news, a row for each sink.
  func announce(_ notices: [Notice], in database: SQLiteDatabase) throws {
    guard !notices.isEmpty else { return }
    var standings = try standings(of: notices, in: database)
    var told = 0
    var untold: [Notice] = []
    var more: [Int] = []
    var sinks: Set<String> = []
    for notice in notices where Self.isNews(notice, &standings) {
      guard try holds(notice.premise, in: database) else { continue }
      if let standing = notice.standing {
        try put(standing, at: notice.at, in: database)
        if !standing.isTold { continue }
      }
      if notice.sinks.isEmpty { continue }
      sinks.formUnion(notice.sinks)
      told += 1
      if told <= Self.noticesAtOnce {
        try insert(notice, into: database)
      } else if let index = untold.firstIndex(where: { $0.kind == notice.kind }) {
        more[index] += 1
      } else {
        untold.append(notice)
        more.append(1)
      }
    }
    for (first, count) in zip(untold, more) {
      var notice = first
      notice.model = nil
      notice.text = "… and \(count) more (\(first.kind)): `retraind status` lists all."
      notice.details = #"{"more":\#(count)}"#
      try insert(notice, into: database)
    }
    for sink in sinks.sorted() { try boundNotices(of: sink, in: database) }
    if !sinks.isEmpty { try trimNotices(in: database) }
  }

  /// Whether anything is remembered of a notice's subject.
  func isRemembered(_ notice: Notice, in database: SQLiteDatabase) throws -> Bool {
    try !standings(of: [notice], in: database).isEmpty
  }

  /// Whether a notice says something new; what it says is then known.
  private static func isNews(_ notice: Notice, _ standings: inout [String: String]) -> Bool {
    guard let standing = notice.standing else { return true }
    let before = standings[standing.key]
    if before == standing.value || (before == nil && standing.onlyIfPresent) { return false }
    standings[standing.key] = standing.value
    return true
  }

  /// Whether a finding is still one on the version that is served.
  private func holds(_ premise: Notice.Premise?, in database: SQLiteDatabase) throws -> Bool {
    guard let premise else { return true }
    return try known(of: premise.model, in: database)?.windowStart == premise.windowStart
  }

  private func standings(of notices: [Notice], in database: SQLiteDatabase) throws -> [String: String] {
    var known: [String: String] = [:]
    if notices.count > Self.maxStandingsByName {
      let rows = try database.query("SELECT key, value FROM retraind_standings") { row in
        (row[0].text ?? "", row[1].text ?? "")
      }
      for (key, value) in rows { known[key] = value }
    } else {
      for notice in notices {
        guard let key = notice.standing?.key else { continue }
        known[key] = try database.first("SELECT value FROM retraind_standings WHERE key = ?1", [.text(key)]) { row in
          row[0].text ?? ""
        }
      }
    }
    return known
  }

  private func put(_ standing: Notice.Standing, at time: Timestamp, in database: SQLiteDatabase) throws {
    guard let value = standing.value else {
      try database.run("DELETE FROM retraind_standings WHERE key = ?1", [.text(standing.key)])
      return
    }
    try database.run(
      "INSERT OR REPLACE INTO retraind_standings (key, value, since) VALUES (?1, ?2, ?3)",
      [.text(standing.key), .text(value), SQLiteValue(time)])
  }

  private func insert(_ notice: Notice, into database: SQLiteDatabase) throws {
    for sink in notice.sinks {
      try database.run(
        """
        INSERT OR IGNORE INTO retraind_notifications (event_id, sink, kind, model, text, details, state, attempts,
        next_attempt_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', 0, ?7, ?7)
        """,
        [
          .text(notice.id), .text(sink), .text(notice.kind), SQLiteValue(notice.model),
          SQLiteValue(clipped: notice.text), .text(notice.details), SQLiteValue(notice.at),
        ])
    }
  }

  /// What waits for one sink is bounded: what is oldest gives way.
  private func boundNotices(of sink: String, in database: SQLiteDatabase) throws {
    try database.run(
      """
      UPDATE retraind_notifications SET state = 'dead', why = ?3, ended_at = created_at WHERE sink = ?1
      AND state = 'pending' AND id <= (SELECT id FROM retraind_notifications WHERE sink = ?1 AND state = 'pending'
      ORDER BY id DESC LIMIT 1 OFFSET ?2)
      """,
      [
        .text(sink), SQLiteValue(limits.waitingNotices),
        .text("gave way to newer ones: \(limits.waitingNotices) waited for this sink"),
      ])
  }

  private func trimNotices(in database: SQLiteDatabase) throws {
    try database.run(
      """
      DELETE FROM retraind_notifications WHERE state <> 'pending' AND id <=
      (SELECT id FROM retraind_notifications WHERE state <> 'pending' ORDER BY id DESC LIMIT 1 OFFSET ?1)
      """, [SQLiteValue(limits.endedNotices)])
  }
}
