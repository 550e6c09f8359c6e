/// Size, start, memory and wake-ups of the daemon, beside those of the Python loop, each process alone.
struct Footprint {
  /// What the command line asks for.
  let options: Options
  /// A directory for everything that is written.
  let scratch: String

  /// What was found of one daemon.
  private struct Finding {
    /// From its start until it is ready.
    var starts: Samples
    /// What showed that it is.
    var sign: Readiness.Sign
    /// What it costs when idle; nil where the system does not tell.
    var idle: IdleFacts?
  }

  /// Measures, and gives the section's Markdown.
  func report(_ budgets: inout Budgets) throws(Failure) -> String {
    let server = try StatsServer()
    let store = try SeededStore(directory: scratch + "/footprint", models: 1, retraind: options.retraind)
    let declined = try SeededStore(
      directory: scratch + "/footprint-pull", models: 1, accepted: SeededStore.declined, retraind: options.retraind)
    // With `always` each of its starts pulls again.
    let configuration = scratch + "/bench.json5"
    try write("{ rearm: \"always\" }\n", to: configuration)
    let api = ["SUPABASE_URL": server.url, "SUPABASE_SERVICE_ROLE_KEY": "bench", "MODEL_NAME": "bench:0"]
    let loop = [options.python, options.peer]

    let ours = try MeasuredDaemon.retraind(
      "retraind", binary: options.retraind, directory: store.directory)
    let pulling = try MeasuredDaemon.retraind(
      "retraind after a pull (libcurl)", binary: options.retraind, directory: declined.directory,
      configuration: configuration, environment: ["OLLAMA_HOST": server.url])
    let other = try MeasuredDaemon.python(
      "Python loop, SQLite", command: loop + ["--sqlite", store.database], directory: scratch + "/python-sqlite")
    let theirs = try MeasuredDaemon.python(
      "Python loop, data API (requests)", command: loop, directory: scratch + "/python-api", environment: api)

    var table = Table("daemon", "start to ready", "seen by", "private dirty", "PSS", "RSS", "threads", "wake-ups/s")
    let mine = try find(ours)
    add(ours, mine, to: &table)
    var pullsBefore = 0
    let afterPull = try find(pulling) { pullsBefore = server.pulls }
    guard server.pulls > pullsBefore else {
      throw Failure("the daemon that was watched did not pull: see \(pulling.log)")
    }
    add(pulling, afterPull, to: &table)
    add(other, try find(other), to: &table)
    let before = server.requests
    let peer = try find(theirs)
    guard server.requests > before else { throw Failure("the Python loop made no request: see \(theirs.log)") }
    add(theirs, peer, to: &table)
    return table.markdown + "\n\n" + limits(mine, afterPull, peer, &budgets).markdown
  }

  private func find(_ daemon: MeasuredDaemon, beforeIdle: () -> Void = {}) throws(Failure) -> Finding {
    say("starting \(daemon.name) \(options.runs) times, then watching it for \(options.idleSeconds) s")
    let (starts, sign) = try daemon.startTimes(runs: options.runs)
    beforeIdle()
    let idle = try daemon.idle(settle: options.settleSeconds, seconds: options.idleSeconds)
    return Finding(starts: starts, sign: sign, idle: idle)
  }

  private func add(_ daemon: MeasuredDaemon, _ finding: Finding, to table: inout Table) {
    guard let idle = finding.idle else {
      table.add(daemon.name, finding.starts.text, finding.sign.rawValue, "only Linux tells", "", "", "", "")
      return
    }
    table.add(
      daemon.name, finding.starts.text, finding.sign.rawValue, "\(idle.privateDirty) kB", "\(idle.proportional) kB",
      "\(idle.resident) kB", "\(idle.threads)", fixed(idle.wakeUpsPerSecond, 2))
  }

  private func limits(
    _ mine: Finding, _ afterPull: Finding, _ peer: Finding, _ budgets: inout Budgets
  ) -> Table {
    var table = Table("figure", "value", "budget")
    let binary = Double(size(of: options.retraind)) / 1e6
    table.add(
      "binary, static and stripped", "\(fixed(binary, 1)) MB",
      budgets.atMost(20, binary, unit: " MB", of: "binary"))
    let start = mine.starts.median
    table.add(
      "start to ready, median", "\(fixed(start, 1)) ms",
      budgets.atMost(50, start, unit: " ms", of: "start to ready"))
    guard let idle = mine.idle, let later = afterPull.idle, let peer = peer.idle else { return table }
    for (when, idle) in [("idle", idle), ("idle after a pull", later)] {
      let dirty = Double(idle.privateDirty) / 1000
      table.add(
        "\(when), private dirty", "\(fixed(dirty, 2)) MB",
        budgets.atMost(4, dirty, unit: " MB", of: "private dirty, \(when)"))
      let share = Double(idle.proportional) / Double(peer.proportional)
      table.add(
        "\(when), PSS beside the Python loop's", fixed(share, 2),
        budgets.atMost(0.8, share, unit: "", of: "PSS, \(when)"))
    }
    table.add(
      "idle, wake-ups", "\(fixed(idle.wakeUpsPerSecond, 2)) /s",
      budgets.atMost(2, idle.wakeUpsPerSecond, unit: " /s", of: "wake-ups"))
    return table
  }
}
