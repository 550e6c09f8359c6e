import Journal
import Ollama
import Platform
import Rules
import Stores
import TestSupport
import Testing

@testable import Actors

/// People are told of changes, once each, whatever becomes of the sinks and of the process.
@Suite("Being told", .timeLimit(.minutes(5)))
struct NotifyTests {
  private func start(
    _ bench: MonitorBench, _ notifier: ScriptedNotifier, _ sinks: [SinkSettings], sink: ScriptedSink? = nil
  ) async throws -> RetrainMonitor {
    var parts = bench.parts(sink: sink)
    parts.notifier = { notifier.notifier($0) }
    return try await RetrainMonitor.start(
      Settings(model: "m", notify: sinks), paths: bench.paths, parts: parts, mode: .oneShot)
  }

  private func rows(_ bench: MonitorBench) async throws -> [NoticeRow] {
    let journal = try await Journal.open(path: bench.paths.database, readOnly: true)
    let rows = try await journal.notices(limit: 1000)
    await journal.close()
    return rows.reversed()
  }

  @Test("a decline, a refresh and a recovery are told once each, also across restarts")
  func course() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    bench.server.script("m", .succeed("sha256:new"))
    try await bench.addCycles("m")
    var monitor = try await start(bench, notifier, [.played("a")])
    _ = try await monitor.check()
    await notifier.told.wait { $0.count == 2 }
    // Nothing has changed: nothing is told, by this process or the next.
    _ = try await monitor.check()
    await monitor.stop()
    monitor = try await start(bench, notifier, [.played("a")])
    _ = try await monitor.check()
    bench.clock.advance(by: .seconds(4 * 3600))
    try await bench.addCycles("m", accepted: 9, rejected: 1)
    _ = try await monitor.check()
    await notifier.told.wait { $0.count == 3 }
    _ = try await monitor.check()
    await monitor.stop()
    #expect(notifier.tried.all == ["a degraded m", "a succeeded m", "a recovered m"])
    #expect(Set(notifier.ids.all).count == 3)
  }

  @Test("a check that began before a refresh ended does not tell of the decline once more")
  func checkBesideTheEnd() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    let pull = Gate()
    let look = Gate()
    bench.server.serve("sha256:old", as: "m")
    bench.server.script("m", .hold(pull, bytes: 1))
    try await bench.addCycles("m")
    // So many cycles that nobody judged that a check reads on for older ones, when it knows the model's memory already.
    bench.clock.advance(by: .seconds(30 * 3600))
    try await bench.addCycles("m", accepted: 0, rejected: 0, count: 5 + Assessor.spareRows)
    let monitor = try await start(bench, notifier, [.played("a")])
    _ = try await monitor.check(waits: false)
    await bench.server.calls.waitFor { $0 == "pull m" }
    let asked = bench.stats.calls.all.count
    bench.stats.hold(look, after: 1)
    let check = Task { try await monitor.check(waits: false) }
    await bench.stats.calls.wait { $0.count == asked + 2 }
    bench.server.serve("sha256:new", as: "m")
    pull.open()
    await notifier.told.wait { $0.count == 2 }
    look.open()
    #expect(try await check.value.map(\.verdict) == [.degraded])
    await monitor.stop()
    #expect(notifier.tried.all == ["a degraded m", "a succeeded m"])
    #expect(try await rows(bench).count == 2)
  }

  @Test("a model that a refresh could not help is told as exhausted once, however often it is looked at")
  func exhausted() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    try await bench.addCycles("m")
    bench.server.serve("sha256:same", as: "m")
    let monitor = try await start(bench, notifier, [.played("a")])
    for _ in 0..<4 {
      _ = try await monitor.check()
      bench.clock.advance(by: .seconds(3600))
    }
    await notifier.told.wait { $0.count == 3 }
    await monitor.stop()
    #expect(notifier.tried.all == ["a degraded m", "a succeeded m", "a exhausted m"])
  }

  @Test("a permanent failure tells of the run and of the circuit that it opens")
  func circuit() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    bench.server.script("m", .fail(.unknownModel))
    let monitor = try await start(bench, notifier, [.played("a"), .played("b", [.circuitOpened])])
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await notifier.told.wait { $0.count == 3 }
    // Again by a person: the run is news, the circuit is not.
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await notifier.told.wait { $0.count == 4 }
    await monitor.stop()
    #expect(notifier.tried.all.filter { $0.hasPrefix("a") } == ["a failed m", "a circuitOpened m", "a failed m"])
    #expect(notifier.tried.all.filter { $0.hasPrefix("b") } == ["b circuitOpened m"])
  }

  @Test("a sink that holds or fails holds up no other, and keeps its order")
  func independence() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    let gate = Gate()
    notifier.script("stuck", .hold(gate))
    notifier.script("down", .answer(.failed("down")), .answer(.failed("down")))
    let monitor = try await start(bench, notifier, [.played("stuck"), .played("down"), .played("fine")])
    _ = try await monitor.run(.pull, of: "m", waits: true)
    _ = try await monitor.run(.pull, of: "n", waits: true)
    await notifier.told.wait { $0.filter { $0.hasPrefix("fine") }.count == 2 }
    #expect(notifier.told.all == ["fine succeeded m", "fine succeeded n"])
    await bench.advance(until: notifier.told, pause: SinkLane.longestRetry) { told in
      told.count { $0.hasPrefix("down") } == 2
    }
    #expect(notifier.told.all.filter { $0.hasPrefix("down") } == ["down succeeded m", "down succeeded n"])
    #expect(!notifier.told.all.contains { $0.hasPrefix("stuck") })
    gate.open()
    await notifier.told.wait { $0.count == 6 }
    await monitor.stop()
    #expect(try await rows(bench).allSatisfy { $0.state == .delivered })
  }

  @Test("what the receiver wants to wait counts, and the id stays the same")
  func wish() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    notifier.script("a", .answer(.failed("busy", after: .seconds(1800))))
    let monitor = try await start(bench, notifier, [.played("a")])
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await notifier.tried.wait { $0.count == 1 }
    await bench.logged("Sink a was not told")
    #expect(await monitor.status().sinks.first?.lastFailure == "busy")
    await bench.advance(until: notifier.told, pause: .seconds(1800)) { !$0.isEmpty }
    #expect(bench.clock.now.offset >= .seconds(1800))
    #expect(Set(notifier.ids.all).count == 1)
    await monitor.stop()
  }

  @Test("one message is refused: it is given up, and the next one is told")
  func refused() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    notifier.script("a", .answer(.refused("a 400")))
    let monitor = try await start(bench, notifier, [.played("a")])
    _ = try await monitor.run(.pull, of: "m", waits: true)
    _ = try await monitor.run(.pull, of: "n", waits: true)
    await notifier.told.wait { $0.count == 1 }
    await bench.logged("Told a")
    let sink = try #require(await monitor.status().sinks.first)
    #expect(sink.dead == 1 && sink.delivered == 1 && sink.deadWhy == "a 400")
    await monitor.stop()
  }

  @Test("a receiver that is gone gets nothing more until a reload, and the status says why")
  func gone() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    let gate = Gate()
    notifier.script("a", .hold(gate, .gone("it is gone")))
    let monitor = try await start(bench, notifier, [.played("a"), .played("b")])
    for model in ["m", "n", "o"] { _ = try await monitor.run(.pull, of: model, waits: true) }
    await notifier.told.wait { $0.count == 3 }
    gate.open()
    await bench.logged("is told nothing any more")
    #expect(notifier.tried.all.count { $0.hasPrefix("a") } == 1)
    let sink = try #require(await monitor.status().sinks.first)
    #expect(sink.state == "gone" && sink.problem == "it is gone")
    #expect(sink.dead == 3)
    await monitor.apply(monitor.settings)
    _ = try await monitor.run(.pull, of: "p", waits: true)
    await notifier.told.wait { $0.contains("a succeeded p") }
    await monitor.stop()
    #expect(try await rows(bench).count { $0.sink == "a" && $0.state == .dead } == 3)
  }

  @Test("what a stop cuts off is told by the next process, under the same id")
  func afterStop() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    notifier.script("a", .hold(Gate()))
    let first = try await start(bench, notifier, [.played("a")])
    _ = try await first.run(.pull, of: "m", waits: true)
    await notifier.tried.wait { $0.count == 1 }
    let stopping = Task { await first.stop() }
    // The stop gives it a bound; then the try is cut off.
    await bench.clock.waitForSleeper(dueBy: bench.clock.now.offset + NotifyActor.drainBound(isScheduled: false))
    bench.clock.advance(by: NotifyActor.drainBound(isScheduled: false))
    _ = await stopping.value
    #expect(notifier.told.all.isEmpty)
    #expect(try await rows(bench).map(\.attempts) == [0])
    let second = try await start(bench, notifier, [.played("a")])
    await notifier.told.wait { $0.count == 1 }
    await second.stop()
    #expect(Set(notifier.ids.all).count == 1)
    #expect(try await rows(bench).map(\.state) == [.delivered])
  }

  @Test("a sink without its secret is not tried, and holds up no other; what waits is told once it has one")
  func unusable() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    var broken = SinkSettings(
      name: "w", way: .webhook(WebhookSettings(url: "http://h", secretFile: "s", problem: "s does not exist")))
    let monitor = try await start(bench, notifier, [broken, .played("b")])
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await notifier.told.wait { $0 == ["b succeeded m"] }
    let sink = try #require(await monitor.status().sinks.first)
    #expect(sink.state == "unusable" && sink.problem == "s does not exist" && sink.pending == 1)
    broken.way = .webhook(WebhookSettings(url: "http://h", secretFile: "s", secret: Secret("x")))
    var settings = monitor.settings
    settings.notify = [broken, .played("b")]
    await monitor.apply(settings)
    await notifier.told.wait { $0.contains("w succeeded m") }
    await monitor.stop()
  }

  @Test("an event that its store refuses is told once, and again when all have arrived")
  func blocked() async throws {
    let bench = try MonitorBench()
    let notifier = ScriptedNotifier()
    let store = ScriptedSink()
    store.block(["m", "n"])
    let monitor = try await start(bench, notifier, [.played("a", [.blocked, .unblocked])], sink: store)
    _ = try await monitor.run(.pull, of: "m", waits: true)
    await notifier.told.wait { $0.count == 1 }
    _ = try await monitor.run(.pull, of: "n", waits: true)
    await store.offered.wait { $0.count >= 2 }
    store.block([])
    await bench.advance(until: notifier.told, within: .seconds(8000), pause: OutboxActor.blockedRetry) {
      $0.count == 2
    }
    await monitor.stop()
    #expect(notifier.told.all == ["a blocked m", "a unblocked -"])
  }

  @Test("without sinks nothing is written and nobody waits for time")
  func noSinks() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    _ = try await monitor.check()
    #expect(await monitor.status().sinks.isEmpty)
    await monitor.stop()
    #expect(try await rows(bench).isEmpty)
    let journal = try await Journal.open(path: bench.paths.database, readOnly: true)
    #expect(try await journal.rememberedSubjects().isEmpty)
    await journal.close()
  }

  @Test("a quick check that has something to tell leaves it to a monitor")
  func quickCheck() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles("m", accepted: 9, rejected: 1)
    let settings = Settings(model: "m", notify: [.played("a")])
    func quick() async throws -> [CheckEntry]? {
      try await QuickCheck.run(settings, paths: bench.paths, model: nil, wallClock: bench.wall)
    }
    #expect(try await quick()?.map(\.verdict) == [.healthy])
    let journal = try await Journal.open(path: bench.paths.database)
    try await journal.announce([
      Notice(
        id: "n", kind: "degraded", model: "m", text: "t", sinks: [],
        standing: Notice.Standing("verdict \(ModelName.normalised("m"))", "degraded"), at: bench.now)
    ])
    await journal.close()
    #expect(try await quick() == nil)
  }

  @Test("a store that does not answer is told after a while, and that it does again")
  func store() throws {
    let herald = Herald(
      settings: SettingsBox(Settings(notify: [.played("a")])), wakeup: Wakeup(), identifiers: Identifiers())
    let since = Timestamp(microseconds: MonitorBench.origin)
    var standing = StoreStanding(name: "supabase x", state: .away, since: since, why: "it does not answer")
    #expect(herald.notice(of: standing, at: since.adding(.seconds(60))) == nil)
    let late = try #require(herald.notice(of: standing, at: since.adding(Herald.storePatience)))
    #expect(late.kind == "storeAway" && late.text.contains("it does not answer") && late.sinks == ["a"])
    standing.state = .available
    #expect(herald.notice(of: standing, at: since)?.standing == Notice.Standing("store", nil))
    #expect(herald.notice(of: nil, at: since) == nil)
  }

  @Test("a test message goes everywhere at once, whatever a sink chose, and says what came of it")
  func notifyTest() async {
    let notifier = ScriptedNotifier()
    notifier.script("down", .answer(.failed("it is down")))
    let broken = SinkSettings(
      name: "w", way: .webhook(WebhookSettings(url: "http://h", secretFile: "s", problem: "s is empty")))
    let entries = await NotifyTest.run(
      Settings(notify: [.played("down"), broken, .played("fine", [.failed])]), identifiers: Identifiers(),
      wallClock: .system, notifier: { notifier.notifier($0) })
    #expect(entries.map(\.sink) == ["down", "w", "fine"])
    #expect(entries.map(\.delivered) == [false, false, true])
    #expect(entries.map(\.outcome) == ["it is down", "s is empty", "taken"])
    #expect(notifier.told.all == ["fine test -"])
  }
}
