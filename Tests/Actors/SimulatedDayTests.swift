import Journal
import Platform
import PostgRESTStandIn
import Rules
import Supervision
import TestSupport
import Testing

@testable import Actors

/// A day on the manual clock, against a project that speaks HTTP.
@Suite("A simulated day", .timeLimit(.minutes(5)))
struct SimulatedDayTests {
  /// Adds cycles of a model to a project, an hour apart, the last one ending now.
  private func addCycles(_ store: PostgRESTStandIn, _ model: String, at now: Timestamp, count: Int) {
    store.withProject { project in
      for index in 0..<count {
        let end = now.adding(.seconds(-3600 * (count - 1 - index) - 1))
        let number = project.tables["learning_stats"]?.rows.count ?? 0
        project.tables["learning_stats"]?.rows.append([
          "id": .text("00000000-0000-4000-8000-\(String(1_000_000_000_000 + number).dropFirst())0"),
          "timestamp": .text(end.rfc3339Microseconds.dropLast() + "+00:00"), "model": .text(model),
          "window_minutes": .number("60"), "total_events": .number("10"), "accepted": .number("4"),
          "rejected": .number("6"), "edited": .number("0"), "accept_rate": .number("0.4"),
        ])
      }
    }
  }

  /// Stops a monitor while the clock moves on from sleeper to sleeper: its last try at the store may pause. What does
  /// not keep up with that clock is abandoned, which must lose nothing either.
  private func stop(_ monitor: RetrainMonitor, _ clock: ManualClock) async {
    let driver = Task {
      while !Task.isCancelled {
        await clock.waitForSleepers(1)
        clock.advanceToNextSleeper()
      }
    }
    defer { driver.cancel() }
    _ = await monitor.stop()
  }

  /// What a cycle says, as the store and the mirror have it.
  private struct Cycle: Hashable {
    var model: String
    var end: Timestamp?
    var accepted: String
    var rejected: String
    var edited: String
    var rate: Double?
  }

  /// The cycles of the project, by id.
  private func stored(_ store: PostgRESTStandIn) -> [String: Cycle] {
    var cycles: [String: Cycle] = [:]
    for row in store.rows("learning_stats") {
      func text(_ name: String) -> String { row[name]?.text ?? "" }
      cycles[text("id")] = Cycle(
        model: text("model"), end: Timestamp(parsing: text("timestamp")), accepted: text("accepted"),
        rejected: text("rejected"), edited: text("edited"), rate: Double(text("accept_rate")))
    }
    return cycles
  }

  /// The cycles of the mirror, by id.
  private func mirrored(_ bench: MonitorBench) throws -> [String: Cycle] {
    let database = try SQLiteDatabase(path: bench.paths.database, access: .readOnly)
    defer { database.close() }
    var cycles: [String: Cycle] = [:]
    let rows = try database.query(
      "SELECT id, model, timestamp, accepted, rejected, edited, accept_rate FROM retraind_mirror"
    ) { row in
      (
        row[0].text ?? "",
        Cycle(
          model: row[1].text ?? "", end: row[2].text.flatMap { Timestamp(parsing: $0) }, accepted: row[3].text ?? "",
          rejected: row[4].text ?? "", edited: row[5].text ?? "", rate: row[6].real)
      )
    }
    for (id, cycle) in rows { cycles[id] = cycle }
    return cycles
  }

  @Test("a store that is away for a day, with restarts meanwhile, loses and doubles nothing")
  func away() async throws {
    let bench = try MonitorBench()
    let store = PostgRESTStandIn()
    defer { store.stop() }
    store.withProject { project in
      project.tables["learning_stats"]?.columns.append("model")
    }
    for model in ["a:1", "b:1", "c:1"] { addCycles(store, model, at: bench.now, count: 5) }
    for (index, model) in ["a:1", "b:1", "c:1"].enumerated() {
      bench.server.serve("digest-\(index)", as: model)
      bench.server.script(model, .succeed("digest-\(index)-new"))
    }
    var settings = Settings()
    settings.supabase = SupabaseSettings(url: store.url, key: Secret(StandInProject.secretKey))

    var starts = 0
    func start() async throws -> RetrainMonitor {
      // A stop by a clock that runs ahead may leave the thread of the control socket behind, which still listens for a
      // moment.
      starts += 1
      var paths = bench.paths
      paths.socket += "-\(starts)"
      var parts = bench.parts()
      parts.use(
        StoreParts.active(settings, clock: SupervisionClock(bench.clock), wallClock: bench.wall) { [log = bench.log] in
          log.record("\($0): \($1)")
        })
      return try await RetrainMonitor.start(settings, paths: paths, parts: parts, mode: .daemon)
    }

    // The cycles are read; then the project is gone: one event is written and nobody hears of it.
    store.play(.doneThenReset, on: "POST system_events", times: 1)
    store.play(.databaseDown, on: "POST *")
    store.play(.databaseDown, on: "GET system_events")
    var monitor = try await start()
    await bench.log.wait { lines in lines.count { $0.contains("✅ Run") } >= 3 }
    store.play(.databaseDown, on: "GET learning_stats")
    for hour in 1...24 {
      let end = MonitorBench.origin + Int64(hour) * 3_600_000_000
      while bench.wall.microseconds() < end {
        // Whoever sleeps longest sleeps for an hour: somebody is always due.
        await bench.clock.waitForSleepers(1)
        bench.clock.advanceToNextSleeper()
      }
      if hour % 6 == 0 { for model in ["a:1", "b:1"] { addCycles(store, model, at: bench.now, count: 6) } }
      if hour == 7 || hour == 15 {
        await stop(monitor, bench.clock)
        monitor = try await start()
      }
      if hour == 12 { _ = try await monitor.run(.pull, of: "c:1", waits: true) }
    }
    let status = await monitor.status()
    #expect(status.store?.state == "away", "\(String(describing: status.store))")
    #expect(status.outbox.pending == 4)
    // What was written without an answer; the rest waits.
    #expect((1...3).contains(store.rows("system_events").count))

    // Meanwhile a row was taken back and another put right.
    store.withProject { project in
      project.tables["learning_stats"]?.rows.remove(at: 10)
      project.tables["learning_stats"]?.rows[3]["edited"] = .number("1")
    }
    store.heal()
    let journal = try monitor.journal
    var runs: [RunRow] = []
    while !Task.isCancelled {
      // Runs first: what is recorded after them may still be on its way when nothing of theirs is.
      runs = try await journal.runs(limit: 1000)
      let isDelivered = await monitor.status().outbox.pending == 0
      if isDelivered, try mirrored(bench) == stored(store) { break }
      await bench.clock.waitForSleepers(1)
      bench.clock.advanceToNextSleeper()
    }
    #expect(await monitor.status().outbox.blocked == 0)
    let events = store.rows("system_events").compactMap { $0["id"]?.text }
    #expect(Set(events).count == events.count)
    // Every run of the day, and nothing else but runs since.
    #expect(Set(events).isSuperset(of: runs.compactMap(\.eventID)))
    #expect(runs.allSatisfy { $0.eventID != nil })
    #expect(try await Set(journal.runs(limit: 1000).compactMap(\.eventID)).isSuperset(of: events))
    for row in store.rows("system_events") {
      let run = runs.first { $0.eventID == row["id"]?.text }
      #expect(run == nil || run?.model == Query.value("metadata->>model", in: row).text)
    }
    #expect(try mirrored(bench) == stored(store))
    #expect(runs.count { $0.state == .succeeded } >= 4)
    #expect(store.rows("learning_events").isEmpty)
    await stop(monitor, bench.clock)
  }
}
