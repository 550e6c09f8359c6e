import Glibc
import Platform
import PostgRESTStandIn
import Rules
import Testing

/// The real binary against answers that no project should give: it goes on, says what happened, stays small, and decides
/// nothing by them.
@Suite("Hostile store", .serialized, .timeLimit(.minutes(5)))
struct HostileStoreTests {
  /// Most memory that the daemon may ever have had, in KiB: an answer is cut at 16 MiB, and copied once or twice.
  static let mostMemory = 120 << 10
  /// Address space that no program has without a sanitizer's shadow memory, in KiB.
  static let sanitizedSize = 1 << 30

  private func variables(_ store: PostgRESTStandIn) -> [String: String] {
    ["SUPABASE_URL": store.url, "SUPABASE_SERVICE_ROLE_KEY": StandInProject.secretKey]
  }

  /// Gives a project rows, one an hour, the newest of now.
  private func add(_ rows: [[String: Cell]], to store: PostgRESTStandIn) {
    let now = WallClock.system.microseconds()
    store.withProject { project in
      for (index, row) in rows.enumerated() {
        let end = Timestamp(microseconds: now - Int64(rows.count - 1 - index) * 3_600_000_000 - 1_000_000)
        let common: [String: Cell] = [
          "id": .text("00000000-0000-4000-8000-00000000000\(index)"), "window_minutes": .number("60"),
          "timestamp": .text(end.rfc3339Microseconds.dropLast() + "+00:00"),
        ]
        project.tables["learning_stats"]?.rows.append(common.merging(row) { $1 })
      }
    }
  }

  /// A project whose cycles say that its model has declined.
  private func declining() -> PostgRESTStandIn {
    let store = PostgRESTStandIn()
    add(Array(repeating: ["accepted": .number("40"), "rejected": .number("60")], count: 5), to: store)
    return store
  }

  /// Answers to a question for cycles, and a word that tells each from the others.
  static let answers: [(name: String, fault: Fault, word: String)] = [
    ("100 MB", .flood(100 << 20), "larger than"),
    ("a page with 200", .portal, "page instead of an answer"),
    ("cut in a row", .answer(StandInAnswer("200 OK", body: #"[{"id":1,"timestamp":"2026-0"#)), "middle of a row"),
    ("cut in the body", .truncated, "closed"),
    ("deep", .answer(StandInAnswer("200 OK", body: String(repeating: "[", count: 4 << 20))), "page instead"),
    (
      "a row of keys", .answer(StandInAnswer("200 OK", body: "[{" + String(repeating: #""k","#, count: 2 << 20))),
      "page"
    ),
  ]

  @Test(
    "Answers that are none: said in status and log, nothing decided, memory bounded, and a later one counts",
    arguments: 0..<answers.count)
  func noAnswer(number: Int) async throws {
    let (name, fault, word) = Self.answers[number]
    let store = declining()
    defer { store.stop() }
    store.play(fault, on: "GET learning_stats")
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      let daemon = try await world.daemon([], variables(store))
      try await waitUntil("the words") { world.logLines.contains { $0.contains("Cycles cannot be read: ") } }
      // Again and again: nothing of it stays.
      for _ in 0..<3 {
        let check = try await world.run(["check", "--json"])
        #expect(check.code == 3, "\(name): \(check.output) \(check.error)")
        #expect((check.output + check.error).contains(word), "\(name): \(check.output) \(check.error)")
      }
      let status = try await world.status()
      #expect(status["store"]["state"].text == "away")
      #expect(status["store"]["why"].text?.contains(word) == true, "\(name): \(status["store"]["why"].text ?? "")")
      let lines = world.logLines.filter { $0.contains("Cycles cannot be read: ") }
      #expect(lines.count == 1)
      #expect(lines.first?.contains(word) == true, "\(name): \(lines)")
      #expect(lines.allSatisfy { $0.utf8.count < 1000 })
      #expect(try world.count("FROM retraind_runs") == 0)
      #expect(try world.count("FROM retraind_mirror") == 0)
      #expect(status["children"].elements.allSatisfy { $0["restarts"].count == 0 })
      try expectSmall(daemon, name)

      store.heal()
      let check = try await world.run(["check", "--json"])
      #expect(try check.json()[0]["average"].number == 0.4, "\(check.output) \(check.error)")
      try await world.waitForRun("succeeded", model: "a:7b")
      #expect(daemon.end == nil)
    }
  }

  @Test("A row with ten thousand columns is read as any other")
  func wideRow() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    let names = (0..<10_000).map { "column_\($0)" }
    store.withProject { $0.tables["learning_stats"]?.columns.insert(contentsOf: names, at: 0) }
    let filler = Dictionary(uniqueKeysWithValues: names.map { ($0, Cell.text("a value that nobody wants")) })
    let row = filler.merging(["accepted": .number("90"), "rejected": .number("10")]) { $1 }
    add(Array(repeating: row, count: 3), to: store)
    try await World.with(["--models", "a:7b"]) { world in
      try world.configure("{ model: 'a:7b' }")
      let daemon = try await world.daemon([], variables(store))
      let check = try await world.run(["check", "--json"])
      #expect(check.code == 0, "\(check.output) \(check.error)")
      #expect(try check.json()[0]["average"].number == 0.9)
      let status = try await world.status()
      #expect(status["store"]["state"].text == "available")
      #expect(status["store"]["notes"].elements.isEmpty)
      // Only what is wanted was asked for, but for the one row that shows the columns.
      #expect(store.calls.count { $0.target.contains("select=*") } <= 2)
      #expect(!store.calls.contains { $0.target.contains("column_") })
      try expectSmall(daemon, "10,000 columns")
    }
  }

  @Test("NaN, Infinity and rates out of range are quarantined, counted and told; no model is retrained for them")
  func values() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    let rates: [Cell] = [
      .text("NaN"), .text("Infinity"), .text("-Infinity"), .number("-1"), .number("1.7"), .number("1e308"),
      .number("-0.5"),
    ]
    add(rates.map { ["accept_rate": $0] }, to: store)
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      let daemon = try await world.daemon([], variables(store))
      let check = try await world.run(["check", "--json"])
      #expect(check.code == 1, "\(check.output) \(check.error)")
      let entry = try check.json()[0]
      #expect(entry["verdict"].text == "insufficient")
      #expect(entry["have"].count == 0)
      #expect(entry["quarantined"].count == rates.count)
      let models = try await world.status()["models"]
      #expect(models[0]["check"]["quarantined"].count == rates.count)
      #expect(models[0]["check"]["quarantine"].text?.isEmpty == false)
      try await waitUntil("the words") {
        world.logLines.contains { $0.contains("WARNING") && $0.contains("\(rates.count) rows quarantined: ") }
      }
      #expect(try world.count("FROM retraind_runs") == 0)
      #expect(try world.count("FROM retraind_outbox") == 0)
      #expect(daemon.end == nil)
      try expectSmall(daemon, "values")
    }
  }

  @Test("Hostile answers to a write: the run goes on, the event waits, and is there once")
  func writes() async throws {
    let store = declining()
    defer { store.stop() }
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      try world.configure("{ model: 'a:7b' }")
      store.play(.flood(100 << 20), on: "POST system_events", times: 1)
      store.play(.flood(100 << 20), on: "GET system_events", times: 1)
      store.play(.portal, on: "POST system_events", times: 1)
      let daemon = try await world.daemon([], variables(store))
      try await world.waitForRun("succeeded", model: "a:7b")
      try await waitUntil("the delivery") { try world.count("FROM retraind_outbox WHERE state = 'delivered'") == 1 }
      #expect(store.rows("system_events").count == 1)
      #expect(store.rows("learning_events").isEmpty)
      #expect(world.logLines.contains { $0.contains("waits for its store: ") && $0.contains("larger than") })
      #expect(daemon.end == nil)
      try expectSmall(daemon, "writes")
    }
  }

  /// The daemon never had more memory than it may have. The thread sanitizer multiplies what a program has, so under it
  /// this is not judged.
  private func expectSmall(_ daemon: Child, _ name: String) throws {
    let status = Files.text("/proc/\(daemon.pid)/status").split(separator: "\n")
    func number(_ field: String) throws -> Int {
      let line = status.first { $0.hasPrefix("\(field):") }
      guard let number = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) else {
        throw HarnessFailure("no \(field) of \(daemon.pid)")
      }
      return number
    }
    let peak = try number("VmHWM")
    guard try number("VmSize") < Self.sanitizedSize else {
      print("hostile store, \(name): \(peak) KiB under a sanitizer, not judged")
      return
    }
    print("hostile store, \(name): at most \(peak) KiB")
    #expect(peak < Self.mostMemory, "\(name): \(peak) KiB")
  }
}
