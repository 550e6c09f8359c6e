import Actors
import Ollama
import Platform
import Rules
import Stores
import Testing

@testable import Main

@Suite("the doctor on daemon, servers and cycles", .timeLimit(.minutes(5)))
struct ServerFindingsTests {
  private func daemon(_ answer: DaemonFacts.Answer, holder: Int32? = nil) -> DaemonFacts {
    DaemonFacts(
      paths: StatePaths(database: "/s/retraind.db", log: "/s/x.log"), holder: holder, answer: answer, version: "1.0")
  }

  private func status(_ change: (inout StatusReport) -> Void) -> [Finding] {
    var report = StatusReport(
      writtenAt: "", state: "running", version: "1.0", journal: StatusReport.JournalStatus(path: "/s/retraind.db"))
    report.pid = 42
    change(&report)
    return DaemonFindings.of(daemon(.status(report)))
  }

  @Test("no daemon, one without a socket, one that is silent")
  func absent() {
    #expect(DaemonFindings.of(daemon(.nobody)).map(\.severity) == [.note])
    let hidden = DaemonFindings.of(daemon(.nobody, holder: 7))
    #expect(hidden.map(\.severity) == [.warning])
    #expect(hidden.first?.type == "kill -HUP 7")
    let silent = DaemonFindings.of(daemon(.failed("why"), holder: 7))
    #expect(silent.map(\.severity) == [.error])
    #expect(silent.first?.what == "the daemon (pid 7) does not answer at /s/control.sock")
  }

  @Test("each thing that a status can tell")
  func told() {
    let told: [(Finding.Severity, String, (inout StatusReport) -> Void)] = [
      (.warning, "is version 0.9", { $0.version = "0.9" }),
      (.error, "cannot write its journal", { $0.journal.unwritable = "disk full" }),
      (.error, "last check failed", { $0.monitor.lastError = "why" }),
      (.warning, "reload was refused", { $0.configuration.lastReloadError = "why" }),
      (.warning, "2 events wait for a person", { $0.outbox.blocked = 2 }),
      (.warning, "1 event waits to be delivered", { $0.outbox.pending = 1 }),
    ]
    for (severity, words, change) in told {
      let found = status(change)
      #expect(found.map(\.severity) == [.note, severity])
      #expect(found.last?.what.contains(words) == true, "\(found)")
    }
  }

  @Test("children that restart, and what did not end")
  func children() throws {
    func child(_ state: String, restarts: Int) throws -> StatusReport.Child {
      try JSON.decode(
        StatusReport.Child.self,
        from: #"{"id":"outbox","state":"\#(state)","generation":1,"restarts":\#(restarts),"last_error":"boom"}"#)
    }
    let restarting = try child("restarting", restarts: 3)
    #expect(status { $0.children = [restarting] }.map(\.severity) == [.note, .warning])
    let back = try child("ready", restarts: 1)
    let found = status { $0.children = [back] }
    #expect(found.map(\.severity) == [.note, .note])
    #expect(found.last?.what == "outbox was restarted once")
    #expect(found.last?.why == "its last error: boom")
    let calm = try child("ready", restarts: 0)
    #expect(status { $0.children = [calm] }.count == 1)
    let orphan = try JSON.decode(
      StatusReport.Orphan.self, from: #"{"id":"run-1","generation":1,"age_seconds":90.5}"#)
    #expect(status { $0.orphans = [orphan] }.last?.what == "run-1 was told to stop 90 s ago and has not")
  }

  @Test("a daemon that is about to run out of files")
  func descriptors() {
    var facts = daemon(.nobody, holder: 7)
    facts.descriptors = (open: 80, limit: 100)
    #expect(DaemonFindings.of(facts).count == 1)
    facts.descriptors = (open: 81, limit: 100)
    #expect(DaemonFindings.of(facts).last?.what == "the daemon (pid 7) has 81 of 100 files open")
  }

  private var ollama: OllamaFacts {
    OllamaFacts(
      endpoint: "http://127.0.0.1:11434", warnings: [], hasImpliedPort: false, version: "0.32.0",
      models: ["llama3.2:3b", "a:7b", "b:latest"], transport: .auto, laneLock: "/run/lock/x", isLaneLockUsable: true)
  }

  @Test("a server that does not answer, and the port that http:// means")
  func unreachable() {
    var facts = ollama
    (facts.version, facts.models, facts.failure) = (nil, nil, "nobody answers")
    facts.programProblem = "not found"
    // With `auto` the program would be the other way; with `api` nobody looks for it.
    func why() -> String { OllamaFindings.of(facts).first?.why ?? "" }
    #expect(why().hasPrefix("nobody answers; not found; "), "\(why())")
    facts.transport = .api
    #expect(why().hasPrefix("nobody answers; where it runs elsewhere"), "\(why())")
    facts.hasImpliedPort = true
    facts.endpoint = "http://gpu:80"
    #expect(OllamaFindings.of(facts).first?.type == "export OLLAMA_HOST=http://gpu:11434")
    facts.endpoint = "http://gpu:80/ollama"
    #expect(OllamaFindings.of(facts).first?.type == "export OLLAMA_HOST=http://gpu:11434/ollama")
    facts = ollama
    facts.transport = .cli
    facts.programProblem = "not found"
    facts.isLaneLockUsable = false
    #expect(OllamaFindings.of(facts).map(\.severity) == [.note, .error, .error])
  }

  @Test("a version that is loaded and is not the one that the server has")
  func stale() {
    let tags = [
      ModelDigest(model: "a:7b", digest: "02"), ModelDigest(model: "a:7b-retraind-previous", digest: "01"),
      ModelDigest(model: "b:latest", digest: "03"), ModelDigest(model: "c:1", digest: ""),
    ]
    func stale(_ name: String, _ digest: String) -> [StaleRunner] {
      StaleRunner.all(in: [ModelDigest(model: name, digest: digest)], tags: tags)
    }
    #expect(stale("A:7b", "01") == [StaleRunner(model: "a:7b", holder: "a:7b-retraind-previous")])
    #expect(stale("b:latest", "09") == [StaleRunner(model: "b:latest", holder: nil)])
    // The same, one that has been renamed, and those whose digests are not known.
    for (name, digest) in [
      ("a:7b", "02"), ("a:7b-retraind-previous", "01"), ("gone:1", "01"), ("c:1", "01"), ("a:7b", ""),
    ] {
      #expect(stale(name, digest).isEmpty, "\(name) \(digest)")
    }
    let both = stale("a:7b", "01") + stale("b:latest", "09")
    let found = StaleRunner.findings(both, about: ["A:7b"])
    #expect(found.map(\.severity) == [.warning])
    #expect(found.map(\.what) == ["an older version of a:7b is still loaded"])
    #expect(found.first?.type == "ollama stop a:7b-retraind-previous")
    let unheld = StaleRunner.findings(both, about: ["b", "zzz"])
    #expect(unheld.count == 1)
    #expect(unheld.first?.type == "ollama ps\nsudo systemctl restart ollama")
  }

  @Test("versions that are not kept are said to be so")
  func withoutBackup() {
    var facts = ollama
    facts.keepsBackup = false
    let found = OllamaFindings.of(facts).filter { $0.what.contains("ollama.backup") }
    #expect(found.map(\.severity) == [.note])
    #expect(!OllamaFindings.of(ollama).contains { $0.what.contains("ollama.backup") })
  }

  private func project(
    _ states: [ProjectInspection.State], key: SupabaseEndpoint.KeyKind = .secret
  ) -> [Finding] {
    let names = [ProjectInspection.stats, ProjectInspection.events, ProjectInspection.otherEvents]
    let tables = zip(names, states).map { ProjectInspection.Table(name: $0, state: $1) }
    return StoreFindings.project(ProjectFacts(url: "http://x", key: key, tables: tables))
  }

  @Test("a project that is as it should be, and the keys")
  func keys() {
    let fine = ProjectInspection.State.readable(isEmpty: false, missing: [])
    #expect(project([fine, fine, fine]).isEmpty)
    #expect(project([fine, fine, fine], key: .legacy(role: "service_role")).isEmpty)
    for key in [SupabaseEndpoint.KeyKind.publishable, .legacy(role: "anon")] {
      #expect(project([fine, fine, fine], key: key).map(\.what) == ["the key is one of the role anon"])
    }
    let bare = ProjectFacts(url: "http://x", key: .secret, tables: [], bareBase: "http://x")
    #expect(StoreFindings.project(bare).map(\.severity) == [.note])
    #expect(StoreFindings.project(bare).first?.what == "tables are asked for at http://x, without /rest/v1")
    let refused = ProjectInspection.State.badKey("401")
    #expect(project([refused, refused, refused]).map(\.severity) == [.error])
    let away = ProjectInspection.State.failed("refused")
    #expect(project([away, away, away]).map(\.severity) == [.error])
  }

  @Test("tables that are missing, hidden, denied or too narrow")
  func tables() {
    let fine = ProjectInspection.State.readable(isEmpty: false, missing: [])
    let gone = ProjectInspection.State.missing("404")
    #expect(project([gone, fine, fine]).map(\.severity) == [.error])
    #expect(project([gone, fine, fine]).first?.type?.hasPrefix("retraind schema --postgres") == true)
    #expect(project([fine, gone, fine]).map(\.severity) == [.warning])
    #expect(project([fine, gone, gone]).map(\.severity) == [.warning, .warning, .error])
    let denied = ProjectInspection.State.denied("403", remedy: "GRANT")
    #expect(project([fine, denied, fine]).map(\.write) == ["GRANT   (in the project's SQL editor)"])
    let empty = ProjectInspection.State.readable(isEmpty: true, missing: [])
    #expect(project([empty, empty, empty]).map(\.what) == ["learning_stats shows no row"])
    #expect(project([.readable(isEmpty: false, missing: ["model"]), fine, fine]).map(\.severity) == [.note])
    let silent = ProjectInspection.State.readable(isEmpty: false, missing: ["accept_rate", "accepted", "model"])
    #expect(project([silent, fine, fine]).map(\.severity) == [.error])
    let narrow = ProjectInspection.State.readable(isEmpty: false, missing: ["id", "metadata"])
    #expect(project([fine, narrow, fine]).map(\.severity) == [.warning])
  }
}
