import Glibc
import Platform
import Testing

@Suite("Schedule and journal", .serialized, .timeLimit(.minutes(5)))
struct ScheduleTests {
  @Test("Checks come at the interval, and the same evidence fires once")
  func interval() async throws {
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      let daemon = try await world.daemon(["--interval", "1s"])
      #expect(world.logLines.contains { $0.hasSuffix("monitor started (checking every 1 second)") })
      try await waitUntil("the fourth check") { world.logLines.contains { $0.contains(" - Check 4: ") } }
      #expect(try world.runs().map(\.state) == ["succeeded"])
      #expect(try world.count("FROM system_events") == 1)
      #expect(try world.count("FROM retraind_decisions") >= 4)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("New evidence after a refresh that changed nothing does not pull again at once")
  func exhausted() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S01.2"]) { world in
      try await world.seed(["a:7b"])
      let first = try await world.run(["check", "--json"])
      #expect(try first.json()[0]["action"].text == "succeeded")
      #expect(try world.runs().first?.result == "already current")
      try await world.seed(["a:7b"], [10, 10, 10])
      let second = try await world.run(["check", "--json"])
      #expect(second.code == 2)
      #expect(try second.json()[0]["action"].text == "exhausted")
      #expect(try world.runs().count == 1)
      #expect(try world.standIn?.digests().keys.contains { $0.contains("previous") } == false)
    }
  }

  @Test("Many commands that record at the same time lose nothing", arguments: [false, true])
  func concurrentRecords(besideDaemon: Bool) async throws {
    try await World.with(nil) { world in
      if besideDaemon { _ = try await world.daemon() }
      let commands = try (0..<10).map { number in
        try world.retraind(["record", "--model", "a:7b", "--accepted", "\(number)", "--rejected", "1"])
      }
      for command in commands { #expect(try await command.waitForEnd() == .exit(0), "\(command.error)") }
      #expect(try world.count("FROM learning_stats", of: "count(DISTINCT accepted)") == 10)
    }
  }

  @Test("While somebody holds the journal locked nothing is done, and the daemon recovers by itself")
  func lockedJournal() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      try await waitUntil("the first check") { world.logLines.contains { $0.contains("Check 1: ") } }
      let database = try SQLiteDatabase(path: world.databasePath)
      try database.execute(script: "BEGIN IMMEDIATE")
      let refused = try await world.run(["retrain", "a:7b", "--json"])
      let cycle = try await world.run(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"])
      let status = try await world.status()
      try database.execute(script: "ROLLBACK")
      #expect(refused.code == 75)
      #expect(cycle.code == 75)
      #expect(refused.error.contains("locked"), "\(refused.error)")
      #expect(status["state"].text == "running")
      #expect(try world.standIn?.count("pull-start") == 0)
      #expect(try world.count("FROM retraind_runs") == 0)
      let asked = try await world.succeed(["retrain", "a:7b", "--wait", "--json"]).json()
      #expect(asked["state"].text == "succeeded")
      #expect(daemon.end == nil)
      let after = try await world.status()
      #expect(after["children"].elements.allSatisfy { $0["restarts"].count == 0 })
    }
  }

  @Test("With nobody but a foreign lock in the way a command says so, and that it may be asked again")
  func lockedStore() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let database = try SQLiteDatabase(path: world.databasePath)
      try database.execute(script: "BEGIN IMMEDIATE")
      let record = try world.retraind(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"])
      let check = try world.retraind(["check"])
      #expect(try await record.waitForEnd() == .exit(75))
      #expect(try await check.waitForEnd() == .exit(75), "\(check.error)")
      try database.execute(script: "ROLLBACK")
    }
  }

  @Test("With the log of the database deleted under the daemon nothing is lost, not even by kill -9")
  func deletedLog() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"])
      let daemon = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      let cycles = try world.count("FROM learning_stats")
      for suffix in ["-wal", "-shm"] { #expect(unlink(world.databasePath + suffix) == 0) }
      try await world.succeed(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"])
      #expect(try await world.succeed(["retrain", "a:7b", "--wait", "--json"]).json()["state"].text == "succeeded")
      #expect(
        world.logLines.contains { $0.contains("WARNING") && $0.contains("was deleted or replaced while it was open") })
      daemon.send(SIGKILL)
      #expect(try await daemon.waitForEnd() == .signal(SIGKILL))
      #expect(try world.count("FROM learning_stats") == cycles + 1)
      #expect(try world.count("FROM retraind_runs WHERE state = 'succeeded'") == 2)
    }
  }

  @Test("A daemon whose socket was removed is told from none, and has it again after HUP; another one does nothing")
  func removedSocket() async throws {
    try await World.with(nil) { world in
      let daemon = try await world.daemon()
      // With its first status the daemon looks after the socket for the last time unasked.
      try await waitUntil("the first status") { world.logLines.contains { $0.contains("written to") } }
      let socket = world.statePath("control.sock")
      #expect(unlink(socket) == 0)
      let alone = try await world.succeed(["status", "--json"])
      #expect(try alone.json()["state"].text == "not reachable")
      #expect(alone.error.contains("kill -HUP"), "\(alone.error)")
      daemon.send(SIGHUP)
      try await waitUntil("a new socket") { Files.exists(socket) }
      #expect(try await world.status()["state"].text == "running")
      #expect(unlink(world.statePath("retraind.lock")) == 0)
      let checks = world.logLines.count { $0.contains("Check 1: ") }
      #expect(try await world.run(["run"]).code == 75)
      #expect(world.logLines.count { $0.contains("Check 1: ") } == checks)
      #expect(daemon.end == nil)
    }
  }

  @Test(
    "A database that was deleted under the daemon takes nothing in: whoever records hears it, and it can be put back")
  func deletedDatabase() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"])
      let daemon = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      #expect(rename(world.databasePath, world.path("away.db")) == 0)
      for arguments in [["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"], ["retrain", "a:7b"]] {
        let refused = try await world.run(arguments)
        #expect(refused.code == 3)
        #expect(refused.error.contains("moved, replaced or deleted"), "\(refused.error)")
      }
      #expect(try world.standIn?.count("pull-start") == 1)
      #expect(try await world.status()["journal"]["unwritable"].text?.contains("moved") == true)
      #expect(rename(world.path("away.db"), world.databasePath) == 0)
      try await world.succeed(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"])
      #expect(try await world.status()["journal"]["unwritable"] == .null)
      #expect(daemon.end == nil)
    }
  }

  @Test("A log file that cannot be written is told on standard error, which gets every line")
  func impossibleLog() async throws {
    try await World.with(nil) { world in
      mkdir(world.logPath, 0o755)
      let daemon = try world.retraind(["run"])
      try await waitUntil("the status in standard error") { daemon.error.contains("INFO - Status: ") }
      #expect(daemon.error.contains("model_retrainer.log cannot be written"))
      #expect(daemon.error.contains("monitor started"))
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(daemon.error.contains("Model retrain monitor stopped."))
    }
  }

  @Test("demo ignores environment and configuration, cleans up nothing that it shows, and says where it is")
  func demoIgnoresSurroundings() async throws {
    try await World.with { world in
      try world.configure("{ threshold: 99, this is broken")
      let finished = try await world.run(
        ["demo", "--no-color"], ["RETRAIND_CONFIG": world.path("absent"), "OLLAMA_HOST": "nonsense host"])
      #expect(finished.code == 0, "\(finished.error)")
      #expect(finished.output.contains(world.state))
      #expect(finished.output.contains("updated"))
      #expect(!finished.output.contains("\u{1B}"))
      #expect(try world.standIn?.events().contains { $0.name == "request" } == false)
    }
  }
}
