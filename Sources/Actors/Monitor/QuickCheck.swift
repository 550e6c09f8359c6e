import Journal
public import Platform
import Rules
import Stores

/// A check for a command that finds nothing to do: evidence, verdicts and stored decisions, without the tree of a
/// monitor. Most checks of a healthy model are of this kind, and scripts run them often.
public enum QuickCheck {
  /// How long a command waits for another one on the same state directory, which is mostly done in a moment.
  public static let lockPatience: Duration = .seconds(3)

  /// Checks, where that needs no more than looking and writing decisions down.
  ///
  /// - Parameters:
  ///   - model: only this one; nil for all.
  ///   - thread: the thread to run on; nil for one of the journal's own.
  ///   - tell: told of trouble with the store.
  /// - Returns: what was found; nil where a run is to be started or resumed or an event delivered: that is a monitor's
  ///   work.
  /// - Throws: `LockFailure` where another instance has the state directory.
  public static func run(
    _ settings: Settings, paths: StatePaths, model: String?, wallClock: WallClock = .system,
    thread: ThreadExecutor? = nil,
    tell: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in }
  ) async throws -> [CheckEntry]? {
    try Directory.create(paths.directory)
    let lock = try await FileLock.acquire(path: paths.lock, within: lockPatience)
    defer { lock.release() }
    let journal = try await Journal.open(path: paths.database, thread: thread)
    do {
      let stats = StoreParts.active(settings, wallClock: wallClock, tell: tell).stats(journal)
      let entries = try await check(
        settings, journal: journal, stats: stats, only: model.map { [$0] }, wallClock: wallClock)
      await journal.close(keepsLog: true)
      return entries
    } catch {
      await journal.close()
      throw error
    }
  }

  private static func check(
    _ settings: Settings, journal: Journal, stats: any StatsSource, only: Set<String>?, wallClock: WallClock
  ) async throws -> [CheckEntry]? {
    guard try await journal.hasNothingToDo() else { return nil }
    let assessor = Assessor(stats: stats, journal: journal, wallClock: wallClock)
    let assessments = try await assessor.assess(settings, only: only)
    var results: [CheckResult] = []
    results.reserveCapacity(assessments.count)
    for assessment in assessments {
      switch assessment.action {
      case .none: results.append(CheckResult(assessment, action: .none))
      case .suppressed: results.append(CheckResult(assessment, action: .suppressed))
      case .exhausted: results.append(CheckResult(assessment, action: .exhausted))
      case .fire, .retry, .join: return nil
      }
    }
    let now = Timestamp(microseconds: wallClock.microseconds())
    guard try await !hasNews(settings, assessments, stats.standing, journal, at: now) else { return nil }
    _ = try await journal.storeDecisions(assessments.map { DecisionRow($0, at: now) })
    return results.map { CheckEntry($0) }
  }

  /// Whether there is anything to tell people, which is a monitor's work.
  private static func hasNews(
    _ settings: Settings, _ assessments: [Assessor.Assessment], _ standing: StoreStanding?, _ journal: Journal,
    at now: Timestamp
  ) async throws -> Bool {
    if settings.notify.isEmpty { return false }
    for sink in settings.notify where sink.problem == nil {
      if let waiting = try await journal.firstNotice(for: sink.name), waiting.nextAttemptAt <= now { return true }
    }
    let herald = Herald(settings: SettingsBox(settings), wakeup: Wakeup(), identifiers: Identifiers())
    let found = herald.notices(of: assessments, remembered: try await journal.rememberedSubjects(), at: now)
    return try await journal.areNews(found + (herald.notice(of: standing, at: now).map { [$0] } ?? []))
  }
}
