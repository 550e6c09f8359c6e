import Actors
import Journal
import Platform
import Testing

@testable import Main

@Suite("the doctor on being told, and on what it advises", .timeLimit(.minutes(5)))
struct NotifyFindingsTests {
  private func sink(_ change: (inout StatusReport.Sink) -> Void = { _ in }) throws -> StatusReport.Sink {
    var sink = try JSON.decode(
      StatusReport.Sink.self,
      from: #"{"name":"hook","type":"webhook","state":"ok","pending":0,"delivered":1,"dead":0}"#)
    change(&sink)
    return sink
  }

  private func found(
    programs: [String: String] = [:], _ change: (inout StatusReport.Sink) -> Void = { _ in }
  ) throws -> [Finding] { NotifyFindings.of([try sink(change)], programs: programs) }

  @Test("a sink that is told is not mentioned, and neither is one that the configuration does not name any more")
  func fine() throws {
    #expect(try found().isEmpty)
    #expect(
      try found {
        $0.state = "removed"; $0.dead = 2
      }.isEmpty)
  }

  @Test("gone, unusable, silent, without its program")
  func faults() throws {
    let gone = try found {
      $0.state = "gone"; $0.problem = "it answers 410"
    }
    #expect(gone.map(\.what) == ["hook is not told any more: its receiver is gone"])
    #expect(gone.map(\.why) == ["it answers 410"])
    let unusable = try found {
      $0.state = "unusable"; $0.problem = "no secret"; $0.pending = 2
    }
    #expect(unusable.map(\.what) == ["hook is not told: it cannot be used; 2 notices wait"])
    #expect(unusable.map(\.why) == ["no secret"])
    let silent = try found {
      $0.state = "waiting"; $0.lastFailure = "it answers 500"; $0.pending = 1
    }
    #expect(silent.map(\.what) == ["hook was not told at the last try; 1 notice waits"])
    let missing = try found(programs: ["hook": "x was not found in PATH"])
    #expect(missing.map(\.why) == ["x was not found in PATH"])
    for one in [gone, unusable, silent, missing] {
      #expect(one.map(\.severity) == [.warning])
      #expect(one.first?.topic == .notify)
      #expect(one.first?.type?.hasPrefix("retraind ") == true)
    }
  }

  @Test("notices that were given up, until others have been told since")
  func dead() throws {
    func dead(told: String?, failed: String?) throws -> [Finding] {
      try found {
        $0.dead = 3; $0.deadWhy = "a 400"; $0.lastDelivery = told; $0.lastFailureAt = failed
      }
    }
    #expect(try dead(told: nil, failed: nil).map(\.severity) == [.warning])
    #expect(try dead(told: "2026-01-01T00:00:00Z", failed: "2026-01-02T00:00:00Z").map(\.severity) == [.warning])
    let over = try dead(told: "2026-01-03T00:00:00Z", failed: "2026-01-02T00:00:00Z")
    #expect(over.map(\.severity) == [.note])
    #expect(over.map(\.what) == ["3 notices for hook were given up"])
    #expect(over.map(\.why) == ["a 400"])
  }

  @Test("what a daemon says of sinks counts more than the journal, and the journal where none runs")
  func sources() throws {
    var facts = DoctorFacts()
    facts.notify.settings.notify = [SinkSettings(name: "hook", way: .command(CommandSettings(program: "/bin/true")))]
    facts.database = DatabaseFacts()
    var counts = SinkCounts("hook")
    counts.dead = 1
    facts.database?.sinks = [counts]
    func faults() -> [String] {
      Examination.findings(facts, unfinished: [], bound: .seconds(1)).filter { $0.topic == .notify }.map(\.what)
    }
    #expect(faults() == ["1 notice for hook was given up"])
    var report = StatusReport(
      writtenAt: "", state: "running", version: "1.0", journal: StatusReport.JournalStatus(path: "/s/retraind.db"))
    let gone = try sink {
      $0.state = "gone"
    }
    report.sinks = [gone]
    facts.daemon = DaemonFacts(
      paths: StatePaths(database: "/s/retraind.db", log: "/s/x.log"), answer: .status(report), version: "1.0")
    #expect(faults() == ["hook is not told any more: its receiver is gone"])
  }

  @Test("Ollama that is not installed is installed; one elsewhere is started there")
  func install() {
    var facts = OllamaFacts(
      endpoint: "http://127.0.0.1:11434", warnings: [], hasImpliedPort: false, transport: .auto, laneLock: "/l",
      isLaneLockUsable: true)
    (facts.failure, facts.programProblem) = ("nobody answers", "ollama was not found in PATH")
    (facts.isProgramMissing, facts.isLocal) = (true, true)
    func ways() -> [Substring] { OllamaFindings.of(facts).first?.type?.split(separator: "\n") ?? [] }
    #expect(ways().count == 1)
    #expect(ways().first?.contains("install") == true && ways().first?.contains("serve") == false)
    facts.isLocal = false
    #expect(ways().first == "ollama serve")
    (facts.isLocal, facts.isProgramMissing) = (true, false)
    #expect(ways().first == "ollama serve")
    // It runs, and refuses the name; or it is something else that answers.
    (facts.isAnswered, facts.refusesName) = (true, true)
    #expect(ways().isEmpty)
    #expect(OllamaFindings.of(facts).first?.write == "OLLAMA_HOST=IP:PORT   (its address in place of the name)")
    facts.refusesName = false
    #expect(ways() == ["curl -i http://127.0.0.1:11434/api/version"])
  }

  @Test("why a program cannot be started, without the whole PATH")
  func programs() {
    let path = "/nowhere/at/all:/nor/here"
    #expect(
      ProgramSearch.problem(of: "no-such-program", path: path)?.description == "no-such-program was not found in PATH")
    #expect(ProgramSearch.problem(of: "/nowhere/x", path: path)?.description == "there is no file /nowhere/x")
    #expect(ProgramSearch.problem(of: "/", path: path)?.description == "/ is a directory")
    #expect(ProgramSearch.problem(of: "/etc/passwd", path: path)?.description.contains("may not be executed") == true)
    #expect(ProgramSearch.problem(of: "/bin/sh", path: path) == nil)
  }

  @Test("a daemon that this user may not ask is no daemon that does not answer")
  func denied() {
    let facts = DaemonFacts(
      paths: StatePaths(database: "/s/retraind.db", log: "/s/x.log"), answer: .denied("permission denied"),
      version: "1.0")
    #expect(DaemonFindings.of(facts).map(\.severity) == [.note])
  }

  @Test("several ways to put something right stand on lines of their own, each with the options that were given")
  func ways() {
    let finding = Finding(.error, .state, "what", type: "retraind a\nretraind b")
    let terminal = Terminal(environment: [:], noColor: true)
    #expect(
      Diagnosis([finding]).lines(terminal).dropFirst() == ["          type: retraind a", "          or:   retraind b"])
    let context = ProgramContext(
      environment: ["STATE_DIRECTORY": "/x y"], workingDirectory: "/", terminal: terminal,
      global: GlobalOptions(config: "/c.json5"))
    #expect(
      DoctorCommand.typed("retraind a\nls", context) == "retraind --config /c.json5 a\nls")
    #expect(
      DoctorCommand.typed("sudo -u '#7' retraind doctor", context)
        == "sudo -u '#7' STATE_DIRECTORY='/x y' retraind --config /c.json5 doctor")
  }

  @Test("an open circuit that a daemon tells of, once, whether a check saw its model or not")
  func circuits() {
    var report = StatusReport(
      writtenAt: "", state: "running", version: "1.0", journal: StatusReport.JournalStatus(path: "/s/retraind.db"))
    report.circuits = [StatusReport.Circuit(model: "nosuch:1b", why: "no such model")]
    let facts = DaemonFacts(
      paths: StatePaths(database: "/s/retraind.db", log: "/s/x.log"), answer: .status(report), version: "1.0")
    var all = DoctorFacts()
    all.daemon = facts
    let found = Examination.findings(all, unfinished: [], bound: .seconds(1)).filter { $0.severity == .warning }
    #expect(found.map(\.what) == ["nothing is done on nosuch:1b by itself any more"])
    let lines = StatusText.lines(report, Terminal(environment: [:], noColor: true))
    #expect(lines.filter { $0.contains("nothing is done on nosuch:1b by itself any more: no such model") }.count == 1)
  }
}
