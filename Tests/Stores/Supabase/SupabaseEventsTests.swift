import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// Delivering events: once, to the right table, or with what a person has to type.
@Suite("Events to Supabase", .timeLimit(.minutes(5)))
struct SupabaseEventsTests {
  private func deliver(
    _ bench: SupabaseBench, _ numbers: [Int] = [1], isFresh: Bool = true
  ) async -> [Result<DeliveryReceipt, DeliveryFailure>] {
    await bench.store.deliver(numbers.map { Delivery(SupabaseBench.event($0), isFresh: isFresh) })
  }

  private func blocked(_ outcome: Result<DeliveryReceipt, DeliveryFailure>?) -> String? {
    if case .failure(.blocked(let why)) = outcome { why } else { nil }
  }

  private func isTransient(_ outcome: Result<DeliveryReceipt, DeliveryFailure>?) -> Bool {
    if case .failure(.transient) = outcome { true } else { false }
  }

  @Test("a fresh event is one request, with everything in it")
  func fresh() async throws {
    let bench = try await SupabaseBench()
    let outcomes = await deliver(bench)
    #expect(outcomes == [.success(DeliveryReceipt(table: "system_events", wasThere: false))])
    #expect(bench.transport.names == ["POST system_events"])
    let row = try #require(bench.transport.rows("system_events").first)
    #expect(row["id"] == .text(SupabaseBench.id(1)))
    #expect(row["timestamp"] == .text("2026-03-01T00:00:00Z"))
    #expect(row["notes"] == .text("declined"))
    #expect(Query.value("metadata->>event_id", in: row) == .text(SupabaseBench.id(1)))
    #expect(Query.value("metadata->>run_id", in: row) == .text("run-1"))
  }

  @Test("what may have been tried is looked for before it is written, in both tables")
  func lookUpFirst() async throws {
    let bench = try await SupabaseBench()
    _ = await deliver(bench, [1, 2])
    let outcomes = await deliver(bench, [1, 2, 3], isFresh: false)
    #expect(outcomes.map { (try? $0.get())?.wasThere } == [true, true, false])
    #expect(bench.transport.rows("system_events").count == 3)
    #expect(
      bench.transport.names == [
        "POST system_events", "GET system_events", "GET learning_events", "POST system_events",
      ])
    #expect(bench.transport.with { $0.calls[1].target }.contains("metadata-%3E%3Eevent_id=in."))
  }

  /// Answers after which nobody knows whether the event was written.
  static let ambiguous: [Fault] = [
    .doneThenSilence, .doneThenReset, .doneBut(StandInAnswer("504 Gateway Timeout")),
    .doneBut(
      StandInAnswer("500 x", body: #"{"code":"57014","message":"canceling statement due to statement timeout"}"#)),
    .doneBut(StandInAnswer("502 Bad Gateway", body: "<html>")), .doneBut(StandInAnswer("200 OK", body: "<html>")),
    .silence, .reset, .databaseDown, .page, .portal, .empty("544 x"), .empty("429 Too Many Requests"),
  ]

  @Test("after an ambiguous answer the event is there once, and in one table", arguments: 0..<ambiguous.count)
  func ambiguousAnswer(number: Int) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(Self.ambiguous[number], on: "POST system_events", times: 1) }
    #expect(isTransient(await deliver(bench).first))
    // Also where the table's ids are not ours, so that nothing but the look-up keeps it from being there twice.
    #expect(bench.transport.rows("learning_events").isEmpty)
    let second = await deliver(bench, isFresh: false)
    #expect((try? second.first?.get())?.table == "system_events")
    #expect(bench.transport.rows("system_events").count == 1)
    #expect(bench.transport.rows("learning_events").isEmpty)
    #expect(bench.transport.names.dropFirst().first == "GET system_events")
  }

  @Test("the same where the table counts its own ids")
  func ambiguousWithoutIDs() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["system_events"]?.countsIDs = true }
    _ = await deliver(bench, [1])
    bench.transport.with { $0.play(.doneThenSilence, on: "POST system_events", times: 1) }
    #expect(isTransient(await deliver(bench, [2]).first))
    let again = await deliver(bench, [2], isFresh: false)
    #expect((try? again.first?.get())?.wasThere == true)
    #expect(bench.transport.rows("system_events").count == 2)
  }

  @Test("a look-up that is not answered writes nothing")
  func lookUpAway() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.databaseDown, on: "GET *") }
    #expect(isTransient(await deliver(bench, isFresh: false).first))
    #expect(bench.transport.count("POST system_events") == 0)
  }

  @Test("without system_events the event goes to learning_events, after one more try five seconds later")
  func fallback() async throws {
    for fault in [
      Fault.recorded("missing table POST"), .recorded("dropped, cache stale: POST"),
      .answer(StandInAnswer("404 Not Found", body: "{}")),
    ] {
      let bench = try await SupabaseBench()
      // It has answered below /rest/v1: `{}` is about the table.
      bench.addCycles(1)
      _ = try await bench.store.refresh()
      bench.transport.with { $0.play(fault, on: "POST system_events") }
      let outcomes = await deliver(bench)
      #expect((try? outcomes.first?.get())?.table == "learning_events")
      let written = bench.transport.names.filter { $0.hasPrefix("POST") }
      #expect(written == ["POST system_events", "POST system_events", "POST learning_events"])
      #expect(bench.pauses.withLock { $0 } == [.seconds(5)])
      let row = try #require(bench.transport.rows("learning_events").first)
      // A retrain is no rejection: null, and written out, so that no default makes it one.
      #expect(row["approved"] == .null)
      #expect(row["event_type"] == .text("model_retrain"))
      #expect(row["model_version"] == .text("v1"))
      #expect(bench.store.standing?.notes.first?.contains("CREATE TABLE public.system_events") == true)
      // It is known for an hour, then asked again.
      _ = await deliver(bench, [2])
      #expect(bench.transport.count("POST system_events") == 2)
      bench.transport.with { $0.heal() }
      bench.pass(.seconds(3601))
      #expect((try? await deliver(bench, [3]).first?.get())?.table == "system_events")
      #expect(bench.store.standing?.notes.isEmpty == true)
      #expect(bench.told.withLock { $0 }.count == 1)
    }
  }

  @Test("a command that is too short to wait leaves the next one the knowledge that the table is missing")
  func shortCommands() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.recorded("missing table POST"), on: "POST system_events") }
    _ = await deliver(bench)
    let pauses = bench.pauses.withLock { $0.count }
    bench.pass(.seconds(3600))
    let next = SupabaseSession(
      bench.session.client.endpoint, transport: bench.transport, clock: bench.session.client.clock,
      wallClock: WallClock { SupabaseBench.origin + 3_600_000_000 }, tell: { _, _ in })
    let outcomes = await SupabaseStore(next, journal: bench.journal).deliver([
      Delivery(SupabaseBench.event(2), isFresh: true)
    ])
    #expect((try? outcomes.first?.get())?.table == "learning_events")
    #expect(bench.pauses.withLock { $0.count } == pauses)
  }

  @Test("a table that was just made is waited for, and nothing falls back")
  func cacheDelay() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with {
      $0.play(.recorded("system_events created; immediately (DDL event trigger)"), on: "POST system_events", times: 1)
    }
    #expect((try? await deliver(bench).first?.get())?.table == "system_events")
    #expect(bench.transport.rows("learning_events").isEmpty)
  }

  @Test("without a grant the event goes to learning_events at once, and the GRANT is told once")
  func grant() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["system_events"]?.isGranted = false }
    for number in 1...3 { #expect((try? await deliver(bench, [number]).first?.get())?.table == "learning_events") }
    #expect(bench.pauses.withLock { $0 }.isEmpty)
    #expect(bench.told.withLock { $0 }.count == 1)
    #expect(
      bench.store.standing?.notes.first?.contains("GRANT SELECT, INSERT ON public.system_events TO service_role;")
        == true)
    // Somebody typed it and reloaded.
    bench.transport.with { $0.project.tables["system_events"]?.isGranted = true }
    bench.session.forget()
    #expect((try? await deliver(bench, [4]).first?.get())?.table == "system_events")
  }

  @Test(
    "nothing else falls back",
    arguments: [
      "bad signature", "expired", "role missing in db", "anon no grant table",
      "service_role 8s default from authenticator",
      "pg_terminate_backend while running", "RPC raising PGRST 429 + Retry-After", "not null violation",
      "check violation",
      "bad schema",
    ])
  func noFallback(title: String) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.recorded(title), on: "POST system_events") }
    let outcome = await deliver(bench).first
    #expect(throws: DeliveryFailure.self) { try outcome?.get() }
    #expect(bench.transport.count("POST learning_events") == 0)
  }

  @Test("how long a busy server wants to be left alone is passed on")
  func retryAfter() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.recorded("RPC raising PGRST 429 + Retry-After")) }
    guard case .failure(.transient(_, let after)) = await deliver(bench).first else {
      Issue.record("it was not refused")
      return
    }
    #expect(after == .seconds(7))
  }

  @Test("learning_events that refuses null is no place: the event waits, and the ALTER is told")
  func refusesNull() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"] = nil
      play.project.tables["learning_events"]?.required = ["approved"]
    }
    let why = blocked(await deliver(bench).first)
    #expect(
      why?.contains("ALTER TABLE public.learning_events ALTER COLUMN approved DROP NOT NULL;") == true, "\(why ?? "")")
    #expect(why?.contains("no rejection") == true)
    #expect(bench.transport.rows("learning_events").isEmpty)
  }

  /// The API does not know the column yet: it was added a moment ago.
  private static let staleApproved = Fault.answer(
    PostgRESTRecordings.shared["new column, cache stale: POST"].replacing("extra2", "approved"))

  @Test("a column approved that was just added is waited for: left out, a default would make the row a rejection")
  func approvedIsStale() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"]?.isGranted = false
      play.play(Self.staleApproved, on: "POST learning_events", times: 1)
    }
    #expect((try? await deliver(bench).first?.get())?.table == "learning_events")
    #expect(bench.pauses.withLock { $0 } == [EventWrite.cachePatience])
    let row = try #require(bench.transport.rows("learning_events").first)
    #expect(row["approved"] == .null)
  }

  @Test("a table without approved takes the row after that time, and is asked for the column each time")
  func approvedIsMissing() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"]?.isGranted = false
      play.project.tables["learning_events"]?.columns.removeAll { $0 == "approved" }
    }
    #expect((try? await deliver(bench).first?.get())?.table == "learning_events")
    #expect(bench.pauses.withLock { $0 } == [EventWrite.cachePatience])
    // It has been missing for longer than that: no second pause, also not in another process.
    bench.pass(.seconds(60))
    #expect((try? await deliver(bench, [2]).first?.get())?.table == "learning_events")
    #expect(bench.pauses.withLock { $0.count } == 1)
    #expect(bench.transport.rows("learning_events").allSatisfy { $0["approved"] == nil })
    // Somebody adds it, perhaps with a default: the next row says null again.
    bench.transport.with { $0.project.tables["learning_events"]?.columns.append("approved") }
    #expect((try? await deliver(bench, [3]).first?.get())?.table == "learning_events")
    #expect(bench.transport.rows("learning_events").last?["approved"] == .null)
    // It was seen: should it go and come again, it is waited for again.
    bench.transport.with { $0.play(Self.staleApproved, on: "POST learning_events", times: 1) }
    #expect((try? await deliver(bench, [4]).first?.get())?.table == "learning_events")
    #expect(bench.pauses.withLock { $0.count } == 2)
    #expect(bench.transport.rows("learning_events").last?["approved"] == .null)
  }

  @Test("without both tables the event waits, and the SQL is told")
  func noTable() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables = [:] }
    #expect(blocked(await deliver(bench).first)?.contains("CREATE TABLE public.system_events") == true)
  }

  @Test("the anonymous key writes nothing: the event waits, and people hear which key it takes")
  func anonymous() async throws {
    let bench = try await SupabaseBench(key: StandInProject.publishableKey)
    let why = blocked(await deliver(bench).first)
    #expect(why?.contains("key of the service role") == true)
    #expect(why?.contains("CREATE POLICY retraind_system_events ON public.system_events FOR ALL TO anon") == true)
    #expect(bench.transport.count("POST learning_events") == 0)
  }

  @Test("columns that the table lacks are left out, its own ids are left to it")
  func narrowTable() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"] = StandInTable(["id", "event_type", "metadata"])
      play.project.tables["system_events"]?.countsIDs = true
    }
    #expect((try? await deliver(bench).first?.get())?.table == "system_events")
    let row = try #require(bench.transport.rows("system_events").first)
    #expect(row["id"] == .number("1"))
    #expect(row["notes"] == nil)
    // It is known: the next one is one request.
    let before = bench.transport.names.count
    _ = await deliver(bench, [2])
    #expect(bench.transport.names.count == before + 1)
  }

  @Test("a table in which the event could not be recognised takes none")
  func unrecognisable() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["system_events"] = StandInTable(["event_type", "timestamp"]) }
    #expect(blocked(await deliver(bench).first)?.contains("ADD COLUMN metadata jsonb;") == true)
    #expect(bench.transport.rows("system_events").isEmpty)
  }

  @Test("one that does not fit holds up no other in its batch")
  func oneBadRow() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.refuses = [SupabaseBench.id(57)] }
    let outcomes = await deliver(bench, Array(1...100))
    #expect(bench.transport.rows("system_events").count == 99)
    #expect(outcomes.count { (try? $0.get()) != nil } == 99)
    #expect(blocked(outcomes[56]) != nil)
    // Halving, not one by one.
    #expect(bench.transport.count("POST system_events") <= 15)
  }

  @Test("a batch that the gateway finds too large is sent in parts")
  func tooLarge() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.empty("413 Payload Too Large"), on: "POST system_events", times: 3) }
    let outcomes = await deliver(bench, Array(1...40))
    #expect(outcomes.allSatisfy { (try? $0.get()) != nil })
    #expect(bench.transport.rows("system_events").count == 40)
  }

  @Test("a batch that breaks off has an outcome for each of its events")
  func breaksOff() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.play(.empty("413 Payload Too Large"), on: "POST system_events", times: 1)
      play.play(.databaseDown, on: "POST system_events")
    }
    let outcomes = await deliver(bench, Array(1...10))
    #expect(outcomes.count == 10)
    #expect(outcomes.allSatisfy(isTransient))
    #expect(bench.transport.count("POST system_events") == 2)
  }

  @Test("metadata that is plain text is searched as text")
  func metadataAsText() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"]?.countsIDs = true
      play.play(.doneThenReset, on: "POST system_events", times: 2)
    }
    _ = await deliver(bench)
    let operatorMissing = StandInAnswer(
      "404 Not Found", body: #"{"code":"42883","message":"operator does not exist: text ->> unknown"}"#)
    let refused = StandInAnswer(
      "400 Bad Request", body: #"{"code":"22P02","message":"invalid input syntax for type bigint: \"x\""}"#)
    bench.transport.with { play in
      play.heal()
      play.play(.answer(operatorMissing), on: "GET system_events", times: 1)
      play.play(.answer(refused), on: "GET system_events", times: 1)
    }
    _ = await deliver(bench, isFresh: false)
    #expect(bench.transport.with { $0.calls.contains { $0.target.contains("metadata=like.") } })
  }

  @Test("a view that a trigger writes for has no key to tell duplicates by: it is written all the same, and once")
  func view() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["system_events"]?.isView = true }
    #expect((try? await deliver(bench).first?.get())?.table == "system_events")
    // It is known: the next one is one request.
    let before = bench.transport.names.count
    bench.transport.with { $0.play(.doneThenReset, on: "POST system_events", times: 1) }
    #expect(isTransient(await deliver(bench, [2]).first))
    #expect(bench.transport.names.count == before + 1)
    #expect((try? await deliver(bench, [2], isFresh: false).first?.get())?.wasThere == true)
    // Two processes at once: the second one finds it there.
    #expect((try? await deliver(bench, [2]).first?.get())?.wasThere == true)
    #expect(bench.transport.rows("system_events").count == 2)
  }

  @Test("a table whose counter is behind its rows loses no event without a word")
  func counter() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.tables["system_events"]?.countsIDs = true
      play.project.tables["system_events"]?.rows = [["id": .number("1")], ["id": .number("2")]]
      play.project.tables["system_events"]?.nextID = 1
    }
    for _ in 0..<2 {
      let why = blocked(await deliver(bench).first)
      #expect(
        why?.contains("SELECT setval(pg_get_serial_sequence('public.system_events', 'id')") == true, "\(why ?? "")")
    }
    #expect((try? await deliver(bench).first?.get())?.table == "system_events")
    #expect(bench.transport.rows("system_events").count == 3)
  }

  @Test("a key that is not the id passes over no other event")
  func otherKey() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["system_events"]?.key = "timestamp" }
    #expect((try? await deliver(bench, [1]).first?.get())?.table == "system_events")
    // Another event of the same moment.
    #expect(blocked(await deliver(bench, [2]).first)?.contains("drop that constraint") == true)
    #expect((try? await deliver(bench, [1]).first?.get())?.wasThere == true)
  }

  @Test("a column that makes its own value is left out, be it the id or another", arguments: ["id", "timestamp"])
  func generated(column: String) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.tables["system_events"]?.generated = [column] }
    #expect((try? await deliver(bench).first?.get())?.table == "system_events")
    let row = try #require(bench.transport.rows("system_events").first)
    #expect(row[column] == nil)
    #expect(row[column == "id" ? "timestamp" : "id"] != nil)
  }

  @Test(
    "what hangs on the table and refuses the row is told, blocks that row alone, and sends nothing elsewhere",
    arguments: [
      .error("500 x", "55000", #"cannot insert into view "system_events""#),
      .error("404 Not Found", "42P01", #"relation "audit_log" does not exist"#),
      .error("404 Not Found", "42883", "function nosuch(integer) does not exist"),
      .error("400 Bad Request", "42703", #"record "new" has no field "updated_at""#),
      .error("500 x", "P0002", "query returned no rows"), .error("422 x", "PT422", "not like this"),
      .error("500 x", "42P17", #"infinite recursion detected in policy for relation "system_events""#),
    ] as [StandInAnswer])
  func trigger(answer: StandInAnswer) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(.answer(answer), on: "POST system_events") }
    let why = blocked(await deliver(bench).first)
    #expect(why?.contains("system_events at http://stand-in: HTTP") == true, "\(why ?? "none")")
    #expect(bench.transport.count("POST learning_events") == 0)
    #expect(bench.store.standing?.notes.isEmpty == true)
  }

  @Test("a key whose role the database does not have falls back nowhere", arguments: [12, 14])
  func unknownRole(version: Int) async throws {
    let bench = try await SupabaseBench()
    let status = version == 12 ? "400 Bad Request" : "401 Unauthorized"
    bench.transport.with { $0.play(.answer(.error(status, "22023", #"role "x" does not exist"#))) }
    #expect(isTransient(await deliver(bench).first))
    #expect(bench.transport.names == ["POST system_events"])
  }

  @Test("the new key of anon is refused with 403: nothing is granted to everybody")
  func publishable() async throws {
    let bench = try await SupabaseBench(key: StandInProject.publishableKey)
    let denied = StandInAnswer.error("403 Forbidden", "42501", "permission denied for table system_events")
    bench.transport.with { $0.play(.answer(denied), on: "POST system_events") }
    #expect(blocked(await deliver(bench).first)?.contains("use the key of the service role") == true)
    #expect(bench.transport.count("POST learning_events") == 0)
  }

  @Test(
    "over real sockets, a kept connection that breaks off after the write doubles nothing, with the table's own ids")
  func brokenConnection() async throws {
    let server = PostgRESTStandIn()
    defer { server.stop() }
    server.withProject { project in
      project.tables["system_events"]?.countsIDs = true
      project.tables["learning_stats"]?.rows = [["id": .text("a"), "timestamp": .text("2026-02-28T00:00:00+00:00")]]
    }
    let bench = try await SupabaseBench()
    let session = SupabaseSession(
      SupabaseEndpoint(url: server.url, key: StandInProject.secretKey), transport: CurlTransport(),
      clock: bench.session.client.clock, wallClock: WallClock { SupabaseBench.origin }, tell: { _, _ in })
    let store = SupabaseStore(session, journal: bench.journal)
    _ = try await store.refresh()
    // That ids are its own is known from here on.
    _ = await store.deliver([Delivery(SupabaseBench.event(1), isFresh: true)])
    for number in 2...4 {
      // A connection that is kept.
      _ = try await store.refresh()
      server.play(.doneThenReset, on: "POST system_events", times: 1)
      let event = SupabaseBench.event(number)
      #expect(isTransient(await store.deliver([Delivery(event, isFresh: true)]).first))
      #expect(server.rows("system_events").count == number)
      #expect((try? await store.deliver([Delivery(event, isFresh: false)]).first?.get())?.wasThere == true)
      #expect(server.rows("system_events").count == number)
    }
  }
}
