import Glibc
import Testing

/// Servers older and newer than the recorded one, as the stand-in has them from their sources: a whole run with each.
@Suite("Other versions of Ollama", .serialized, .timeLimit(.minutes(10)))
struct OtherServersTests {
  @Test("A run with each", arguments: ["first", "second", "recorded", "client2"])
  func wholeRun(version: String) async throws {
    let serving = ["--as", version, "--models", "a:7b,b:7b", "--loaded", "a:7b,b:7b", "--changing"]
    try await World.with(serving) { world in
      try await world.seed(["a:7b"])
      _ = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      let run = try #require(try world.runs().first)
      #expect(run.result == "updated", "\(run)")
      let standIn = try #require(world.standIn)
      #expect(try standIn.count("pull-start") == 1)
      let digests = try standIn.digests()
      #expect(Set(digests.keys) == ["a:7b", "a:7b-retraind-previous", "b:7b"])
      #expect(digests["a:7b"] != digests["a:7b-retraind-previous"])
      // The first ones have one runner, which makes room by itself.
      if version != "first" { #expect(try standIn.runners() == ["b:7b"]) }
      #expect(try asked(standIn, "/api/generate") == (version == "first" ? 0 : 1))
      #expect(world.logLines.allSatisfy { !$0.contains("failed, going on") }, "\(world.logLines)")

      _ = try await world.succeed(["rollback", "a:7b", "--wait"])
      #expect(try standIn.digests()["a:7b"] == digests["a:7b-retraind-previous"])
      #expect(Set(try standIn.digests().keys) == Set(digests.keys))
    }
  }

  @Test("Nothing is loaded to be unloaded")
  func nothingLoaded() async throws {
    try await World.with(["--as", "second", "--models", "a:7b,b:7b", "--loaded", "b:7b", "--changing"]) { world in
      try await world.seed(["a:7b"])
      _ = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      let standIn = try #require(world.standIn)
      #expect(try asked(standIn, "/api/generate") == 0)
      #expect(try standIn.runners() == ["b:7b"])
    }
  }

  @Test("A name that differs from the server's in upper and lower case", arguments: ["first", "second", "recorded"])
  func otherCase(version: String) async throws {
    try await World.with(["--as", version, "--models", "psa-engine:7b", "--changing"]) { world in
      try await world.seed(["PSA-Engine:7b"])
      _ = try await world.daemon()
      try await world.waitForRun("succeeded", model: "PSA-Engine:7b")
      let digests = try #require(try world.standIn?.digests())
      #expect(digests.keys.filter { !$0.hasSuffix("-retraind-previous") } == ["psa-engine:7b"], "\(digests)")
      _ = try await world.succeed(["rollback", "PSA-Engine:7b", "--wait"])
      let after = try #require(try world.standIn?.digests())
      #expect(after["psa-engine:7b"] != digests["psa-engine:7b"])
      #expect(after.count == 2, "\(after)")
    }
  }

  @Test("A model that the registry does not know opens the circuit", arguments: ["first", "second", "client2"])
  func unknownModel(version: String) async throws {
    try await World.with(["--as", version, "--models", "a:7b", "--scenario", "a:7b=S03.1"]) { world in
      try await world.seed(["a:7b"])
      _ = try await world.daemon()
      try await world.waitForRun("failed", model: "a:7b")
      #expect(try world.standIn?.count("pull-start") == 1)
      let model = try await world.status()["models"][0]
      #expect(model["circuit_open"].text != nil, "\(model)")
    }
  }

  /// How often a path was asked for.
  private func asked(_ standIn: StandIn, _ path: String) throws -> Int {
    try standIn.events().count { $0.name == "request" && $0.fields["path"].text == path }
  }
}
