import CSQLite
import PostgRESTStandIn

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a store elsewhere costs: reading many cycles from it, and bringing events to it that have waited.
struct StoreSpeed {
  /// What the command line asks for.
  let options: Options
  /// A directory for everything that is written.
  let scratch: String

  /// Cycles that are read.
  static let cycles = 10_000
  /// The few that are read to know what a look costs anyway.
  static let fewCycles = 10
  /// Cycles of each model.
  static let cyclesPerModel = 100
  /// Events that have waited.
  static let events = 10_000
  /// Longest time that they may take, in seconds.
  static let limitSeconds = 120

  /// Measures both, and gives the section's Markdown.
  func report(_ budgets: inout Budgets) throws(Failure) -> String {
    let few = try look(cycles: Self.fewCycles)
    let many = try look(cycles: Self.cycles)
    var reading = Table("one look at Supabase (`check --dry-run`)", "processor time", "budget")
    reading.add("\(Self.fewCycles) cycles", few.text, "")
    reading.add("\(Self.cycles) cycles", many.text, "")
    let cost = many.median - few.median
    reading.add(
      "\(Self.cycles - Self.fewCycles) more: received, decoded, judged", "\(fixed(cost, 1)) ms",
      budgets.atMost(60, cost, unit: " ms", of: "decoding 10,000 cycles"))

    let (rate, early, late) = try drain()
    var draining = Table("\(Self.events) events that have waited", "value", "budget")
    draining.add(
      "delivered, each once", "\(fixed(rate, 0)) /s", budgets.atLeast(500, rate, unit: " /s", of: "draining the outbox")
    )
    draining.add("private memory, at the begin → at the end", "\(early) kB → \(late) kB", "")
    return reading.markdown + "\n\n" + draining.markdown
  }

  /// The processor time of a command that reads so many cycles.
  private func look(cycles: Int) throws(Failure) -> Samples {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    store.withProject { project in
      project.tables["learning_stats"]?.columns.append("model")
      let base = Int64(time(nil)) - 3600 * Int64(Self.cyclesPerModel)
      for index in 0..<cycles {
        let end = base + 3600 * Int64(index % Self.cyclesPerModel)
        project.tables["learning_stats"]?.rows.append([
          "id": .text("00000000-0000-4000-8000-\(String(1_000_000_000_000 + index).dropFirst())"),
          "timestamp": .text(stamp(end)), "model": .text("model-\(index / Self.cyclesPerModel)"),
          "window_minutes": .number("60"), "total_events": .number("50"), "accepted": .number("40"),
          "rejected": .number("10"), "edited": .number("0"), "accept_rate": .number("0.8"),
        ])
      }
    }
    let directory = "\(scratch)/look-\(cycles)"
    try makeDirectory(directory)
    say("reading \(cycles) cycles, \(options.growthRuns) times")
    var samples = Samples()
    for run in 0...options.growthRuns {
      let before = childTime()
      let child = try ChildProcess(
        [options.retraind, "check", "--dry-run", "--json", "--state-dir", directory + "/state"], in: directory,
        environment: variables(store))
      let ending = try child.wait()
      guard ending.code == 0 else { throw Failure("check --dry-run ended with \(ending.code)\n\(child.shownErrors)") }
      if run > 0 { samples.add(childTime() - before) }
    }
    return samples
  }

  /// Events a second, and private memory in kB when the first batch and when the last one had arrived.
  private func drain() throws(Failure) -> (rate: Double, early: Int, late: Int) {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    let seeded = try SeededStore(directory: scratch + "/drain", models: 1, retraind: options.retraind)
    try fill(seeded.database)
    say("draining \(Self.events) events")
    let daemon = try MeasuredDaemon.retraind(
      "retraind", binary: options.retraind, directory: seeded.directory, environment: variables(store))
    let (child, _, _) = try daemon.start()
    let first = try wait(for: 1, at: store)
    let (begin, early) = (ContinuousClock.now, privateMemory(of: child.pid))
    _ = try wait(for: Self.events, at: store)
    let took = begin.duration(to: .now).milliseconds / 1000
    let late = privateMemory(of: child.pid)
    try daemon.stop(child)
    let ids = Set(store.rows("system_events").compactMap { $0["id"]?.text })
    guard ids.count == Self.events, store.rows("system_events").count == Self.events else {
      throw Failure("\(store.rows("system_events").count) rows with \(ids.count) ids instead of \(Self.events)")
    }
    return (Double(Self.events - first) / took, early, late)
  }

  /// Waits until at least so many events have arrived.
  private func wait(for count: Int, at store: PostgRESTStandIn) throws(Failure) -> Int {
    let end = ContinuousClock.now + .seconds(Self.limitSeconds)
    while ContinuousClock.now < end {
      let arrived = store.withProject { $0.tables["system_events"]?.rows.count ?? 0 }
      if arrived >= count { return arrived }
      sleepUntil(.now + .milliseconds(2))
    }
    throw Failure("\(count) events did not arrive within \(Self.limitSeconds) s")
  }

  /// Puts events into the journal that have waited.
  private func fill(_ database: String) throws(Failure) {
    var connection: OpaquePointer?
    guard sqlite3_open(database, &connection) == SQLITE_OK else { throw Failure("cannot open \(database)") }
    defer { sqlite3_close_v2(connection) }
    let sql = """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(Self.events))
      INSERT INTO retraind_outbox (event_id, run, model, type, notes, threshold, stats_window_size, triggered_at, state,
      attempts, last_error, next_attempt_at, created_at)
      SELECT printf('00000000-0000-4000-8000-%012d', i), 'r' || i, 'a:7b', 'model_retrain', 'declined', 0.6, 5,
      '2026-01-01T00:00:00.000000Z', 'pending', 3, 'away', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z'
      FROM n
      """
    guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
      throw Failure("\(database): \(String(cString: sqlite3_errmsg(connection)))")
    }
  }

  private func variables(_ store: PostgRESTStandIn) -> [String: String] {
    ["SUPABASE_URL": store.url, "SUPABASE_SERVICE_ROLE_KEY": StandInProject.secretKey]
  }

  /// `2026-11-23T14:00:00+00:00`.
  private func stamp(_ seconds: Int64) -> String {
    var moment = time_t(seconds)
    var parts = tm()
    gmtime_r(&moment, &parts)
    var text = [CChar](repeating: 0, count: 40)
    let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S+00:00", &parts)
    return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// What all children that have ended took of the processors.
  private func childTime() -> Duration {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    #else
      getrusage(RUSAGE_CHILDREN, &usage)
    #endif
    let (user, system) = (usage.ru_utime, usage.ru_stime)
    return .seconds(Int64(user.tv_sec + system.tv_sec)) + .microseconds(Int64(user.tv_usec + system.tv_usec))
  }

  /// Private memory of a process in kB; 0 where the system does not tell.
  private func privateMemory(of process: pid_t) -> Int {
    let line = contents(of: "/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
  }
}
