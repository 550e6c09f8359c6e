import Glibc
import Rules
import Testing

@Suite("Reload", .serialized, .timeLimit(.minutes(5)))
struct ReloadTests {
  @Test("A bad configuration is refused with its place, and the old one stays in force")
  func bad() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [65, 65, 65])
      try world.configure("{ threshold: 0.5 }")
      let daemon = try await world.daemon()
      try world.configure("{\n  window: 4,\n  threshold: 40,\n}")
      let refused = try await world.run(["reload"])
      #expect(refused.code == 78)
      #expect(refused.error.contains("retraind.json5:3:14: threshold: "), "\(refused.error)")
      let status = try await world.status()
      #expect(status["configuration"]["effective"]["threshold"].text == "0.5")
      #expect(status["configuration"]["effective"]["window"].text == "5")
      #expect(status["configuration"]["last_reload_error"].text?.contains("threshold") == true)
      // The same by signal.
      let errors = refusals(world)
      daemon.send(SIGHUP)
      try await waitUntil("the refusal") { refusals(world) > errors }
      #expect(daemon.end == nil)
      // A command that the daemon carries out uses the daemon's, and says so.
      let check = try await world.run(["check", "--json"])
      #expect(check.code == 0)
      #expect(try check.json()[0]["threshold"].number == 0.5)
      #expect(check.error.contains("warning: retraind.json5:3:14"), "\(check.error)")

      // And when it is right again, the error is gone.
      try world.configure("{ threshold: 0.7 }")
      try await world.succeed(["reload"])
      #expect(try await world.status()["configuration"]["last_reload_error"] == .null)
    }
  }

  private func refusals(_ world: World) -> Int {
    world.logLines.count { $0.contains("ERROR - Reload refused") && $0.contains("retraind.json5:3:14") }
  }

  @Test("A good one counts at the next check and shifts nothing")
  func good() async throws {
    try await World.with { world in
      try await world.seed(["psa-engine:latest"], [65, 65, 65])
      try world.configure("{ threshold: 0.5 }")
      let daemon = try await world.daemon()
      try await waitUntil("the first check") { world.logLines.contains { $0.contains("Check 1: ") } }
      let before = try await world.status()
      #expect(before["models"][0]["check"]["verdict"].text == "healthy")
      try world.configure("{ threshold: 0.7, store: { path: \"elsewhere.db\" } }")
      let reloaded = try await world.succeed(["reload", "--json"]).json()
      #expect(reloaded["changes"].elements.contains { $0.text?.contains("threshold: 0.5 → 0.7") == true })
      let after = try await world.status()
      #expect(after["pid"].count == Int(daemon.pid))
      #expect(after["monitor"]["checks"].count == 1, "a reload is no reason to check")
      let planned = try moment(before), now = try moment(after)
      #expect(abs(planned - now) < 1_000_000, "the next check has moved by \(now - planned) µs")
      #expect(after["children"].elements.allSatisfy { $0["restarts"].count == 0 })
      let check = try await world.run(["check", "--dry-run", "--json"])
      #expect(check.code == 2)
      #expect(try check.json()[0]["threshold"].number == 0.7)
    }
  }

  /// When the next check comes, in microseconds.
  private func moment(_ status: JSONValue) throws -> Int64 {
    let text = try #require(status["monitor"]["next_check"].text)
    return try #require(Timestamp(parsing: text)).microseconds
  }

  @Test("A reload after store.path has changed says why no daemon answers, and what to do")
  func moved() async throws {
    try await World.with(nil) { world in
      try world.configure("{ store: { path: 'old/retraind.db' }, log: { file: 'log' } }")
      let daemon = try world.start(Binaries.retraind, ["run"])
      try await waitUntil("the start") {
        Files.text(world.path("log")).contains("monitor started") || daemon.end != nil
      }
      let before = try world.start(Binaries.retraind, ["reload"])
      #expect(try await before.waitForEnd() == .exit(0), "\(before.error)")
      try world.configure("{ store: { path: 'new/retraind.db' }, log: { file: 'log' } }")
      let reload = try world.start(Binaries.retraind, ["reload"])
      #expect(try await reload.waitForEnd() == .exit(69))
      #expect(reload.error.contains("no daemon answers at \(world.path("new/control.sock"))"), "\(reload.error)")
      #expect(reload.error.contains("If store.path has changed in retraind.json5 since the daemon started"))
      #expect(reload.error.contains("send it HUP"), "\(reload.error)")
      let elsewhere = try await world.run(["reload"])
      #expect(elsewhere.code == 69)
      #expect(!elsewhere.error.contains("store.path"), "\(elsewhere.error)")
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("With a broken file the daemon goes on with its own configuration, and so do the commands that it carries out")
  func brokenBesideDaemon() async throws {
    try await World.with { world in
      try await world.seed(["psa-engine:latest"], [90, 90, 90])
      try world.configure("{ threshold: 0.5 }")
      let daemon = try await world.daemon()
      try world.configure("{ threshold: ")
      let file = "retraind.json5:1:14: "
      let commands = [
        ["record", "--model", "psa-engine:latest", "--accepted", "9", "--rejected", "1"], ["check"],
        ["retrain", "psa-engine:latest", "--wait"], ["rollback", "psa-engine:latest", "--wait"],
      ]
      for arguments in commands {
        let finished = try await world.run(arguments)
        // There is nothing to roll back to, which the daemon says.
        #expect(finished.code == (arguments[0] == "rollback" ? 3 : 0), "\(arguments): \(finished.error)")
        #expect(finished.error.contains("warning: ") && finished.error.contains(file), "\(finished.error)")
      }
      let runs = try world.runs().count
      daemon.send(SIGKILL)
      #expect(try await daemon.waitForEnd() == .signal(SIGKILL))
      // Alone they would have to use it, and a socket that is left over is no daemon.
      #expect(Files.exists(world.statePath("control.sock")))
      let cycles = try world.count("FROM learning_stats")
      for arguments in commands {
        let finished = try await world.run(arguments)
        #expect(finished.code == 78, "\(arguments): \(finished.error)")
        #expect(finished.error.contains(file), "\(finished.error)")
      }
      #expect(try world.count("FROM learning_stats") == cycles)
      #expect(try world.runs().count == runs)
    }
  }

  @Test("A reload without a database path keeps it: a changed one needs a restart and says so")
  func needsRestart() async throws {
    try await World.with(nil) { world in
      try world.configure(#"{ ollama: { host: "http://127.0.0.1:9" } }"#)
      _ = try await world.daemon()
      try world.configure(#"{ ollama: { host: "http://127.0.0.1:10" } }"#)
      let answer = try await world.succeed(["reload", "--json"]).json()
      #expect(answer["changes"].elements.isEmpty)
      #expect(answer["needs_restart"].elements.count == 1)
      #expect(answer["needs_restart"][0].text?.contains("ollama.host") == true)
    }
  }

  @Test("Removing models cancels the run that waits, and not the one that runs")
  func removal() async throws {
    try await World.with(["--models", "a:7b,b:7b", "--scenario", "a:7b=S10"]) { world in
      try world.configure(#"{ models: { "a:7b": {}, "b:7b": {} } }"#)
      let daemon = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await world.succeed(["retrain", "a:7b"])
      try await waitUntil("the pull") { try standIn.count("pull-start", model: "a:7b") == 1 }
      let waiting = try world.retraind(["retrain", "b:7b", "--wait", "--json"])
      try await world.waitForRun("recorded", model: "b:7b")
      try world.configure("{ }")
      try await world.succeed(["reload"])
      try await world.waitForRun("cancelled", model: "b:7b")
      #expect(try await waiting.waitForEnd() == .exit(3))
      #expect(try JSONValue(parsing: waiting.output)["state"].text == "cancelled")
      let status = try await world.status()
      #expect(status["lane"]["running"]["model"].text == "a:7b")
      #expect(status["lane"]["waiting"].elements.isEmpty)
      #expect(try standIn.count("pull-start", model: "b:7b") == 0)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }
}
