import Actors
import Journal
import Ollama
import Platform
import Rules
import Stores
import Testing

@testable import Main

/// What follows `type:` can be typed: no comment, no word to fill in, and of our own commands none that is refused.
@Suite("what the doctor says to type", .timeLimit(.minutes(5)))
struct RemedyTests {
  /// First words of commands of others.
  private static let programs: Set<Substring> = [
    "ps", "kill", "fuser", "df", "sqlite3", "ollama", "curl", "brew", "sh", "chmod", "cp", "mv", "sudo", "systemctl",
    "timedatectl", "ls", "ulimit", "unset", "export", "date",
  ]
  /// Words that stand for others.
  private static let blanks: Set<Substring> = ["NAME", "MODEL", "FILE", "DIR", "HOST", "PORT", "N", "X", "T"]

  private static let paths = StatePaths(database: "/s/retraind.db", log: "/s/x.log")

  /// A finding of each kind that there is.
  private static func all() throws -> [Finding] {
    var found = SystemFindings.configuration(ConfigurationFacts(file: "x.json5"))
    found += SystemFindings.configuration(ConfigurationFacts(errors: ["one"], warnings: ["two"]))
    for limit in [31, 256] {
      found += SystemFindings.system(
        SystemFacts(
          seconds: 0, descriptorLimit: limit, notifySocket: "/gone", hasNotifySocket: false, watchdog: "1000",
          otherState: "/var/lib/retraind"))
    }
    found += DoctorProbe.allCases.map { $0.late(.seconds(1), "/a b.db") }
    return found + places() + databases() + (try daemons()) + servers() + (try cycles()) + (try sinks()) + names()
  }

  private static func places() -> [Finding] {
    var found: [Finding] = []
    let kinds: [PlaceFacts.Kind] = [.absent, .file, .directory, .other, .hidden("denied")]
    for kind in kinds {
      for directoryKind in kinds {
        for owner: UInt32 in [0, 1, 7] {
          for isFine in [true, false] {
            let place = PlaceFacts(
              path: "/s d/retraind.db", kind: kind, isWritable: isFine, isOpenToOthers: true, size: 2 << 30,
              directory: "/s d", directoryKind: directoryKind, hasDirectory: isFine, isDirectoryWritable: isFine,
              isDirectoryOpenToAll: true, directoryOwner: owner, user: 7, free: 1, isReadOnly: owner == 1,
              walSize: 1 << 30)
            found += PlaceFindings.state(place) + PlaceFindings.log(place)
          }
        }
      }
    }
    return found
  }

  private static func databases() -> [Finding] {
    var facts = DatabaseFacts(writer: SQLiteWriter.Holder(process: 42))
    facts.outbox = OutboxCounts(pending: 1, blocked: 2)
    facts.openRuns = [RunKind.pull, .rollback].map {
      RunRow(id: "r", model: "a:7b", kind: $0, trigger: .manual, requestedAt: Timestamp(microseconds: 0))
    }
    var found = DatabaseFindings.of(facts, path: "/a b.db", daemon: nil, isToldByDaemon: false)
    found += DatabaseFindings.outbox(pending: 1, blocked: 1, why: "null value", hasDaemon: true)
    facts.writer = SQLiteWriter.Holder(process: nil)
    for kind in [SQLiteFailure.Kind.corrupted, .locked, .olderSchema, .newerSchema, .notADatabase] {
      facts.failure = SQLiteFailure(kind: kind, path: "/a b.db", description: "text")
      found += DatabaseFindings.of(facts, path: "/a b.db", daemon: nil, isToldByDaemon: false)
    }
    return found
  }

  private static func daemons() throws -> [Finding] {
    var report = StatusReport(
      writtenAt: "", state: "running", version: "0.9", journal: StatusReport.JournalStatus(path: "/s/retraind.db"))
    report.journal.unwritable = "full"
    report.monitor.lastError = "why"
    report.configuration.lastReloadError = "why"
    report.outbox.blocked = 2
    report.children = [
      try JSON.decode(
        StatusReport.Child.self,
        from: #"{"id":"outbox","state":"restarting","generation":1,"restarts":1,"last_error":"boom"}"#)
    ]
    report.orphans = [
      try JSON.decode(StatusReport.Orphan.self, from: #"{"id":"run-1","generation":1,"age_seconds":90.5}"#)
    ]
    report.models = try ["\"a:7b\"", "null"].map {
      try JSON.decode(StatusReport.Model.self, from: #"{"check":\#(entry($0, "degraded", action: "exhausted"))}"#)
    }
    var found: [Finding] = []
    for answer in [DaemonFacts.Answer.nobody, .failed("why"), .denied("why"), .status(report)] {
      for holder in [nil, 42] as [Int32?] {
        var facts = DaemonFacts(paths: paths, holder: holder, answer: answer, version: "1.0")
        facts.descriptors = (open: 99, limit: 100)
        found += DaemonFindings.of(facts)
      }
    }
    return found
  }

  private static func servers() -> [Finding] {
    var found: [Finding] = []
    for isMissing in [true, false] {
      for hasImpliedPort in [true, false] {
        var facts = OllamaFacts(
          endpoint: "http://gpu:80", warnings: ["w"], hasImpliedPort: hasImpliedPort, transport: .cli,
          laneLock: "/a b/x", isLaneLockUsable: false)
        (facts.isProgramMissing, facts.isLocal, facts.programProblem) = (isMissing, isMissing, "no program")
        (facts.laneHolder, facts.keepsBackup) = (42, false)
        found += OllamaFindings.of(facts)
      }
    }
    found += [nil, "a:7b-retraind-previous"].map { StaleRunner(model: "a:7b", holder: $0).finding }
    let states: [ProjectInspection.State] = [
      .readable(isEmpty: true, missing: ["model"]), .readable(isEmpty: false, missing: ["accept_rate", "accepted"]),
      .readable(isEmpty: false, missing: ["id", "metadata"]), .readable(isEmpty: false, missing: ["event_type"]),
      .missing("404"), .denied("403", remedy: "GRANT SELECT ON x TO y;"), .badKey("401"), .failed("refused"),
    ]
    for name in [ProjectInspection.stats, ProjectInspection.events, ProjectInspection.otherEvents] {
      for state in states {
        found += StoreFindings.project(
          ProjectFacts(
            url: "https://x.example", key: .publishable,
            tables: [ProjectInspection.Table(name: name, state: state)], bareBase: "https://x.example"))
      }
    }
    return found
  }

  private static func entry(_ model: String, _ verdict: String, have: Int = 3, action: String = "none") -> String {
    #"{"model":\#(model),"verdict":"\#(verdict)","average":0.5,"threshold":0.6,"have":\#(have),"need":3,"cycles":[],"#
      + #""quarantined":1,"quarantine":"1 from the future","reason":"r","action":"\#(action)","run":null}"#
  }

  private static func cycles() throws -> [Finding] {
    var found = StoreFindings.cycles(CycleFacts(failure: "x"), present: [])
    found += StoreFindings.cycles(CycleFacts(), present: [])
    for model in ["\"a:7b\"", "null"] {
      for verdict in ["healthy", "degraded", "stale", "insufficient", "unattributed"] {
        let one = try JSON.decode(CheckEntry.self, from: entry(model, verdict))
        found += StoreFindings.cycles(CycleFacts(entries: [one]), present: [])
      }
    }
    return found
  }

  private static func sinks() throws -> [Finding] {
    try ["gone", "unusable", "waiting", "ok"].flatMap { state in
      let sink = try JSON.decode(
        StatusReport.Sink.self,
        from: #"{"name":"hook","type":"webhook","state":"\#(state)","pending":1,"delivered":1,"dead":1,"problem":"p"}"#)
      return NotifyFindings.of([sink], programs: [:])
    }
  }

  private static func names() -> [Finding] {
    let circuits = ["a:7b", "lama3.2:3b", "zzz:1b"].map { StatusReport.Circuit(model: $0, why: "w", isNamed: true) }
    var found: [Finding] = []
    for present in [nil, ["llama3.2:3b"], ["a:7b"]] as [[String]?] {
      for rows in [[], ["llama3.2:3b"], ["lama3.2:3b", "zzz:1b"]] {
        let names = NameFindings(
          configured: ["llama3.2"], flagged: ["llama3.2:b3"], rows: rows, present: present)
        found += names.all([]) + names.all(circuits)
      }
    }
    return found
  }

  /// Words as a shell takes them, at least those that are suggested here.
  private static func words(_ line: Substring) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        (quote, word) = (character, word ?? "")
      } else if character == " " {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }

  @Test("each of them is a command that is accepted, also with the options that the doctor was given")
  func accepted() throws {
    let context = ProgramContext(
      environment: [:], workingDirectory: "/", terminal: Terminal(environment: [:], noColor: true),
      global: GlobalOptions(config: "/a b.json5", stateDirectory: "/s"))
    let findings = try Self.all()
    var commands: Set<String> = []
    for finding in findings {
      for text in [finding.type, finding.type.map { DoctorCommand.typed($0, context) }].compactMap(\.self) {
        #expect(!text.isEmpty && !text.contains("#") || text.contains("'#"), "\(finding.what): \(text)")
        for line in text.replacing(" && ", with: "\n").replacing("; ", with: "\n").split(separator: "\n") {
          var words = Self.words(line)[...]
          #expect(!words.contains { Self.blanks.contains($0[...]) }, "\(finding.what): \(line)")
          if words.first == "sudo", let ours = words.firstIndex(of: "retraind") { words = words[ours...] }
          guard words.first == "retraind" else {
            #expect(Self.programs.contains(line.prefix { $0 != " " }), "\(finding.what): \(line)")
            continue
          }
          commands.insert(words.dropFirst().joined(separator: " "))
          #expect(throws: Never.self, "\(finding.what): \(line)") {
            try ArgumentParser.parse(Array(words.dropFirst()))
          }
        }
      }
    }
    // The table is not empty by a slip.
    #expect(commands.count >= 20, "\(commands.sorted())")
  }

  @Test("an option that a suggested command has already is not given to it again")
  func once() {
    let context = ProgramContext(
      environment: [:], workingDirectory: "/", terminal: Terminal(environment: [:], noColor: true),
      global: GlobalOptions(config: "/c.json5", stateDirectory: "/s"))
    #expect(
      DoctorCommand.typed("retraind doctor --state-dir /t", context)
        == "retraind --config /c.json5 doctor --state-dir /t")
    #expect(
      DoctorCommand.typed("retraind check-config && retraind reload", context)
        == "retraind --config /c.json5 --state-dir /s check-config && retraind --config /c.json5 --state-dir /s reload")
  }
}
