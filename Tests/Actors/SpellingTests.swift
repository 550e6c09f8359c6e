import Journal
import Platform
import Rules
import Stores
import TestSupport
import Testing

@testable import Actors

/// Names of models: two ways of writing one, and texts that are none.
@Suite("Names of models", .timeLimit(.minutes(5)))
struct SpellingTests {
  @Test("rows that write a model in two ways are one model's evidence, under the configuration's way of writing it")
  func oneModel() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles("m", count: 1)
    try await bench.addCycles("m:latest", count: 1)
    try await bench.addCycles("library/m", count: 1)
    let monitor = try await bench.start()
    let entries = try await monitor.check(isDryRun: true)
    #expect(entries.map(\.model) == ["m"])
    #expect(entries.map(\.have) == [3])
    #expect(try await monitor.check(model: "m:latest", isDryRun: true) == entries)
    await monitor.apply(
      Settings(models: ["m:latest": ModelSettings(rules: RuleSettings(threshold: 0.3))]))
    let configured = try await monitor.check(isDryRun: true)
    #expect(configured.map(\.model) == ["m:latest"])
    #expect(configured.map(\.threshold) == [0.3])
    #expect(configured.map(\.verdict) == [.healthy])
    await monitor.stop()
  }

  @Test("rows that name no model and rows that write the configured one in another way are one model")
  func unnamedRows() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles(nil, count: 2)
    try await bench.addCycles("m", count: 1)
    let monitor = try await bench.start(Settings(model: "m:latest"))
    #expect(try await monitor.check(model: "m", isDryRun: true).map(\.have) == [3])
    #expect(try await monitor.check(isDryRun: true).map(\.model) == ["m:latest"])
    await monitor.stop()
  }

  @Test("another way of writing a model neither fires again nor forgets what is known of it")
  func oneMemory() async throws {
    let bench = try MonitorBench()
    bench.server.serve("same", as: "m")
    try await bench.addCycles("m")
    let monitor = try await bench.start()
    #expect(try await monitor.check().map(\.action) == [.succeeded])
    await monitor.apply(Settings(model: "m:latest"))
    #expect(try await monitor.check().map(\.action) == [.exhausted])
    #expect(bench.server.pulls() == 1)
    #expect(try await monitor.journal.memory(of: "library/m").lastChange == .alreadyCurrent)
    #expect(try await monitor.journal.runs(model: "m:latest", limit: 9).count == 1)
    #expect(try await monitor.journal.latestDecisions(limit: 9).count == 1)
    await monitor.stop()
  }

  @Test("a server that tells upper and lower case apart is asked by the names that it lists")
  func listedNames() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "psa-engine:7b")
    bench.server.script("psa-engine:7b", .succeed("new"))
    try await bench.addCycles("PSA-Engine:7b")
    let monitor = try await bench.start()
    #expect(try await monitor.check().map(\.action) == [.succeeded])
    let calls = bench.server.calls.all.filter { !$0.hasPrefix("digest ") }
    #expect(calls.first == "copy psa-engine:7b PSA-Engine:7b-retraind-previous", "\(calls)")
    #expect(calls.contains("pull psa-engine:7b"))
    #expect(bench.server.served("psa-engine:7b") == "new")
    #expect(bench.server.served("PSA-Engine:7b") == nil)
    let back = try await monitor.run(.rollback, of: "Psa-engine:7b", waits: true)
    #expect(back.state == "rolledBack", "\(back)")
    #expect(bench.server.served("psa-engine:7b") == "old")
    await monitor.stop()
  }

  @Test("a request for a model that waits under another name joins that run")
  func lane() {
    var lane = RetrainLane()
    #expect(lane.onRequest(run: "1", model: "m", isRecorded: true) == .admitted)
    #expect(lane.onRequest(run: "2", model: "m:latest") == .joined(run: "1"))
    _ = lane.takeNext()
    #expect(lane.onRequest(run: "3", model: "library/m") == .joined(run: "1"))
    #expect(lane.onRequest(run: "4", model: "m:7b", isRecorded: true) == .admitted)
    #expect(lane.onModelsRemoved { $0 == "m:7b" }.map(\.run) == ["4"])
  }

  @Test("a name in a row that is none is judged, told in short and never acted upon")
  func noName() async throws {
    let bench = try MonitorBench()
    let long = String(repeating: "x", count: 10_000)
    for name in ["../../etc; rm -rf", long] { try await bench.addCycles(name) }
    let monitor = try await bench.start(Settings(rules: RuleSettings(rearm: .always)))
    let entries = try await monitor.check()
    #expect(entries.map(\.verdict) == [.unattributed, .unattributed])
    #expect(entries.map(\.action) == [.none, .none])
    #expect(entries.map(\.have) == [3, 3])
    #expect(entries.allSatisfy { $0.reason.hasPrefix("no model to act on: ") && $0.reason.utf8.count < 500 })
    #expect(bench.server.calls.all.isEmpty)
    #expect(try await monitor.journal.runs(limit: 9).isEmpty)
    #expect(bench.log.all.allSatisfy { $0.utf8.count < 1000 })
    await #expect(throws: RunRefusal.self) { _ = try await monitor.run(.pull, of: "a:b:c", waits: false) }
    var cycle = ControlRequest.Cycle()
    cycle.model = ".foo"
    (cycle.accepted, cycle.rejected) = (1, 1)
    let refused = cycle
    await #expect(throws: RunRefusal.self) { _ = try await monitor.record(refused) }
    await monitor.stop()
  }

  @Test(
    "a version that is held is no model: its rows are judged and not acted upon, and nobody can refresh or record it",
    arguments: ModelName.Held.allCases)
  func held(as held: ModelName.Held) async throws {
    let bench = try MonitorBench()
    let name = ModelName.backup(of: "m:7b", as: held)
    for name in [name, name.uppercased()] { try await bench.addCycles(name) }
    let monitor = try await bench.start(Settings(rules: RuleSettings(rearm: .always)))
    let entries = try await monitor.check()
    #expect(entries.map(\.verdict) == [.unattributed, .unattributed])
    #expect(entries.map(\.action) == [.none, .none])
    #expect(entries.allSatisfy { $0.reason.contains("retraind keeps") })
    for kind in [RunKind.pull, .rollback] {
      await #expect(throws: RunRefusal.self) { _ = try await monitor.run(kind, of: name, waits: false) }
    }
    var cycle = ControlRequest.Cycle()
    cycle.model = name
    (cycle.accepted, cycle.rejected) = (1, 1)
    let refused = cycle
    await #expect(throws: RunRefusal.self) { _ = try await monitor.record(refused) }
    #expect(bench.server.calls.all.isEmpty)
    #expect(try await monitor.journal.runs(limit: 9).isEmpty)
    await monitor.stop()
  }

  @Test("rows of two names leave no gap between them")
  func gap() {
    func rows(_ model: String, _ minutes: [Int64], hasMore: Bool) -> ModelRows {
      ModelRows(
        model: model,
        rows: minutes.map {
          CycleRow(id: "\(model)-\($0)", model: model, timestamp: Timestamp(microseconds: $0 * 60_000_000))
        }, hasMore: hasMore)
    }
    var group = ModelGroup(key: "m:latest")
    group.add(rows("m", [9, 8], hasMore: true))
    group.add(rows("m:latest", [10, 8, 3], hasMore: false))
    #expect(group.rows.map(\.id) == ["m:latest-10", "m-9", "m:latest-8", "m-8"])
    #expect(group.hasMore)
    #expect(group.shortestName == "m")
  }

  @Test("models whose rows are all older than their last change cost one query")
  func justUpdated() async throws {
    let bench = try MonitorBench()
    for name in ["a", "b", "c"] { try await bench.addCycles(name, count: 30) }
    let monitor = try await bench.start()
    for name in ["a", "b", "c"] {
      let now = bench.now
      try await monitor.journal.updateMemory(of: name) { $0.windowStart = now }
    }
    #expect(try await monitor.check(isDryRun: true).map(\.have) == [0, 0, 0])
    #expect(bench.stats.calls.all.count == 1)
    await monitor.stop()
  }
}
