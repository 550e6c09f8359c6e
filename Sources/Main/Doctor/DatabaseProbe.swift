import Actors
import Journal
import Platform
import Rules

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Looks into the database; writes nothing, and makes nothing beside it where nobody has it open.
enum DatabaseProbe {
  /// Looks at a lock that is held: a transaction of a daemon is over between two of them.
  static let looksAtLock = 5
  /// Microseconds between two looks.
  static let pauseBetweenLooks: UInt32 = 50_000
  /// Milliseconds that a reader waits for a lock.
  static let shortWait: Int32 = 300

  /// Who holds the lock for longer than a transaction takes. Blocks; before the file is opened.
  static func writer(of path: String) -> SQLiteWriter.Holder? {
    var holder = SQLiteWriter.now(path: path)
    for _ in 1..<looksAtLock {
      guard holder != nil else { return nil }
      usleep(pauseBetweenLooks)
      let again = SQLiteWriter.now(path: path)
      if again != holder { return nil }
      holder = again
    }
    return holder
  }

  /// What is in it.
  static func look(at path: String, writer: SQLiteWriter.Holder?, _ settings: Settings) async -> DatabaseFacts {
    var facts = DatabaseFacts(writer: writer)
    do throws(JournalFailure) {
      let journal = try await Journal.open(path: path, readOnly: true, leavesNoTrace: true)
      facts.outbox = try await journal.outboxCounts()
      facts.blockedWhy = try await journal.newestBlock()
      let now = Timestamp(microseconds: WallClock.system.microseconds())
      facts.circuits = await StatusReport.Circuit.all(journal, settings, now: now) ?? []
      facts.openRuns = try await journal.openRuns()
      facts.sinks = try await journal.sinkCounts()
      await journal.close()
    } catch {
      if case .database(let failure) = error {
        facts.failure = failure
      } else {
        facts.failure = SQLiteFailure(kind: .other, path: path, description: error.description)
      }
    }
    return facts
  }

  /// Reads the whole file. Blocks for as long as that takes.
  static func integrity(of path: String) -> IntegrityFacts {
    let first = check(path)
    // Somebody may have begun to write in between, which that look did not see: the next one does.
    return first == .sound ? first : check(path)
  }

  private static func check(_ path: String) -> IntegrityFacts {
    do throws(SQLiteFailure) {
      let database = try SQLiteDatabase(
        path: path, access: .readOnly, busyTimeout: shortWait, leavesNoTrace: true)
      let words = try database.first("PRAGMA quick_check(1)") { row in row[0].text ?? "" } ?? ""
      return words == "ok" ? .sound : .damaged(words)
    } catch {
      return error.kind == .corrupted ? .damaged(error.description) : .unknown
    }
  }
}
