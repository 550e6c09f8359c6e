import Glibc
import Testing

/// The recordings of the real server, one by one: how often it is asked, what becomes of the run, what the journal has,
/// and what a person is told.
@Suite("Recordings of Ollama", .serialized, .timeLimit(.minutes(10)))
struct RecordingTests {
  /// A recording that is played, and what is to come of it.
  struct Course: Sendable, CustomTestStringConvertible {
    /// The recording and what it is about.
    var what: String
    /// What the stand-in plays, one answer after the other.
    var plays: String
    /// Pulls that are begun.
    var pulls: ClosedRange<Int>
    /// The run's state at the end.
    var state: String
    /// Its result, or words of its error.
    var says: String
    /// What the daemon does about a failure.
    var afterwards = Afterwards.nothing
    /// How much faster than recorded it is played.
    var speed = 100
    /// Configuration of the server.
    var configuration = ""
    /// Whether each pull that succeeds brings another version.
    var isChanging = true
    var testDescription: String { what }
  }

  /// What is to happen after the run.
  enum Afterwards: Sendable {
    /// It has succeeded.
    case nothing
    /// It is planned again.
    case retry
    /// Nothing more by itself.
    case circuit
  }

  static let courses = [
    Course(what: "S01: an ordinary pull", plays: "S01.1", pulls: 1...1, state: "succeeded", says: "updated"),
    Course(
      what: "S01: nothing new", plays: "S01.2", pulls: 1...1, state: "succeeded", says: "already current",
      isChanging: false),
    Course(
      what: "S03: a model that the registry does not know", plays: "S03.1", pulls: 1...1, state: "failed",
      says: "file does not exist", afterwards: .circuit),
    Course(
      what: "S05: the registry cannot be reached", plays: "S05.1", pulls: 1...1, state: "failed",
      says: "connection refused", afterwards: .retry),
    Course(
      what: "S06: the manifest fails with 500", plays: "S06.1", pulls: 1...1, state: "failed", says: "injected 500",
      afterwards: .retry),
    Course(
      what: "S06: a look at a layer fails with 500", plays: "S06.2", pulls: 1...1, state: "failed", says: "500",
      afterwards: .retry),
    Course(
      what: "S06: a layer is gone", plays: "S06.3", pulls: 1...1, state: "failed", says: "file does not exist",
      afterwards: .circuit),
    Course(
      what: "S06: too many requests", plays: "S06.4", pulls: 1...1, state: "failed", says: "429", afterwards: .retry),
    Course(
      what: "S07: layers fail until the server's own limit", plays: "S07.1", pulls: 1...1, state: "failed",
      says: "context deadline exceeded", afterwards: .retry),
    Course(
      what: "S08: the CDN is down", plays: "S08.1", pulls: 1...1, state: "failed", says: "max retries exceeded",
      afterwards: .retry),
    Course(
      what: "S09: a stall that the server mends, with bytes that fall", plays: "S09.1", pulls: 1...1,
      state: "succeeded",
      says: "updated"),
    // How often is not exact: on a busy machine the second answer may stand still for 2 s, too.
    Course(
      what: "S10: a stall without end is dropped, and pulled again", plays: "S10.1+S01.1", pulls: 2...20,
      state: "succeeded", says: "updated", configuration: #"stallTimeout: "2s", "#),
    Course(
      what: "S11: connections that end", plays: "S11.1", pulls: 1...1, state: "succeeded", says: "updated"),
    Course(
      what: "S12: connections that are reset, with bytes that fall", plays: "S12.1", pulls: 1...1, state: "succeeded",
      says: "updated"),
    Course(
      what: "S13: connections that end, for ever", plays: "S13.1", pulls: 1...1, state: "failed",
      says: "max retries exceeded", afterwards: .retry),
    Course(
      what: "S20: what arrived is corrupt", plays: "S20.1", pulls: 1...1, state: "failed", says: "digest mismatch",
      afterwards: .retry),
    Course(
      what: "S21: the manifest does not come", plays: "S21.1", pulls: 1...1, state: "timedOut",
      says: "not finished after 3",
      afterwards: .retry, configuration: #"pullTimeout: "3s", "#),
    Course(
      what: "S22: the tag moved", plays: "S22.2", pulls: 1...1, state: "succeeded", says: "updated"),
    Course(
      what: "S23: the other client's look fails", plays: "S23.1", pulls: 1...1, state: "failed", says: "500",
      afterwards: .retry),
    Course(
      what: "S25: the server ends in the middle, and comes back", plays: "S25.1+S25.2", pulls: 2...2,
      state: "succeeded", says: "updated"),
    Course(
      what: "S26: the server dies in the middle, and comes back", plays: "S26.1+S26.2", pulls: 2...2,
      state: "succeeded", says: "updated"),
    // Whoever stays is served on: what the recorded client asked for again comes in the same answer.
    Course(
      what: "S27: what had arrived was removed meanwhile", plays: "S27.1+S27.2", pulls: 1...1, state: "succeeded",
      says: "updated"),
    Course(
      what: "S28: no space left", plays: "S28.1", pulls: 1...1, state: "failed", says: "no space left",
      afterwards: .retry),
    Course(
      what: "S32: accepted, and silent", plays: "S32.1", pulls: 1...1, state: "timedOut", says: "not finished after 3",
      afterwards: .retry, configuration: #"pullTimeout: "3s", "#),
  ]

  @Test("Played to the daemon", arguments: courses)
  func played(course: Course) async throws {
    let serving =
      ["--models", "a:7b", "--speed", "\(course.speed)", "--scenario", "a:7b=\(course.plays)"]
      + (course.isChanging ? ["--changing"] : [])
    try await World.with(serving) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "api", \#(course.configuration) stopGrace: "300ms" } }"#)
      let daemon = try await world.daemon()
      try await waitUntil("the run's end") {
        try world.runs().contains { ["succeeded", "failed", "timedOut"].contains($0.state) }
      }
      let run = try #require(try world.runs().first)
      #expect(run.state == course.state, "\(run)")
      let said = course.state == "succeeded" ? run.result : run.error
      #expect(said.contains(course.says), "\(run)")
      #expect(course.pulls.contains(try world.standIn?.count("pull-start") ?? 0))
      try expectJournal(world, run: run.id, course)
      try expectWords(world, run: run.id, course)
      let model = try await world.status()["models"][0]
      #expect((model["retry_at"].text != nil) == (course.afterwards == .retry), "\(model)")
      #expect((model["circuit_open"].text != nil) == (course.afterwards == .circuit), "\(model)")
      #expect(daemon.end == nil)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(try await world.standIn?.judge(in: world).overlaps == 0)
    }
  }

  @Test("S24: the server crashes when a pull leaves: the next one says that nobody answers, and a later one succeeds")
  func crashAfterCancel() async throws {
    try await World.with(["--models", "a:7b", "--speed", "100", "--scenario", "a:7b=S10.1"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "api", pullTimeout: "2s", stopGrace: "300ms" } }"#)
      _ = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      try await waitUntil("its end") { try standIn.count("pull-disconnect") == 1 }
      standIn.child.send(SIGKILL)
      _ = try await standIn.child.waitForEnd()
      try await world.waitForRun("timedOut", model: "a:7b")
      let asked = try await world.run(["retrain", "a:7b", "--wait", "--json"])
      #expect(asked.code == 3)
      let failed = try asked.json()
      #expect(failed["state"].text == "failed")
      #expect(failed["error"].text?.contains("127.0.0.1:\(standIn.port)") == true, "\(failed)")
      #expect(try await world.status()["models"][0]["retry_at"].text != nil)

      let again = try await StandIn.start(["--models", "a:7b", "--port", "\(standIn.port)", "--changing"], in: world)
      let late = try await world.succeed(["retrain", "a:7b", "--wait", "--json"]).json()
      #expect(late["state"].text == "succeeded")
      #expect(late["result"].text == "updated")
      #expect(try again.count("pull-start") >= 1)
    }
  }

  @Test("S25, S26: the server itself ends and comes back while a pull runs: the run goes on within its deadline")
  func serverComesBack() async throws {
    try await World.with(["--models", "a:7b", "--scenario", "a:7b=S10.1"]) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "api" } }"#)
      _ = try await world.daemon()
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 }
      standIn.child.send(SIGKILL)
      _ = try await standIn.child.waitForEnd()
      _ = try await StandIn.start(["--models", "a:7b", "--port", "\(standIn.port)", "--changing"], in: world)
      try await world.waitForRun("succeeded", model: "a:7b")
      #expect(try world.runs().count == 1)
      #expect(try world.query(["attempt"], "FROM retraind_runs").first?[0] == "1")
    }
  }

  @Test("S34: the runner of the version before is ended, and nothing else is")
  func oldRunner() async throws {
    try await World.with(["--models", "a:7b,b:7b", "--loaded", "a:7b,b:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      _ = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      #expect(try world.standIn?.runners() == ["b:7b"])
    }
  }

  @Test("S02, S04: the program, with a server and without one", arguments: [true, false])
  func program(isServed: Bool) async throws {
    try await World.with(isServed ? ["--models", "a:7b", "--changing"] : nil) { world in
      try await world.seed(["a:7b"])
      try world.configure(#"{ ollama: { transport: "cli" } }"#)
      let finished = try await world.run(["check", "--json"], isServed ? [:] : ["OLLAMA_HOST": "127.0.0.1:9"])
      let run = try #require(try world.runs().first)
      if isServed {
        #expect(finished.code == 2)
        #expect(run.state == "succeeded")
        #expect(run.result == "updated")
      } else {
        #expect(finished.code == 3)
        #expect(run.state == "failed")
        #expect(run.error.contains("could not connect"), "\(run)")
        #expect(try world.query(["retry_at"], "FROM retraind_runs").first?[0] != nil)
      }
    }
  }

  /// One run, one event, and the steps in order up to the end.
  private func expectJournal(_ world: World, run: String, _ course: Course) throws {
    #expect(try world.runs().count == 1)
    #expect(try world.count("FROM system_events") + world.count("FROM retraind_outbox WHERE state = 'pending'") >= 1)
    #expect(try world.count("FROM retraind_outbox") == 1)
    let states = try world.query(["state"], "FROM retraind_run_steps ORDER BY id").compactMap { $0[0] }
    #expect(states.first == "requested")
    #expect(states.contains("recorded") && states.contains("pulling"))
    #expect(states.last == course.state, "\(states)")
    let end = try world.query(["ended_at", "attempt"], "FROM retraind_runs").first
    #expect(end?[0] != nil)
    #expect(end?[1] == "1")
  }

  /// The log says how it ended, and of a failure what comes next.
  private func expectWords(_ world: World, run: String, _ course: Course) throws {
    let lines = world.logLines.filter { $0.contains(run) }
    #expect(lines.contains { $0.contains(course.says) }, "\(lines)")
    switch course.afterwards {
    case .nothing: #expect(lines.contains { $0.contains("✅") }, "\(lines)")
    case .retry: #expect(world.logLines.contains { $0.contains("ERROR") || $0.contains("WARNING") }, "\(lines)")
    case .circuit:
      #expect(world.logLines.contains { $0.contains("circuit") || $0.contains("retrain a:7b") }, "\(world.logLines)")
    }
  }
}
