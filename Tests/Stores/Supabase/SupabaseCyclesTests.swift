import Journal
import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// Reading cycles into the mirror, whatever the server and the table are like.
@Suite("Cycles from Supabase", .timeLimit(.minutes(5)))
struct SupabaseCyclesTests {
  @Test("the table of the replaced system is read as it is: no model, numbers and times in their forms")
  func legacyTable() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    #expect(try await bench.store.refresh() == nil)
    let groups = try await bench.store.newestRows(of: nil, limit: 2)
    #expect(groups.map(\.model) == [nil])
    #expect(groups.first?.hasMore == true)
    #expect(groups.first?.rows.map(\.id) == [SupabaseBench.id(2), SupabaseBench.id(1)])
    let newest = try #require(groups.first?.rows.first)
    #expect(newest.timestamp == Timestamp(microseconds: SupabaseBench.origin - 3_600_000_000))
    #expect(newest.accepted == 6)
    #expect(newest.acceptRate == 0.6)
    // What the table does not have was not asked for.
    let asked = bench.transport.with { $0.calls.map(\.target) }
    #expect(!asked.contains { $0.contains("model_version") })
    #expect(bench.store.standing?.state == .available)
    #expect(bench.told.withLock { $0 }.isEmpty)
  }

  @Test("thousands of rows come page by page, whatever the server cuts a page to", arguments: [1000, 300, 7])
  func pages(maximum: Int) async throws {
    let bench = try await SupabaseBench()
    let count = maximum == 7 ? 60 : 2500
    bench.addCycles(count)
    bench.transport.with { $0.project.maximumRows = maximum }
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().count == count)
    let before = bench.transport.names.count
    // The next look reads only what is new, and the overlap.
    bench.addCycles(1, from: count)
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().count == count + 1)
    #expect(bench.transport.names.count - before <= (7 * 24 + 1) / maximum + 4)
  }

  @Test("rows of the same time are neither lost nor read twice at the border of two pages")
  func sameTime() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.maximumRows = 4
      play.project.tables["learning_stats"]?.rows = (0..<11).map { index in
        [
          "id": .text(SupabaseBench.id(index)), "timestamp": .text("2026-02-01T00:00:00.5+00:00"),
          "accepted": .number("\(index)"),
          "rejected": .number("1"),
        ]
      }
    }
    _ = try await bench.store.refresh()
    #expect(Set(try await bench.rows().compactMap(\.accepted)) == Set(0..<11))
  }

  @Test("a table without ids is read with offsets")
  func withoutIDs() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.maximumRows = 4
      play.project.tables["learning_stats"] = StandInTable(["timestamp", "accepted", "rejected"])
    }
    bench.addCycles(10)
    for _ in 0..<2 {
      _ = try await bench.store.refresh()
      #expect(try await bench.rows().count == 10)
    }
  }

  @Test("late rows and rows that were put right come in, deleted ones go")
  func changes() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(5)
    _ = try await bench.store.refresh()
    bench.transport.with { play in
      play.project.tables["learning_stats"]?.rows[1]["accepted"] = .number("9")
      play.project.tables["learning_stats"]?.rows.remove(at: 3)
      var late = play.project.tables["learning_stats"]?.rows[0] ?? [:]
      late["id"] = .text(SupabaseBench.id(77))
      play.project.tables["learning_stats"]?.rows.append(late)
    }
    _ = try await bench.store.refresh()
    let rows = try await bench.rows()
    #expect(Set(rows.map(\.id)) == Set([0, 1, 2, 4, 77].map(SupabaseBench.id)))
    #expect(rows.first { $0.id == SupabaseBench.id(1) }?.accepted == 9)
  }

  @Test("what is older than the overlap stays, and is not read again")
  func history() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(400)
    _ = try await bench.store.refresh()
    // Only the mirror has the old ones now.
    bench.transport.with { $0.project.tables["learning_stats"]?.rows.removeFirst(200) }
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().count == 400)
  }

  @Test("stamps of any shape: what cannot be read is kept without one, far ahead hides nothing")
  func stamps() async throws {
    let bench = try await SupabaseBench()
    let stamps: [Cell] = [
      .text("infinity"), .text("2099-01-01T00:00:00+00:00"), .text("2026-02-01T01:04:05.6789"), .null,
      .text("2026-02-01"),
      .text("2026-02-01T00:00:00.12345+00:00"),
    ]
    bench.transport.with { play in
      play.project.tables["learning_stats"]?.rows = stamps.enumerated().map { index, stamp in
        ["id": .text("\(index)"), "timestamp": stamp, "accepted": .number("1"), "rejected": .number("1")]
      }
    }
    _ = try await bench.store.refresh()
    var rows = try await bench.rows()
    #expect(rows.count == 6)
    #expect(Set(rows.filter { $0.timestamp == nil }.map(\.id)) == ["0", "3"])
    #expect(rows.first { $0.id == "2" }?.timestamp == Timestamp(parsing: "2026-02-01T01:04:05.6789Z"))
    // The row of 2099 must not become the floor of the next look.
    bench.addCycles(1)
    _ = try await bench.store.refresh()
    rows = try await bench.rows()
    #expect(rows.count == 7)
  }

  @Test("values of any type: null, NaN, Infinity as text, numbers as text, out of range")
  func values() async throws {
    let bench = try await SupabaseBench()
    let rates: [Cell] = [
      .text("NaN"), .text("Infinity"), .null, .text("0.5"), .number("1.7"), .number("-1"), .number("1e-10"),
    ]
    bench.transport.with { play in
      play.project.tables["learning_stats"]?.rows = rates.enumerated().map { index, rate in
        [
          "id": .number("\(index)"), "timestamp": .text("2026-02-0\(index + 1)T00:00:00+00:00"), "accept_rate": rate,
          "accepted": .text("12"), "rejected": .number("3.0"), "edited": .text("none"),
        ]
      }
    }
    _ = try await bench.store.refresh()
    let rows = try await bench.rows().sorted { $0.id < $1.id }
    #expect(rows.map(\.id) == (0..<7).map(String.init))
    #expect(rows[0].acceptRate?.isNaN == true)
    #expect(rows[1].acceptRate == .infinity)
    #expect(rows[2].acceptRate == nil)
    #expect(rows.dropFirst(3).map(\.acceptRate) == [0.5, 1.7, -1, 1e-10])
    #expect(rows.allSatisfy { $0.accepted == 12 && $0.rejected == 3 && $0.edited == nil })
  }

  @Test("a table without timestamp is read by created_at, one without both says what to type")
  func withoutTimestamp() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with {
      $0.project.tables["learning_stats"] = StandInTable(["id", "created_at", "accepted", "rejected"])
    }
    bench.addCycles(2, more: ["created_at": .text("2026-02-01T00:00:00+00:00")])
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().first?.timestamp == Timestamp(parsing: "2026-02-01T00:00:00Z"))

    let other = try await SupabaseBench()
    other.transport.with { $0.project.tables["learning_stats"] = StandInTable(["id", "accepted"]) }
    other.addCycles(1)
    await #expect {
      _ = try await other.store.refresh()
    } throws: {
      "\($0)".contains("ALTER TABLE public.learning_stats ADD COLUMN timestamp timestamptz;")
    }
  }

  @Test("a table without accept_rate and counts is read, and people are told")
  func withoutRates() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["learning_stats"] = StandInTable(["id", "timestamp", "total_events"]) }
    bench.addCycles(2)
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().count == 2)
    #expect(bench.store.standing?.notes.count == 1)
    #expect(bench.store.standing?.notes.first?.contains("ADD COLUMN accepted integer") == true)
    _ = try await bench.store.refresh()
    #expect(bench.told.withLock { $0.count } == 1)
  }

  @Test("no row at all may be a policy or the key: people are told, and nothing is taken for gone")
  func noRows() async throws {
    let bench = try await SupabaseBench(key: StandInProject.publishableKey)
    bench.addCycles(3)
    #expect(try await bench.store.refresh() == nil)
    #expect(try await bench.rows().isEmpty)
    #expect(
      bench.store.standing?.notes.first?.contains("row-level security policy hides its rows from the role anon") == true
    )

    let other = try await SupabaseBench()
    other.addCycles(3)
    _ = try await other.store.refresh()
    other.transport.with { $0.project.tables["learning_stats"]?.rows = [] }
    _ = try await other.store.refresh()
    #expect(try await other.rows().count == 3)
  }

  @Test("another project's cycles do not mix with those of the one before")
  func otherProject() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    _ = try await bench.store.refresh()
    let session = SupabaseSession(
      SupabaseEndpoint(url: "http://stand-in/other", key: "k"), transport: bench.transport,
      clock: bench.session.client.clock, wallClock: .system, tell: { _, _ in })
    await #expect(throws: StoreFailure.self) { _ = try await SupabaseStore(session, journal: bench.journal).refresh() }
    #expect(try await bench.store.refresh() == nil)
    #expect(try await bench.rows().count == 3)
  }

  /// Every way in which a store can be away.
  static let aways: [(String, Fault, String)] = [
    ("database down", .databaseDown, "PGRST002"), ("silence", .silence, "no answer"), ("reset", .reset, "closed"),
    ("truncated", .truncated, "closed"), ("a gateway's page", .page, "522"), ("a portal", .portal, "page instead"),
    ("empty 502", .empty("502 Bad Gateway"), "without a word"), ("empty 200", .empty("200 OK"), "without a word"),
    ("100 MB", .flood(100 << 20), "larger than"), ("paused", .empty("540 x"), "restore it"),
    ("quota", .empty("402 Payment Required"), "quota"), ("429", .empty("429 Too Many Requests"), "429"),
    ("statement timeout", .recorded("service_role 8s default from authenticator"), "57014"),
    ("a cut answer", .answer(StandInAnswer("200 OK", body: #"[{"id":1,"timest"#)), "middle of a row"),
    ("a wrong key", .recorded("bad signature"), "copy it again"), ("an expired key", .recorded("expired"), "expired"),
    ("an unknown role", .recorded("role missing in db"), "22023"),
    ("no table", .recorded("missing table GET"), "retraind schema"),
    (
      "no grant", .answer(PostgRESTRecordings.shared["same, read"].replacing("system_events", "learning_stats")),
      "GRANT SELECT ON public.learning_stats TO service_role;"
    ),
    ("a redirect", .answer(StandInAnswer("301 x", headers: [("Location", "https://new.co/")])), "https://new.co/"),
  ]

  @Test(
    "while the store is away the mirror is judged by, people are told once, and it comes back",
    arguments: 0..<aways.count)
  func away(number: Int) async throws {
    let (name, fault, words) = Self.aways[number]
    let bench = try await SupabaseBench()
    bench.addCycles(3)
    _ = try await bench.store.refresh()
    bench.transport.with { $0.play(fault, on: "GET learning_stats") }
    bench.pass(.seconds(3600))
    for _ in 0..<3 {
      let caveat = try await bench.store.refresh()
      #expect(caveat?.contains("cycles as of 2026-03-01T00:00:00Z") == true, "\(name)")
      #expect(caveat?.contains(words) == true, "\(name): \(caveat ?? "")")
    }
    #expect(try await bench.rows().count == 3)
    #expect(bench.store.standing?.state == .away)
    #expect(bench.told.withLock { $0 }.count == 1, "\(name)")
    // A pause of our own stands between any two tries.
    #expect(bench.pauses.withLock { $0.allSatisfy { $0 >= .milliseconds(500) } })
    #expect(bench.transport.names.count <= 5 + 3 * 3)
    bench.transport.with { $0.heal() }
    #expect(try await bench.store.refresh() == nil)
    #expect(bench.store.standing?.state == .available)
    #expect(bench.told.withLock { $0 }.count == 2, "\(name)")
    #expect(bench.told.withLock { $0 }.last?.contains("answers again") == true)
  }

  @Test("a store that never answered leaves nothing to judge by, and the check says so")
  func neverThere() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.databaseDown) }
    await #expect(throws: StoreFailure.self) { _ = try await bench.store.refresh() }
    #expect(bench.told.withLock { $0 }.first?.contains("no cycles to judge by") == true)
  }

  @Test("an idle connection that was killed costs one more try, and no failure", arguments: [0, 1])
  func deadConnection(number: Int) async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(1)
    let killed = StandInAnswer(
      "503 Service Unavailable", headers: [("Retry-After", "0")],
      body:
        #"{"code":"57P01","details":null,"hint":null,"message":"terminating connection due to administrator command"}"#)
    bench.transport.with { $0.play(number == 0 ? .answer(killed) : .reset, times: 1) }
    #expect(try await bench.store.refresh() == nil)
    #expect(try await bench.rows().count == 1)
  }

  @Test("a look that breaks off in the middle keeps its floor: the next one reads everything that it missed")
  func brokenLook() async throws {
    let bench = try await SupabaseBench()
    // Six weeks; at first only the oldest cycle is there, the others are filled in later.
    bench.addCycles(1000)
    let all = bench.transport.with { play in
      let all = play.project.tables["learning_stats"]?.rows ?? []
      play.project.tables["learning_stats"]?.rows = Array(all.prefix(1))
      play.project.maximumRows = 100
      return all
    }
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().count == 1)
    let floor = try await bench.journal.beginLook(at: bench.session.client.endpoint.root).floor
    bench.transport.with { play in
      play.project.tables["learning_stats"]?.rows = all
      // Some pages come, the next one does not.
      play.play(.answer(StandInAnswer("500 x")), on: "GET learning_stats", after: 4)
    }
    _ = try await bench.store.refresh()
    let part = try await bench.rows().count
    #expect(part > 1 && part < 1000, "\(part)")
    bench.transport.with { $0.heal() }
    #expect(try await bench.journal.beginLook(at: bench.session.client.endpoint.root).floor == floor)
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().count == 1000)
  }

  @Test("who only looks sees the same, and writes nothing: over a journal for reading, and without one")
  func looking() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(300)
    _ = try await bench.store.refresh()
    bench.addCycles(10, from: 300)
    bench.transport.with { play in
      // One of the mirror is gone, one was put right.
      play.project.tables["learning_stats"]?.rows.remove(at: 299)
      play.project.tables["learning_stats"]?.rows[298]["accepted"] = .number("9")
    }
    let reading = try await Journal.open(path: bench.directory + "/retraind.db", readOnly: true)
    let store = SupabaseStore(bench.session, journal: reading)
    #expect(try await store.refresh() == nil)
    let seen = try await store.newestRows(of: [nil], limit: 400)
    let none = SupabaseStore(bench.session, journal: nil)
    #expect(try await none.refresh() == nil)
    #expect(try await none.newestRows(of: nil, limit: 400) == seen)
    #expect(try await bench.rows().count == 300)
    _ = try await bench.store.refresh()
    #expect(try await bench.store.newestRows(of: nil, limit: 400) == seen)
    // Away: over the mirror it goes on, without one it cannot.
    bench.transport.with { $0.play(.databaseDown) }
    #expect(try await SupabaseStore(bench.session, journal: reading).refresh() != nil)
    await #expect(throws: StoreFailure.self) { _ = try await SupabaseStore(bench.session, journal: nil).refresh() }
  }

  // MARK: - Recording

  @Test("a recorded cycle is written with the columns that the table has, and twice is once")
  func add() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["learning_stats"]?.columns.append("model") }
    let row = CycleRow(
      id: SupabaseBench.id(1), model: "m", modelVersion: "v", timestamp: Timestamp(microseconds: SupabaseBench.origin),
      accepted: 3, rejected: 1)
    for _ in 0..<2 { try await bench.store.add(row) }
    let rows = bench.transport.rows("learning_stats")
    #expect(rows.count == 1)
    #expect(rows.first?["model"] == .text("m"))
    #expect(rows.first?["accept_rate"] == .number("0.75"))
    #expect(rows.first?["model_version"] == nil)
    _ = try await bench.store.refresh()
    #expect(try await bench.rows().map(\.id) == [row.id])
  }

  @Test("a table without the column model takes no cycle of a model, and says what to type")
  func addWithoutModel() async throws {
    let bench = try await SupabaseBench()
    await #expect {
      try await bench.store.add(CycleRow(id: "1", model: "m", accepted: 1, rejected: 1))
    } throws: {
      "\($0)".contains("ALTER TABLE public.learning_stats ADD COLUMN model text;")
    }
    #expect(bench.transport.rows("learning_stats").isEmpty)
  }

  @Test("a table that counts its ids, and a rate that its column cannot hold")
  func addToNarrowTable() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["learning_stats"]?.columns.append("model")
      play.project.tables["learning_stats"]?.countsIDs = true
      let overflow = StandInAnswer(
        "400 Bad Request",
        body:
          #"{"code":"22003","details":"A field with precision 3, scale 3 must round to an absolute value less than 1.","hint":null,"message":"numeric field overflow"}"#
      )
      play.play(.answer(overflow), on: "POST learning_stats", times: 1)
    }
    try await bench.store.add(CycleRow(id: SupabaseBench.id(1), model: "m", accepted: 5, rejected: 0))
    #expect(bench.transport.rows("learning_stats").count == 1)
    #expect(bench.transport.rows("learning_stats").first?["accept_rate"] == nil)
  }

  @Test("a recorded cycle fits a table that makes its rate itself, and a view that a trigger writes for")
  func addToGenerated() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["learning_stats"]?.columns.append("model")
      play.project.tables["learning_stats"]?.generated = ["accept_rate"]
      play.project.tables["learning_stats"]?.isView = true
    }
    let row = CycleRow(
      id: SupabaseBench.id(1), model: "a:7b", timestamp: Timestamp(microseconds: SupabaseBench.origin), accepted: 3,
      rejected: 1, acceptRate: 0.75)
    for _ in 0..<2 { try await bench.store.add(row) }
    #expect(bench.transport.rows("learning_stats").count == 1)
    #expect(bench.transport.rows("learning_stats").first?["accept_rate"] == nil)
  }
}
