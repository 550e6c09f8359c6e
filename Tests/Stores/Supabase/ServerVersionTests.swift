import Platform
import PostgRESTStandIn
import Rules
import Testing

@testable import Stores

/// Answers that differ between versions of PostgREST, or that a project's own triggers, views and policies make: by its
/// source, its log of changes and Postgres's own messages.
@Suite("Answers by version, and of what hangs on a table", .timeLimit(.minutes(5)))
struct ServerVersionTests {
  private static func problem(_ answer: StandInAnswer, table: String? = "system_events") -> StoreProblem {
    StoreProblem(
      HTTPResponse(
        status: answer.code, headers: answer.headers.map { HTTPHeader($0.name, $0.value) },
        body: Array(answer.body.utf8)),
      place: "t at https://x", table: table, now: Timestamp(microseconds: 0))
  }

  @Test(
    "kinds",
    arguments: [
      // A trigger or a view that looks for something else: the table is there.
      ("404 Not Found", "42P01", #"relation "audit_log" does not exist"#, .refused),
      ("404 Not Found", "42P01", #"relation "public.audit" does not exist"#, .refused),
      ("404 Not Found", "42P01", #"relation "public.system_events" does not exist"#, .missingTable),
      ("404 Not Found", "42P01", #"relation "system_events" does not exist"#, .missingTable),
      ("404 Not Found", "42883", "function nosuch(integer) does not exist", .refused),
      ("404 Not Found", "PT404", "nothing of that kind", .refused),
      ("409 Conflict", "PT409", "not so", .refused), ("403 Forbidden", "PT403", "not you", .refused),
      ("401 Unauthorized", "PT401", "not you", .refused), ("402 Payment Required", "PT402", "pay", .refused),
      ("429 Too Many Requests", "PT429", "slowly", .unavailable), ("503 x", "PT503", "later", .unavailable),
      ("400 Bad Request", "P0001", "no", .refused), ("500 x", "P0002", "query returned no rows", .refused),
      ("500 x", "55000", #"cannot insert into view "system_events""#, .refused),
      ("500 x", "42P17", #"infinite recursion detected in policy for relation "system_events""#, .refused),
      ("500 x", "54001", "stack depth limit exceeded", .refused),
      ("500 x", "21000", "more than one row returned by a subquery used as an expression", .refused),
      ("500 x", "55P03", "canceling statement due to lock timeout", .unavailable),
      ("500 x", "40001", "could not serialize access", .unavailable), ("500 x", "XX000", "x", .unavailable),
      ("503 x", "53100", "could not extend file", .unavailable), ("500 x", "53400", "too many", .unavailable),
      ("405 Method Not Allowed", "25006", "cannot execute INSERT in a read-only transaction", .unavailable),
      ("500 x", "PGRST300", "Server lacks JWT secret", .unavailable),
      // Up to version 13 with 400.
      ("400 Bad Request", "22023", #"role "nobody" does not exist"#, .badKey),
      ("401 Unauthorized", "22023", #"role "nobody" does not exist"#, .badKey),
      ("400 Bad Request", "22023", "cannot extract elements from a scalar", .refused),
      ("403 Forbidden", "42501", #"permission denied to set role "service_role""#, .badKey),
      ("403 Forbidden", "42501", "permission denied for table system_events", .denied),
      ("401 Unauthorized", "PGRST302", "Anonymous access is disabled", .badKey),
      ("406 Not Acceptable", "PGRST106", "Invalid schema: x", .refused),
    ] as [(String, String, String, StoreProblem.Kind)])
  func kinds(status: String, code: String, message: String, kind: StoreProblem.Kind) {
    #expect(Self.problem(.error(status, code, message)).kind == kind)
  }

  @Test(
    "what is wrong with a key is told by the words, whatever the code",
    arguments: [
      ("401", "PGRST301", "JWT expired", "has expired"), ("401", "PGRST303", "JWT expired", "has expired"),
      ("401", "PGRST303", "JWT issued at future", "clock wrong"), ("401", "PGRST301", "JWTNotYetValid", "clock wrong"),
      ("401", "PGRST303", "JWT not in audience", "for another server"),
      ("401", "PGRST301", "No suitable key or wrong key type", "copy it again"),
      ("401", "PGRST303", "Parsing claims failed", "copy it again"),
      ("401", "PGRST302", "Anonymous access is disabled", "takes a JWT"),
      ("400", "22023", #"role "nobody" does not exist"#, "does not have the role"),
      (
        "403", "42501", #"permission denied to set role "service_role""#, "GRANT service_role TO authenticator;"
      ),
      ("500", "PGRST300", "Server lacks JWT secret", "no jwt-secret"),
    ])
  func keys(status: String, code: String, message: String, advice: String) {
    let text = Self.problem(.error(status, code, message)).description
    #expect(text.contains(advice), "\(text)")
  }

  @Test(
    "what gateways say of a key",
    arguments: [
      ("401 Unauthorized", #"{"message":"No API key found in request"}"#, "copy it again"),
      ("401 Unauthorized", #"{"message":"Invalid API key","hint":"Double check"}"#, "copy it again"),
      ("403 Forbidden", #"{"message":"Invalid authentication credentials"}"#, "copy it again"),
      ("403 Forbidden", #"{"message":"You cannot consume this service"}"#, "another door"),
      ("401 Unauthorized", #"{"message":"Legacy API keys are disabled","hint":"x"}"#, "sb_secret_"),
    ])
  func gateways(status: String, body: String, advice: String) {
    let problem = Self.problem(StandInAnswer(status, body: body))
    #expect(problem.kind == .badKey)
    #expect(problem.description.contains(advice), "\(problem)")
  }

  @Test(
    "the right that is missing is that of the answer",
    arguments: [
      ("permission denied for table system_events", "GRANT SELECT, INSERT ON public.system_events TO service_role;"),
      ("permission denied for view system_events", "GRANT SELECT, INSERT ON public.system_events TO service_role;"),
      (
        "permission denied for sequence system_events_id_seq",
        "GRANT USAGE ON SEQUENCE system_events_id_seq TO service_role;"
      ),
      ("permission denied for schema Private", "GRANT USAGE ON SCHEMA \"Private\" TO service_role;"),
      ("permission denied for function notify", "GRANT EXECUTE ON FUNCTION notify TO service_role;"),
      ("permission denied for table audit_log", "GRANT SELECT, INSERT, UPDATE ON audit_log TO service_role;"),
      (
        #"new row violates row-level security policy for table "audit_log""#,
        "CREATE POLICY retraind_audit_log ON audit_log FOR ALL TO service_role USING (true) WITH CHECK (true);"
      ),
      (
        #"new row violates row-level security policy for table "system_events""#,
        "CREATE POLICY retraind_system_events ON public.system_events FOR ALL TO service_role USING (true) WITH CHECK (true);"
      ),
    ])
  func rights(message: String, remedy: String) {
    let endpoint = SupabaseEndpoint(url: "https://x", key: "sb_secret_x")
    let problem = Self.problem(.error("403 Forbidden", "42501", message))
    #expect(Remedy.access("system_events", endpoint, problem, "SELECT, INSERT") == remedy)
  }

  @Test(
    "what makes a row fit",
    arguments: [
      (
        "23502", #"null value in column "severity" of relation "system_events" violates not-null constraint"#,
        "ALTER TABLE public.system_events ALTER COLUMN severity DROP NOT NULL;"
      ),
      (
        "23502", #"null value in column "id" of relation "system_events" violates not-null constraint"#,
        "ALTER TABLE public.system_events ALTER COLUMN id SET DEFAULT gen_random_uuid(); "
          + "-- where ids are uuids; ids of another kind need a default of theirs"
      ),
      (
        "23514", #"new row for relation "system_events" violates check constraint "kinds""#,
        "ALTER TABLE public.system_events DROP CONSTRAINT kinds;"
      ),
      (
        "23514", #"value for domain kind violates check constraint "kind_check""#,
        "ALTER DOMAIN kind DROP CONSTRAINT kind_check;"
      ),
      (
        "23514", #"no partition of relation "system_events" found for row"#,
        "CREATE TABLE public.system_events_rest PARTITION OF public.system_events DEFAULT;"
      ),
      (
        "22P02", #"invalid input value for enum "Kind": "model_retrain""#,
        "ALTER TYPE \"Kind\" ADD VALUE 'model_retrain';"
      ),
      (
        "22001", "value too long for type character varying(5)",
        "ALTER TABLE public.system_events ALTER COLUMN notes TYPE text; "
          + "ALTER TABLE public.system_events ALTER COLUMN event_type TYPE text;"
      ),
      (
        "22001", "value too long for type character varying(255)",
        "ALTER TABLE public.system_events ALTER COLUMN notes TYPE text;"
      ),
      (
        "23502", #"null value in column "user" of relation "system_events" violates not-null constraint"#,
        "ALTER TABLE public.system_events ALTER COLUMN \"user\" DROP NOT NULL;"
      ),
      ("P0001", "no", nil), ("22P02", #"invalid input syntax for type bigint: "x""#, nil),
    ] as [(String, String, String?)])
  func rows(code: String, message: String, remedy: String?) {
    #expect(Remedy.column("system_events", Self.problem(.error("400 Bad Request", code, message))) == remedy)
  }

  @Test(
    "a key that duplicates cannot be told by",
    arguments: [
      ("400 x", "42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification", true),
      (
        "500 x", "55000",
        "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters",
        true
      ),
      ("500 x", "55000", #"cannot insert into view "system_events""#, false),
      ("400 x", "0A000", "cannot perform INSERT RETURNING on relation \"v\"", false),
    ])
  func conflicts(status: String, code: String, message: String, isOne: Bool) {
    let problem = Self.problem(.error(status, code, message))
    #expect(problem.isAboutConflict == isOne)
    #expect(problem.kind == .refused)
  }

  @Test("a request that counts as nobody's says which key it takes")
  func nobody() async throws {
    for (key, words) in [("some-text", "use one that names a role"), (StandInProject.publishableKey, "service role")] {
      let bench = try await SupabaseBench(key: key)
      let denied = StandInAnswer.error("401 Unauthorized", "42501", "permission denied for table system_events")
      bench.transport.with { $0.play(.answer(denied)) }
      let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
      guard case .failure(.blocked(let why)) = outcomes.first else {
        Issue.record("it was written")
        continue
      }
      #expect(why.contains(words), "\(why)")
    }
  }

  @Test(
    "tables in public, where the API shows another schema first, are found as other clients find them",
    arguments: [12, 13, 14])
  func schemas(version: Int) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.version = version
      play.project.schemas = ["api", "public"]
    }
    bench.addCycles(3)
    #expect(try await bench.store.refresh() == nil)
    #expect(try await bench.rows().count == 3)
    var fetched = bench.transport.names.count
    // One request more for each table, once.
    for (number, requests) in [(1, 2), (2, 1)] {
      let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(number), isFresh: true)])
      #expect((try? outcomes.first?.get())?.table == "system_events")
      #expect(bench.transport.names.count == fetched + requests)
      fetched = bench.transport.names.count
    }
    // Not shown any more: what is said is about the schema, and it is found out again.
    bench.transport.with { $0.project.schemas = ["public"] }
    #expect(try await bench.store.refresh() == nil)
    bench.transport.with { $0.project.schemas = ["api"] }
    _ = try await bench.store.refresh()
    bench.transport.with { $0.project.schema = "api" }
    #expect(try await bench.store.refresh() == nil)
  }

  @Test("an event goes through where public is not shown any more, and its table is in the schema that is")
  func publicGone() async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { $0.project.schemas = ["api", "public"] }
    for number in 1...3 {
      let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(number), isFresh: true)])
      #expect((try? outcomes.first?.get())?.table == "system_events")
      bench.transport.with { play in
        play.project.schemas = ["api"]
        play.project.schema = "api"
      }
    }
    // With the profile that was needed, with it and without, then without.
    #expect(bench.transport.count("POST system_events") == 2 + 2 + 1)
  }

  @Test("tables in the schema that is shown first are found without a word", arguments: [["api"], ["api", "public"]])
  func ownSchema(schemas: [String]) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.schemas = schemas
      play.project.schema = "api"
      play.project.tables["system_events"] = nil
    }
    bench.addCycles(1)
    #expect(try await bench.store.refresh() == nil)
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    #expect((try? outcomes.first?.get())?.table == "learning_events")
    let note = try #require(bench.store.standing?.notes.first)
    #expect(note.contains("CREATE TABLE api.system_events"), "\(note)")
    #expect(note.contains("the API shows the schema api"), "\(note)")
  }

  @Test("where the schema is known, what is to be run names it", arguments: ["api", "public"])
  func schemaOfRemedies(schema: String) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.schemas = ["api", "public"]
      play.project.schema = schema
      play.project.tables["system_events"]?.isGranted = false
      play.project.tables["learning_events"]?.required = ["submission_id"]
    }
    bench.addCycles(1)
    #expect(try await bench.store.refresh() == nil)
    let outcomes = await bench.store.deliver([Delivery(SupabaseBench.event(), isFresh: true)])
    let note = try #require(bench.store.standing?.notes.first)
    #expect(note.contains("GRANT SELECT, INSERT ON \(schema).system_events TO service_role;"), "\(note)")
    guard case .failure(.blocked(let why)) = outcomes.first else {
      Issue.record("it was written")
      return
    }
    #expect(why.contains("ALTER TABLE \(schema).learning_events ALTER COLUMN submission_id DROP NOT NULL;"), "\(why)")
  }

  @Test("a project whose Data API is switched off writes nothing elsewhere, and says so", arguments: [12, 14])
  func switchedOff(version: Int) async throws {
    let bench = try await SupabaseBench()
    bench.transport.with { play in
      play.project.version = version
      play.project.schemas = ["pg_pgrst_no_exposed_schemas"]
    }
    await #expect {
      _ = try await bench.store.refresh()
    } throws: {
      "\($0)".contains("Data API is switched off")
    }
  }
}
