import Actors
import Rules
import Testing

@testable import Main

@Suite("the doctor on configuration, cycles and the machine", .timeLimit(.minutes(5)))
struct SystemFindingsTests {
  private var machine: SystemFacts {
    SystemFacts(seconds: 1_795_441_034, descriptorLimit: 1024, notifySocket: nil, hasNotifySocket: false, watchdog: nil)
  }

  @Test("a machine that is as it should be, and each thing that is not")
  func machineFaults() {
    #expect(SystemFindings.system(machine).isEmpty)
    func severities(_ change: (inout SystemFacts) -> Void) -> [Finding.Severity] {
      var facts = machine
      change(&facts)
      return SystemFindings.system(facts).map(\.severity)
    }
    #expect(severities { $0.seconds = SystemFindings.earliest - 1 } == [.error])
    #expect(severities { $0.seconds = SystemFindings.earliest } == [])
    #expect(severities { $0.descriptorLimit = 31 } == [.error])
    #expect(severities { $0.descriptorLimit = 256 } == [.warning])
    #expect(severities { $0.notifySocket = "/gone" } == [.warning])
    #expect(
      severities {
        $0.notifySocket = "/there"; $0.hasNotifySocket = true
      } == [])
    #expect(severities { $0.watchdog = "60000000" } == [])
    #expect(severities { $0.watchdog = "60s" } == [.warning])
    #expect(severities { $0.watchdog = "1000" } == [.warning])
    #expect(severities { $0.otherState = "/var/lib/retraind" } == [.note])
  }

  @Test("every error of the configuration is one of the doctor's")
  func configuration() {
    var facts = ConfigurationFacts(file: nil, places: ["a", "b"])
    #expect(SystemFindings.configuration(facts).map(\.why) == ["looked for a, b"])
    facts.errors = ["x.json5:1:1: one", "x.json5:2:1: two"]
    facts.warnings = ["supabase.key: three"]
    #expect(SystemFindings.configuration(facts).map(\.severity) == [.error, .error, .warning])
  }

  private func entry(
    _ model: String?, _ verdict: String, have: Int = 3, quarantined: Int = 0, quarantine: String? = nil,
    reason: String = "because"
  ) throws -> CheckEntry {
    let name = model.map { "\"\($0)\"" } ?? "null"
    let what = quarantine.map { "\"\($0)\"" } ?? "null"
    return try JSON.decode(
      CheckEntry.self,
      from: """
        {"model":\(name),"verdict":"\(verdict)","average":0.5,"threshold":0.6,"have":\(have),"need":3,"cycles":[],
        "quarantined":\(quarantined),"quarantine":\(what),"reason":"\(reason)","action":"none","run":null}
        """)
  }

  @Test("no cycles, unattributed, stale and quarantined ones")
  func cycles() throws {
    func found(_ entries: CheckEntry...) -> [Finding] {
      StoreFindings.cycles(CycleFacts(entries: entries), present: ["a:7b"])
    }
    #expect(found().first?.type == "retraind record --help")
    #expect(found(try entry("a:7b", "insufficient", have: 0)).map(\.what) == ["there is no cycle yet"])
    #expect(found(try entry("a:7b", "healthy")).isEmpty)
    #expect(found(try entry("a:7b", "degraded")).map(\.severity) == [.note])
    let nameless = found(try entry(nil, "unattributed"))
    #expect(nameless.map(\.severity) == [.warning])
    #expect(nameless.first?.write?.hasPrefix("model: \"a:7b\"   (in retraind.json5") == true)
    // A daemon that was started with --model knows whose they are; a version that is kept is nobody's example.
    let facts = CycleFacts(entries: [try entry(nil, "unattributed")])
    #expect(StoreFindings.cycles(facts, present: [], isAttributed: true).isEmpty)
    let kept = StoreFindings.cycles(facts, present: ["a:7b-retraind-previous", "b:7b"])
    #expect(kept.first?.write?.hasPrefix("model: \"b:7b\"") == true)
    #expect(found(try entry("a:7b", "stale")).map(\.severity) == [.warning])
    let future = found(try entry("a:7b", "healthy", quarantined: 2, quarantine: "2 from the future"))
    #expect(future.map(\.severity) == [.warning])
    #expect(future.first?.what == "2 rows of a:7b are wrong and left out")
    #expect(future.first?.type == "date -u")
    let negative = found(try entry("a:7b", "healthy", quarantined: 1, quarantine: "1 with a negative count"))
    #expect(negative.first?.why == "1 with a negative count")
    #expect(StoreFindings.cycles(CycleFacts(failure: "x"), present: []).map(\.severity) == [.error])
  }

  @Test("cycles that are all left out are cycles: a check's words say why they do not count")
  func leftOut() throws {
    let reason = "0 of 3 usable cycles; left out: 3 from before the model changed"
    let found = StoreFindings.cycles(
      CycleFacts(entries: [try entry("a:7b", "insufficient", have: 0, reason: reason)]), present: [])
    #expect(found.map(\.what) == ["a:7b: \(reason)"])
    let none = StoreFindings.cycles(
      CycleFacts(entries: [try entry("a:7b", "insufficient", have: 0, reason: "0 of 3 usable cycles")]), present: [])
    #expect(none.map(\.what) == ["there is no cycle yet"])
  }
}
