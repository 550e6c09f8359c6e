import Actors
import Rules
import Testing

@testable import Main

@Suite("printed configuration", .timeLimit(.minutes(5)))
struct PrinterTests {
  static let text = """
    {
      interval: '10m', threshold: 1,
      models: { 'other:7b': { threshold: 0.7 }, plain: {} },
      supabase: { url: 'https://x', keyFile: 'k' },
    }
    """

  static func loaded() throws -> LoadedConfiguration {
    var flags = FlagOverrides()
    flags.rules.window = 9
    return try LoaderSupport.load(
      text, files: ["/w/k": .text("secret-key")], environment: ["OLLAMA_HOST": "h:1", "STATE_DIRECTORY": "/s"],
      flags: flags)
  }

  @Test("each value has its source beside it")
  func golden() throws {
    #expect(
      ConfigurationPrinter(loaded: try Self.loaded()).json5() == """
        // Effective configuration; file: retraind.json5
        {
          // model: none
          interval: "10m",                          // retraind.json5:2
          threshold: 1,                             // retraind.json5:2
          window: 9,                                // --window
          minStats: 3,                              // default
          rule: "mean",                             // default
          cooldown: "24h",                          // default
          rearm: "newEvidence",                     // default
          staleAfter: "30d",                        // default
          strategy: "pull",                         // default
          models: {
            "other:7b": {
              threshold: 0.7,                       // retraind.json5:3
              window: 9,                            // --window
            },
            plain: {
              window: 9,                            // --window
            },
          },
          ollama: {
            host: "h:1",                            // $OLLAMA_HOST
            transport: "auto",                      // default
            pullTimeout: "10m",                     // default
            stopGrace: "10s",                       // default
            stallTimeout: "90s",                    // default
            backup: true,                           // default
            insecure: false,                        // default
            program: "ollama",                      // default
          },
          supabase: {
            url: "https://x",                       // retraind.json5:4
            keyFile: "k",                           // retraind.json5:4
            // key: ***, from retraind.json5:4
          },
          learning: {
            enabled: false,                         // default
            interval: "60m",                        // default
            settle: "2m",                           // default
          },
          store: {
            path: "/s/retraind.db",                 // $STATE_DIRECTORY
          },
          log: {
            file: "/s/model_retrainer.log",         // $STATE_DIRECTORY
            level: "info",                          // default
            format: "text",                         // default
          },
          notify: [],                               // default: nobody is told
        }
        // state directory: /s ($STATE_DIRECTORY)

        """)
  }

  @Test(
    "what is printed gives the same settings when it is read again",
    arguments: [
      "{}", "{model: 'm', models: {a: {}, 'b/c': {rearm: 'always', staleAfter: '90s'}}}", ScannerFuzzTests.whole,
      "{log: {file: 'a\\u2028\"\\\\b'}, interval: '1.0000000001h', threshold: 1e-7, ollama: {host: ':1', backup: false}}",
    ])
  func roundTrip(text: String) throws {
    let first = try LoaderSupport.load(text)
    let printed = ConfigurationPrinter(loaded: first).json5()
    var expected = first.settings
    // The default endpoint is printed, so that a person sees it.
    expected.ollama.host = expected.ollama.host ?? OllamaSettings.defaultHost
    #expect(try LoaderSupport.load(printed).settings == expected, "\(printed)")
  }

  @Test("the form for programs is JSON with the same values")
  func json() throws {
    let text = ConfigurationPrinter(loaded: try Self.loaded()).json()
    let root = try ScannerTests.scan(text)
    func at(_ path: String...) -> String? {
      var node = root
      for key in path {
        guard case .object(let entries) = node.value, let entry = entries.first(where: { $0.key == key }) else {
          return nil
        }
        node = entry.value
      }
      return ScannerTests.show(node)
    }
    #expect(at("file") == "<retraind.json5>")
    #expect(at("settings", "model") == "null")
    #expect(at("settings", "models", "other:7b", "threshold") == "0.7")
    #expect(at("settings", "models", "plain", "minStats") == "3")
    #expect(at("settings", "supabase", "key") == "<***>")
    #expect(at("sources", "window") == "<--window>")
    #expect(at("sources", "models.plain.minStats") == "<default>")
    #expect(at("paths", "socket") == "</s/control.sock>")
    #expect(at("warnings") == "[]")
    #expect(!text.contains("secret-key"))
    // Strict JSON: no comment, no trailing comma.
    #expect(!text.contains("//") || text.contains("https://"))
    #expect(!text.contains(",\n}") && !text.contains(", ]"))
  }

  @Test("ten thousand models are printed in a moment and stay bounded in errors")
  func many() throws {
    let entries = (0..<FieldLimits.models).map { "m\($0):{window:\($0 % 900 + 3)}" }.joined(separator: ",")
    let loaded = try LoaderSupport.load("{models:{\(entries)}}")
    #expect(loaded.settings.models.count == FieldLimits.models)
    #expect(ConfigurationPrinter(loaded: loaded).json().contains("\"m9999\": {"))
    #expect(
      LoaderSupport.errors("{models:{\(entries),x:{}}}")
        == "retraind.json5:1:9: models: more than 10000 models have an entry")
  }
}

@Suite("differences of settings", .timeLimit(.minutes(5)))
struct SettingsChangeTests {
  @Test("nothing differs from itself")
  func same() {
    #expect(Settings().differences(from: Settings()).isEmpty)
  }

  @Test("what changed is named, with what needs a restart")
  func changes() {
    var new = Settings()
    new.model = "m"
    new.interval = .seconds(600)
    new.rules.threshold = 0.7
    new.ollama.host = "http://h"
    new.ollama.pullTimeout = .seconds(60)
    new.ollama.transport = .cli
    new.supabase = SupabaseSettings(url: "https://x", key: Secret("k1"))
    new.store.path = "x.db"
    new.log = LogSettings(file: "l", level: .debug, format: .json)
    new.stateDirectory = "/s"
    #expect(
      new.differences(from: Settings()).map(\.description) == [
        "model: none → m",
        "interval: 60m → 10m",
        "threshold: 0.6 → 0.7",
        "ollama.host: http://127.0.0.1:11434 → http://h (takes effect after a restart)",
        "ollama.transport: auto → cli (takes effect after a restart)",
        "ollama.pullTimeout: 10m → 60s",
        "supabase.url: none → https://x (takes effect after a restart)",
        "supabase.key: none → *** (takes effect after a restart)",
        "store.path: data/retraind.db → x.db (takes effect after a restart)",
        "log.file: logs/model_retrainer.log → l (takes effect after a restart)",
        "log.level: info → debug",
        "log.format: text → json (takes effect after a restart)",
        "stateDirectory: none → /s (takes effect after a restart)",
      ])
    var other = new
    other.supabase?.key = Secret("k2")
    #expect(
      other.differences(from: new).map(\.description) == [
        "supabase.key: *** → *** (another one) (takes effect after a restart)"
      ])
    #expect(
      Settings().differences(from: new).last?.description
        == "supabase.key: *** → none (takes effect after a restart)")
  }

  @Test("a model's entry that comes or goes is compared with what holds without it")
  func models() {
    let old = Settings(models: ["gone": ModelSettings(rules: RuleSettings(window: 7)), "kept": ModelSettings()])
    let new = Settings(models: ["new": ModelSettings(rules: RuleSettings(threshold: 0.9)), "kept": ModelSettings()])
    #expect(
      new.differences(from: old) == [
        SettingsChange(field: "models.gone.window", old: "7", new: "5", needsRestart: false),
        SettingsChange(field: "models.new.threshold", old: "0.6", new: "0.9", needsRestart: false),
      ])
    // An empty entry says nothing, so it changes nothing.
    #expect(Settings(models: ["x": ModelSettings()]).differences(from: Settings()).isEmpty)
  }
}

@Suite("names and files", .timeLimit(.minutes(5)))
struct NameTests {
  @Test(
    "model names that may be used",
    arguments: [
      "llama3.2:3b", "psa-engine:latest", "hf.co/bartowski/Llama:Q4_K_M", "a", "registry:5000/x/y@sha256", "a..b",
    ])
  func good(name: String) { #expect(ModelName.problem(with: name) == nil) }

  @Test(
    "model names that may not",
    arguments: [
      ("", "is empty: write a name such as \"llama3.2:3b\""),
      ("-rf", "begins with \"-\": a program would take it for an option"),
      ("a b", "contains white space: names have none"), ("a\n", "contains white space: names have none"),
      ("a\u{0}", "contains a control character"), ("a\u{202E}", "contains a control character"),
      ("ä", "contains \"ä\": names are made of letters, digits and . _ - : / @"),
      ("../x", "has the part \"..\": names are no paths"), ("a/./b", "has the part \".\": names are no paths"),
      ("a//b", "has an empty part between slashes"), ("/a", "has an empty part between slashes"),
      ("a;b", "contains \";\": names are made of letters, digits and . _ - : / @"),
      ("$(x)", "contains \"$\": names are made of letters, digits and . _ - : / @"),
      (String(repeating: "a", count: 513), "is longer than 512 bytes"),
      ("a:b:c", "has a colon in the wrong place"), ("m:-tag", "has a tag that begins with -"),
      (".foo", "has a part that does not begin with a letter, a digit or _"),
    ])
  func bad(name: String, problem: String) { #expect(ModelName.problem(with: name) == problem) }

  @Test(
    "the nearest name",
    arguments: [
      ("treshold", "threshold"), ("THRESHOLD", "threshold"), ("thresh", "threshold"), ("minstats", "minStats"),
      ("min_stats", "minStats"), ("widnow", "window"), ("xyz", nil), ("", nil),
      (String(repeating: "x", count: 100), nil),
    ] as [(String, String?)])
  func nearest(word: String, expected: String?) {
    #expect(NearestName.of(word, among: ["threshold", "window", "minStats"]) == expected)
  }

  @Test(
    "edit distance counts swaps once",
    arguments: [
      ("", "", 0), ("abc", "", 3), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ab", "ba", 1),
    ])
  func distance(left: String, right: String, expected: Int) {
    #expect(NearestName.editDistance(Array(left.utf8), Array(right.utf8)) == expected)
    #expect(NearestName.editDistance(Array(right.utf8), Array(left.utf8)) == expected)
  }

  @Test("files of the configuration are read from the disk, and nothing that could block")
  func files() {
    guard case .contents(let bytes, _) = ConfigurationFile.read(#filePath) else {
      Issue.record("this file could not be read")
      return
    }
    #expect(bytes.starts(with: Array("import Actors".utf8)))
    #expect(ConfigurationFile.read("/nowhere/at/all") == .absent)
    #expect(ConfigurationFile.read(#filePath + "/x") == .absent)
    #expect(ConfigurationFile.read("/") == .failed("it is a directory"))
    #expect(ConfigurationFile.read("/dev/null") == .failed("it is no regular file"))
    #expect(ConfigurationFile.read("/" + String(repeating: "x", count: 5000)) == .failed("its name is too long"))
  }
}
