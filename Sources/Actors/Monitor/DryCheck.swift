import Journal
public import Platform
import Rules
import Stores

/// A check that only evaluates: it reads what is there, and creates and changes nothing, so that it works on a file
/// system that is mounted read-only, too.
public enum DryCheck {
  /// Evaluates.
  ///
  /// - Parameters:
  ///   - model: only this one; nil for all.
  ///   - leavesNoTrace: makes nothing beside a file that nobody has open.
  ///   - thread: the thread to run on; nil for one of the journal's own.
  ///   - tell: told of trouble with the store.
  /// - Returns: what was found; of a place where nothing has been recorded yet what the configuration names.
  public static func run(
    _ settings: Settings, paths: StatePaths, model: String?, wallClock: WallClock = .system,
    leavesNoTrace: Bool = false, thread: ThreadExecutor? = nil,
    tell: @escaping @Sendable (LogLevel, String) -> Void = { _, _ in }
  ) async throws -> [CheckEntry] {
    let journal = try await existing(paths.database, leavesNoTrace, thread)
    let stats = StoreParts.active(settings, wallClock: wallClock, tell: tell).looking(journal) ?? NoCycles()
    do {
      let entries = try await entries(settings, over: stats, journal: journal, model, wallClock)
      await journal?.close()
      return entries
    } catch {
      await journal?.close()
      throw error
    }
  }

  private static func entries(
    _ settings: Settings, over stats: any StatsSource, journal: Journal?, _ model: String?, _ wallClock: WallClock
  ) async throws -> [CheckEntry] {
    let assessor = Assessor(stats: stats, journal: journal, wallClock: wallClock)
    return try await assessor.assess(settings, only: model.map { [$0] })
      .map { CheckEntry(CheckResult($0, action: .none)) }
  }

  /// The journal; nil where there is none.
  private static func existing(
    _ path: String, _ leavesNoTrace: Bool, _ thread: ThreadExecutor?
  ) async throws(JournalFailure) -> Journal? {
    do throws(JournalFailure) {
      return try await Journal.open(path: path, readOnly: true, leavesNoTrace: leavesNoTrace, thread: thread)
    } catch {
      if case .database(let failure) = error, failure.kind == .absent { return nil }
      throw error
    }
  }

  /// The source of a place where nothing has been recorded.
  private struct NoCycles: StatsSource {
    let name = "nothing"
    func newestRows(of models: [String?]?, limit: Int) async throws(StoreFailure) -> [ModelRows] { [] }
    func add(_ row: CycleRow) async throws(StoreFailure) {
      throw StoreFailure("a check that only evaluates adds nothing")
    }
  }
}
