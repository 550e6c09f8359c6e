import Glibc
import Testing

@Suite("Configuration through the binary", .serialized, .timeLimit(.minutes(5)))
struct ConfigurationTests {
  /// A file that cannot be used, and what has to be said of it.
  struct Bad: Sendable, CustomTestStringConvertible {
    /// What is wrong.
    var what: String
    /// The file.
    var text: String
    /// Line and column.
    var place: String
    /// Words of the message.
    var words: [String]
    var testDescription: String { what }

    init(_ what: String, _ text: String, _ place: String, _ words: String...) {
      self.what = what
      self.text = text
      self.place = place
      self.words = words
    }
  }

  static let bad = [
    Bad("a percentage", "{\n  threshold: 40,\n}", ":2:14:", "threshold: ", "0.40"),
    Bad("a negative interval", "{ model: \"a:7b\",\n  interval: \"-60m\" }", ":2:13:", "interval: "),
    Bad("a number as interval", "{\n\n  interval: 60 }", ":3:13:", "interval: ", "60m"),
    Bad("an empty window", "{ window: 0 }", ":1:11:", "window: "),
    Bad("a window of text", "{ window: \"five\" }", ":1:11:", "window: "),
    Bad("more needed than looked at", "{ window: 3, minStats: 4 }", ":1:", "minStats"),
    Bad("an unknown key", "{ treshold: 0.5 }", ":1:3:", "treshold", "threshold"),
    Bad("a key twice", "{ threshold: 0.5,\n  threshold: 0.6 }", ":2:3:", "threshold"),
    Bad("no value", "{ threshold: }", ":1:14:"),
    Bad("no end", "{ threshold: 0.5,", ":1:"),
    Bad("a list", "[1, 2]", ":1:1:"),
    Bad("text behind", "{ } garbage", ":1:5:"),
    Bad("a name with spaces", "{ model: \"two words\" }", ":1:10:", "model: "),
    Bad("a model that is an option", "{ models: { \"--help\": {} } }", ":1:13:", "models"),
    Bad("a deeper mistake", "{ models: {\n \"a:7b\": { threshold: -1 } } }", ":2:23:", "models.a:7b.threshold"),
    Bad("no host", "{ ollama: { host: \"ftp://x\" } }", ":1:19:", "ollama.host"),
    Bad("no time", "{ ollama: { pullTimeout: \"0s\" } }", ":1:26:", "ollama.pullTimeout"),
    Bad("another transport", "{ ollama: { transport: \"pigeon\" } }", ":1:24:", "ollama.transport", "api"),
    Bad("deep nesting", String(repeating: "[", count: 100_000), ":1:"),
    Bad("not a number", "{ threshold: NaN }", ":1:14:", "threshold: "),
  ]

  @Test("A file that cannot be used ends the start with 78, and the message has file, place and field", arguments: bad)
  func malformed(bad: Bad) async throws {
    try await World.with(nil) { world in
      try world.configure(bad.text, file: "bad.json5")
      let finished = try await world.run(["run", "--config", "bad.json5"])
      #expect(finished.code == 78, "\(finished.error.prefix(500))")
      #expect(finished.error.contains("bad.json5\(bad.place)"), "\(finished.error.prefix(500))")
      for word in bad.words { #expect(finished.error.contains(word), "\(finished.error.prefix(500))") }
      #expect(finished.error.utf8.count < 4000)
      #expect(finished.output == "")
      #expect(Files.names(in: world.state).isEmpty, "nothing is made for a configuration that cannot be used")
      let checked = try await world.run(["check-config", "bad.json5"])
      #expect(checked.code == 78)
    }
  }

  @Test("All mistakes are told at once, in the order of the file; so are those of environment and flags")
  func several() async throws {
    try await World.with(nil) { world in
      try world.configure("{ window: -1,\n  cooldown: \"soon\",\n  threshold: 7 }")
      let finished = try await world.run(["check-config"], ["OLLAMA_HOST": "http://bad host:1"])
      #expect(finished.code == 78)
      let places = ["window: ", "cooldown: ", "threshold: ", "$OLLAMA_HOST"].map {
        finished.error.firstRange(of: $0)?.lowerBound
      }
      #expect(!places.contains(nil), "\(finished.error)")
      let found = places.compactMap { $0 }
      #expect(found == found.sorted(), "\(finished.error)")
      #expect(try await world.run(["run", "--threshold", "40"]).code == 64)
      #expect(try await world.run(["run", "--interval", "-5m"]).code == 64)
      #expect(try await world.run(["run", "--config", "absent.json5"]).code == 78)
      #expect(try await world.run(["run", "--config", world.directory]).code == 78)
    }
  }

  @Test("A file of comments and defaults can be used, and a secret in it is not printed")
  func usable() async throws {
    try await World.with(nil) { world in
      try Files.write("very-secret-key\n", to: world.path("key"))
      chmod(world.path("key"), 0o600)
      try world.configure(
        """
        // Everything has a default.
        { model: "a:7b", /* here too */ threshold: .65,
          supabase: { url: "https://x.supabase.co", keyFile: "key" }, }
        """)
      for arguments in [["check-config"], ["check-config", "--print"], ["check-config", "--json"]] {
        let finished = try await world.run(arguments)
        #expect(finished.code == 0, "\(finished.error)")
        #expect(!(finished.output + finished.error).contains("very-secret"))
      }
      #expect(try await world.run(["check-config", "--print"]).output.contains("0.65"))
    }
  }
}
