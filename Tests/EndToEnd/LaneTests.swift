import Glibc
import Testing

@Suite("One lane", .serialized, .timeLimit(.minutes(5)))
struct LaneTests {
  @Test("Declined models, requests at the daemon and commands with state directories of their own never overlap")
  func noOverlap() async throws {
    let declined = ["a:7b", "b:7b", "c:7b"]
    try await World.with(["--models", "a:7b,b:7b,c:7b,d:7b,e:7b,f:7b", "--changing"]) { world in
      try await world.seed(declined)
      let others = [world.path("other-1"), world.path("other-2")]
      for other in others { try await world.seed(["x:7b"], [90], state: other) }
      _ = try await world.daemon()
      let commands = [
        try world.retraind(["retrain", "d:7b", "--wait", "--json"]),
        try world.retraind(["retrain", "a:7b", "--wait", "--json"]),
        try world.retraind(["retrain", "e:7b", "--json"], state: others[0]),
        try world.retraind(["retrain", "f:7b", "--json"], state: others[1]),
      ]
      for command in commands {
        #expect(try await command.waitForEnd(deadline: 40) == .exit(0), "\(command.words): \(command.error)")
        #expect(try JSONValue(parsing: command.output)["state"].text == "succeeded")
      }
      for model in declined { try await world.waitForRun("succeeded", model: model) }
      let verdict = try #require(try await world.standIn?.judge(in: world))
      #expect(verdict.overlaps == 0, "\(verdict.words)")
      #expect(verdict.pulls >= 6, "\(verdict.words)")
      #expect(try world.count("FROM retraind_runs WHERE state <> 'succeeded'") == 0)
    }
  }

  /// Root can become another user.
  private static let mayBeNobody = geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0

  @Test("A command of another user, with a state directory of its own, waits for the lane", .enabled(if: mayBeNobody))
  func otherUser() async throws {
    try await World.with(["--models", "a:7b,b:7b", "--scenario", "a:7b=S10"]) { world in
      try await world.seed(["a:7b"])
      chmod(world.directory, 0o755)
      let own = world.path("own")
      mkdir(own, 0o777)
      chmod(own, 0o777)
      let program = world.path("retraind")
      let copying = try world.start("/bin/cp", ["-p", Binaries.retraind, program])
      #expect(try await copying.waitForEnd() == .exit(0))
      let daemon = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      let other = try world.start(
        "/usr/bin/setpriv",
        ["--reuid=61234", "--clear-groups", program, "check", "--model", "b:7b", "--state-dir", own])
      #expect(try await other.waitForEnd() == .exit(1), "nothing is known of the model yet: \(other.error)")
      let request = try world.start(
        "/usr/bin/setpriv",
        ["--reuid=61234", "--clear-groups", program, "retrain", "b:7b", "--wait", "--state-dir", own])
      try await waitUntil("its wait") { request.error.contains("works on it") || request.end != nil }
      #expect(request.end == nil, "\(request.error)")
      #expect(try standIn.count("pull-start") == 1)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(try await request.waitForEnd() == .exit(0), "\(request.error)")
      #expect(try standIn.count("pull-start", model: "b:7b") == 1)
      #expect(try await standIn.judge(in: world).overlaps == 0)
    }
  }

  @Test("Requests for one model that come together are one run")
  func joined() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S01.1", "--speed", "8"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      _ = try await world.daemon()
      let commands = try (0..<4).map { _ in try world.retraind(["retrain", "a:7b", "--wait", "--json"]) }
      var runs: Set<String> = []
      var joined = 0
      for command in commands {
        #expect(try await command.waitForEnd() == .exit(0), "\(command.error)")
        let answer = try JSONValue(parsing: command.output)
        runs.insert(answer["run"].text ?? "")
        if answer["is_joined"] == .flag(true) { joined += 1 }
      }
      #expect(runs.count == 1)
      #expect(joined == 3)
      #expect(try world.standIn?.count("pull-start") == 1)
      #expect(try world.count("FROM system_events") == 1)
    }
  }

  @Test("A pull past its deadline through the API: the run has timed out, and the server has nobody to serve")
  func deadlineOfTheAPI() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "api", pullTimeout: "2s", stopGrace: "500ms" } }"#)
      let daemon = try await world.daemon()
      try await world.waitForRun("timedOut", model: "a:7b")
      let standIn = try #require(world.standIn)
      try await waitUntil("the end of the connection") { try standIn.count("pull-disconnect") == 1 }
      let run = try #require(try world.runs().first)
      #expect(run.error.contains("2"), "\(run.error)")
      #expect(try world.query(["retry_at"], "FROM retraind_runs").first?[0] != nil)
      let status = try await world.status()
      #expect(status["lane"]["running"] == .null)
      #expect(status["orphans"].elements.isEmpty)
      #expect(status["models"][0]["retry_at"].text != nil)
      let start = try #require(try standIn.events().first { $0.name == "pull-start" })
      let end = try #require(try standIn.events().first { $0.name == "pull-disconnect" })
      #expect(end.time - start.time >= 1.0)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("A pull past its deadline through a program that ignores TERM and forks: nothing of its group is left")
  func deadlineOfTheProgram() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli", pullTimeout: "2s", stopGrace: "500ms" } }"#)
      let daemon = try await world.daemon([], ["STAND_IN_CLI": "ignores-term,forks"])
      // The program itself and what it leaves behind with its pipes.
      try await waitUntil("the program and its child") { world.processes(named: "ollama").count == 2 }
      let leader = world.processes(named: "ollama").map { getpgid($0) }
      #expect(Set(leader).count == 1, "both are of one group")
      #expect(leader.first != getpgid(daemon.pid))
      try await world.waitForRun("timedOut", model: "a:7b")
      #expect(world.processes(named: "ollama").isEmpty)
      let standIn = try #require(world.standIn)
      try await waitUntil("the end of the connection") { try standIn.count("pull-disconnect") == 1 }
      let status = try await world.status()
      #expect(status["lane"]["running"] == .null)
      #expect(status["orphans"].elements.isEmpty)
    }
  }
}
