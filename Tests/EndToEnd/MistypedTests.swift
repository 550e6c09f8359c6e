import Glibc
import Platform
import Testing

/// What becomes of names that were mistyped, and of work that nobody goes on with.
@Suite("names that were mistyped, and runs that wait", .timeLimit(.minutes(5)))
struct MistypedTests {
  private static let model = "llama3.2:3b"

  @Test("a run that waits is told by doctor and check --dry-run, and what doctor says to type goes on with it")
  func waiting() async throws {
    try await World.with(["--models", Self.model, "--changing", "--speed", "5"]) { world in
      try await world.seed([Self.model], [90, 90, 90])
      let retrain = try world.retraind(["retrain", Self.model])
      let standIn = try #require(world.standIn)
      try await waitUntil("the pull") { try standIn.count("pull-start") == 1 || retrain.end != nil }
      retrain.send(SIGKILL)
      _ = try await retrain.waitForEnd()
      let words = "a refresh of \(Self.model) waits, and no daemon runs that would go on with it"
      let report = try await DoctorReport.of(world) { $0.faults == ["warning daemon: \(words)"] }
      #expect(report.faults == ["warning daemon: \(words)"], "\(report.lines)")
      #expect(report.finished.code == 1)
      let dry = try await world.run(["check", "--dry-run"])
      #expect(
        dry.error.contains("of \(Self.model) waits (pulling): `retraind check` without --dry-run"), "\(dry.error)")
      #expect(try await world.run(["check", "--dry-run", "--model", Self.model]).error.contains("waits (pulling)"))

      let lines = try #require(report.type(of: words)).split(separator: "\n")
      #expect(lines.first == "retraind --state-dir \(world.state) run")
      let typed = try #require(lines.last).split(separator: " ").dropFirst().map(String.init)
      let joined = try world.start(Binaries.retraind, typed)
      #expect(try await joined.waitForEnd() == .exit(0), "\(joined.error)")
      #expect(try world.runs().map(\.state) == ["succeeded"])
      #expect(try await DoctorReport.of(world) { $0.faults.isEmpty }.faults.isEmpty)
      #expect(try await world.run(["check", "--dry-run"]).error == "")
    }
  }

  @Test("a name without cycles that the daemon or the configuration got wrong is told beside the one that has them")
  func watched() async throws {
    try await World.with(["--models", Self.model]) { world in
      try await world.seed([Self.model], [90, 90, 90])
      let daemon = try await world.daemon(["--model", "llama3.2"])
      let words = "llama3.2 has no cycle, and \(Self.model) has: is the name right?"
      let flag = try await DoctorReport.of(world) { $0.faults == ["warning cycles: \(words)"] }
      #expect(flag.faults == ["warning cycles: \(words)"], "\(flag.lines)")
      // How it was started, and with what else, is not known here.
      #expect(flag.type(of: words) == nil)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      try world.configure("{ models: { 'llama3.2': { threshold: 0.7 } } }")
      let file = try await DoctorReport.of(world) { $0.faults == ["warning cycles: \(words)"] }
      #expect(file.faults == ["warning cycles: \(words)"], "\(file.lines)")
      #expect(file.type(of: words) == nil)
    }
  }

  @Test("a forgotten tag and other capitals are told by every command that takes a name, with one exit code")
  func hints() async throws {
    try await World.with(["--models", Self.model]) { world in
      try await world.seed([Self.model], [90, 90, 90])
      for name in ["llama3.2", "LLama3.2:3b", "lama3.2"] {
        for command in [["explain", name], ["check", "--model", name], ["history", "--runs", "--model", name]] {
          let refused = try await world.run(command)
          #expect(refused.code == 69, "\(command): \(refused.output)")
          #expect(refused.error.contains("did you mean \(Self.model)?"), "\(command): \(refused.error)")
        }
        let meant = "\(name) is new here; did you mean \(Self.model), which is known?"
        #expect(try await world.run(["rollback", name]).error.contains(meant))
        let cycle = ["record", "--model", name, "--accepted", "1", "--rejected", "1", "--id", "by-\(name)"]
        let recorded = try await world.succeed(cycle)
        #expect(recorded.error.contains(meant), "\(recorded.error)")
        // As it says, it goes away again.
        let way = "sqlite3 \(world.databasePath) \"DELETE FROM learning_stats WHERE id = 'by-\(name)'\""
        #expect(recorded.error.contains(way), "\(recorded.error)")
        try world.execute("DELETE FROM learning_stats WHERE id = 'by-\(name)'")
      }
    }
  }

  @Test("names of an imported file are told, also a rare one beside a frequent one of the same file")
  func imported() async throws {
    try await World.with(nil) { world in
      func line(_ model: String) -> String { "{\"event_type\":\"approval\",\"model\":\"\(model)\"}\n" }
      let path = world.path("judgements.jsonl")
      try Files.write(line("other:7b") + line("llama3.2") + line(Self.model) + line(Self.model), to: path)
      let first = try await world.succeed(["feedback", "--import", path])
      #expect(first.output == "4 added, 0 already there, 0 refused\n")
      #expect(first.error == "retraind: note: llama3.2 is new here; did you mean \(Self.model), which is known?\n")
      try Files.write(line("Other:7b"), to: path)
      let second = try await world.succeed(["feedback", "--import", path])
      #expect(second.error.contains("Other:7b is new here; did you mean other:7b"), "\(second.error)")
      #expect(try await world.succeed(["feedback", "--import", path]).error == "")
    }
  }

  @Test("nothing is begun on a name that nothing here and not the server knows, with a daemon and without")
  func retrain() async throws {
    try await World.with(["--models", "a:7b,b:7b", "--changing"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      for isBesideDaemon in [false, true] {
        let daemon = isBesideDaemon ? try await world.daemon() : nil
        for command in [
          ["retrain", "nosuch:1b", "--wait"], ["retrain", "nosuch:1b", "--json"], ["rollback", "nosuch:1b"],
        ] {
          let refused = try await world.run(command)
          #expect(refused.code == 69, "\(command): \(refused.output)")
          #expect(refused.error.contains("nothing was done: no cycle, judgement or configuration names nosuch:1b"))
        }
        #expect(try world.runs().isEmpty)
        #expect(try world.count("FROM retraind_models WHERE model LIKE 'nosuch%'") == 0)
        #expect(try await !world.succeed(["status"]).output.contains("nosuch"))
        daemon?.send(SIGTERM)
        _ = try await daemon?.waitForEnd()
      }
      let capitals = try await world.run(["retrain", "B:7b", "--wait"])
      #expect(capitals.code == 69)
      #expect(capitals.error.contains("it has b:7b: write it so"), "\(capitals.error)")
      // One that only the server knows is refreshed.
      #expect(try await world.run(["retrain", "b:7b", "--wait"]).code == 0)
    }
  }

  @Test("where the server cannot be asked, a name that nothing knows is taken, and its run says why it failed")
  func unreachable() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let variables = ["OLLAMA_HOST": "http://127.0.0.1:1"]
      try world.configure("{ ollama: { transport: 'api' } }")
      #expect(try await world.run(["retrain", "nosuch:1b", "--wait"], variables).code == 3)
      #expect(try world.runs().map(\.state) == ["failed"])
    }
  }

  @Test("cycles of a mistyped name: doctor names both ways out, and the circuit is not told for ever")
  func cycles() async throws {
    try await World.with(["--models", Self.model]) { world in
      try await world.seed(["lama3.2:3b"], [90, 90, 90])
      #expect(try await world.run(["retrain", "lama3.2:3b", "--wait"]).code == 3)
      let words = "nothing is done on lama3.2:3b by itself any more"
      let report = try await DoctorReport.of(world) { $0.faults == ["warning daemon: \(words)"] }
      #expect(report.faults == ["warning daemon: \(words)"], "\(report.lines)")
      #expect(report.type(of: words) == "ollama pull lama3.2:3b")
      try world.execute("UPDATE learning_stats SET model = '\(Self.model)' WHERE model = 'lama3.2:3b'")
      // Nothing names it any more: no fault, and told for a day only.
      let after = try await DoctorReport.of(world) { $0.faults.isEmpty && $0.lines.count > 3 }
      #expect(after.faults.isEmpty, "\(after.lines)")
      #expect(after.lines.contains { $0.contains("the last run of lama3.2:3b failed, and no cycle") }, "\(after.lines)")
      #expect(try await world.succeed(["status"]).output.contains("(no cycle or configuration names it)"))
      try world.execute("UPDATE retraind_models SET last_run_ended = '2020-01-01T00:00:00.000000Z'")
      #expect(try await !world.succeed(["status"]).output.contains("lama3.2:3b by itself"))
      #expect(try await world.succeed(["check"]).output.contains("healthy  \(Self.model)"))
    }
  }

  @Test("a check that fails without a daemon does not promise that somebody tries again")
  func promise() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"])
      try world.configure("{ ollama: { transport: 'api' } }")
      let variables = ["OLLAMA_HOST": "http://127.0.0.1:1"]
      let failed = try await world.run(["check"], variables)
      #expect(failed.code == 3)
      #expect(failed.error.contains("no daemon runs here that would try it again"), "\(failed.error)")
      let later = try await world.run(["check"], variables)
      #expect(later.code == 2)
      #expect(later.output.contains("a check from ") && later.output.contains(" on tries it again"), "\(later.output)")
    }
  }
}
