import Journal
import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// A PostgREST of one's own, without a gateway that takes `/rest/v1` away.
@Suite("PostgREST without /rest/v1", .timeLimit(.minutes(5)))
struct SupabaseBaseTests {
  private func bench(version: Int = 14) async throws -> SupabaseBench {
    var project = StandInProject()
    project.version = version
    project.isBare = true
    let bench = try await SupabaseBench(project, key: StandInProject.legacyKey)
    bench.addCycles(3)
    return bench
  }

  /// Paths that were asked for, without their queries.
  private func paths(_ bench: SupabaseBench) -> [String] {
    bench.transport.with { $0.calls.map { String($0.target.prefix { $0 != "?" }) } }
  }

  @Test("it is found out with one request more, remembered, and named", arguments: [12, 14])
  func found(version: Int) async throws {
    let bench = try await bench(version: version)
    #expect(try await bench.store.refresh() == nil)
    #expect(try await bench.rows().count == 3)
    #expect(paths(bench).prefix(2) == ["/rest/v1/learning_stats", "/learning_stats"])
    _ = try await bench.store.refresh()
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get())?.table == "system_events")
    #expect(paths(bench).count { $0.hasPrefix("/rest/v1") } == 1)
    #expect(bench.store.name == "supabase http://stand-in, without /rest/v1")
    let told = bench.told.withLock { $0 }
    #expect(told.count == 1)
    #expect(told.first?.hasPrefix("info: http://stand-in is a PostgREST of its own") == true, "\(told)")
  }

  @Test("an event may find it out, too, and is written once", arguments: [12, 14])
  func foundByEvent(version: Int) async throws {
    let bench = try await bench(version: version)
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get())?.table == "system_events")
    #expect(bench.transport.rows("system_events").count == 1)
    // What version 12 says may mean the table: reads find out first.
    let turns = version < 13 ? 2 : 1
    #expect(
      paths(bench) == Array(repeating: "/rest/v1/system_events", count: turns)
        + Array(repeating: "/system_events", count: turns))
  }

  @Test(
    "no event is written to another application at the root, whatever it answers",
    arguments: [
      StandInAnswer("201 Created"), StandInAnswer("200 OK", body: #"{"ok":true}"#), StandInAnswer("204 No Content"),
      StandInAnswer("400 Bad Request", body: #"{"code":"error","message":"no"}"#),
    ])
  func otherApplication(answer: StandInAnswer) async throws {
    let bench = try await bench(version: 12)
    bench.transport.with { $0.project.otherAtRoot = answer }
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get()) == nil)
    let calls = bench.transport.with { $0.calls }
    #expect(calls.allSatisfy { $0.target.hasPrefix("/rest/v1/") || $0.request.method == "GET" })
    #expect(bench.store.name == "supabase http://stand-in")
  }

  @Test("a reload does not forget that tables are below /rest/v1")
  func reload() async throws {
    let bench = try await SupabaseBench()
    bench.addCycles(1)
    #expect(try await bench.store.refresh() == nil)
    bench.session.forget()
    for request in ["POST system_events", "GET system_events"] {
      bench.transport.with { $0.play(.answer(.emptyObject), on: request) }
    }
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get())?.table == "learning_events")
    #expect(paths(bench).allSatisfy { $0.hasPrefix("/rest/v1/") })
  }

  @Test("a table that is missing there is a missing table", arguments: [12, 14])
  func missingTable(version: Int) async throws {
    let bench = try await bench(version: version)
    bench.transport.with { $0.project.tables["system_events"] = nil }
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get())?.table == "learning_events")
    // Version 12 says the same of both to a write, so that it is read first.
    #expect(paths(bench).count { $0.hasPrefix("/rest/v1") } == (version < 13 ? 2 : 1))
    #expect(bench.store.name == "supabase http://stand-in, without /rest/v1")
  }

  @Test(
    "nothing else leads away from /rest/v1",
    arguments: [
      .recorded("bad signature"), .recorded("missing table GET"), .databaseDown, .page, .portal, .silence, .reset,
      .empty("404 Not Found"),
      .answer(StandInAnswer("404 Not Found", body: #"{"error":"requested path is invalid"}"#)),
      .answer(StandInAnswer("404 Not Found", body: #"{"message":"no Route matched with those values"}"#)),
      .answer(StandInAnswer("301 x", headers: [("Location", "https://new.co/")])),
    ] as [Fault])
  func nothingElse(fault: Fault) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.play(fault) }
    await #expect(throws: StoreFailure.self) { _ = try await bench.store.refresh() }
    #expect(paths(bench).allSatisfy { $0 == "/rest/v1/learning_stats" })
    #expect(bench.store.name == "supabase http://stand-in")
  }

  @Test("what version 12 says of a missing table leads away only until it has answered below /rest/v1")
  func missingBehindGateway() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.version = 12
      play.project.tables["system_events"] = nil
    }
    bench.addCycles(1)
    _ = try await bench.store.refresh()
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get())?.table == "learning_events")
    #expect(paths(bench).allSatisfy { $0.hasPrefix("/rest/v1/") })
    #expect(bench.store.name == "supabase http://stand-in")
    // A process that has read nothing yet reads first, and is told of the table.
    let fresh = try await SupabaseBench()
    fresh.transport.with { play in
      play.project.version = 12
      play.project.tables["system_events"] = nil
    }
    let others = await fresh.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? others.first?.get())?.table == "learning_events")
    #expect(fresh.transport.rows("learning_events").count == 1)
    #expect(paths(fresh).allSatisfy { $0.hasPrefix("/rest/v1/") })
  }

  @Test("where nobody knows the path, the answer says what to write, for one request more", arguments: [true, false])
  func nowhere(isPostgREST: Bool) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.play(.answer(.unknownPath), times: 1)
      play.play(isPostgREST ? .answer(.unknownPath) : .portal)
    }
    await #expect {
      _ = try await bench.store.refresh()
    } throws: {
      "\($0)".contains("PGRST125") && "\($0)".contains("supabase.url is the project's URL")
    }
    #expect(paths(bench) == ["/rest/v1/learning_stats", "/learning_stats"])
    #expect(bench.store.name == "supabase http://stand-in")
  }

  @Test("a gateway that comes before it later is found again")
  func gatewayLater() async throws {
    let bench = try await bench()
    _ = try await bench.store.refresh()
    bench.transport.with { $0.project.isBare = false }
    #expect(try await bench.store.refresh() != nil)
    #expect(try await bench.store.refresh() == nil)
    #expect(bench.store.name == "supabase http://stand-in")
  }
}
