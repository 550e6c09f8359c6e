import Glibc
import Testing

@Suite("Commands", .serialized, .timeLimit(.minutes(5)))
struct CommandTests {
  @Test(
    "A command that creates no state says where it looked and ends with 69",
    arguments: [
      ["status"], ["explain"], ["history"], ["history", "--runs"], ["retrain", "a:7b"], ["rollback", "a:7b"],
      ["reload"],
    ])
  func withoutState(arguments: [String]) async throws {
    try await World.with(nil) { world in
      let nowhere = world.path("nowhere")
      let finished = try await world.run(arguments, state: nowhere)
      #expect(finished.code == 69, "\(finished.error)")
      #expect(finished.error.contains(nowhere), "\(finished.error)")
      #expect(finished.output == "")
      #expect(!Files.exists(nowhere))
      guard arguments.count == 1 else { return }
      let json = try await world.run(arguments + ["--json"], state: nowhere)
      #expect(json.code == 69)
      let document = try JSONValue(parsing: json.error)
      #expect(document["exit_code"].count == 69)
      #expect(document["error"].text?.contains(nowhere) == true)
    }
  }

  @Test("The daemon and check make what they need in a place where nothing is")
  func fresh() async throws {
    try await World.with { world in
      let place = world.path("new/deep/state")
      let check = try await world.run(["check", "--json"], state: place)
      #expect(check.code == 1, "\(check.error)")
      let other = world.path("new/other")
      let daemon = try world.retraind(["run"], state: other)
      try await waitUntil("the start") {
        daemon.end != nil || Files.text("\(other)/model_retrainer.log").contains("monitor started")
      }
      #expect(daemon.end == nil, "\(daemon.error)")
      #expect(Files.exists("\(other)/status.json") || Files.exists("\(other)/retraind.db"))
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("The demo writes no invented cycle into somebody's state")
  func demoKeepsAway() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let demo = try await world.run(["demo"], state: world.state)
      #expect(demo.code == 64, "\(demo.error)")
      #expect(demo.error.contains("invented cycles"), "\(demo.error)")
      #expect(try world.count("FROM learning_stats WHERE model <> 'a:7b'") == 0)
    }
  }

  @Test("check --no-wait without a daemon carries its run out, since nobody else would")
  func noWaitAlone() async throws {
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      let check = try await world.run(["check", "--no-wait", "--json"])
      #expect(check.code == 2, "\(check.error)")
      #expect(try check.json().elements.first?["action"].text == "succeeded")
      #expect(check.error.contains("this command waits"), "\(check.error)")
      #expect(try world.runs().map(\.state) == ["succeeded"])
    }
  }

  @Test("check ends with the worst of all models, and its JSON has every key")
  func checkCodes() async throws {
    try await World.with(["--models", "low:7b,few:7b,good:7b"]) { world in
      let keys: Set = ["model", "verdict", "average", "threshold", "have", "need", "cycles", "reason", "action"]
      func check(_ code: Int32, _ verdicts: [String]) async throws {
        let finished = try await world.run(["check", "--dry-run", "--json"])
        #expect(finished.code == code, "\(verdicts): \(finished.error)")
        let entries = try finished.json().elements
        #expect(entries.compactMap { $0["verdict"].text } == verdicts)
        for entry in entries { #expect(entry.keys.isSuperset(of: keys)) }
      }
      try await world.seed(["good:7b"], [90, 90, 90])
      try await check(0, ["healthy"])
      try await world.seed(["few:7b"], [10])
      try await check(1, ["insufficient", "healthy"])
      try await world.seed(["low:7b"])
      try await check(2, ["insufficient", "healthy", "degraded"])
      #expect(try world.count("FROM retraind_decisions") == 0, "a dry run records nothing")
      #expect(try world.standIn?.count("pull-start") == 0)

      let acted = try await world.run(["check", "--json"])
      #expect(acted.code == 2, "degraded, and refreshed: \(acted.error)")
      let low = try #require(try acted.json().elements.first { $0["model"].text == "low:7b" })
      #expect(low["action"].text == "succeeded")
      // The same evidence does not fire again.
      let again = try await world.run(["check", "--model", "low:7b", "--json"])
      #expect(try again.json()[0]["action"].text != "succeeded")
      #expect(try world.count("FROM retraind_runs") == 1)
    }
  }

  @Test("check ends with 3 where its action fails, and the failed run is planned again")
  func checkFailure() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S06.2"]) { world in
      try await world.seed(["a:7b"])
      let finished = try await world.run(["check", "--json"])
      #expect(finished.code == 3, "\(finished.output) \(finished.error)")
      #expect(try finished.json()[0]["action"].text == "failed")
      let run = try world.query(["state", "error", "retry_at"], "FROM retraind_runs").first
      #expect(run?[0] == "failed")
      #expect(run?[1]?.isEmpty == false)
      #expect(run?[2] != nil)
    }
  }

  @Test("check where there is neither a cycle nor a model says what to type and ends with 1")
  func nothing() async throws {
    try await World.with(nil) { world in
      let empty = try await world.run(["check"])
      #expect(empty.code == 1)
      #expect(empty.error.contains("retraind record"), "\(empty.error)")
      // Rows that name no model.
      try await world.seed(["x:7b"], [10, 10, 10])
      try world.execute("UPDATE learning_stats SET model = NULL")
      let finished = try await world.run(["check", "--json"])
      #expect(finished.code == 1)
      #expect(try finished.json()[0]["verdict"].text == "unattributed")
      #expect(try finished.json()[0]["model"] == .null)
      #expect(try finished.json()[0]["action"].text == "none")
      #expect(try world.count("FROM retraind_runs") == 0)
      let words = try await world.run(["check"])
      #expect(words.output.contains("model:"), "what to type: \(words.output)")
      // --model says whom such rows are about.
      let named = try await world.run(["check", "--dry-run", "--model", "x:7b", "--json"])
      #expect(named.code == 2, "\(named.output)")
    }
  }

  @Test("rollback puts the version back that served before the refresh")
  func rollback() async throws {
    let model = "psa-engine:latest"
    try await World.with(["--models", model, "--changing"]) { world in
      let standIn = try #require(world.standIn)
      let before = try standIn.digests()[model]
      try await world.seed([model])
      #expect(try await world.run(["check", "--json"]).code == 2)
      let refreshed = try standIn.digests()
      #expect(refreshed[model] != before)
      #expect(refreshed["psa-engine:latest-retraind-previous"] == before)

      let answer = try await world.succeed(["rollback", model, "--json"]).json()
      #expect(answer["state"].text == "rolledBack")
      #expect(try standIn.digests()[model] == before)
      #expect(before != nil)
      let history = try await world.succeed(["history", "--runs", "--json"]).json()
      #expect(history.elements.count == 2)
      for key in ["id", "model", "state", "stage", "result", "error", "requested_at", "started_at", "ended_at"] {
        #expect(history[0].keys.contains(key), "\(key)")
      }
      #expect(history.elements.compactMap { $0["state"].text } == ["rolledBack", "succeeded"])
      // Nothing is left to go back to but what serves already.
      let again = try await world.run(["rollback", model])
      #expect(again.code == 3, "\(again.output)")
      #expect(again.error.contains("nothing to roll back to"), "\(again.error)")
      #expect(again.error.contains("holds the version that is served already"), "\(again.error)")
      #expect(try standIn.digests()[model] == before)
      let check = try await world.run(["check", "--json"]).json()
      #expect(check[0]["reason"].text?.contains("newest version in place already") == false)
      let words = try await world.succeed(["history", "--runs"]).output
      #expect(words.contains("  rollback  rolled back  ("), "\(words)")
    }
  }

  @Test("rollback without a version to go back to fails with the reason")
  func rollbackWithoutBackup() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let finished = try await world.run(["rollback", "a:7b"])
      #expect(finished.code == 3)
      #expect(finished.error.contains("nothing to roll back to"), "\(finished.error)")
    }
  }

  @Test("beside a daemon rollback waits for the outcome too, and retrain says where it will be seen")
  func runsBesideDaemon() async throws {
    let model = "a:7b"
    try await World.with(["--models", model, "--changing"]) { world in
      try await world.seed([model], [90, 90, 90])
      let daemon = try await world.daemon()
      #expect(try await world.run(["rollback", "nosuch"]).code == 69)
      let nothing = try await world.run(["rollback", model])
      #expect(nothing.code == 3, "\(nothing.output)")
      #expect(nothing.error.contains("nothing to roll back to: the server has no"), "\(nothing.error)")
      let asked = try await world.succeed(["retrain", model])
      #expect(asked.output.contains("a:7b: recorded (run "), "\(asked.output)")
      #expect(asked.error.contains("`retraind history --runs` shows how it ends"), "\(asked.error)")
      try await world.waitForRun("succeeded", model: model)
      let back = try await world.succeed(["rollback", model])
      #expect(back.output.contains("a:7b: rolled back (run "), "\(back.output)")
      let later = try await world.succeed(["rollback", model, "--no-wait", "--json"]).json()
      #expect(later["state"].text == "recorded")
      try await world.waitForRun("failed", model: model)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("record says what became of the cycle, with a daemon and without", arguments: [true, false])
  func recordAnswers(hasDaemon: Bool) async throws {
    try await World.with(nil) { world in
      let daemon = hasDaemon ? try await world.daemon() : nil
      let cycle = ["record", "--model", "a:7b", "--rejected", "1", "--id", "abc", "--accepted"]
      #expect(try await world.succeed(cycle + ["9"]).output == "recorded cycle abc of a:7b, its first\n")
      #expect(
        try await world.succeed(cycle + ["9"]).output == "cycle abc of a:7b was already there; nothing was written\n")
      let other = try await world.run(cycle + ["8"])
      #expect(other.code == 3)
      #expect(other.output == "")
      #expect(
        other.error.contains("cycle abc is there already with other numbers (a:7b, 9 accepted, 1 rejected"),
        "\(other.error)")
      #expect(try world.count("FROM learning_stats WHERE accepted = 9") == 1)
      let next = try await world.succeed(["record", "--model", "a:7b", "--rate", "0.5", "--json"]).json()
      #expect(next["is_first"] == .flag(false))
      #expect(next["window_minutes"].count == 0)
      #expect(try await world.succeed(["history"]).output.contains("  0.500  uncounted  ("))
      let none = try await world.succeed(["history", "--runs", "--model", "a:7b"]).output
      #expect(none.contains("No run of a:7b is recorded"), "\(none)")
      daemon?.send(SIGTERM)
      _ = try await daemon?.waitForEnd()
    }
  }

  @Test("An error as JSON has the remedy that its text has")
  func remedy() async throws {
    try await World.with(nil) { world in
      let finished = try await world.run(["histroy", "--json"])
      #expect(finished.code == 64)
      let document = try JSONValue(parsing: finished.error)
      #expect(document["error"].text == "there is no command \"histroy\"")
      #expect(document["remedy"].text == "Did you mean history?")
      #expect(document["exit_code"].count == 64)
    }
  }

  @Test("explain and history tell the decision, the cycles, the event and the run with the same numbers")
  func explain() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"])
      #expect(try await world.run(["check"]).code == 2)
      let explanation = try await world.succeed(["explain", "a:7b", "--json"]).json()[0]
      #expect(explanation["average"].number == 0.4)
      #expect(explanation["verdict"].text == "degraded")
      #expect(explanation["cycles"].elements.count == 5)
      #expect(explanation["run_state"].text == "succeeded")
      #expect(explanation["accepted"].count == 200)
      #expect(explanation["judged"].count == 500)
      #expect(try await world.succeed(["explain", "a:7b"]).output.contains("0.400"))
      #expect(try await world.run(["explain", "never-heard-of:7b"]).code == 69)

      let cycles = try await world.succeed(["history", "--json"]).json()
      #expect(cycles.elements.compactMap { $0["accepted"].count } == World.declining.reversed())
      let events = try await world.succeed(["history", "--events", "--json"]).json()
      #expect(events.elements.count == 1)
      #expect(events[0]["metadata"]["run_id"].text == explanation["run"].text)
      let decisions = try await world.succeed(["history", "--decisions", "--json", "--limit", "1"]).json()
      #expect(decisions[0]["decision"].count == explanation["decision"].count)
      #expect(try await world.run(["history", "--runs", "--model", "b:7b"]).code == 69)
      #expect(try await world.succeed(["history", "--runs", "--model", "b:7b", "--json"]).json().elements.isEmpty)
    }
  }

  @Test("A command beside the daemon goes through it, and what it recorded is there")
  func throughTheDaemon() async throws {
    try await World.with { world in
      let daemon = try await world.daemon()
      try await world.record("psa-engine:latest", [90, 80, 70])
      let check = try await world.run(["check", "--json"])
      #expect(check.code == 0, "\(check.error)")
      let status = try await world.status()
      #expect(status["pid"].count == Int(daemon.pid))
      let average = try #require(status["models"][0]["check"]["average"].number)
      #expect(abs(average - 0.8) < 1e-12)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      let offline = try await world.status()
      #expect(offline["state"].text == "not running")
      #expect(offline["models"][0]["check"]["average"].number == average)
      #expect(try await world.run(["reload"]).code == 69)
    }
  }

  @Test("A second daemon on the same state ends with 75 and names the first; so does a command that would act")
  func second() async throws {
    try await World.with(nil) { world in
      let first = try await world.daemon()
      let second = try await world.run(["run"])
      #expect(second.code == 75)
      #expect(second.error.contains("\(first.pid)"), "\(second.error)")
      #expect(first.end == nil)
    }
  }
}
