import Actors
import Journal
import Platform
import Rules
import Stores

/// Adds a cycle while no daemon runs: the store is opened, written and closed.
enum CycleWriter {
  static func add(_ cycle: ControlRequest.Cycle, _ loaded: LoadedConfiguration) async throws -> RecordAnswer {
    let journal: Journal
    do {
      journal = try await Journal.open(path: loaded.paths.database)
    } catch {
      let (code, reason) = StartRefusal.explain(error)
      throw CommandFailure(code: code, reason)
    }
    let now = WallClock.system.microseconds()
    var identifiers = IdentifierSource.fromSystem()
    let recorder = CycleRecorder(stats: StoreParts.atHand(loaded.settings, journal), journal: journal, settings: loaded.settings)
    do {
      let answer = try await recorder.record(
        cycle, id: identifiers.next(at: now), now: Timestamp(microseconds: now))
      await journal.close()
      return answer
    } catch {
      await journal.close()
      throw error
    }
  }
}
