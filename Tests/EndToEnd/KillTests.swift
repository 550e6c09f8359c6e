import Glibc
import Platform
import Testing

@Suite("Killed at any instant", .serialized, .timeLimit(.minutes(5)))
struct KillTests {
  /// What a round waits for before it kills: a moment of the daemon's life that can be seen from outside.
  enum Moment: CaseIterable {
    /// The process exists.
    case spawned
    /// The log file has grown.
    case firstLine
    /// It has started.
    case started
    /// A run is in the lane: committed now, or left by a round before.
    case recorded
    /// The server was asked for something.
    case requested
    /// The server sends.
    case pulling
    /// The server has sent all.
    case pulled
    /// The run is over.
    case ended
  }

  @Test("kill -9 in a loop: every run ends, has one event, and no pull overlaps", arguments: ["api", "cli"])
  func killLoop(transport: String) async throws {
    let models = ["a:7b", "b:7b"]
    try await World.with(["--models", "a:7b,b:7b", "--changing", "--speed", "30"]) { world in
      try await world.seed(models)
      // Fires at each start while the mean is low and no run is open: there is always something to kill.
      try world.configure(#"{ rearm: "always", cooldown: "0s", ollama: { transport: "\#(transport)" } }"#)
      let rounds = transport == "api" ? 16 : 8
      var reached: [Moment: Int] = [:]
      for round in 0..<rounds {
        let moment = Moment.allCases[round % Moment.allCases.count]
        // As if cycles as bad as those before had come since the last refresh.
        try world.execute("UPDATE retraind_models SET window_start = NULL")
        if try await kill(at: moment, after: round / Moment.allCases.count * 3, world) {
          reached[moment, default: 0] += 1
        }
      }
      for moment in Moment.allCases { #expect(reached[moment, default: 0] >= 1, "\(moment) was never killed at") }
      // The last one finishes what is open and begins nothing.
      try world.configure(#"{ threshold: 0.1, ollama: { transport: "\#(transport)" } }"#)
      let daemon = try await world.daemon()
      try await waitUntil("the end of all runs") {
        try world.count("FROM retraind_runs WHERE state NOT IN ('succeeded', 'failed', 'timedOut', 'cancelled')") == 0
          && world.count("FROM retraind_runs") > 0
          && world.count("FROM retraind_outbox WHERE state <> 'delivered'") == 0
      }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))

      let runs = try world.count("FROM retraind_runs")
      #expect(try world.count("FROM retraind_runs WHERE state = 'succeeded'") == runs)
      #expect(try world.count("FROM system_events") == runs)
      #expect(try world.count("FROM system_events", of: "count(DISTINCT json_extract(metadata, '$.event_id'))") == runs)
      #expect(try world.count("FROM system_events", of: "count(DISTINCT json_extract(metadata, '$.run_id'))") == runs)
      #expect(try world.count("FROM retraind_models WHERE active_run IS NOT NULL") == 0)
      let verdict = try #require(try await world.standIn?.judge(in: world))
      #expect(verdict.overlaps == 0, "\(verdict.words)")
      #expect(verdict.pulls > 2, "\(verdict.words)")
      #expect(world.processes(named: "ollama").isEmpty)
    }
  }

  /// Starts the daemon and kills it at a moment, or so many events of the server later.
  ///
  /// - Returns: whether the moment came, and the daemon was alive then.
  private func kill(at moment: Moment, after events: Int, _ world: World) async throws -> Bool {
    let standIn = try #require(world.standIn)
    let before = try standIn.events()
    let lines = world.logLines.count
    let runs = try world.runs().count { $0.state == "succeeded" }
    let child = try world.retraind(["run"])
    let isAlive = Guarded(true)
    // A moment that does not come is counted as not reached: it does not end the loop.
    let came: Void? = try? await waitUntil("\(moment)", deadline: 3) {
      if child.end != nil {
        isAlive.withLock { $0 = false }
        return true
      }
      switch moment {
      case .spawned: return true
      case .firstLine: return world.logLines.count > lines
      case .started: return world.logLines.dropFirst(lines).contains { $0.contains("monitor started") }
      case .recorded:
        return world.logLines.dropFirst(lines).contains { $0.contains("recorded for") || $0.contains("resumed for") }
      case .requested: return try standIn.events().count > before.count + events
      case .pulling: return try standIn.count("pull-start") > before.count { $0.name == "pull-start" }
      case .pulled: return try standIn.count("pull-end") > before.count { $0.name == "pull-end" }
      case .ended: return try world.runs().count { $0.state == "succeeded" } > runs
      }
    }
    child.send(SIGKILL)
    #expect(try await child.waitForEnd() == .signal(SIGKILL))
    return came != nil && isAlive.withLock { $0 }
  }
}
