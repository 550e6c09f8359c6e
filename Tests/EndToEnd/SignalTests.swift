import Glibc
import Platform
import Testing

@Suite("Signals", .serialized, .timeLimit(.minutes(5)))
struct SignalTests {
  /// Signals of one storm, of each kind.
  static let storm = 2000

  @Test("HUP and USR1 in storms from the first moment on kill nothing, and the last ones are answered")
  func storms() async throws {
    try await World.with { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let child = try world.retraind(["run"])
      let sent = try await onOwnThread(name: "storm") {
        var sent = 0
        // Through the whole start, and as many again when it runs.
        let end = uptime() + Patience.event
        while !world.logLines.contains(where: { $0.contains("monitor started") }), child.end == nil, uptime() < end {
          for _ in 0..<50 { child.send(sent % 2 == 0 ? SIGHUP : SIGUSR1); sent += 1 }
        }
        for _ in 0..<Self.storm { child.send(SIGHUP); child.send(SIGUSR1); sent += 2 }
        return sent
      }
      #expect(sent > Self.storm)
      #expect(child.end == nil)

      // Requests are answered one after another: behind two further dumps, nothing of the storm is left.
      try await dump(child, world)
      try await dump(child, world)
      let reloads = try reloads(world)
      #expect(reloads > 0)
      #expect(reloads <= sent)
      child.send(SIGHUP)
      try await waitUntil("the reload") { world.logLines.count { $0.contains("Configuration reloaded") } > reloads }
      try await dump(child, world)
      #expect(try self.reloads(world) == reloads + 1)

      let ending = Task {
        try await onOwnThread(name: "storm") {
          for _ in 0..<Self.storm { child.send(SIGHUP); child.send(SIGUSR1) }
          child.send(SIGTERM)
          while child.end == nil { child.send(SIGHUP); child.send(SIGUSR1) }
        }
      }
      #expect(try await child.waitForEnd() == .exit(0))
      try await ending.value
    }
  }

  /// Asks for a status and waits until a newer one is written.
  private func dump(_ child: Child, _ world: World) async throws {
    let old = try sequence(world)
    child.send(SIGUSR1)
    try await waitUntil("a newer status.json") { try self.sequence(world) > old }
  }

  private func sequence(_ world: World) throws -> Int {
    let text = Files.text(world.statePath("status.json"))
    return text.isEmpty ? 0 : try JSONValue(parsing: text)["sequence"].count ?? 0
  }

  private func reloads(_ world: World) throws -> Int {
    try JSONValue(parsing: Files.text(world.statePath("status.json")))["configuration"]["reloads"].count ?? -1
  }

  @Test("TERM in the middle of a pull ends with 0, and the run is resumed at the next start")
  func drain() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10+S01.1"]) { world in
      try await world.seed(["a:7b"])
      let standIn = try #require(world.standIn)
      var daemon = try await world.daemon()
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(try world.runs().map(\.state) == ["interrupted"])
      try await waitUntil("the end of the connection") { try standIn.count("pull-disconnect") == 1 }
      daemon = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      daemon.send(SIGINT)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(try world.runs().count == 1)
      #expect(try world.count("FROM system_events") == 1)
      #expect(try await standIn.judge(in: world).overlaps == 0)
    }
  }

  @Test("A second TERM while a program ignores the first ends with 130 at once, and takes the program along")
  func force() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli", stopGrace: "60s" } }"#)
      let daemon = try await world.daemon([], ["STAND_IN_CLI": "ignores-term,forks"])
      try await waitUntil("the program and its child") { world.processes(named: "ollama").count == 2 }
      daemon.send(SIGTERM)
      try await waitUntil("the drain") { world.logLines.contains { $0.contains("INFO - Stopping") } }
      #expect(daemon.end == nil)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(130))
      try await waitUntil("the end of the group") { world.processes(named: "ollama").isEmpty }
      // What was under way is still there for the next start.
      #expect(try world.count("FROM retraind_runs WHERE state IN ('pulling', 'interrupted')") == 1)
    }
  }

  @Test("USR1 after the log was moved away writes to a new log file")
  func rotation() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      #expect(rename(world.logPath, world.logPath + ".1") == 0)
      daemon.send(SIGUSR1)
      try await waitUntil("a new log") { world.logLines.contains { $0.contains("INFO - Status: ") } }
      #expect(Files.lines(world.logPath + ".1").contains { $0.contains("monitor started") })
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(world.logLines.last?.contains("Model retrain monitor stopped.") == true)
    }
  }

  @Test("HUP, USR1 and PIPE do nothing to a command that works, and TERM ends it with its run interrupted")
  func command() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10+S01.1"]) { world in
      try await world.seed(["a:7b"])
      let standIn = try #require(world.standIn)
      let check = try world.retraind(["check"])
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      for signal in [SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE] { check.send(signal) }
      check.send(SIGTERM)
      #expect(try await check.waitForEnd() == .exit(130), "\(check.error)")
      #expect(try world.runs().map(\.state) == ["interrupted"])
      try await waitUntil("the end of the connection") { try standIn.count("pull-disconnect") == 1 }
      // The next one finishes what that one began.
      let next = try await world.run(["check", "--json"])
      #expect(try next.json()[0]["action"].text == "succeeded", "\(next.output)")
      #expect(try world.runs().map(\.state) == ["succeeded"])
      #expect(try world.count("FROM system_events") == 1)
    }
  }
}
