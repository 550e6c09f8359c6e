import Glibc
import Platform
import Testing

@Suite("Hostile input", .serialized, .timeLimit(.minutes(5)))
struct HostileInputTests {
  @Test(
    "record refuses what cannot be with 64, says why, and records nothing",
    arguments: [
      ["--accepted", "-1", "--rejected", "2"], ["--accepted", "1", "--rejected", "-2"],
      ["--accepted", "99999999999999999999", "--rejected", "1"], ["--accepted", "1.5", "--rejected", "1"],
      ["--accepted", "many", "--rejected", "1"], ["--accepted", "1"], ["--rate", "40"], ["--rate", "-0.1"],
      ["--rate", "nan"], ["--rate", "0.5", "--accepted", "1", "--rejected", "1"],
      ["--accepted", "1", "--rejected", "1", "--timestamp", "yesterday"],
      ["--accepted", "1", "--rejected", "1", "--timestamp", "2026-13-45T00:00:00Z"],
      ["--accepted", "1", "--rejected", "1", "--window-minutes", "0"], ["--accepted", "", "--rejected", "1"],
      ["--accepted", "1", "--rejected", "1", "--timestamp", "2999-01-01T00:00:00Z"],
      ["--accepted", "1", "--rejected", "1", "--unknown", "x"],
    ])
  func impossibleCounts(arguments: [String]) async throws {
    try await World.with(nil) { world in
      let finished = try await world.run(["record", "--model", "a:7b"] + arguments)
      #expect(finished.code == 64, "\(finished.output) \(finished.error)")
      #expect(finished.error.count > 20)
      #expect(!Files.exists(world.databasePath))
    }
  }

  /// Names that somebody might try.
  static let names = [
    "two words", "../../etc/passwd", "a/../b:7b", "/etc/passwd", "$(touch pwned)", "`touch pwned`", "; touch pwned",
    "a:7b && touch pwned", "--help", "-rf", "a\nb", "a\u{1B}[31mred", "", "a//b", "ä:7b", "a:7b|touch pwned", "a:b:c",
    ".foo", "m:-tag",
    String(repeating: "x", count: 10_000),
  ]

  @Test("A hostile model name on the command line is refused with 64, and nothing is executed", arguments: names)
  func hostileArguments(name: String) async throws {
    try await World.with(nil) { world in
      try world.configure(#"{ ollama: { transport: "cli" } }"#)
      for arguments in [
        ["record", "--accepted", "1", "--rejected", "1", "--model", name], ["check", "--model", name],
      ] {
        let finished = try await world.run(arguments)
        #expect(finished.code == 64, "\(finished.error.prefix(300))")
        #expect(!finished.error.contains("\u{1B}"))
        #expect(finished.error.utf8.count < 2000)
      }
      if !name.hasPrefix("-") {
        #expect(try await world.run(["retrain", name]).code == 64)
      }
      #expect(!Files.exists(world.path("pwned")))
    }
  }

  @Test("Hostile model names in rows never reach a program, and other models are judged as ever")
  func hostileRows() async throws {
    try await World.with(["--models", "good:7b"]) { world in
      try world.configure(#"{ ollama: { transport: "cli" } }"#)
      try await world.seed(Self.names + ["good:7b"])
      let daemon = try await world.daemon()
      try await world.waitForRun("succeeded", model: "good:7b")
      try await waitUntil("the end of all runs") {
        try world.count("FROM retraind_runs WHERE state NOT IN ('succeeded', 'failed')") == 0
      }
      #expect(daemon.end == nil)
      #expect(!Files.exists(world.path("pwned")))
      let standIn = try #require(world.standIn)
      #expect(try standIn.events().filter { $0.name == "pull-start" }.map(\.model) == ["good:7b"])
      #expect(try world.runs().map(\.model) == ["good:7b"])
      for line in world.logLines {
        #expect(line.firstMatch(of: #/^\d{4}-\d\d-\d\d /#) != nil, "a name broke the log: \(line.prefix(200))")
        #expect(!line.contains("\u{1B}"))
      }
      #expect(try await world.status()["children"].elements.allSatisfy { $0["restarts"].count == 0 })
      #expect(try await world.run(["explain", "--json"]).code == 0)
      #expect(try await world.run(["history", "--decisions", "--json"]).code == 0)
    }
  }

  @Test("Rows that cannot be are left out with the reason, and the rest decides")
  func impossibleRows() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [30, 40, 50])
      try world.execute(
        """
        INSERT INTO learning_stats (id, timestamp, model, accepted, rejected, accept_rate, total_events) VALUES
          ('no-stamp', NULL, 'a:7b', 100, 0, NULL, NULL),
          ('bad-stamp', 'last week', 'a:7b', 100, 0, NULL, NULL),
          ('future', '2999-01-01T00:00:00Z', 'a:7b', 100, 0, NULL, NULL),
          ('negative', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-10 seconds'), 'a:7b', -5, 10, NULL, NULL),
          ('nobody', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 seconds'), 'a:7b', 0, 0, 0.0, 3),
          ('percent', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-8 seconds'), 'a:7b', NULL, NULL, 40, NULL),
          ('words', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 seconds'), 'a:7b', NULL, NULL, 'good', NULL),
          ('more-than-all', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 seconds'), 'a:7b', 50, 0, NULL, 10),
          ('huge', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-5 seconds'), 'a:7b', 9e99, 'x', NULL, NULL);
        """)
      let finished = try await world.run(["check", "--dry-run", "--json"])
      #expect(finished.code == 2, "\(finished.output)")
      let entry = try finished.json()[0]
      #expect(entry["have"].count == 3)
      #expect(abs((entry["average"].number ?? 1) - 0.4) < 1e-12)
      #expect(entry["cycles"].elements.compactMap { $0["accepted"].count } == [50, 40, 30])

      #expect(entry["quarantined"].count == 6)
      let lines = try await world.run(["check", "--dry-run"])
      #expect(lines.output.contains("6 rows quarantined: "), "\(lines.output)")

      // A rate as text is a rate: numeric columns of other databases come as text.
      try world.execute(
        """
        INSERT INTO learning_stats (id, timestamp, model, accept_rate) VALUES
          ('text', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-4 seconds'), 'a:7b', '0.9');
        """)
      let with = try await world.run(["check", "--dry-run", "--json"])
      #expect(try with.json()[0]["have"].count == 4)
      #expect(try with.json()[0]["cycles"][1]["uncounted"] == .flag(true))
      #expect(try with.json()[0]["cycles"][1]["accept_rate"].number == 0.9)

      // What was left out, and why, is in the decision.
      let daemon = try await world.daemon()
      try await waitUntil("the check") { world.logLines.contains { $0.contains("Check 1: ") } }
      let explanation = try await world.succeed(["explain", "a:7b", "--json"]).json()[0]
      let left = Dictionary(
        explanation["left_out"].elements.map { ($0["id"].text ?? "", $0["why"].text ?? "") }, uniquingKeysWith: { $1 })
      for id in ["no-stamp", "bad-stamp", "future", "negative", "nobody", "percent", "words", "more-than-all", "huge"] {
        #expect(left[id]?.isEmpty == false, "\(id) is not among \(left.keys.sorted())")
      }
      #expect(daemon.end == nil)
    }
  }

  @Test("A pipe where the database should be holds no command up")
  func pipeForDatabase() async throws {
    try await World.with(nil) { world in
      _ = mkdir(world.state, 0o700)
      try #require(mkfifo(world.databasePath, 0o600) == 0)
      for arguments in [["status"], ["explain"], ["history"], ["check"], ["run"]] {
        let finished = try await world.run(arguments)
        #expect(finished.code != 0, "\(arguments)")
        #expect(finished.error.contains("\(world.databasePath): this is a pipe"), "\(arguments): \(finished.error)")
      }
    }
  }

  @Test("What rows hold never steers the terminal")
  func escapesInRows() async throws {
    try await World.with(nil) { world in
      try await world.seed(["evil\u{1B}]0;owned\u{07}\u{9B}31m\u{202E}\nforged line"])
      _ = try await world.run(["check"])
      for arguments in [["history"], ["history", "--decisions"], ["explain"], ["status"], ["check"]] {
        for flags in [[], ["--json"]] {
          let finished = try await world.run(arguments + flags)
          let text = finished.output + finished.error
          #expect(text.contains("evil"), "\(arguments)")
          #expect(!text.unicodeScalars.contains { [0x1B, 0x07, 0x9B, 0x202E].contains($0.value) }, "\(arguments)")
          #expect(!text.split(separator: "\n").contains { $0.hasPrefix("forged") }, "\(arguments)")
        }
      }
    }
  }

  @Test("The same cycle twice is one cycle")
  func twice() async throws {
    try await World.with(nil) { world in
      let arguments = ["record", "--model", "a:7b", "--accepted", "1", "--rejected", "9", "--id", "cycle-1"]
      try await world.succeed(arguments)
      let again = try await world.run(arguments)
      #expect(again.code == 0, "\(again.error)")
      try await world.succeed(["record", "--model", "a:7b", "--accepted", "1", "--rejected", "9", "--id", "cycle-2"])
      let finished = try await world.run(["check", "--json"])
      #expect(finished.code == 1)
      #expect(try finished.json()[0]["have"].count == 2)
      #expect(try world.count("FROM learning_stats") == 2)
    }
  }

  @Test(
    "A state directory that cannot be one is refused in words", arguments: ["/proc/retraind", "file/below", "file"])
  func impossiblePlaces(place: String) async throws {
    try await World.with(nil) { world in
      try Files.write("a file", to: world.path("file"))
      let state = place.hasPrefix("/") ? place : world.path(place)
      for arguments in [["run"], ["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"], ["check"]] {
        let finished = try await world.run(arguments, state: state)
        let codes: [Int32?] = place.hasPrefix("file") ? [78] : [3, 70, 75, 77]
        #expect(codes.contains(finished.code), "\(arguments): \(finished.end) \(finished.error)")
        #expect(finished.error.contains(state) || finished.error.contains(world.path("file")), "\(finished.error)")
      }
      #expect(Files.text(world.path("file")) == "a file")
    }
  }
}
