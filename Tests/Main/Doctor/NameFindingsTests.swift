import Actors
import Testing

@testable import Main

@Suite("the doctor on names of models", .timeLimit(.minutes(5)))
struct NameFindingsTests {
  private let present = ["llama3.2:3b", "a:7b", "b:latest"]

  private func names(
    configured: [String] = [], flagged: [String] = [], rows: [String] = [], present: [String]? = nil
  ) -> NameFindings {
    NameFindings(configured: configured, flagged: flagged, rows: rows, present: present)
  }

  @Test(
    "a model that is not on the server, with the one that was probably meant",
    arguments: [
      ("llama3.2:3b", nil), ("b", nil), ("B:latest", nil), ("llama3.2:8b", "llama3.2:3b"), ("llama3.2", "llama3.2:3b"),
      ("lama3.2:3b", "llama3.2:3b"), ("zzz:1b", ""),
    ] as [(String, String?)])
  func missing(model: String, near: String?) {
    let found = names(configured: [model], rows: [model], present: present).all([])
    guard let near else {
      #expect(found.isEmpty)
      return
    }
    #expect(found.map(\.what) == ["\(model) is not on the server"])
    #expect(found.first?.severity == .warning)
    #expect(found.first?.type == "ollama pull \(model)")
    let write = "\"\(near)\" in place of \"\(model)\"   (in retraind.json5)"
    #expect(found.first?.write == (near.isEmpty ? nil : write))
  }

  @Test("cycles of a name that the server lacks: both ways are named, and nothing that mixes cycles of two models")
  func rows() {
    let found = names(rows: ["lama3.2:3b"], present: present).all([])
    #expect(found.map(\.type) == ["ollama pull lama3.2:3b"])
    #expect(found.first?.why?.contains("the server has llama3.2:3b: fetch the one, or record its cycles under") == true)
    #expect(found.first?.write == nil)
  }

  @Test("a version that is kept to go back to is nobody's right name")
  func held() {
    let found = names(configured: ["a:7b"], rows: ["a:7b"], present: ["a:7b-retraind-previous"]).all([])
    #expect(found.map(\.write) == [nil])
    #expect(found.map(\.type) == ["ollama pull a:7b"])
  }

  @Test("a watched name without cycles beside cycles of nearly the same one, from the configuration and from a flag")
  func withoutCycles() {
    let what = "llama3.2 has no cycle, and llama3.2:3b has: is the name right?"
    let configured = names(configured: ["llama3.2"], rows: ["llama3.2:3b"], present: present).all([])
    #expect(configured.map(\.what) == [what])
    #expect(configured.first?.write?.hasPrefix("\"llama3.2:3b\" in place of") == true)
    let flagged = names(flagged: ["llama3.2"], rows: ["llama3.2:3b"]).all([])
    #expect(flagged.map(\.what) == [what])
    #expect(flagged.first?.type == nil)
    #expect(flagged.first?.write?.hasPrefix("\"llama3.2:3b\" in place of \"llama3.2\"   (where the daemon") == true)
    // One that the server has is a model of its own that has no cycle yet, and so are two that were both named.
    #expect(names(flagged: ["a:7b"], rows: ["a:8b"], present: ["a:7b", "a:8b"]).all([]).isEmpty)
    #expect(names(configured: ["a:7b", "a:8b"], rows: ["a:8b"]).all([]).isEmpty)
  }

  @Test("a model on which nothing is done any more: a remedy that works, or none where nothing is to be done")
  func circuits() {
    func found(_ circuit: StatusReport.Circuit, rows: [String] = [], present: [String]?) -> [Finding] {
      names(rows: rows, present: present).all([circuit])
    }
    let why = "no such model"
    let there = found(StatusReport.Circuit(model: "a:7b", why: why, isNamed: true), rows: ["a:7b"], present: present)
    #expect(there.map(\.type) == ["retraind retrain a:7b --wait"])
    let gone = found(
      StatusReport.Circuit(model: "lama3.2:3b", why: why, isNamed: true), rows: ["lama3.2:3b"], present: present)
    #expect(gone.map(\.what) == ["nothing is done on lama3.2:3b by itself any more"])
    #expect(gone.first?.type == "ollama pull lama3.2:3b")
    let unnamed = found(StatusReport.Circuit(model: "nosuch:1b", why: why, isNamed: false), present: present)
    #expect(unnamed.map(\.severity) == [.note])
    #expect(unnamed.first?.type == nil)
    // Of an earlier daemon, and without a server that could be asked.
    let unknown = found(StatusReport.Circuit(model: "nosuch:1b", why: why), present: nil)
    #expect(unknown.map(\.type) == ["retraind retrain nosuch:1b --wait"])
  }

  @Test(
    "the name that was meant",
    arguments: [
      ("llama3.2", "llama3.2:3b"), ("LLAMA3.2:3b", "llama3.2:3b"), ("llama3.2:b3", "llama3.2:3b"),
      ("lama3.2", "llama3.2:3b"), ("host:80/me/x", "host:80/me/x:7b"), ("x", nil), ("llama3.2:3b", nil),
    ] as [(String, String?)])
  func near(model: String, meant: String?) {
    #expect(NearModel.of(model, among: ["llama3.2:3b", "a:7b", "host:80/me/x:7b"]) == meant)
  }
}
