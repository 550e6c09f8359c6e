import Rules
import Testing

@testable import Ollama

@Suite(.timeLimit(.minutes(5))) struct ModelNameTests {
  @Test(arguments: [
    "m", "m:7b", "llama3.2", "psa-engine:latest", "localhost:5001/library/big1", "hf.co/user/Name-GGUF:Q4_K_M",
    "user/m:1", "m@sha256:0123", "_x", "127.0.0.1:5000/a/b:c", String(repeating: "m", count: 512),
  ])
  func names(model: String) throws { try ModelName.validate(model) }

  @Test(arguments: [
    "", " ", "-m", "--help", "m n", "m\n", "m\0", "m\t", "../m", "a/../b", "a/./b", "a//b", "/m", "m/", "a/-b", ".m",
    "m;rm", "m$(x)", "m`x`", "m'x", "m\"x", "ä", "m\u{202e}x", "http://h/m", "m:", ":m", "a:b:c", "m@", "@m", "a@b@c",
    "a/b:1/c", "m:-x", "m\\x", "m?x", "m#x", "m%2e", "*", "~", String(repeating: "m", count: 513), "a@b/c",
  ])
  func hostileNames(model: String) {
    #expect(throws: ModelNameFailure.self) { try ModelName.validate(model) }
  }

  @Test func aRefusalIsFitForALogLine() {
    do throws(ModelNameFailure) {
      try ModelName.validate("\u{1b}[31m\n" + String(repeating: "x", count: 10_000))
    } catch {
      #expect(error.description.utf8.count < 300)
      #expect(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }
  }

  @Test(arguments: [
    ("m", "m:latest"), ("m:7b", "m:7b"), ("u/m", "u/m:latest"),
    ("localhost:5001/library/m", "localhost:5001/library/m:latest"),
    ("registry.ollama.ai/library/m", "m:latest"), ("library/m:1", "m:1"), ("m@sha256:01", "m@sha256:01"),
  ])
  func normalised(model: String, full: String) {
    #expect(ModelName.normalised(model) == full)
    #expect(ModelName.normalised(full) == full)
  }

  @Test(arguments: [
    ("m", "m:latest-retraind-previous"), ("m:7b", "m:7b-retraind-previous"),
    ("localhost:5001/library/m", "localhost:5001/library/m:latest-retraind-previous"),
    ("h:1/m:x", "h:1/m:x-retraind-previous"),
  ])
  func backups(model: String, backup: String) throws {
    #expect(ModelName.backup(of: model) == backup)
    try ModelName.validate(backup)
  }

  @Test(arguments: ["m", "m:7b", "h:1/u/m:x", "m:" + String(repeating: "t", count: 80)])
  func heldVersionsAreNotWatched(model: String) throws {
    #expect(ModelName.problemToWatch(model) == nil)
    for held in ModelName.Held.allCases {
      let name = ModelName.backup(of: model, as: held)
      try ModelName.validate(name)
      #expect(ModelName.problemToWatch(name)?.contains("name the model itself") == true)
      #expect(ModelName.problemToWatch(name.uppercased()) != nil)
    }
    #expect(ModelName.problemToWatch("x-retraind-previous") != nil)
    #expect(ModelName.problemToWatch("x-retraind-previous:7b") == nil)
    #expect(ModelName.problemToWatch("m:retraind-previous-2") == nil)
  }

  @Test(arguments: [":", "m:", ":m", "m@", "@m", "h/:m", "h/m:"])
  func aHalfNameIsToldAsSuch(model: String) {
    #expect(ModelName.problem(with: model) == "has nothing on one side of a : or @")
    #expect(ModelName.problemToWatch(model) != nil)
  }

  @Test func longTagsHaveBackupsOfTheirOwn() {
    let one = ModelName.backup(of: "m:" + String(repeating: "t", count: 79) + "1")
    let other = ModelName.backup(of: "m:" + String(repeating: "t", count: 79) + "2")
    #expect(one != other)
    #expect(one.utf8.count <= 2 + ModelName.maximumTag)
  }

  @Test(arguments: [
    ("m", 8), ("m:latest", 8), ("library/m", 8), ("m:7b", 4), ("u/m", 8), ("../../etc; rm -rf", 1), ("a:b:c", 1),
  ])
  func spellings(model: String, count: Int) {
    let all = ModelName.spellings(of: model)
    #expect(all.count == count)
    #expect(Set(all).count == count)
    #expect(all.first == ModelName.normalised(model))
    #expect(all.contains(model))
    #expect(Set(all.map(ModelName.normalised)).count == 1)
  }

  @Test(arguments: ["../../etc; rm -rf", "a:b:c", ".m", "", "library/;x", String(repeating: "x", count: 10_000)])
  func whatIsNoNameStaysAsItIs(text: String) { #expect(ModelName.normalised(text) == text) }
}
