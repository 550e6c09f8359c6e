import Journal
import Ollama
import Platform
import Rules
import Stores
public import Supervision

/// The whole monitor: journal, outbox, runs, lane, schedule and control socket under one supervisor.
///
/// ```swift
/// let paths = StatePaths(database: "state/retraind.db", log: "state/model_retrainer.log")
/// let monitor = try await RetrainMonitor.start(Settings(model: "psa-engine:latest"), paths: paths)
/// ...
/// await monitor.stop()
/// ```
///
/// It runs until `stop`, whether or not anybody holds it.
public final class RetrainMonitor: Sendable {
  /// What a monitor is started for.
  public enum Mode: Sendable, Hashable {
    /// Checks on schedule and answers on the control socket until it is stopped.
    case daemon
    /// Only does what it is asked for, for a command that ends soon.
    case oneShot
  }

  /// Loads the configuration again, for a reload; returns it with the file that it came from.
  public typealias Reloader = @Sendable () async throws -> (settings: Settings, file: String?)

  /// This program's version.
  public static let version = "0.1.0"

  let tree: MonitorTree
  let paths: StatePaths
  let parts: Parts
  let mode: Mode
  private let supervisor: Supervisor
  private let root: Task<Result<StopReport, SupervisorError>, Never>
  private let reloader: Reloader?
  private let started: Int64

  private let reloading = Turnstile()
  private let dumping = Turnstile()

  private struct Shared {
    var state = "running"
    var sequence = 0
    var file: String?
    var lastReload: Int64?
    var lastReloadError: String?
    var reloads = 0
  }
  private let shared: Guarded<Shared>

  /// Starts the monitor and returns once every part is ready.
  ///
  /// - Parameters:
  ///   - settings: the configuration.
  ///   - paths: where its files are; directories are created.
  ///   - parts: effects; nil for the real ones.
  ///   - mode: a daemon, or a command's short life.
  ///   - environment: what the `ollama` program inherits, and where `OLLAMA_HOST` and lock directories are looked up;
  ///     nil for this process's own. Not used with `parts`.
  ///   - configurationFile: where the configuration came from, for the status.
  ///   - reloader: loads the configuration again.
  /// - Throws: `LockFailure` where another instance has the state directory, `SupervisorError` where a part does not
  ///   start, with the part's name and reason.
  public static func start(
    _ settings: Settings, paths: StatePaths, parts: Parts? = nil, mode: Mode = .daemon,
    environment: [String: String]? = nil, configurationFile: String? = nil, reloader: Reloader? = nil
  ) async throws -> RetrainMonitor {
    try Directory.create(paths.directory)
    // A daemon's lock is held for long, a command's only for a moment.
    let lock =
      mode == .daemon
      ? try FileLock.acquire(path: paths.lock)
      : try await FileLock.acquire(path: paths.lock, within: QuickCheck.lockPatience)
    let parts =
      try parts
      ?? Parts.real(
        settings, log: Log(paths, settings), environment: environment ?? ChildEnvironment.current(),
        owner: Directory.absolute(paths.database))
    // Before anything is looked at or resumed: where somebody answers here already, or nobody could, nothing is done.
    let door = mode == .daemon ? try UnixListener(path: paths.socket) : nil
    guard lock.isInPlace else {
      door?.remove()
      throw LockFailure.failed("lock \(paths.lock): the file was removed or replaced at this very moment; start again")
    }
    let monitor = RetrainMonitor(
      settings, paths: paths, parts: parts, mode: mode, lock: lock, door: door, configurationFile: configurationFile,
      reloader: reloader)
    do {
      try await monitor.supervisor.waitUntilReady()
    } catch {
      // Also where the waiting task was cancelled: nothing is left running that nobody can stop.
      await monitor.stop()
      throw error
    }
    if mode == .daemon {
      parts.log.info("✅ Model retrain monitor started (checking every \(settings.interval.inWords))")
    }
    return monitor
  }

  private init(
    _ settings: Settings, paths: StatePaths, parts: Parts, mode: Mode, lock: FileLock, door: UnixListener?,
    configurationFile: String?, reloader: Reloader?
  ) {
    self.paths = paths
    self.parts = parts
    self.mode = mode
    self.reloader = reloader
    started = parts.wallClock.microseconds()
    shared = Guarded(Shared(file: configurationFile))
    let tree = MonitorTree(settings: SettingsBox(settings), parts: parts, paths: paths, mode: mode, door: door)
    self.tree = tree
    let supervisor = tree.supervisor()
    self.supervisor = supervisor
    // The one root task of a monitor; `stop` ends it and `ended` awaits it. It holds the lock of the state directory:
    // that is free when everything has ended, and not before, whatever becomes of this object.
    root = Task.detached {
      let result: Result<StopReport, SupervisorError>
      do throws(SupervisorError) {
        result = .success(try await supervisor.run())
      } catch {
        result = .failure(error)
      }
      tree.handover.ends.close()
      tree.closeDoor()
      lock.release()
      return result
    }
    tree.owner.set(self)
  }

  /// Stops in reverse order, each part within its grace: what runs is journalled as interrupted, and who waits for
  /// it is told.
  @discardableResult
  public func stop() async -> StopReport? {
    shared.withLock { if $0.state == "running" { $0.state = "stopping" } }
    tree.handover.beginDraining()
    supervisor.stop()
    let report = try? await root.value.get()
    shared.withLock { $0.state = "stopped" }
    _ = try? await onOwnThread(name: "log-flush") { [parts] in parts.log.flush() }
    return report
  }

  /// Returns when the monitor has ended.
  ///
  /// - Throws: `SupervisorError` where it ended because a part failed too often.
  public func ended() async throws(SupervisorError) -> StopReport { try await root.value.get() }

  /// The configuration in force.
  public var settings: Settings { tree.settings.current }

  /// Loads the configuration again and puts it in force; a bad one changes nothing.
  ///
  /// Reloads happen one after another, each reading the file anew: the one that came last has the last word.
  public func reload() async -> ReloadAnswer {
    guard let reloader else {
      var answer = ReloadAnswer()
      answer.error = "this monitor was started by a program: it has no configuration file to read again"
      return answer
    }
    return await reloading.pass { await reload(with: reloader) }
  }

  private func reload(with reloader: Reloader) async -> ReloadAnswer {
    await tree.restoreControl()
    var answer = ReloadAnswer()
    do {
      let loaded = try await reloader()
      answer = await replace(with: loaded.settings)
      shared.withLock {
        $0.file = loaded.file
        $0.lastReloadError = nil
      }
      let changes = answer.changes.isEmpty ? "nothing changed" : answer.changes.joined(separator: "; ")
      parts.log.info("Configuration reloaded: \(changes).")
      for field in answer.needsRestart { parts.log.warning("Needs a restart to take effect: \(field).") }
    } catch {
      answer.error = "\(error)"
      shared.withLock { $0.lastReloadError = "\(error)" }
      parts.log.error("Reload refused, the old configuration stays in force: \(error)")
    }
    shared.withLock {
      $0.lastReload = parts.wallClock.microseconds()
      $0.reloads += 1
    }
    return answer
  }

  /// Puts a configuration in force: phase, queues and counters stay; running work keeps what it was requested with.
  @discardableResult
  public func apply(_ new: Settings) async -> ReloadAnswer {
    await reloading.pass { await replace(with: new) }
  }

  private func replace(with new: Settings) async -> ReloadAnswer {
    let old = tree.settings.current
    tree.settings.replace(new)
    let differences = new.differences(from: old)
    // By normalised names: another way of writing a model removes nothing.
    let kept = Set(new.namedModels.map(ModelName.normalised))
    let removed = Set(old.namedModels.map(ModelName.normalised)).subtracting(kept)
    if !removed.isEmpty { await tree.retrain.current?.onModelsRemoved(removed) }
    let reconfigured = new.namedModels.union(old.namedModels).filter {
      old.models[$0] != new.models[$0] || ($0 == new.model && old.rules != new.rules)
    }
    for model in reconfigured.sorted() {
      do {
        try await tree.journal.get().onConfigurationChanged(model)
      } catch {
        parts.log.error("\(model): its configuration changed, but that could not be recorded: \(error)")
      }
    }
    await tree.monitor.current?.onSettingsChanged()
    await tree.learning.current?.onSettingsChanged()
    parts.onReload()
    await tree.outbox.current?.onReload()
    let revived = await tree.notify.current?.onReload() ?? [:]
    var answer = ReloadAnswer()
    answer.changes = differences.filter { !$0.needsRestart }.map { "\($0.field): \($0.old) → \($0.new)" }
    // No field has changed, but what happens has.
    answer.changes += revived.sorted { $0.key < $1.key }.map { "notify.\($0.key): it is told again (\($0.value))" }
    answer.needsRestart = differences.filter(\.needsRestart).map { "\($0.field): \($0.old) → \($0.new)" }
    return answer
  }

  /// The whole monitor at this moment.
  public func status() async -> StatusReport {
    let snapshot = await supervisor.snapshot()
    let (state, sequence, file, reload, reloadError, reloads) = shared.withLock {
      $0.sequence += 1
      return ($0.state, $0.sequence, $0.file, $0.lastReload, $0.lastReloadError, $0.reloads)
    }
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    var report = StatusReport(
      writtenAt: now.rfc3339, state: state, version: Self.version,
      journal: StatusReport.JournalStatus(path: paths.database, unwritable: await tree.journal.current?.unwritable()))
    report.sequence = sequence
    report.pid = ProcessIdentity.current()
    report.startedAt = Timestamp(microseconds: started).rfc3339
    report.children = snapshot.children.map { StatusReport.Child($0) }
    report.orphans = await tree.orphans(snapshot)
    report.lane = await tree.retrain.current?.status() ?? StatusReport.Lane()
    if let counts = try? await tree.journal.current?.outboxCounts() { report.outbox = StatusReport.Outbox(counts) }
    if report.outbox.blocked > 0, let blocked = try? await tree.journal.current?.blockedEvents(limit: 1).first,
      case .blocked(let why) = blocked.state
    {
      report.outbox.blockedWhy = why
    }
    let sinks = (try? await tree.journal.current?.sinkCounts()) ?? []
    report.sinks = StatusReport.Sink.all(settings, sinks, gone: await tree.notify.current?.gone() ?? [:])
    await fillMonitor(&report, now: now)
    await fillLearning(&report, now: now)
    report.configuration.file = file
    report.configuration.effective = settings.effective
    report.configuration.lastReload = reload.map { Timestamp(microseconds: $0).rfc3339 }
    report.configuration.lastReloadError = reloadError
    report.configuration.reloads = reloads
    return report
  }

  /// Writes one status after another, so that an older one never replaces a newer.
  func oneDumpAtATime(_ body: @Sendable () async -> Void) async { await dumping.pass(body) }
}

extension Log {
  /// The log of a program that embeds the monitor.
  fileprivate convenience init(_ paths: StatePaths, _ settings: Settings) {
    self.init(
      destination: .file(paths.log), level: settings.log.platformLevel, format: settings.log.platformFormat)
  }
}
