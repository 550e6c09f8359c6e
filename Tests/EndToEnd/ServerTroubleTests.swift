import Glibc
import Testing

@Suite("Server trouble", .serialized, .timeLimit(.minutes(5)))
struct ServerTroubleTests {
  /// A course of a pull, and what becomes of the run.
  struct Course: Sendable, CustomTestStringConvertible {
    /// What happens.
    var what: String
    /// The recordings.
    var scenario: String
    /// The run's state.
    var state: String
    /// Words of the error.
    var words: String
    /// Whether it is tried again by itself.
    var isPlannedAgain: Bool
    var testDescription: String { what }

    init(_ what: String, _ scenario: String, _ state: String, _ words: String = "", isPlannedAgain: Bool = false) {
      self.what = what
      self.scenario = scenario
      self.state = state
      self.words = words
      self.isPlannedAgain = isPlannedAgain
    }
  }

  static let courses = [
    Course("the connection is cut, and the next pull goes on", "S11", "succeeded"),
    Course("the model is unknown to the registry", "S03", "failed", "manifest"),
    Course("the disk is full", "S28", "failed", "no space left", isPlannedAgain: true),
    Course("nobody says anything", "S32", "timedOut", isPlannedAgain: true),
    Course("the manifest never comes", "S21", "timedOut", isPlannedAgain: true),
  ]

  @Test("The run ends as the pull did, and the daemon goes on", arguments: courses)
  func ending(course: Course) async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=\(course.scenario)"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "api", pullTimeout: "5s", stopGrace: "300ms" } }"#)
      let daemon = try await world.daemon()
      try await waitUntil("the run's end") {
        try world.runs().contains { ["succeeded", "failed", "timedOut"].contains($0.state) }
      }
      let run = try #require(try world.runs().first)
      #expect(run.state == course.state, "\(run)")
      #expect(run.error.lowercased().contains(course.words), "\(run)")
      let status = try await world.status()
      #expect((status["models"][0]["retry_at"].text != nil) == course.isPlannedAgain)
      #expect(status["orphans"].elements.isEmpty)
      let standIn = try #require(world.standIn)
      try await waitUntil("the end of every pull") {
        let events = try standIn.events()
        return events.count { $0.name == "pull-start" }
          == events.count { $0.name == "pull-end" || $0.name == "pull-disconnect" }
      }
      #expect(daemon.end == nil)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("Nobody serves: the run fails with the address and is planned again")
  func nobody() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"])
      let finished = try await world.run(
        ["check", "--json"], ["OLLAMA_HOST": "http://127.0.0.1:9", "PATH": world.path("nothing")])
      #expect(finished.code == 3)
      let run = try #require(try world.runs().first)
      #expect(run.state == "failed")
      #expect(run.error.contains("127.0.0.1:9"), "\(run.error)")
      #expect(try world.query(["retry_at"], "FROM retraind_runs").first?[0] != nil)
    }
  }

  @Test("An unknown model opens the circuit: nothing more by itself, until a person asks")
  func circuit() async throws {
    try await World.with(["--models", "other:7b", "--scenario", "a:7b=S03+S01.1"]) { world in
      try await world.seed(["a:7b"])
      _ = try await world.daemon()
      try await world.waitForRun("failed", model: "a:7b")
      #expect(try await world.status()["models"][0]["circuit_open"].text != nil)
      let check = try await world.run(["check", "--json"])
      #expect(try check.json()[0]["action"].text == "suppressed")
      #expect(check.code == 2)
      let asked = try await world.succeed(["retrain", "a:7b", "--wait", "--json"]).json()
      #expect(asked["state"].text == "succeeded")
      _ = try await world.run(["check"])
      #expect(try await world.status()["models"][0]["circuit_open"] == .null)
    }
  }

  @Test("A reload does not change the deadline of the run that runs")
  func deadlineOfARun() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { pullTimeout: "3s", stopGrace: "300ms" } }"#)
      _ = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      try world.configure(#"{ ollama: { pullTimeout: "600s", stopGrace: "300ms" } }"#)
      try await world.succeed(["reload"])
      try await world.waitForRun("timedOut", model: "a:7b")
    }
  }
}
