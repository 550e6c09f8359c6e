import Glibc
import Testing

@Suite("First light", .serialized, .timeLimit(.minutes(5)))
struct FirstLightTests {
  @Test("A model that declined is refreshed: decision, recorded run, pull, in this order, and one event")
  func firstLight() async throws {
    try await World.with(["--models", "psa-engine:latest", "--changing"]) { world in
      let model = "psa-engine:latest"
      try await world.record(model, World.declining)
      let daemon = try await world.daemon()
      try await world.waitForRun("succeeded", model: model)
      try await waitUntil("the event's delivery") {
        try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 1
      }
      let status = try await world.status()

      let runs = try world.runs()
      #expect(runs.count == 1)
      #expect(runs.first?.result == "updated")
      try expectOrder(world)
      try expectEvent(world, run: runs.first?.id ?? "")
      expectLog(world)
      for key in ["children", "models", "lane", "outbox", "configuration", "orphans"] {
        #expect(status.keys.contains(key), "status --json has no \(key)")
      }
      let children = status["children"].elements
      #expect(
        children.compactMap { $0["id"].text } == [
          "journal", "outbox", "runs", "retrain", "monitor", "notify", "control", "learning",
        ])
      #expect(children.allSatisfy { $0.keys.isSuperset(of: ["id", "state", "generation", "restarts"]) })
      #expect(children.allSatisfy { $0["state"].text == "ready" && $0["restarts"].count == 0 })

      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(daemon.output == "", "stdout is data: the daemon has none")
    }
  }

  /// Every step was written down before it was made.
  private func expectOrder(_ world: World) throws {
    let decision = try world.query(["id", "at", "action"], "FROM retraind_decisions WHERE verdict = 'degraded'").first
    let run = try world.query(["requested_at", "decision_id"], "FROM retraind_runs").first
    #expect(run?[1] == decision?[0])
    #expect((decision?[1] ?? "~") <= (run?[0] ?? ""))
    let steps = try world.query(["state", "stage", "at"], "FROM retraind_run_steps ORDER BY id")
    let states = steps.compactMap { $0[0] }
    var course: [String] = []
    for state in states where state != course.last { course.append(state) }
    #expect(course == ["requested", "recorded", "pulling", "verifying", "promoting", "succeeded"])
    let times = steps.compactMap { $0[2] }
    #expect(times == times.sorted())
    #expect((run?[0] ?? "~") <= (times.first ?? ""))
    let pulling = try #require(steps.first { $0[1] == "pulling psa-engine:latest" }?[2])
    #expect((run?[0] ?? "~") <= pulling)
    #expect(try world.standIn?.count("pull-start") == 1)
  }

  private func expectEvent(_ world: World, run: String) throws {
    let events = try world.query(["event_type", "notes", "metadata"], "FROM system_events")
    #expect(events.count == 1)
    #expect(events.first?[0] == "model_retrain")
    let metadata = try JSONValue(parsing: events.first?[2] ?? "")
    #expect(
      metadata.keys.isSuperset(of: [
        "event_id", "run_id", "model", "avg_accept_rate", "threshold", "stats_window_size", "triggered_at",
      ]))
    #expect(metadata["run_id"].text == run)
    #expect(metadata["model"].text == "psa-engine:latest")
    #expect(metadata["avg_accept_rate"].number == 0.4)
    #expect(metadata["threshold"].number == 0.6)
    #expect(metadata["stats_window_size"].count == 5)
    #expect(try world.count("FROM learning_events") == 0)
  }

  private func expectLog(_ world: World) {
    let form = #/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - [A-Z]+ - .+/#
    for line in world.logLines { #expect(line.firstMatch(of: form) != nil, "log line: \(line)") }
    let start = "INFO - ✅ Model retrain monitor started (checking every 60 minutes)"
    #expect(world.logLines.count { $0.hasSuffix(start) } == 1)
  }

  @Test("The numbers that demo prints are those in its database")
  func demo() async throws {
    try await World.with(nil) { world in
      let finished = try await world.run(["demo", "--json"])
      #expect(finished.code == 0, "\(finished.error)")
      let summary = try finished.json()
      let rows = try world.query(
        ["accepted", "rejected"], "FROM learning_stats WHERE window_minutes = 60 ORDER BY timestamp DESC LIMIT 5")
      let rates = rows.compactMap { row -> Double? in
        guard let accepted = row[0].flatMap(Double.init), let rejected = row[1].flatMap(Double.init) else { return nil }
        return accepted / (accepted + rejected)
      }
      #expect(rates.count == 5)
      let mean = rates.reduce(0, +) / 5
      let printed = try #require(summary["check"]["average"].number)
      #expect(abs(printed - mean) < 1e-12)
      #expect(summary["check"]["cycles"].elements.count == 5)
      #expect(summary["explanation"]["average"].number == printed)

      let events = try world.query(["id", "metadata"], "FROM system_events")
      #expect(events.count == 1)
      let metadata = try JSONValue(parsing: events.first?[1] ?? "")
      #expect(summary["events"].elements.count == 1)
      #expect(summary["events"][0]["id"].text == events.first?[0])
      #expect(metadata["avg_accept_rate"].number == printed)
      for key in ["event_id", "run_id", "model"] {
        #expect(summary["events"][0]["metadata"][key].text == metadata[key].text, "\(key)")
      }

      let run = try world.query(["id", "state", "result", "digest_before", "digest_after"], "FROM retraind_runs").first
      #expect(run?[1] == "succeeded")
      #expect(run?[2] == "updated")
      #expect(summary["runs"][0]["id"].text == run?[0])
      #expect(summary["runs"][0]["state"].text == "succeeded")
      #expect(summary["runs"][0]["digest_before"].text == run?[3])
      #expect(summary["runs"][0]["digest_after"].text == run?[4])
      #expect(run?[3] != run?[4])
      #expect(metadata["run_id"].text == run?[0])

      // It recovers, and the status at the end says the same.
      #expect(summary["next_check"]["verdict"].text == "healthy")
      #expect(summary["next_check"]["cycles"].elements.count == 3)
      #expect(summary["status"]["models"][0]["check"] == summary["next_check"])
      #expect(summary["status"]["lane"]["running"] == .null)
    }
  }

  @Test("What demo suggests at its end works as it is printed")
  func demoHint() async throws {
    try await World.with(nil) { world in
      let demo = try await world.run(["demo", "--no-color"], state: world.path("it's a demo"))
      #expect(demo.code == 0, "\(demo.error)")
      #expect(demo.output.contains("no configuration, no environment, a stand-in"))
      let hint = try #require(demo.output.split(separator: "\n").first { $0.contains(" explain --state-dir ") })
      let shell = try world.start("/bin/sh", ["-c", String(hint)])
      #expect(try await shell.waitForEnd() == .exit(0), "\(hint): \(shell.error)")
      #expect(shell.output.contains("healthy"), "\(shell.output)")
    }
  }
}
