import Glibc
import Journal
import Platform
import Rules
import Testing

@Suite("Feedback", .serialized, .timeLimit(.minutes(5)))
struct FeedbackTests {
  /// Short cycles, and never a check by the clock.
  private static let short = "{ model: 'a:7b', interval: '365d', learning: { interval: '1s', settle: '1s' } }"

  /// Adds judgements of a moment.
  private func judge(_ world: World, _ kinds: [String], at moment: Timestamp) async throws {
    for kind in kinds {
      try await world.succeed(["feedback", "--model", "a:7b", kind, "--timestamp", moment.rfc3339])
    }
  }

  /// A moment so many seconds ago, in the middle of a second.
  private func ago(_ seconds: Int64) -> Timestamp {
    let now = WallClock.system.microseconds()
    return Timestamp(microseconds: (now / 1_000_000 - seconds) * 1_000_000 + 500_000)
  }

  @Test("Judgements become cycles while the daemon runs, a check sees them, and status and history show them")
  func cycles() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try world.configure(Self.short)
      let daemon = try await world.daemon()
      let moments = [ago(40), ago(30), ago(20)]
      for moment in moments { try await judge(world, ["--approve", "--reject", "--approve"], at: moment) }
      try await waitUntil("the cycles") {
        try world.count("FROM learning_stats WHERE accepted = 2 AND rejected = 1") == 3
      }
      let check = try await world.run(["check", "--dry-run", "--json"]).json()
      #expect(check[0]["verdict"].text == "healthy")
      #expect(check[0]["have"].count == 3)
      // Late: the cycles are corrected, and the model has declined.
      for moment in moments { try await judge(world, ["--reject", "--correct=right"], at: moment) }
      try await waitUntil("their correction") {
        try world.count("FROM learning_stats WHERE accepted = 2 AND rejected = 3 AND edited = 1") == 3
      }
      #expect(try world.count("FROM learning_stats") == 3)
      let later = try await world.run(["check", "--json"])
      #expect(later.code == 2, "\(later.output)\(later.error)")
      #expect(try later.json()[0]["action"].text == "succeeded")
      let status = try await world.status()
      #expect(status["learning"]["pending"].count == 0)
      #expect(status["learning"]["last_cycle"]["rejected"].count == 3)
      #expect(try await world.succeed(["status"]).output.contains("judgements    0 in no cycle yet; last cycle "))
      #expect(try await world.succeed(["history", "--json"]).json().elements.count == 3)
      // The events are the retrain's alone.
      #expect(
        try await world.succeed(["history", "--events", "--json"]).json().elements.compactMap { $0["event_type"].text }
          == ["model_retrain"])
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      let offline = try await world.succeed(["status", "--json"]).json()
      #expect(offline["learning"]["last_cycle"]["rejected"].count == 3)
    }
  }

  @Test("kill -9 again and again while cycles are made: each judgement is in one cycle, and no cycle is there twice")
  func killed() async throws {
    try await World.with(nil) { world in
      try world.configure(Self.short)
      try await world.seed([])
      var total = 0
      for round in 0..<8 {
        // Written by somebody else, as the shell would: some of them late for what was made before.
        try world.execute(
          """
          WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2999)
          INSERT INTO learning_events (event_type, approved, metadata, created_at)
          SELECT iif(i % 3 = 0, 'rejection', 'approval'), i % 3 <> 0, '{"model":"a:7b"}',
            strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-' || (60 + i % 100) || ' seconds') FROM n;
          """)
        total += 3000
        let daemon = try world.retraind(["run"])
        if round % 2 == 0 {
          let before = try world.count("FROM learning_stats", of: "coalesce(sum(total_events), 0)")
          try await waitUntil("some cycles") {
            try world.count("FROM learning_stats", of: "coalesce(sum(total_events), 0)") > before || daemon.end != nil
          }
        } else {
          try await waitUntil("a line of the log") { !world.logLines.isEmpty || daemon.end != nil }
        }
        daemon.send(SIGKILL)
        #expect(try await daemon.waitForEnd() == .signal(SIGKILL))
      }
      let daemon = try await world.daemon()
      let expected = total
      try await waitUntil("all of them") {
        try world.count("FROM learning_stats", of: "coalesce(sum(accepted + rejected), 0)") == expected
      }
      #expect(
        try world.count("FROM learning_stats") == world.count("FROM learning_stats", of: "count(DISTINCT timestamp)"))
      #expect(try world.count("FROM learning_stats", of: "sum(rejected)") == total / 3)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(try world.count("FROM learning_stats", of: "sum(total_events)") == total)
    }
  }

  /// Ten thousand lines, with and without ids, some of them the same.
  private func lines(_ count: Int) -> String {
    (0..<count).map { number in
      let kind = ["approval", "rejection", "correction", "edited"][number % 4]
      let id = number % 3 == 0 ? "\"id\":\"id-\(number)\"," : ""
      return "{\(id)\"event_type\":\"\(kind)\",\"model\":\"a:7b\",\"confidence_score\":0.\(number % 10),"
        + "\"created_at\":\"2026-01-15T10:00:00Z\",\"prompt\":\"asked \(number / 8)\"}\n"
    }.joined()
  }

  @Test("A file of 10,000 judgements is imported once, whether the daemon runs or not; again it adds none")
  func imported() async throws {
    try await World.with(nil) { world in
      try world.configure("{ learning: { enabled: false } }")
      try Files.write(lines(10_000), to: world.path("all.jsonl"))
      let first = try await world.succeed(["feedback", "--import", "all.jsonl"])
      #expect(first.output == "10000 added, 0 already there, 0 refused\n")
      #expect(try world.count("FROM learning_events") == 10_000)
      #expect(try world.count("FROM learning_samples") == 10_000)
      let daemon = try await world.daemon()
      let again = try await world.succeed(["feedback", "--import", "all.jsonl", "--json"]).json()
      #expect(again["added"].count == 0)
      #expect(again["already_there"].count == 10_000)
      #expect(again["lines"].count == 10_000)
      #expect(try world.count("FROM learning_events") == 10_000)
      #expect(try world.count("FROM learning_stats") == 0)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("An import that is killed leaves whole batches, and the same file again adds the rest")
  func importKilled() async throws {
    try await World.with(nil) { world in
      let count = 6000
      try Files.write(lines(count), to: world.path("all.jsonl"))
      try await world.seed([])
      let child = try world.retraind(["feedback", "--import", "all.jsonl"])
      try await waitUntil("some judgements") { try world.count("FROM learning_events") > 0 || child.end != nil }
      child.send(SIGKILL)
      _ = try await child.waitForEnd()
      let there = try world.count("FROM learning_events")
      #expect(there > 0 && there % 500 == 0)
      #expect(try world.count("FROM learning_samples") == there)
      let again = try await world.succeed(["feedback", "--import", "all.jsonl", "--json"]).json()
      #expect(again["already_there"].count == there)
      #expect(again["added"].count == count - there)
      #expect(try world.count("FROM learning_events") == count)
    }
  }

  @Test("Lines that cannot be taken are told with line and field, and the others get in; the exit code says so")
  func refusedLines() async throws {
    try await World.with(nil) { world in
      try Files.write(
        """
        {"event_type":"approval","id":"1"}
        {"event_type":"approvl"}
        {"event_type":"rejection","id":"1"}
        {"event_type":"edited","confidence_score":2}
        {"event_type":"rejection","id":"2"}

        """, to: world.path("some.jsonl"))
      let finished = try await world.run(["feedback", "--model", "a:7b", "--import", "some.jsonl"])
      #expect(finished.code == 3)
      #expect(finished.output == "2 added, 0 already there, 3 refused\n")
      #expect(finished.error.contains("some.jsonl:2:15: event_type: \"approvl\" is no known word"))
      #expect(finished.error.contains("some.jsonl:3:1: id: judgement 1 is there already and says something else"))
      #expect(finished.error.contains("some.jsonl:4:43: confidence_score: 2 is no confidence; write a number"))
      let missing = try await world.run(["feedback", "--import", "none.jsonl"])
      #expect(missing.code == 69)
      #expect(missing.error.contains("none.jsonl cannot be opened"))
      #expect(try await world.run(["feedback", "--import", "."]).code == 3)
    }
  }

  @Test("A judgement that comes too late for a cycle is kept, and the command says that none counts it")
  func tooLate() async throws {
    try await World.with { world in
      let old = "2020-01-01T10:00:00Z"
      let single = try await world.succeed(["feedback", "--approve", "--model", "a:7b", "--timestamp", old])
      #expect(single.error.contains("warning: it is older than 7 days: kept, and in no cycle"), "\(single.error)")
      let now = try await world.succeed(["feedback", "--approve", "--model", "a:7b"])
      #expect(!now.error.contains("older than"), "\(now.error)")
      let line = #"{"event_type": "approval", "model": "a:7b", "created_at": "\#(old)"}"#
      try Files.write("\(line)\n\(line)\n", to: world.path("history.jsonl"))
      let words = try await world.succeed(["feedback", "--import", world.path("history.jsonl")])
      #expect(words.error.contains("of the added are older than 7 days: kept, and in no cycle"), "\(words.error)")
      #expect(try world.count("FROM learning_events") > 2)
    }
  }

  @Test("The same id twice is one judgement, with the daemon and without; another one under it is refused")
  func sameID() async throws {
    try await World.with(nil) { world in
      let words = ["feedback", "--model", "a:7b", "--approve", "--confidence", "0.5", "--id", "x", "--json"]
      #expect(try await world.succeed(words).json()["outcome"].text == "added")
      let daemon = try await world.daemon()
      #expect(try await world.succeed(words).json()["outcome"].text == "already_there")
      let other = try await world.run(["feedback", "--model", "a:7b", "--reject", "--id", "x"])
      #expect(other.code == 3)
      #expect(other.error.contains("judgement x is there already and says something else (approval, of a:7b"))
      let none = try await world.succeed(["feedback", "--model", "a:7b", "--edited", "--confidence", "0.0"])
      #expect(none.output.hasPrefix("recorded judgement "))
      #expect(try world.count("FROM learning_events WHERE confidence_score IS NULL AND approved IS NULL") == 1)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test(
    "feedback refuses what cannot be with 64, says why, and records nothing",
    arguments: [
      ["--approve", "--reject"], ["--confidence", "0.5"], ["--approve", "--confidence", "NaN"],
      ["--approve", "--confidence", "1.01"], ["--approve", "--confidence", "-0.1"], ["--approve", "--confidence", "x"],
      ["--approve", "--timestamp", "2999-01-01T00:00:00Z"], ["--approve", "--timestamp", "yesterday"], ["--correct"],
      ["--approve", "--import", "f"], ["--import", "f", "--id", "x"], ["--approve", "--id", "a\nb"],
      ["--approve", "--version", String(repeating: "x", count: 600)],
    ])
  func impossible(arguments: [String]) async throws {
    try await World.with(nil) { world in
      let finished = try await world.run(["feedback", "--model", "a:7b"] + arguments)
      #expect(finished.code == 64, "\(finished.output) \(finished.error)")
      #expect(finished.error.count > 20)
      #expect(!Files.exists(world.databasePath))
    }
  }

  @Test("Where cycles come from Supabase, judgements are refused with 78, by the daemon and without one")
  func elsewhere() async throws {
    try await World.with(nil) { world in
      let variables = ["SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x"]
      let alone = try await world.run(["feedback", "--model", "a:7b", "--approve"], variables)
      #expect(alone.code == 78)
      #expect(alone.error.contains("cycles come from Supabase: judgements are written there"))
      #expect(!Files.exists(world.databasePath))
      let daemon = try await world.daemon([], variables)
      // What counts is what the daemon was told.
      let asked = try await world.run(["feedback", "--model", "a:7b", "--approve"])
      #expect(asked.code == 78, "\(asked.error)")
      #expect(try world.count("FROM learning_events") == 0)
      #expect(try await world.status()["learning"] == .null)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("A reload switches cycles on and off, and says what changed")
  func reload() async throws {
    try await World.with(nil) { world in
      try world.configure("{ learning: { enabled: false, interval: '1s', settle: '0s' } }")
      let daemon = try await world.daemon()
      try await judge(world, ["--approve"], at: ago(10))
      #expect(try await world.status()["learning"] == .null)
      try world.configure("{ learning: { interval: '1s', settle: '0s' } }")
      let reloaded = try await world.succeed(["reload"])
      #expect(reloaded.output.contains("learning.enabled: false → true"), "\(reloaded.output)")
      #expect(!reloaded.error.contains("restart"))
      try await waitUntil("the cycle") { try world.count("FROM learning_stats WHERE accepted = 1") == 1 }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }
}
