import Glibc
import Testing

@Suite("The ollama program misbehaves", .serialized, .timeLimit(.minutes(5)))
struct ProgramTransportTests {
  /// A world with a declined model, in which everything goes through the program.
  private func with(
    _ behaviour: String, deadline: String = "60s", _ body: (World, Child) async throws -> Void
  ) async throws {
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli", pullTimeout: "\#(deadline)", stopGrace: "300ms" } }"#)
      let daemon = try await world.daemon([], ["STAND_IN_CLI": behaviour])
      try await body(world, daemon)
      // Whatever it did: nothing of it is left, and the daemon serves on.
      try await waitUntil("the end of the program") { world.processes(named: "ollama").isEmpty }
      let status = try await world.status()
      #expect(status["lane"]["running"] == .null)
      #expect(status["orphans"].elements.isEmpty)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  /// Waits until the run has ended.
  private func end(_ world: World) async throws -> (state: String, result: String, error: String) {
    try await waitUntil("the run's end") {
      try world.runs().contains { ["succeeded", "failed", "timedOut"].contains($0.state) }
    }
    let run = try #require(try world.runs().first)
    return (run.state, run.result, run.error)
  }

  @Test("As it should be: the run succeeds, digests are compared, and the version before is kept")
  func normal() async throws {
    try await with("") { world, _ in
      let end = try await end(world)
      #expect(end.state == "succeeded", "\(end)")
      #expect(end.result == "updated")
      #expect(try world.standIn?.digests().keys.contains("a:7b-retraind-previous") == true)
    }
  }

  @Test("It is not there: the run fails, says what is missing, and is planned again")
  func missing() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli" } }"#)
      let daemon = try await world.daemon([], ["PATH": world.path("nothing")])
      let end = try await end(world)
      #expect(end.state == "failed")
      #expect(end.error.contains("ollama"), "\(end.error)")
      #expect(try world.query(["retry_at"], "FROM retraind_runs").first?[0] != nil)
      #expect(try await world.status()["models"][0]["retry_at"].text != nil)
      #expect(daemon.end == nil)
    }
  }

  @Test("It never exits: its success was not the end, the deadline is, and its group is gone")
  func neverExits() async throws {
    try await with("never-exits", deadline: "3s") { world, _ in
      let end = try await end(world)
      #expect(end.state == "timedOut", "\(end)")
    }
  }

  @Test("It floods standard error: the run succeeds")
  func floods() async throws {
    try await with("floods-stderr") { world, _ in
      let end = try await end(world)
      #expect(end.state == "succeeded", "\(end)")
    }
  }

  @Test("It leaves a process behind that holds its pipes and ignores TERM: the run succeeds and the process goes")
  func forks() async throws {
    try await with("forks") { world, _ in
      let end = try await end(world)
      #expect(end.state == "succeeded", "\(end)")
    }
  }

  @Test("It exits with 3: the run fails with the code, and is planned again")
  func exits() async throws {
    try await with("exit-3") { world, _ in
      let end = try await end(world)
      #expect(end.state == "failed")
      #expect(end.error.contains("3"), "\(end.error)")
      #expect(try world.query(["retry_at"], "FROM retraind_runs").first?[0] != nil)
    }
  }

  @Test("S30: the daemon is killed, and nobody reads its errors any more: it ends, and its download with it")
  func unread() async throws {
    // This download would go on for ever.
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10.1"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli" } }"#)
      let daemon = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      daemon.send(SIGKILL)
      #expect(try await daemon.waitForEnd() == .signal(SIGKILL))
      try await waitUntil("the end of the program") { world.processes(named: "ollama").isEmpty }
      try await waitUntil("the end of the download") { try standIn.count("pull-disconnect") == 1 }
    }
  }

  @Test("Somebody kills it: the run fails with the signal, and is planned again")
  func killed() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli" } }"#)
      let daemon = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      for pid in world.processes(named: "ollama") { kill(pid, SIGKILL) }
      let end = try await end(world)
      #expect(end.state == "failed")
      #expect(end.error.contains("signal 9") || end.error.contains("KILL"), "\(end.error)")
      #expect(try world.query(["retry_at"], "FROM retraind_runs").first?[0] != nil)
      #expect(daemon.end == nil)
    }
  }
}
