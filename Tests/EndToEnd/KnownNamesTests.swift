import Glibc
import Platform
import PostgRESTStandIn
import Rules
import Testing

/// Names that something knows, though neither a row at hand nor the configuration of the command says so.
@Suite("names that are known elsewhere", .timeLimit(.minutes(5)))
struct KnownNamesTests {
  /// What a command finds in its environment.
  private func variables(_ store: PostgRESTStandIn) -> [String: String] {
    ["SUPABASE_URL": store.url, "SUPABASE_SERVICE_ROLE_KEY": StandInProject.secretKey]
  }

  /// A project with five cycles of a model: their mean is 0.4.
  private func declining(_ model: String) -> PostgRESTStandIn {
    let store = PostgRESTStandIn()
    let now = WallClock.system.microseconds()
    store.withProject { project in
      project.tables["learning_stats"]?.columns += ["model"]
      for (index, accepted) in World.declining.enumerated() {
        let end = Timestamp(microseconds: now - Int64(World.declining.count - 1 - index) * 3_600_000_000 - 1_000_000)
        project.tables["learning_stats"]?.rows.append([
          "id": .text("00000000-0000-4000-8000-00000000000\(index)"), "model": .text(model),
          "timestamp": .text(end.rfc3339Microseconds.dropLast() + "+00:00"), "window_minutes": .number("60"),
          "accepted": .number("\(accepted)"), "rejected": .number("\(100 - accepted)"),
          "accept_rate": .number("\(Double(accepted) / 100)"),
        ])
      }
    }
    return store
  }

  @Test("a model that only the rows of a project name is judged, also where nobody has read the project yet")
  func judged() async throws {
    let store = declining("b:7b")
    defer { store.stop() }
    try await World.with(["--models", "b:7b", "--changing"]) { world in
      try world.configure("{ models: { 'a:7b': {} } }")
      let environment = variables(store)
      for isJournalThere in [false, true] {
        if isJournalThere { try await world.seed([]) }
        let dry = try await world.run(["check", "--dry-run", "--model", "b:7b", "--json"], environment)
        #expect(dry.code == 2, "\(isJournalThere): \(dry.error)")
        #expect(try dry.json()[0]["have"].count == 5, "\(dry.output)")
      }
      let check = try await world.run(["check", "--model", "b:7b", "--json"], environment)
      #expect(try check.json()[0]["action"].text == "succeeded", "\(check.output) \(check.error)")
      // Now that it was read, a name that it does not have can be told.
      let refused = try await world.run(["check", "--model", "b:8b"], environment)
      #expect(refused.code == 69, "\(refused.output)")
      #expect(refused.error.contains("did you mean b:7b?"), "\(refused.error)")
    }
  }

  @Test("a model whose rows came to the project after it was last read is judged, and one of a project away, too")
  func cameLater() async throws {
    let store = declining("a:7b")
    defer { store.stop() }
    try await World.with(["--models", "a:7b,b:7b"]) { world in
      let environment = variables(store)
      #expect(try await world.run(["check", "--model", "a:7b"], environment).code != 69)
      store.withProject { project in
        for index in project.tables["learning_stats"]?.rows.indices ?? 0..<0 {
          project.tables["learning_stats"]?.rows[index]["model"] = .text("b:7b")
        }
      }
      let later = try await world.run(["check", "--dry-run", "--model", "b:7b", "--json"], environment)
      #expect(later.code == 2, "\(later.error)")
      #expect(try later.json()[0]["have"].count == 5, "\(later.output)")
      #expect(try await world.run(["check", "--dry-run", "--model", "c:7b"], environment).code == 69)
      store.play(.databaseDown)
      let away = try await world.run(["check", "--dry-run", "--model", "c:7b"], environment)
      #expect(away.code == 1, "\(away.error)")
    }
  }

  @Test("a run is begun on a name that nothing at hand knows, where the project was never read")
  func refreshed() async throws {
    let store = declining("b:7b")
    defer { store.stop() }
    store.play(.databaseDown)
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ models: { 'a:7b': {} } }")
      try await world.seed([])
      let environment = variables(store)
      let unread = try await world.run(["retrain", "b:7b", "--wait"], environment)
      #expect(unread.code != 69, "\(unread.error)")
      #expect(try world.runs().map(\.model) == ["b:7b"])
      store.heal()
      // It reads the project, whatever it judges.
      #expect(try await world.run(["check", "--model", "a:7b"], environment).code == 1)
      let refused = try await world.run(["retrain", "c:7b", "--wait"], environment)
      #expect(refused.code == 69, "\(refused.output)")
      #expect(try world.runs().map(\.model) == ["b:7b"])
    }
  }

  @Test("a model that the daemon watches by its option is known, with rows that name none and without a run")
  func watched() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      try world.execute("UPDATE learning_stats SET model = NULL")
      _ = try await world.daemon(["--model", "a:7b"])
      try await waitUntil("a decision") { try world.count("FROM retraind_decisions WHERE model = 'a:7b'") > 0 }
      let runs = try await world.run(["history", "--runs", "--model", "a:7b"])
      #expect(runs.code == 0, "\(runs.error)")
      #expect(runs.output.contains("No run of a:7b is recorded"), "\(runs.output)")
      #expect(try await world.succeed(["history", "--decisions", "--model", "a:7b"]).output.contains("healthy"))
      let check = try await world.run(["check", "--dry-run", "--model", "a:7b"])
      #expect(check.code != 69, "\(check.error)")
    }
  }

  @Test("history knows a model of which a run failed, and lists nothing of one that nothing knows for a program")
  func listed() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      try await world.succeed(["retrain", "a:7b", "--wait"])
      try world.execute(
        "UPDATE retraind_runs SET model = 'b:8b', state = 'failed', result = NULL, error = 'no such model'")
      let failed = try await world.run(["history", "--model", "b:8b"])
      #expect(failed.code == 0, "\(failed.error)")
      #expect(failed.output.contains("No cycle of b:8b is recorded"), "\(failed.output)")
      // What judges by it does not: it may have been mistyped.
      #expect(try await world.run(["check", "--dry-run", "--model", "b:8b"]).code == 69)
      for kind in [[], ["--runs"], ["--events"], ["--decisions"], ["--notices"]] {
        let polled = try await world.run(["history", "--json", "--model", "nosuch:1b"] + kind)
        #expect(polled.code == 0, "\(kind): \(polled.error)")
        #expect(try polled.json().elements.isEmpty, "\(polled.output)")
        #expect(try await world.run(["history", "--model", "nosuch:1b"] + kind).code == 69)
      }
    }
  }

  @Test("a model of which a run succeeded can be had back, also where the server and the cycles have it no more")
  func hadOnce() async throws {
    try await World.with(["--models", "a:7b"]) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      try await world.succeed(["retrain", "a:7b", "--wait"])
      try world.execute("UPDATE retraind_runs SET model = 'gone:7b'")
      let again = try await world.run(["retrain", "gone:7b", "--wait"])
      #expect(again.code != 69, "\(again.error)")
      #expect(try world.runs().map(\.model) == ["gone:7b", "gone:7b"])
      // One that failed may be of a mistyped name.
      try world.execute("UPDATE retraind_runs SET model = 'lost:7b', state = 'failed', result = NULL")
      #expect(try await world.run(["retrain", "lost:7b", "--wait"]).code == 69)
    }
  }
}
