import Actors
import Platform
import Testing

@testable import Main

@Suite("what the doctor makes of findings", .timeLimit(.minutes(5)))
struct DiagnosisTests {
  @Test("errors come first, topics in their order, and the end counts them")
  func order() {
    let diagnosis = Diagnosis([
      Finding(.note, .system, "n"), Finding(.warning, .ollama, "w2"), Finding(.error, .log, "e2"),
      Finding(.warning, .state, "w1"), Finding(.error, .state, "e1", why: "because", type: "ls"),
    ])
    #expect(diagnosis.findings.map(\.what) == ["e1", "e2", "w1", "w2", "n"])
    #expect(diagnosis.summary == "2 errors, 2 warnings, 1 note.")
    #expect(diagnosis.exitCode == 3)
  }

  @Test("notes are no fault, warnings are 1 and errors are 3")
  func exitCodes() {
    #expect(Diagnosis([]).exitCode == 0)
    #expect(Diagnosis([]).summary == "Nothing is wrong.")
    #expect(Diagnosis([Finding(.note, .log, "n")]).exitCode == 0)
    #expect(Diagnosis([Finding(.note, .log, "n")]).summary == "Nothing is wrong (1 note).")
    #expect(Diagnosis([Finding(.warning, .log, "w")]).exitCode == 1)
    #expect(Diagnosis([Finding(.warning, .log, "w")]).summary == "1 warning.")
    #expect(Diagnosis([Finding(.warning, .log, "w"), Finding(.error, .log, "e")]).exitCode == 3)
  }

  @Test("many of one kind are listed up to a bound, and still decide the exit code")
  func bound() {
    let diagnosis = Diagnosis((1...40).map { Finding(.warning, .cycles, "model \($0)") })
    #expect(diagnosis.findings.count == Diagnosis.maximumPerTopic + 1)
    #expect(diagnosis.findings.last?.what == "30 more of this kind are not listed")
    #expect(diagnosis.exitCode == 1)
  }

  @Test("text from elsewhere stays on its line, in colour and without")
  func lines() {
    var terminal = Terminal(environment: [:], noColor: true)
    let finding = Finding(.error, .cycles, "a\nb\u{1B}[2J", why: "c", type: "d")
    let plain = Diagnosis([finding]).lines(terminal)
    #expect(plain.count == 3)
    #expect(plain.allSatisfy { !$0.contains("\n") && !$0.contains("\u{1B}") })
    #expect(plain[1] == "          why:  c")
    #expect(plain[2] == "          type: d")
    terminal.hasColor = true
    #expect(Diagnosis([finding]).lines(terminal)[0].hasPrefix("\u{1B}[31m✘ error"))
  }

  @Test("every key stands in the document, null where there is nothing")
  func document() {
    let text = JSONText.of(Diagnosis([Finding(.note, .log, "n")]).document(milliseconds: 7))
    #expect(
      text
        == #"{"findings":[{"severity":"note","topic":"log","what":"n","why":null,"type":null,"write":null}],"errors":0,"warnings":0,"notes":1,"milliseconds":7}"#
    )
  }

  @Test("a suggested command has the options that this one was given")
  func typed() {
    let global = GlobalOptions(config: "/a b.json5", stateDirectory: "/s")
    let context = ProgramContext(
      environment: [:], workingDirectory: "/", terminal: Terminal(environment: [:], noColor: true), global: global)
    #expect(
      DoctorCommand.typed("retraind check --dry-run", context)
        == "retraind --config '/a b.json5' --state-dir /s check --dry-run")
    #expect(DoctorCommand.typed("df -h /", context) == "df -h /")
    #expect(DoctorCommand.typed("sudo retraind doctor", context).hasPrefix("sudo retraind --config "))
  }

  @Test("a probe that took too long is told of; the others' findings stand", arguments: DoctorProbe.allCases)
  func late(probe: DoctorProbe) {
    let found = Examination.findings(DoctorFacts(), unfinished: [probe], bound: .milliseconds(1600))
    let late = found.filter { $0.topic != .configuration }
    #expect(late.count == 1)
    #expect(late.first?.what.contains("1600 ms") == true)
  }
}
