import Journal
import Platform
import Rules
import TestSupport
import Testing

@testable import Stores

@Suite(.timeLimit(.minutes(5))) struct EmbeddedCyclesTests {
  let place: StoreDirectory

  init() throws { place = try StoreDirectory() }

  private static func time(_ seconds: Int64) -> Timestamp {
    Timestamp(microseconds: (1_790_000_000 + seconds) * 1_000_000)
  }

  @Test func aCycleComesBackAsItWasAdded() async throws {
    let store = try await place.open()
    let row = CycleRow(
      id: "c1", model: "m", modelVersion: "v", timestamp: Timestamp(microseconds: 1_790_000_000_123_457),
      windowMinutes: 30, totalEvents: 9, accepted: 6, rejected: 2, edited: 1, acceptRate: 0.75)
    try await store.add(row)
    #expect(try await store.newestRows(of: nil, limit: 5) == [ModelRows(model: "m", rows: [row], hasMore: false)])
    #expect(store.name == "sqlite \(place.path)")
  }

  @Test func whatIsMissingIsWorkedOutOnce() async throws {
    let store = try await place.open()
    try await store.add(CycleRow(id: "a", model: "m", timestamp: Self.time(0), accepted: 1, rejected: 3))
    try await store.add(CycleRow(id: "b", model: "m", timestamp: Self.time(1), accepted: 0, rejected: 0, edited: 4))
    try await store.add(CycleRow(id: "c", model: "m", timestamp: Self.time(2), accepted: -1, rejected: 3))
    try await store.add(CycleRow(id: "d", model: "m", timestamp: Self.time(3), accepted: .max, rejected: .max))
    try await store.add(CycleRow(id: "e", model: "m", timestamp: Self.time(4), acceptRate: .nan))
    let rows = try #require(try await store.newestRows(of: nil, limit: 9).first?.rows)
    #expect(rows.map(\.id) == ["e", "d", "c", "b", "a"])
    #expect(rows[0].acceptRate?.isNaN == true)
    #expect(rows[1].acceptRate == 0.5)
    #expect(rows[2].acceptRate == nil)
    #expect(rows[3].acceptRate == nil)
    #expect(rows[4].acceptRate == 0.25)
    #expect(rows.allSatisfy { $0.windowMinutes == 60 })
  }

  @Test func aPlainInsertEndsNow() async throws {
    let store = try await place.open()
    let before = WallClock.system.microseconds()
    try place.shell("INSERT INTO learning_stats (model, accepted, rejected) VALUES ('m', 3, 1)")
    let row = try #require(try await store.newestRows(of: ["m"], limit: 5).first?.rows.first)
    let end = try #require(row.timestamp?.microseconds)
    // SQLite's clock has milliseconds.
    #expect(end >= before / 1000 * 1000 && end <= WallClock.system.microseconds())
    #expect(try await store.cycle(row.id) == row)
    #expect(try await store.cycle("none") == nil)
  }

  @Test func theSameIDTwiceIsTheFirstRow() async throws {
    let store = try await place.open()
    try await store.add(CycleRow(id: "a", model: "m", timestamp: Self.time(0), accepted: 1, rejected: 3))
    try await store.add(CycleRow(id: "a", model: "n", timestamp: Self.time(1), accepted: 9, rejected: 0))
    let groups = try await store.newestRows(of: nil, limit: 9)
    #expect(groups.count == 1)
    #expect(groups.first?.rows.map(\.accepted) == [1])
  }

  @Test func rowsThatNameNoModelAreOneGroup() async throws {
    let store = try await place.open()
    try place.shell(
      """
      INSERT INTO learning_stats (id, model, timestamp) VALUES ('a', NULL, '2026-01-01T00:00:00.000000Z'),
      ('b', '', '2026-01-02T00:00:00.000000Z'), ('c', 'm', '2026-01-03T00:00:00.000000Z'), ('d', NULL, NULL);
      """)
    for models in [nil, [nil, "m"], ["", "m", nil]] as [[String?]?] {
      let groups = try await store.newestRows(of: models, limit: 9)
      #expect(
        Dictionary(uniqueKeysWithValues: groups.map { ($0.model, $0.rows.map(\.id)) }) == [
          "m": ["c"], nil: ["b", "a", "d"],
        ])
    }
    #expect(try await store.newestRows(of: [nil], limit: 2).map(\.hasMore) == [true])
    #expect(try await store.newestRows(of: ["m", "unknown"], limit: 2).map(\.model) == ["m"])
    #expect(try await store.newestRows(of: [], limit: 2) == [])
  }

  @Test func rowsOfOthersAreReadWhateverTypesTheyUsed() async throws {
    let store = try await place.open()
    try place.shell(
      """
      INSERT INTO learning_stats (model, timestamp, accepted, rejected, edited, window_minutes, accept_rate) VALUES
      ('m', '2026-01-01 00:00:09', '12', 3.0, 'none', '60', 'NaN'),
      ('m', '2026-01-01T02:00:08+02:00', x'39', NULL, 2.5, -1, ' 0.5 '),
      ('m', '2026-01-01 00:00:07.25+00', 1e300, 'Infinity', '', NULL, '1e999'),
      ('m', 1767225606, 0, 0, 0, 0, x'FF'),
      ('m', '1767225605250', 0, 0, 0, 0, -0.5),
      ('m', '2026-01-01T00:00:04Z', 0, 0, 0, 0, ''),
      ('m', 'yesterday', 0, 0, 0, 0, 0), ('m', 'infinity', 0, 0, 0, 0, 0), ('m', '', 0, 0, 0, 0, 0),
      ('m', 'now', 0, 0, 0, 0, 0), ('m', '9', 0, 0, 0, 0, 0), ('m', '2026', 0, 0, 0, 0, 0), ('m', x'00FF', 0, 0, 0, 0, 0),
      ('m', -5, 0, 0, 0, 0, 0), ('m', 1e18, 0, 0, 0, 0, 0), ('m', NULL, 0, 0, 0, 0, 0);
      """)
    let rows = try #require(try await store.newestRows(of: nil, limit: 99).first?.rows)
    #expect(rows.count == 16)
    #expect(
      rows.prefix(6).map { $0.timestamp?.sortableText } == [
        "2026-01-01T00:00:09.000000Z", "2026-01-01T00:00:08.000000Z", "2026-01-01T00:00:07.250000Z",
        "2026-01-01T00:00:06.000000Z", "2026-01-01T00:00:05.250000Z", "2026-01-01T00:00:04.000000Z",
      ])
    #expect(rows.dropFirst(6).allSatisfy { $0.timestamp == nil })
    #expect(rows[0].accepted == 12)
    #expect(rows[0].rejected == 3)
    #expect(rows[0].edited == nil)
    #expect(rows[0].acceptRate?.isNaN == true)
    #expect(rows[1].accepted == 9)
    #expect(rows[1].edited == nil)
    #expect(rows[1].windowMinutes == -1)
    #expect(rows[1].acceptRate == 0.5)
    #expect(rows[2].accepted == nil)
    #expect(rows[2].acceptRate == .infinity)
    #expect(rows[3].acceptRate == nil)
    #expect(rows[4].acceptRate == -0.5)
    #expect(rows[5].acceptRate == nil)
    // Each row without an id was given one of its own.
    #expect(Set(rows.map(\.id)).count == 16)
    // What cannot be read takes no place among the newest.
    #expect(try await store.newestRows(of: nil, limit: 6).first?.rows.map(\.id) == rows.prefix(6).map(\.id))
  }

  @Test func mixedFormsOfOneDayOrderByTime() async throws {
    let store = try await place.open()
    try place.shell(
      """
      INSERT INTO learning_stats (id, model, timestamp) VALUES ('late', 'm', '2026-01-01 23:00:00'),
      ('early', 'm', '2026-01-01T01:00:00.000000Z'), ('latest', 'm', '2026-01-01T20:00:00-05:00');
      """)
    #expect(try await store.newestRows(of: nil, limit: 1).first?.rows.map(\.id) == ["latest"])
    #expect(try await store.newestRows(of: ["m"], limit: 2).first?.rows.map(\.id) == ["latest", "late"])
  }

  @Test func namesAreTakenAsTheyAre() async throws {
    let store = try await place.open()
    let names = [
      String(repeating: "long", count: 2_560), "nul\u{0}inside", "'; DROP TABLE learning_stats; --", "\"quoted\"",
      " ", "🙂", "line\nbreak", "%_?1",
    ]
    for name in names { try await store.add(CycleRow(id: name, model: name, timestamp: Self.time(0))) }
    let groups = try await store.newestRows(of: nil, limit: 1)
    #expect(Set(groups.map(\.model)) == Set(names))
    #expect(groups.allSatisfy { $0.rows.map(\.id) == [$0.model] })
    #expect(try await store.newestRows(of: names, limit: 1).count == names.count)
  }

  @Test func namesThatSwiftTakesForTheSameAreOneModel() async throws {
    let store = try await place.open()
    try await store.add(CycleRow(id: "a", model: "caf\u{E9}", timestamp: Self.time(0)))
    try await store.add(CycleRow(id: "b", model: "cafe\u{301}", timestamp: Self.time(1)))
    let groups = try await store.newestRows(of: nil, limit: 1)
    #expect(groups.map { $0.rows.map(\.id) } == [["b"]])
    #expect(groups.first?.hasMore == true)
  }

  @Test func limitsOfAnySizeAreTaken() async throws {
    let store = try await place.open()
    try await store.add(CycleRow(id: "a", model: "m", timestamp: Self.time(0)))
    #expect(try await store.newestRows(of: nil, limit: .max).first?.rows.count == 1)
    #expect(try await store.newestRows(of: nil, limit: 0) == [ModelRows(model: "m", rows: [], hasMore: true)])
    #expect(try await store.newestRows(of: nil, limit: .min) == [ModelRows(model: "m", rows: [], hasMore: true)])
  }

  @Test func aTableThatSomebodyDroppedIsNamedWithItsRemedy() async throws {
    let store = try await place.open()
    try place.shell("DROP TABLE learning_stats")
    do {
      _ = try await store.newestRows(of: nil, limit: 1)
      Issue.record("a table that does not exist was read")
    } catch {
      #expect(error.description.contains("learning_stats does not exist"))
      // The SQL is there, and it works.
      let sql = try #require(error.description.split(separator: "`: ").last)
      try place.shell(String(sql))
      #expect(try await store.newestRows(of: nil, limit: 1).isEmpty)
    }
  }
}

/// The scan is fast only because of its shape: it must give what reading everything would give, and never read it.
@Suite(.timeLimit(.minutes(5))) struct EmbeddedScanTests {
  let place: StoreDirectory

  init() throws { place = try StoreDirectory() }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func itFindsWhatReadingEverythingFinds(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let store = try await place.open()
    var all: [String?: [CycleRow]] = [:]
    for number in 0..<400 {
      let model = Bool.random(using: &random) ? "m\(Int.random(in: 0..<12, using: &random))" : nil
      let timestamp =
        Int.random(in: 0..<10, using: &random) == 0
        ? nil : Timestamp(microseconds: 1_790_000_000_000_000 + Int64.random(in: 0..<300, using: &random))
      let row = CycleRow(
        id: "\(number)", model: model, timestamp: timestamp, windowMinutes: 60,
        accepted: Int64.random(in: 0...9, using: &random), rejected: 1, acceptRate: 0.5)
      try await store.add(row)
      all[model, default: []].append(row)
    }
    for limit in [1, 5, 40, 1000] {
      let groups = try await store.newestRows(of: nil, limit: limit)
      #expect(groups.count == all.count)
      for group in groups {
        let expected = all[group.model, default: []].sorted { left, right in
          switch (left.timestamp, right.timestamp) {
          case (let one?, let two?) where one != two: one > two
          case (_?, nil): true
          case (nil, _?): false
          default: left.id > right.id
          }
        }
        #expect(group.rows == Array(expected.prefix(limit)))
        #expect(group.hasMore == (expected.count > limit))
      }
      let named = try await store.newestRows(of: Array(all.keys), limit: limit)
      #expect(Set(named) == Set(groups))
    }
  }

  @Test(arguments: [CycleTable.embedded.newestOfAll, CycleTable.embedded.newestOfOne])
  func itNeverScansTheTableNorSortsIt(sql: String) async throws {
    _ = try await place.open()
    let database = try SQLiteDatabase(path: place.path)
    try database.execute(
      script: """
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
        INSERT INTO learning_stats (model, timestamp, accepted, rejected)
        SELECT 'model-' || i, '2026-01-01T00:00:00.000000Z', 1, 1 FROM n;
        """)
    for analyzed in [false, true] {
      if analyzed { try database.run("ANALYZE") }
      let values: [SQLiteValue] = sql.contains("?2") ? [6, "model-7"] : [6]
      let plan = try database.query("EXPLAIN QUERY PLAN \(sql)", values) { row in row[3].text ?? "" }
      // What is scanned are the names that were found and single rows, never the table or its whole index.
      let scans = plan.filter { $0.hasPrefix("SCAN") && ($0.contains("learning_stats") || $0.contains(" row")) }
      #expect(scans.filter { $0 != "SCAN CONSTANT ROW" } == [], "\(plan)")
      #expect(!plan.contains { $0.contains("TEMP B-TREE FOR ORDER BY") }, "\(plan)")
      #expect(plan.contains { $0.contains("learning_stats_newest (model") }, "\(plan)")
    }
  }

  @Test func tenThousandModelsWithLongHistoriesReadOnlyTheirNewest() async throws {
    let store = try await place.open()
    try place.shell(
      """
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39999)
      INSERT INTO learning_stats (id, model, timestamp, accepted, rejected)
      SELECT i, 'model-' || (i % 10000), strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1790000000 + i, 'unixepoch'), 1, 1 FROM n;
      """)
    let groups = try await store.newestRows(of: nil, limit: 2)
    #expect(groups.count == 10_000)
    #expect(groups.allSatisfy { $0.rows.count == 2 && $0.hasMore })
    let group = try #require(groups.first { $0.model == "model-77" })
    #expect(group.rows.map(\.id) == ["30077", "20077"])
  }
}
