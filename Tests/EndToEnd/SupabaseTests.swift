import Glibc
import Platform
import PostgRESTStandIn
import Rules
import Testing

@Suite("Supabase", .serialized, .timeLimit(.minutes(2)))
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

  /// The key is in no file, log or answer of this world but the file that it was given in.
  private func expectNowhere(_ key: String, in world: World) throws {
    for name in ["model_retrainer.log", "status.json", "retraind.db"] {
      #expect(!Files.text(world.statePath(name)).contains(key), "\(name)")
    }
  }
}
