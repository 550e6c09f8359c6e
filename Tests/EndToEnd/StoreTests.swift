import Glibc
import Testing

@Suite("Store trouble", .serialized, .timeLimit(.minutes(5)))
struct StoreTests {
  @Test("Without system_events the event goes to learning_events, and is no rejection there")
  func fallback() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"])
      try world.execute("DROP TABLE system_events")
      _ = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      try await waitUntil("the delivery") { try world.count("FROM learning_events") == 1 }
      let row = try world.query(["event_type", "approved", "metadata"], "FROM learning_events").first
      #expect(row?[0] == "model_retrain")
      #expect(row?[1] == nil)
      let id = try world.query(["event_id"], "FROM retraind_runs").first?[0]
      #expect(try JSONValue(parsing: row?[2] ?? "")["event_id"].text == id)
      try await waitUntil("its note") {
        try world.query(["delivered_to"], "FROM retraind_outbox").first?[0] == "learning_events"
      }
      let events = try await world.succeed(["history", "--events", "--json"]).json()
      #expect(events.elements.compactMap { $0["table"].text } == ["learning_events"])
    }
  }

  @Test("Without both tables the event waits, the status says the SQL, the run is made, and the SQL sets it free")
  func blocked() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"])
      try world.execute("DROP TABLE system_events; DROP TABLE learning_events")
      let daemon = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      try await waitUntil("the block") { try world.count("FROM retraind_outbox WHERE state = 'blocked'") == 1 }
      let status = try await world.status()
      #expect(status["outbox"]["blocked"].count == 1)
      let why = try #require(status["outbox"]["blocked_why"].text)
      let sql = try #require(why.firstRange(of: "CREATE TABLE system_events")?.lowerBound)
      #expect(try await world.succeed(["status"]).output.contains("CREATE TABLE system_events"))
      // The daemon goes on: checks are answered.
      #expect(try await world.run(["check", "--json"]).code == 2)
      #expect(daemon.end == nil)

      // What the status says is what helps; a reload tells the daemon that something was put right.
      try world.execute(String(why[sql...]))
      daemon.send(SIGHUP)
      try await waitUntil("the delivery") {
        try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 1
      }
      #expect(try world.count("FROM system_events") == 1)
      #expect(try world.count("FROM retraind_runs") == 1)
      #expect(try await world.status()["outbox"]["blocked"].count == 0)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("Without learning_stats a check fails and says so, and the next one works when the table is back")
  func withoutStats() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      try world.execute("ALTER TABLE learning_stats RENAME TO away")
      let daemon = try await world.daemon()
      let finished = try await world.run(["check", "--json"])
      #expect(finished.code == 3)
      #expect(finished.error.contains("learning_stats"), "\(finished.error)")
      try await waitUntil("the failed check") { world.logLines.contains { $0.contains("Check 1 failed: ") } }
      #expect(daemon.end == nil)
      let status = try await world.status()
      #expect(status["monitor"]["last_error"].text?.contains("learning_stats") == true)
      #expect(status["children"].elements.allSatisfy { $0["restarts"].count == 0 })
      try world.execute("ALTER TABLE away RENAME TO learning_stats")
      #expect(try await world.run(["check", "--json"]).code == 0)
    }
  }

  @Test("A database that is none, and one of another program, is refused with its name and not touched")
  func foreign() async throws {
    try await World.with(nil) { world in
      let text = "This is no database, but somebody's letter.\n" + String(repeating: "x", count: 5000)
      try Files.write(text, to: world.databasePath)
      let finished = try await world.run(["run"])
      #expect(finished.code == 78)
      #expect(finished.error.contains(world.databasePath), "\(finished.error)")
      #expect(Files.text(world.databasePath) == text)
    }
  }
}
