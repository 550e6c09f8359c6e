/// The library `Supervision` beside Erlang/OTP's supervisor: restarts, memory, start and stop, snapshots, idleness.
struct Supervision {
  /// Runs both.
  let probes: SupervisionProbes
  /// Seconds over which wake-ups are counted.
  let idleSeconds: Int

  /// Batches of restarts in a run, each under a fresh supervisor, and restarts in a batch.
  private static let batches = (count: 15, restarts: 200)
  /// Snapshots in a run.
  private static let snapshots = 200
  /// Children of a population, small and large.
  private static let sizes = (small: 10_000, large: 100_000)

  /// Prepares to measure.
  init(options: Options, scratch: String) {
    probes = SupervisionProbes(
      probe: options.probe, escript: options.escript, peer: options.supervisionPeer, scratch: scratch,
      rounds: options.rounds)
    idleSeconds = options.idleSeconds
  }

  /// Measures, and gives the section's Markdown.
  func report(_ budgets: inout Budgets) throws(Failure) -> String {
    [
      try restarts(&budgets), try memory(&budgets), try startAndStop(&budgets), try snapshots(&budgets),
      try idleness(&budgets),
    ].map(\.markdown).joined(separator: "\n\n")
  }

  private func restarts(_ budgets: inout Budgets) throws(Failure) -> Table {
    var table = Table(
      "throw → restarted and ready", "children", "p50", "p99", "told p50, p99", "OTP p50", "OTP p99", "ratio p50",
      "ratio p99")
    for kind in SupervisedKind.allCases {
      for (children, pause, name) in [(10, 0, "in a row"), (10, 1000, "1 ms apart"), (10_000, 1000, "1 ms apart")] {
        let batches = children > 10 ? 3 : Self.batches.count
        let (ours, theirs) = try probes.both(kind, "restarts \(children) \(batches) \(Self.batches.restarts) \(pause)")
        let label = "\(kind.rawValue), \(children) children, \(name)"
        // In a row the event may still be on its way when the next failure is asked for.
        let told = pause > 0 ? "\(micros(ours["told_p50"])), \(micros(ours["told_p99"]))" : ""
        func ratio(_ figure: String) -> String {
          let ratio = ours["restart_" + figure] / theirs["restart_" + figure]
          return "\(fixed(ratio, 2)); " + budgets.atMost(1, ratio, unit: "", of: "restart \(figure), \(label)")
        }
        table.add(
          "\(kind.title), \(name)", "\(children)", micros(ours["restart_p50"]), micros(ours["restart_p99"]),
          told, micros(theirs["restart_p50"]), micros(theirs["restart_p99"]), ratio("p50"), ratio("p99"))
      }
    }
    return table
  }

  private func memory(_ budgets: inout Budgets) throws(Failure) -> Table {
    var table = Table(
      "memory of a child, bytes", "children", "private dirty", "with `untilShutdown()`", "OTP `memory(total)`",
      "OTP, collected",
      "OTP private dirty", "ratio to the least")
    for kind in SupervisedKind.allCases {
      for children in [Self.sizes.small, Self.sizes.large] {
        let (ours, theirs) = try probes.both(kind, "memory \(children)")
        let quiet = try probes.ours(kind, "quiet \(children)")
        let ratio = ours["dirty"] / min(theirs["as_is"], theirs["collected"], theirs["dirty"])
        table.add(
          kind.title, "\(children)", fixed(ours["dirty"], 0), fixed(quiet["dirty"], 0),
          fixed(theirs["as_is"], 0), fixed(theirs["collected"], 0),
          fixed(theirs["dirty"], 0),
          "\(fixed(ratio, 2)); "
            + budgets.atMost(1, ratio, unit: "", of: "memory of a child, \(kind.rawValue), \(children)"))
      }
    }
    return table
  }

  private func startAndStop(_ budgets: inout Budgets) throws(Failure) -> Table {
    var table = Table(
      "start and stop", "children", "start", "stop", "OTP start", "OTP stop", "ratio of the sums",
      "cost of a child beside \(Self.sizes.small)")
    for kind in SupervisedKind.allCases {
      var small = Double.nan
      for children in [Self.sizes.small, Self.sizes.large] {
        let (ours, theirs) = try probes.both(kind, "startstop \(children)")
        let (sum, peer) = (ours["start_ms"] + ours["stop_ms"], theirs["start_ms"] + theirs["stop_ms"])
        if children == Self.sizes.small { small = sum }
        let label = "\(kind.rawValue), \(children)"
        let growth = sum / small / Double(children / Self.sizes.small)
        table.add(
          kind.title, "\(children)", millis(ours["start_ms"]), millis(ours["stop_ms"]), millis(theirs["start_ms"]),
          millis(theirs["stop_ms"]),
          "\(fixed(sum / peer, 2)); " + budgets.atMost(2, sum / peer, unit: "", of: "start and stop, \(label)"),
          children == Self.sizes.small
            ? ""
            : "\(fixed(growth, 2)); " + budgets.atMost(2, growth, unit: "", of: "growth of start and stop, \(label)"))
      }
    }
    return table
  }

  private func snapshots(_ budgets: inout Budgets) throws(Failure) -> Table {
    var table = Table("snapshots of \(Self.sizes.small) children", "p50", "p99", "OTP p50", "OTP p99", "budget")
    for kind in SupervisedKind.allCases {
      let (ours, theirs) = try probes.both(kind, "snapshot \(Self.sizes.small) \(Self.snapshots)")
      for (figure, name) in [("which", "`snapshot()`, `which_children`"), ("during", "a restart meanwhile")] {
        let limit =
          figure == "which"
          ? budgets.atMost(10, ours["which_p99"] / 1000, unit: " ms", of: "snapshot p99, \(kind.rawValue)")
          : budgets.atMost(
            1, ours["during_p99"] / theirs["during_p99"], unit: " of OTP's",
            of: "restart during snapshots p99, \(kind.rawValue)")
        table.add(
          "\(kind.title): \(name)", micros(ours[figure + "_p50"]), micros(ours[figure + "_p99"]),
          micros(theirs[figure + "_p50"]), micros(theirs[figure + "_p99"]), limit)
      }
      table.add(
        "`countChildren()`, `count_children`", micros(ours["count_p50"]), micros(ours["count_p99"]),
        micros(theirs["count_p50"]), micros(theirs["count_p99"]), "")
    }
    return table
  }

  /// The runtime's own thread looks at its workers once in a second, with or without a supervisor: that is not charged.
  private func idleness(_ budgets: inout Budgets) throws(Failure) -> Table {
    var table = Table("\(Self.sizes.small) children that wait", "context switches/s", "threads", "budget")
    guard let bare = try probes.idle(.ours, .fixed, "bare 1", seconds: idleSeconds) else {
      table.add("", "only Linux tells", "", "")
      return table
    }
    table.add("a Swift process without a supervisor", fixed(bare.wakeUpsPerSecond, 2), "\(bare.threads)", "")
    for kind in SupervisedKind.allCases {
      for (command, name) in [("idle", "ready"), ("delayed", "failed, restart in 10 min")] {
        guard let facts = try probes.idle(.ours, kind, "\(command) \(Self.sizes.small)", seconds: idleSeconds) else {
          throw Failure("\(command): the process ended while it was watched")
        }
        // A look that begins just before a second is over sees one more, and a worker thread may retire once.
        let excess = facts.wakeUpsPerSecond - bare.wakeUpsPerSecond
        table.add(
          "\(kind.title), \(name)", fixed(facts.wakeUpsPerSecond, 2), "\(facts.threads)",
          budgets.atMost(0.4, excess, unit: " /s more", of: "wake-ups, \(kind.rawValue), \(name)"))
      }
      if let facts = try probes.idle(.theirs, kind, "idle \(Self.sizes.small)", seconds: idleSeconds) {
        table.add("OTP, ready", fixed(facts.wakeUpsPerSecond, 2), "\(facts.threads)", "")
      }
    }
    return table
  }

  private func micros(_ value: Double) -> String { "\(fixed(value, 1)) µs" }

  private func millis(_ value: Double) -> String { "\(fixed(value, 1)) ms" }
}
