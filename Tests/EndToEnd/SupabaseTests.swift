import Glibc
import Platform
import PostgRESTStandIn
import Rules
import Testing

@Suite("Supabase", .serialized, .timeLimit(.minutes(5)))
struct SupabaseTests {
  /// What the daemon finds in its environment.
  private func variables(_ store: PostgRESTStandIn, key: String = StandInProject.secretKey) -> [String: String] {
    ["SUPABASE_URL": store.url, "SUPABASE_SERVICE_ROLE_KEY": key]
  }

  /// A project with five cycles that name no model, as the replaced system writes them: their mean is 0.4.
  private func declining() -> PostgRESTStandIn {
    let store = PostgRESTStandIn()
    addCycles(to: store, World.declining)
    return store
  }

  private func addCycles(to store: PostgRESTStandIn, _ rates: [Int]) {
    let now = WallClock.system.microseconds()
    store.withProject { project in
      for (index, accepted) in rates.enumerated() {
        let end = Timestamp(microseconds: now - Int64(rates.count - 1 - index) * 3_600_000_000 - 1_000_000)
        project.tables["learning_stats"]?.rows.append([
          "id": .text("00000000-0000-4000-8000-00000000000\(index)"),
          "timestamp": .text(end.rfc3339Microseconds.dropLast() + "+00:00"), "window_minutes": .number("60"),
          "total_events": .number("100"), "accepted": .number("\(accepted)"),
          "rejected": .number("\(100 - accepted)"), "edited": .number("0"),
          "accept_rate": .number("\(Double(accepted) / 100)"),
        ])
      }
    }
  }

  @Test("From the configuration to the first event in system_events", arguments: ["new key", "old key", "key file"])
  func firstEvent(way: String) async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      let key = way == "old key" ? StandInProject.legacyKey : StandInProject.secretKey
      var environment = variables(store, key: key)
      if way == "key file" {
        try Files.write(key + "\n", to: world.path("key"))
        chmod(world.path("key"), 0o600)
        try world.configure("{ model: 'a:7b', supabase: { url: '\(store.url)/', keyFile: 'key' } }")
        environment = [:]
      } else {
        try world.configure("{ model: 'a:7b' }")
      }
      let daemon = try await world.daemon([], environment)
      try await world.waitForRun("succeeded", model: "a:7b")
      try await waitUntil("the event") { store.rows("system_events").count == 1 }
      let event = try #require(store.rows("system_events").first)
      let id = try #require(try world.query(["event_id"], "FROM retraind_runs").first?[0])
      #expect(event["id"] == .text(id))
      #expect(event["event_type"] == .text("model_retrain"))
      guard case .nested(let text) = event["metadata"] else { throw HarnessFailure("metadata is \(event)") }
      let metadata = try JSONValue(parsing: text)
      #expect(metadata["event_id"].text == id)
      #expect(metadata["avg_accept_rate"].number == 0.4)
      #expect(metadata["threshold"].number == 0.6)
      #expect(metadata["stats_window_size"].count == 5)
      #expect(store.rows("learning_events").isEmpty)
      // The file's own tables have no part in it.
      #expect(try world.count("FROM system_events") == 0)
      #expect(try world.count("FROM learning_stats") == 0)
      #expect(try world.count("FROM retraind_mirror") == 5)
      try await waitUntil("the note of its delivery") {
        try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 1
      }
      let status = try await world.status()
      #expect(status["store"]["state"].text == "available")
      #expect(status["store"]["name"].text == "supabase \(store.url)")
      // Each kind of key goes where it is taken.
      for call in store.calls {
        #expect(call.request.headers["apikey"] == key)
        #expect(call.request.headers["authorization"] == (way == "old key" ? "Bearer \(key)" : nil))
      }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      try expectNowhere(key, in: world)
    }
  }

  @Test("A store that is away and comes back: checks go on and say so, nothing is lost, nothing is there twice")
  func awayAndBack() async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(["--models", "a:7b,b:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      // The event of the first run is written, but nobody hears of it; then the store is away.
      store.play(.doneThenReset, on: "POST system_events", times: 1)
      store.play(.databaseDown, on: "POST *")
      store.play(.databaseDown, on: "GET system_events")
      let daemon = try await world.daemon([], variables(store))
      try await world.waitForRun("succeeded", model: "a:7b")
      store.play(.databaseDown, on: "GET learning_stats")
      try await world.succeed(["retrain", "b:7b", "--wait"])
      let check = try await world.run(["check", "--json"])
      #expect(check.code == 1 || check.code == 2, "\(check.error)")
      #expect(try check.json()[0]["reason"].text?.contains("cycles as of") == true, "\(check.output)")
      let status = try await world.status()
      #expect(status["store"]["state"].text == "away")
      #expect(status["store"]["why"].text?.contains("PGRST002") == true)
      #expect(status["store"]["mirrored_at"].text != nil)
      #expect(status["outbox"]["pending"].count == 2)
      #expect(try await world.succeed(["status"]).output.contains("store is away: "))
      #expect(daemon.end == nil)

      store.heal()
      try await waitUntil("both events") {
        try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 2
      }
      #expect(Set(store.rows("system_events").compactMap { $0["id"]?.text }).count == 2)
      #expect(store.rows("system_events").count == 2)
      #expect(store.rows("learning_events").isEmpty)
      #expect(try await world.run(["check", "--json"]).code != 3)
      #expect(try await world.status()["store"]["state"].text == "available")
      for line in ["Cycles cannot be read: ", "answers again."] {
        #expect(world.logLines.count { $0.contains(line) } == 1, "\(line)")
      }
      // Between two tries there was a pause, whatever Retry-After said.
      #expect(store.calls.count { $0.name == "POST system_events" } < 20)
    }
  }

  @Test("A project that wants to be left alone is, however often a check is asked for; a reload asks it again")
  func leftAlone() async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(["--models", "a:7b"]) { world in
      try world.configure("{ model: 'a:7b' }")
      store.play(
        .answer(StandInAnswer("429 Too Many Requests", headers: [("Retry-After", "600")])), on: "GET learning_stats",
        times: 1)
      _ = try await world.daemon([], variables(store))
      try await waitUntil("the words") { world.logLines.contains { $0.contains("left alone for 600 s") } }
      for _ in 0..<3 { #expect(try await world.run(["check", "--json"]).code == 3) }
      #expect(store.calls.count == 1)
      let status = try await world.status()
      #expect(status["store"]["state"].text == "away")
      #expect(status["store"]["why"].text?.contains("left alone for 600 s") == true)
      try await world.succeed(["reload"])
      let check = try await world.run(["check", "--json"])
      #expect(try check.json()[0]["average"].number == 0.4, "\(check.output) \(check.error)")
    }
  }

  @Test("A PostgREST without /rest/v1 works, and status, log and doctor say where its tables are")
  func bare() async throws {
    let store = declining()
    defer { store.stop() }
    store.withProject { $0.isBare = true }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      let environment = variables(store, key: StandInProject.legacyKey)
      let daemon = try await world.daemon([], environment)
      try await world.waitForRun("succeeded", model: "a:7b")
      try await waitUntil("the event") { store.rows("system_events").count == 1 }
      #expect(try await world.status()["store"]["name"].text == "supabase \(store.url), without /rest/v1")
      #expect(world.logLines.count { $0.contains("is a PostgREST of its own") } == 1)
      #expect(store.calls.count { $0.target.hasPrefix("/rest/v1/") } == 1)
      let doctor = try await world.run(["doctor"], environment)
      #expect(doctor.output.contains("tables are asked for at \(store.url), without /rest/v1"), "\(doctor.output)")
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("A daemon that is killed while its events wait delivers them once after the next start")
  func killed() async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      store.play(.doneThenSilence, on: "POST system_events", times: 1)
      let first = try await world.daemon([], variables(store))
      try await waitUntil("the write that nobody heard of") {
        store.rows("system_events").count == 1
      }
      await first.killAndReap()
      store.heal()
      _ = try await world.daemon([], variables(store))
      try await waitUntil("its delivery") { try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 1 }
      #expect(store.rows("system_events").count == 1)
      try await waitUntil("the line that says so") {
        world.logLines.contains { $0.contains("is in system_events (already was)") }
      }
    }
  }

  @Test("Without a grant and with a column that refuses null the status says what to type; a reload after it delivers")
  func blocked() async throws {
    let store = declining()
    defer { store.stop() }
    store.withProject { project in
      project.tables["system_events"]?.isGranted = false
      project.tables["learning_events"]?.required = ["approved"]
    }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      let daemon = try await world.daemon([], variables(store))
      try await world.waitForRun("succeeded", model: "a:7b")
      try await waitUntil("the block") { try world.count("FROM retraind_outbox WHERE state = 'blocked'") == 1 }
      let text = try await world.succeed(["status"]).output
      #expect(text.contains("ALTER TABLE public.learning_events ALTER COLUMN approved DROP NOT NULL;"), "\(text)")
      #expect(text.contains("GRANT SELECT, INSERT ON public.system_events TO service_role;"), "\(text)")
      store.withProject { $0.tables["system_events"]?.isGranted = true }
      daemon.send(SIGHUP)
      try await waitUntil("the event") { store.rows("system_events").count == 1 }
      #expect(store.rows("learning_events").isEmpty)
    }
  }

  @Test("record, check and history without a daemon work on the active store")
  func commands() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    store.withProject { $0.tables["learning_stats"]?.columns += ["model", "model_version"] }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      let environment = variables(store)
      func run(_ words: [String]) async throws -> Finished { try await world.run(words, environment) }
      for _ in 0..<3 {
        let recorded = try await run([
          "record", "--model", "a:7b", "--accepted", "9", "--rejected", "1", "--version", "v",
        ])
        #expect(recorded.code == 0, "\(recorded.error)")
      }
      #expect(store.rows("learning_stats").count == 3)
      #expect(try world.count("FROM learning_stats") == 0)
      let check = try await run(["check", "--json"])
      #expect(check.code == 0, "\(check.error)")
      #expect(try check.json()[0]["have"].count == 3)
      #expect(try await run(["history", "--json"]).json().elements.count == 3)
      // The store away: judged by the mirror, and said on standard error.
      store.play(.databaseDown)
      let away = try await run(["check", "--dry-run", "--json"])
      #expect(away.code == 0)
      #expect(away.error.contains("Cycles cannot be read: learning_stats at http://127.0.0.1"), "\(away.error)")
      let refused = try await run(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"])
      #expect(refused.code == 3)
      #expect(refused.error.contains("PGRST002"), "\(refused.error)")
      // `status` without a daemon asks nothing, and says what is at hand.
      let asked = store.calls.count
      let status = try await run(["status", "--json"]).json()
      #expect(status["store"]["state"].text == "untried")
      #expect(status["store"]["mirrored_at"].text != nil)
      let words = try await run(["status"]).output
      #expect(
        words.contains("store         supabase http://127.0.0.1:\(store.port): not asked, cycles as of "), "\(words)")
      #expect(store.calls.count == asked)
      store.heal()
      // A decline is acted upon, and its event is in the store when the command ends.
      for _ in 0..<5 { _ = try await run(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "9"]) }
      let acted = try await run(["check", "--json"])
      #expect(try acted.json()[0]["action"].text == "succeeded", "\(acted.output) \(acted.error)")
      #expect(store.rows("system_events").count == 1)
      let events = try await run(["history", "--events", "--json"]).json()
      #expect(events[0]["table"].text == "system_events")
      #expect(events[0]["metadata"]["model"].text == "a:7b")
    }
  }

  @Test("Files of keys: missing, empty, open to all, a line end; the key is printed nowhere")
  func keyFiles() async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(nil) { world in
      let key = StandInProject.secretKey
      try world.configure("{ model: 'a:7b', supabase: { url: '\(store.url)', keyFile: 'key' } }")
      func check(_ file: String?, mode: mode_t = 0o600) async throws -> (Finished, Finished) {
        unlink(world.path("key"))
        if let file {
          try Files.write(file, to: world.path("key"))
          chmod(world.path("key"), mode)
        }
        let printed = try await world.run(["check-config", "--print"])
        let json = try await world.run(["check-config", "--json"])
        for text in [printed.output, printed.error, json.output, json.error] { #expect(!text.contains(key)) }
        #expect(printed.code == 0)
        return (printed, try await world.run(["check", "--dry-run", "--json"]))
      }
      for (file, words) in [
        (nil, "does not exist"), ("", "is empty"), (" \n\n", "is empty"), ("a b\n", "holds blanks"),
        (key + "\n" + key + "\n", "has more than one line"), (key + "\0", "holds a NUL"),
      ] {
        let (printed, checked) = try await check(file)
        #expect(printed.error.contains(words), "\(printed.error)")
        #expect(checked.error.contains(words), "\(checked.error)")
        #expect(checked.code == 1)
      }
      let open = try await check(key + "\r\n", mode: 0o644)
      #expect(open.0.error.contains("chmod 600 key"), "\(open.0.error)")
      #expect(try open.1.json()[0]["verdict"].text == "degraded")
      let closed = try await check(key)
      #expect(!closed.0.error.contains("warning"), "\(closed.0.error)")
      #expect(closed.0.output.contains("// key: ***"), "\(closed.0.output)")
      try expectNowhere(key, in: world)
    }
  }

  @Test("A key that is gone at a restart: events that wait for the project wait on, and arrive when it is back")
  func keyGoneAtRestart() async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b', supabase: { url: '\(store.url)', keyFile: 'key' } }")
      func putKey() throws {
        try Files.write(StandInProject.secretKey + "\n", to: world.path("key"))
        chmod(world.path("key"), 0o600)
      }
      try putKey()
      store.play(.databaseDown, on: "POST *")
      store.play(.databaseDown, on: "GET system_events")
      let first = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      first.send(SIGTERM)
      #expect(try await first.waitForEnd() == .exit(0))

      unlink(world.path("key"))
      let second = try await world.daemon()
      try await waitUntil("the reason") {
        try world.query(["last_error"], "FROM retraind_outbox").first?[0]?.contains("its key is missing") == true
      }
      #expect(try world.count("FROM retraind_outbox WHERE state = 'pending'") == 1)
      #expect(try world.count("FROM system_events") == 0)
      second.send(SIGTERM)
      #expect(try await second.waitForEnd() == .exit(0))

      try putKey()
      store.heal()
      _ = try await world.daemon()
      try await waitUntil("the delivery") { try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 1 }
      #expect(store.rows("system_events").count == 1)
      #expect(try world.count("FROM system_events") == 0)
    }
  }

  @Test("Ten thousand events that waited for an hour drain in batches, each once, in flat memory")
  func drain() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      try world.execute(
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO retraind_outbox (event_id, run, model, type, notes, threshold, stats_window_size, triggered_at, state,
        attempts, last_error, next_attempt_at, created_at)
        SELECT printf('00000000-0000-4000-8000-%012d', i), 'r' || i, 'a:7b', 'model_retrain', 'declined', 0.6, 5,
        '2026-01-01T00:00:00.000000Z', 'pending', 3, 'away', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z'
        FROM n;
        """)
      // One of them does not fit: it holds up no other.
      store.withProject { $0.refuses = ["00000000-0000-4000-8000-000000005000"] }
      let daemon = try await world.daemon([], variables(store))
      try await waitUntil("the first batch") { store.rows("system_events").count >= 100 }
      let begin = uptime()
      let early = try memory(of: daemon)
      try await waitUntil("all of them", deadline: 60) {
        try world.count("FROM retraind_outbox WHERE state <> 'pending'") == 10_000
      }
      let rate = Double(9_900) / (uptime() - begin)
      let late = try memory(of: daemon)
      let rows = store.rows("system_events")
      #expect(rows.count == 9_999)
      #expect(Set(rows.compactMap { $0["id"]?.text }).count == 9_999)
      #expect(try world.count("FROM retraind_outbox WHERE state = 'blocked'") == 1)
      #expect(late - early < 8 << 10, "\(early) → \(late) KiB")
      print("outbox: \(Int(rate)) events/s, \(early) → \(late) KiB")
      // Many lines of one kind are one line.
      #expect(world.logLines.count { $0.contains("is in system_events") } <= 10 * 110)
    }
  }

  /// Private memory of a process in KiB.
  private func memory(of child: Child) throws -> Int {
    let line = Files.text("/proc/\(child.pid)/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    guard let number = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) else {
      throw HarnessFailure("no memory of \(child.pid)")
    }
    return number
  }

  /// The key is in no file, log or answer of this world but the file that it was given in.
  private func expectNowhere(_ key: String, in world: World) throws {
    for name in ["model_retrainer.log", "status.json", "retraind.db"] {
      #expect(!Files.text(world.statePath(name)).contains(key), "\(name)")
    }
  }
}
