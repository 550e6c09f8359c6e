import Journal
import Platform
import Supervision

/// The supervision tree: `journal → outbox → runs → retrain → monitor → notify → control → learning`, `restForOne`.
/// Whoever tells people comes behind those who work: its failure disturbs no run, and at a stop it still tells what they
/// ended with.
///
/// Each factory makes a fresh instance from the current instance of those before it, so that nothing holds a stale one.
final class MonitorTree: Sendable {
  /// Room beyond the stop grace of a pull in which the lane writes down what it was doing.
  static let drainMargin = Duration.seconds(10)

  let settings: SettingsBox
  let parts: Parts
  let paths: StatePaths
  let mode: RetrainMonitor.Mode
  let journal = Ref<Journal>("journal")
  let outbox = Ref<OutboxActor>("outbox")
  let runs = Ref<JobPool>("runs")
  let retrain = Ref<RetrainActor>("retrain")
  let monitor = Ref<MonitorActor>("monitor")
  let learning = Ref<LearningActor>("learning")
  let notify = Ref<NotifyActor>("notify")
  let owner = Owner()
  let handover = LaneHandover()
  private let outboxWakeup = Wakeup()
  /// Puts into words what people are told.
  private let herald: Herald
  /// The control socket as the start of the daemon opened it, until its child takes it over.
  private let door: Guarded<UnixListener?>
  /// What answers on it; nil before and after.
  private let control = Guarded<ControlServer?>(nil)

  /// The monitor that the control socket answers for; weak, since it owns the tree.
  final class Owner: Sendable {
    private struct State {
      weak var monitor: RetrainMonitor?
    }
    private let state = Guarded(State())
    /// The monitor, while it lives.
    var monitor: RetrainMonitor? { state.withLock { $0.monitor } }
    /// Set once, before the supervisor starts.
    func set(_ monitor: RetrainMonitor) { state.withLock { $0.monitor = monitor } }
  }

  /// A tree; nothing runs yet.
  ///
  /// - Parameter door: the control socket; nil where there is none.
  init(settings: SettingsBox, parts: Parts, paths: StatePaths, mode: RetrainMonitor.Mode, door: UnixListener? = nil) {
    self.door = Guarded(door)
    self.settings = settings
    herald = Herald(settings: settings, wakeup: Wakeup(), identifiers: parts.identifiers)
    self.parts = parts
    self.paths = paths
    self.mode = mode
  }

  /// The children, in the order in which they start.
  func children() -> [ChildSpec] {
    var children = [journalChild(), outboxChild(), runsChild(), retrainChild(), monitorChild(), notifyChild()]
    // The last one: what goes wrong with cycles in the making disturbs nobody else.
    if mode == .daemon { children += [controlChild(), learningChild()] }
    return children
  }

  /// What is still running though it was given up.
  func orphans(_ snapshot: SupervisorSnapshot) async -> [StatusReport.Orphan] {
    let children = snapshot.orphans.map {
      StatusReport.Orphan(id: $0.id, generation: $0.generation, ageSeconds: $0.age.seconds)
    }
    let jobs = await runs.current?.snapshot() ?? []
    return children
      + jobs.filter { $0.state == .abandoned }.map {
        StatusReport.Orphan(id: $0.id, generation: $0.generation, ageSeconds: $0.age.seconds)
      }
  }

  private func journalChild() -> ChildSpec {
    .instance(
      id: "journal", ref: journal,
      make: { [paths, handover, parts] _ in
        try await Journal.open(
          path: paths.database, onRecovered: { handover.recovery.onRecovered() },
          onMended: { parts.log.warning($0) })
      },
      run: { journal, context in
        context.ready()
        await Wakeup().wait()
        await journal.close()
      })
  }

  private func outboxChild() -> ChildSpec {
    .instance(
      id: "outbox", ref: outbox,
      make: { [journal, parts, outboxWakeup, herald] context in
        OutboxActor(
          journal: try journal.get(), parts: parts, wakeup: outboxWakeup, herald: herald,
          generation: context.generation)
      },
      run: { outbox, context in try await outbox.run(context) })
  }

  private func runsChild() -> ChildSpec {
    .instance(
      id: "runs", ref: runs, shutdown: .grace(stopGrace),
      make: { [parts] context in
        JobPool(clock: parts.clock, firstGeneration: context.generation << 32) { parts.log.supervision($0) }
      },
      run: { pool, context in await pool.run(context) })
  }

  private func retrainChild() -> ChildSpec {
    .instance(
      id: "retrain", ref: retrain, shutdown: .grace(stopGrace),
      make: { [journal, runs, parts, settings, handover, outboxWakeup, herald, monitor, mode] context in
        RetrainActor(
          journal: try journal.get(), pool: try runs.get(), parts: parts, settings: settings, handover: handover,
          outbox: outboxWakeup, herald: herald, generation: context.generation, isScheduled: mode == .daemon
        ) { delay in await monitor.current?.onRetryKnown(after: delay) }
      },
      run: { retrain, context in try await retrain.run(context) })
  }

  private func monitorChild() -> ChildSpec {
    .instance(
      id: "monitor", ref: monitor,
      make: { [journal, retrain, parts, settings, herald, mode] _ in
        MonitorActor(
          journal: try journal.get(), retrain: retrain, parts: parts, settings: settings, herald: herald,
          isScheduled: mode == .daemon)
      },
      run: { monitor, context in try await monitor.run(context) })
  }

  private func learningChild() -> ChildSpec {
    .instance(
      id: "learning", ref: learning,
      make: { [journal, monitor, parts, settings] _ in
        LearningActor(
          journal: try journal.get(), parts: parts, settings: settings,
          onCaughtUp: { await monitor.current?.onCyclesCaughtUp() })
      },
      run: { learning, context in try await learning.run(context) })
  }

  private func notifyChild() -> ChildSpec {
    .instance(
      id: "notify", ref: notify, shutdown: .grace(NotifyActor.stopGrace(isScheduled: mode == .daemon)),
      make: { [journal, parts, settings, herald, mode] context in
        NotifyActor(
          journal: try journal.get(), parts: parts, settings: settings, wakeup: herald.wakeup,
          generation: context.generation, isScheduled: mode == .daemon)
      },
      run: { notify, context in try await notify.run(context) })
  }

  private func controlChild() -> ChildSpec {
    ChildSpec(id: "control") { [paths, owner, control, door] context in
      let open = door.withLock { door in
        defer { door = nil }
        return door
      }
      let server = try ControlServer(open ?? UnixListener(path: paths.socket), owner: owner)
      control.withLock { $0 = server }
      context.ready()
      await Wakeup().wait()
      control.withLock { if $0 === server { $0 = nil } }
      try await onOwnThread(name: "control-stop") { server.stop() }
    }
  }

  /// Opens the control socket anew where somebody has removed its file.
  func restoreControl() async {
    guard let server = control.withLock({ $0 }) else { return }
    do {
      guard try await onOwnThread(name: "control-restore", { try server.restore() }) else { return }
      parts.log.warning("The control socket \(paths.socket) had been removed; it is there again.")
    } catch {
      parts.log.error("The control socket \(paths.socket) has gone, and cannot be made anew: \(error)")
    }
  }

  /// Removes a control socket that no child took over.
  func closeDoor() {
    door.withLock { door in
      door?.remove()
      door = nil
    }
  }

  /// The stop grace of the lane: what a pull is given, and room to write its end down.
  private var stopGrace: Duration { settings.current.ollama.stopGrace + Self.drainMargin }

  /// The supervisor over the children. The specification is fixed, so that a refusal of it is a mistake in this file.
  func supervisor() -> Supervisor {
    let log = parts.log
    return Supervisor(
      spec: spec(), clock: parts.clock, seed: parts.seed,
      events: { log.supervision($0) })
  }

  private func spec() -> SupervisorSpec {
    do {
      return try SupervisorSpec(id: "retraind", strategy: .restForOne, children: children())
    } catch {
      preconditionFailure("the tree of MonitorTree is refused: \(error)")
    }
  }
}

extension Duration {
  /// In seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
