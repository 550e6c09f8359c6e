import Actors
import Journal
import Platform
import Testing

@testable import Main

@Suite("the doctor on files and the database", .timeLimit(.minutes(5)))
struct PlaceFindingsTests {
  /// A database that is as it should be.
  private var sound: PlaceFacts {
    PlaceFacts(
      path: "/s/retraind.db", kind: .file, isWritable: true, isOpenToOthers: false, size: 4096, directory: "/s",
      directoryKind: .directory, hasDirectory: true, isDirectoryWritable: true, isDirectoryOpenToAll: false,
      directoryOwner: 1, user: 1, free: 1 << 40, isReadOnly: false)
  }

  private func state(_ change: (inout PlaceFacts) -> Void) -> [Finding] {
    var facts = sound
    change(&facts)
    return PlaceFindings.state(facts)
  }

  @Test("what is as it should be is not mentioned")
  func healthy() {
    #expect(state { _ in }.isEmpty)
    #expect(PlaceFindings.log(sound).isEmpty)
  }

  @Test("a place that does not exist yet is a note, unless nobody could make it")
  func absent() {
    let fresh = state {
      $0.kind = .absent; $0.hasDirectory = false; $0.directory = "/"
    }
    #expect(fresh.map(\.severity) == [.note])
    #expect(fresh.first?.type == "retraind run")
    let denied = state {
      $0.kind = .absent; $0.hasDirectory = false; $0.isDirectoryWritable = false; $0.user = 7
    }
    #expect(denied.map(\.severity) == [.error, .note])
    #expect(denied[0].what == "/s cannot be written by this user (uid 7)")
    // The one above is others' too.
    #expect(denied[0].type?.split(separator: "\n").first == "sudo install -d -o 7 /s")
    #expect(denied[0].type?.contains("chown") == false)
    let inTheWay = state {
      $0.kind = .absent; $0.hasDirectory = false; $0.directoryKind = .file
    }
    #expect(inTheWay.first?.what == "/s is in the way: it is no directory")
  }

  @Test("each fault of a place, with its severity")
  func faults() {
    let faults: [(Finding.Severity, String, (inout PlaceFacts) -> Void)] = [
      (
        .error, "read-only",
        {
          $0.isReadOnly = true; $0.isDirectoryWritable = false
        }
      ),
      (.error, "cannot be written", { $0.isDirectoryWritable = false }),
      (.error, "cannot be written", { $0.isWritable = false }),
      (.warning, "every user", { $0.isDirectoryOpenToAll = true }),
      (.note, "belongs to uid 3", { $0.directoryOwner = 3 }),
      (.note, "can be read by other users", { $0.isOpenToOthers = true }), (.error, "no file", { $0.kind = .other }),
      (.error, "cannot be looked at: Permission denied", { $0.kind = .hidden("Permission denied") }),
      (.error, "15 MB are free", { $0.free = 15_900_000 }), (.warning, "255 MB are free", { $0.free = 255_000_000 }),
      (.warning, "-wal has 100 MB", { $0.walSize = 100_000_000 }),
    ]
    for (severity, words, change) in faults {
      let found = state(change)
      #expect(found.map(\.severity) == [severity], "\(words)")
      #expect(found.first?.what.contains(words) == true, "\(found)")
      #expect(found.first?.why != nil)
    }
  }

  @Test("a state that is somebody else's is theirs to look at, and that is all that is said", arguments: [true, false])
  func foreign(isHidden: Bool) {
    var facts = DoctorFacts()
    var place = sound
    (place.directoryOwner, place.user) = (0, 65_534)
    (place.isDirectoryWritable, place.isWritable) = (false, false)
    if isHidden { place.kind = .hidden("Permission denied") }
    (facts.state, facts.log) = (place, place)
    facts.database = DatabaseFacts(failure: SQLiteFailure(kind: .other, path: "/s/retraind.db", description: "denied"))
    facts.cycles = CycleFacts(failure: "denied")
    facts.daemon = DaemonFacts(
      paths: StatePaths(database: "/s/retraind.db", log: "/s/x.log"), answer: .failed("denied"), version: "1.0")
    func faults() -> [Finding] {
      Examination.findings(facts, unfinished: [], bound: .seconds(1)).filter { $0.severity != .note }
    }
    #expect(faults().map(\.severity) == [.error])
    #expect(faults().map(\.type) == ["sudo retraind doctor"])
    facts.state?.directoryOwner = 1000
    #expect(faults().map(\.type) == ["sudo -u '#1000' retraind doctor"])
    // A log that is not there yet would lie in the same directory.
    facts.log?.kind = .absent
    #expect(faults().count == 1)
  }

  @Test("a log that cannot be written is a warning: its lines go elsewhere")
  func log() {
    var facts = sound
    facts.isWritable = false
    #expect(PlaceFindings.log(facts).map(\.severity) == [.warning])
    facts.kind = .directory
    #expect(PlaceFindings.log(facts).map(\.severity) == [.warning])
    facts = sound
    facts.size = 2 << 30
    #expect(PlaceFindings.log(facts).map(\.severity) == [.note])
  }

  @Test("who has the database locked, unless it is the daemon")
  func lock() {
    var facts = DatabaseFacts(writer: SQLiteWriter.Holder(process: 42))
    func found(daemon: Int32?) -> [Finding] {
      DatabaseFindings.of(facts, path: "/s/x.db", daemon: daemon, isToldByDaemon: false)
    }
    #expect(found(daemon: nil).map(\.what) == ["process 42 has /s/x.db locked"])
    #expect(found(daemon: nil).first?.type == "ps -fp 42")
    #expect(found(daemon: 7).count == 1)
    #expect(found(daemon: 42).isEmpty)
    facts.writer = SQLiteWriter.Holder(process: nil)
    #expect(found(daemon: nil).first?.type == "fuser /s/x.db")
  }

  @Test("what the database says for itself counts only where no daemon said it")
  func offline() {
    var facts = DatabaseFacts()
    facts.outbox = OutboxCounts(pending: 1, blocked: 2)
    facts.blockedWhy = "null value in column"
    let found = DatabaseFindings.of(facts, path: "/s/x.db", daemon: nil, isToldByDaemon: false)
    #expect(found.map(\.severity) == [.warning, .note])
    #expect(found[0].why == "null value in column")
    #expect(DatabaseFindings.of(facts, path: "/s/x.db", daemon: nil, isToldByDaemon: true).isEmpty)
    let full = DatabaseFindings.outbox(pending: JournalLimits.waitingEvents, blocked: 0, why: nil, hasDaemon: true)
    #expect(full.map(\.severity) == [.error])
  }

  @Test(
    "each refusal of the database",
    arguments: [
      (SQLiteFailure.Kind.corrupted, Finding.Severity.error, "is damaged"), (.locked, .error, "has it locked"),
      (.olderSchema, .note, "text"), (.newerSchema, .error, "a newer version"),
      (.notADatabase, .error, "cannot be used"),
      (.foreign, .error, "cannot be used"), (.inputOutput, .error, "cannot be used"),
    ])
  func refusals(kind: SQLiteFailure.Kind, severity: Finding.Severity, words: String) {
    let failure = SQLiteFailure(kind: kind, path: "/s/x.db", description: "text")
    let found = DatabaseFindings.of(
      DatabaseFacts(failure: failure), path: "/s/x.db", daemon: nil, isToldByDaemon: false)
    #expect(found.map(\.severity) == [severity])
    #expect(found.first?.what.contains(words) == true)
  }

  @Test("damage is told once, by whoever saw it")
  func damage() {
    var facts = DoctorFacts()
    facts.integrity = .damaged("row 3 missing from index")
    facts.database = DatabaseFacts()
    func errors() -> [Finding] {
      Examination.findings(facts, unfinished: [], bound: .seconds(1)).filter { $0.severity == .error }
    }
    #expect(errors().map { $0.why?.hasPrefix("row 3 missing from index; ") } == [true])
    facts.database?.failure = SQLiteFailure(kind: .corrupted, path: "/s/x.db", description: "malformed")
    facts.cycles = CycleFacts(failure: "malformed")
    #expect(errors().map { $0.why?.hasPrefix("malformed; ") } == [true])
  }
}
