import Actors
import Journal
import Platform
import Rules
import Stores

/// Adds a cycle while no daemon runs: the store is opened, written and closed.
enum CycleWriter {
  static func add(_ cycle: ControlRequest.Cycle, _ loaded: LoadedConfiguration) async throws -> String {
    let journal: Journal
    do {
      journal = try await Journal.open(path: loaded.paths.database)
    } catch {
      let (code, reason) = StartRefusal.explain(error)
      throw CommandFailure(code: code, reason)
    }
    let now = WallClock.system.microseconds()
    var identifiers = IdentifierSource.fromSystem()
    let row = CycleRow(
      id: cycle.id ?? identifiers.next(at: now), model: cycle.model, modelVersion: cycle.modelVersion,
      timestamp: Timestamp(microseconds: cycle.microseconds ?? now), windowMinutes: cycle.windowMinutes,
      accepted: cycle.accepted, rejected: cycle.rejected, edited: cycle.edited, acceptRate: cycle.acceptRate)
    do {
      try await StoreParts.atHand(loaded.settings, journal).add(row)
    } catch {
      await journal.close()
      throw error
    }
    await journal.close()
    return row.id
  }
}
