import Actors
import Platform
import Rules
import Testing

@testable import Main

@Suite("configuration file", .timeLimit(.minutes(5)))
struct ReaderTests {
  @Test("nothing at all gives the defaults of the project")
  func defaults() throws {
    let loaded = try LoaderSupport.load()
    // The loader knows the environment, which says nothing here.
    let defaults = Settings(network: HTTPNetwork(environment: [:]))
    #expect(loaded.settings == defaults)
    #expect(loaded.file == nil)
    #expect(loaded.provenance.isEmpty)
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.settings.interval == .seconds(3600))
    #expect(loaded.settings.rules == RuleSettings())
    #expect(loaded.settings.ollama.pullTimeout == .seconds(600))
    #expect(loaded.settings.store.path == "data/retraind.db")
    #expect(loaded.settings.log.file == "logs/model_retrainer.log")
    #expect(try LoaderSupport.load("{}").settings == defaults)
  }

  @Test("a model that has an entry under two ways of writing its name is refused")
  func oneModelTwice() {
    do throws(ConfigErrors) {
      _ = try LoaderSupport.load("{models: {m: {window: 9}, 'm:latest': {window: 8}}}")
      Issue.record("two entries of one model were taken")
    } catch {
      #expect("\(error)".contains("models.m:latest: is the same model as \"m\"; keep one of the two entries"))
    }
  }

  @Test("every key reaches its setting")
  func everyKey() throws {
    let loaded = try LoaderSupport.load(
      """
      { $schema: "https://example.org/schema.json",
        model: "psa-engine:latest", interval: "10s", threshold: 0.5, window: 9, minStats: 4, rule: "mean",
        cooldown: "0s", rearm: "always", staleAfter: "7d", strategy: "pull",
        models: { "other:7b": { threshold: 0.7, minStats: 9 }, "hf.co/a/b@q4": { window: 10, rearm: "newEvidence" } },
        ollama: { host: "http://[::1]:11434", transport: "cli", pullTimeout: "1h", stopGrace: "1s",
                  stallTimeout: "30s", backup: false, insecure: true, program: "/opt/ollama" },
        store: { path: "/var/x.db" }, log: { file: "/var/x.log", level: "debug", format: "json" } }
      """)
    let settings = loaded.settings
    let rules = RuleSettings(
      threshold: 0.5, window: 9, minStats: 4, cooldown: .zero, rearm: .always, staleAfter: .seconds(7 * 86_400))
    var other = rules
    other.threshold = 0.7
    other.minStats = 9
    var third = rules
    third.window = 10
    third.rearm = .newEvidence
    #expect(
      settings
        == Settings(
          model: "psa-engine:latest", interval: .seconds(10), rules: rules, strategy: .pull,
          models: ["other:7b": ModelSettings(rules: other), "hf.co/a/b@q4": ModelSettings(rules: third)],
          ollama: OllamaSettings(
            host: "http://[::1]:11434", transport: .cli, pullTimeout: .seconds(3600), stopGrace: .seconds(1),
            stallTimeout: .seconds(30), backup: false, insecure: true, program: "/opt/ollama"),
          network: HTTPNetwork(environment: [:]), store: StoreSettings(path: "/var/x.db"),
          log: LogSettings(file: "/var/x.log", level: .debug, format: .json)))
    #expect(settings.rules(for: "other:7b") == other)
    #expect(settings.rules(for: "unheard:of") == rules)
    #expect(loaded.provenance["threshold"] == .file(line: 2))
    #expect(loaded.provenance["models.other:7b.threshold"] == .file(line: 4))
    #expect(loaded.source(of: ["models", "other:7b", "window"]) == .file(line: 2))
    #expect(loaded.source(of: ["ollama", "host"]) == .file(line: 5))
  }

  @Test("the example of the documentation is right as it stands")
  func documentedExample() throws {
    let loaded = try LoaderSupport.load(
      """
      {
        model: "psa-engine:latest",   // no default
        interval: "60m", threshold: 0.6, window: 5, minStats: 3, rule: "mean", cooldown: "24h", rearm: "newEvidence", strategy: "pull",
        models: { "other:7b": { threshold: 0.7 } },          // the same keys, for one model
        ollama: { host: "http://127.0.0.1:11434", transport: "auto", pullTimeout: "10m", stopGrace: "10s", stallTimeout: "90s", backup: true },
        supabase: { url: "https://x.supabase.co", keyFile: "/run/secrets/supabase" },
        store: { path: "data/retraind.db" },
        log: { file: "logs/model_retrainer.log", level: "info", format: "text" },
      }
      """)
    #expect(loaded.settings.rules == RuleSettings())
    #expect(loaded.settings.rules(for: "other:7b").threshold == 0.7)
    #expect(
      loaded.warnings.map(\.description) == [
        "supabase.key: /run/secrets/supabase does not exist: put the key into it (chmod 600); the embedded store data/retraind.db is used"
      ])
  }

  @Test(
    "an error names place, field and remedy",
    arguments: [
      ("{threshold: 40}", "1:13: threshold: 40 is not a rate: rates are between 0 and 1; did you mean 0.40?"),
      ("{threshold: 62.5}", "1:13: threshold: 62.5 is not a rate: rates are between 0 and 1; did you mean 0.625?"),
      ("{threshold: 100}", "1:13: threshold: 100 is not a rate: rates are between 0 and 1; did you mean 1.00?"),
      ("{threshold: -0.1}", "1:13: threshold: -0.1 is not a rate: rates are between 0 and 1"),
      ("{threshold: 101}", "1:13: threshold: 101 is not a rate: rates are between 0 and 1"),
      ("{threshold: NaN}", "1:13: threshold: NaN is not a rate; rates are between 0 and 1"),
      ("{threshold: Infinity}", "1:13: threshold: Infinity is not a rate; rates are between 0 and 1"),
      ("{threshold: \"0.6\"}", "1:13: threshold: \"0.6\" is not a number; write it without quotes"),
      ("{threshold: '60%'}", "1:13: threshold: \"60%\" is not a number; did you mean 0.60?"),
      ("{threshold: null}", "1:13: threshold: null is not a number; remove the key to take the default"),
      ("{threshold: true}", "1:13: threshold: true is not a number; write a rate such as 0.6"),
      ("{window: 0}", "1:10: window: 0 is too small; must be between 1 and 1000"),
      ("{window: 1001}", "1:10: window: 1001 is too large; must be between 1 and 1000"),
      ("{window: 2.5}", "1:10: window: 2.5 is not a whole number; must be between 1 and 1000"),
      ("{window: 1e300}", "1:10: window: 1e300 is too large; must be between 1 and 1000"),
      ("{window: Infinity}", "1:10: window: Infinity is not a whole number; must be between 1 and 1000"),
      ("{window: [5]}", "1:10: window: a list is not a number; write a whole number such as 5"),
      (
        "{minStats: 6}",
        "1:12: minStats: 6 (line 1) is more than window 5 (default); the window must hold at least minStats cycles"
      ),
      (
        "{window: 2}",
        "1:10: window: 2 (line 1) is less than minStats 3 (default); the window must hold at least minStats cycles"
      ),
      (
        "{models: {a: {window: 2}}}",
        "1:23: models.a.window: 2 (line 1) is less than minStats 3 (default); the window must hold at least minStats cycles"
      ),
      ("{interval: '-5m'}", "1:12: interval: -5m is negative: must be at least 1s"),
      ("{interval: '1ms'}", "1:12: interval: 1ms is too short: must be at least 1s"),
      ("{interval: 60}", "1:12: interval: 60 has no unit; write \"60s\" for seconds or \"60m\" for minutes"),
      ("{interval: '60'}", "1:12: interval: 60 has no unit: write 60s for seconds or 60m for minutes"),
      ("{interval: {}}", "1:12: interval: an object is not a duration; write it like \"10s\" or \"60m\""),
      ("{cooldown: '366d'}", "1:12: cooldown: 366d is too long: must be at most 365d"),
      ("{rule: 'maen'}", "1:8: rule: \"maen\" is no known rule: the only one is \"mean\"; did you mean \"mean\"?"),
      (
        "{rearm: 'newevidence'}",
        "1:9: rearm: \"newevidence\" is no known word: must be \"newEvidence\" or \"always\"; did you mean \"newEvidence\"?"
      ),
      ("{strategy: 'train'}", "1:12: strategy: \"train\" is no known word: the only one is \"pull\""),
      (
        "{log: {level: 'warn'}}",
        "1:15: log.level: \"warn\" is no known word: must be \"debug\", \"info\", \"warning\" or \"error\"; did you mean \"warning\"?"
      ),
      (
        "{log: {level: 'eror'}}",
        "1:15: log.level: \"eror\" is no known word: must be \"debug\", \"info\", \"warning\" or \"error\"; did you mean \"error\"?"
      ),
      (
        "{log: {format: 'jsn'}}",
        "1:16: log.format: \"jsn\" is no known word: must be \"text\" or \"json\"; did you mean \"json\"?"
      ),
      ("{log: 'x'}", "1:7: log: \"x\" is not an object; write { … }"),
      ("{log: {file: ''}}", "1:14: log.file: the path is empty"),
      ("{log: {file: 'logs/'}}", "1:14: log.file: logs/ names a directory; add the name of the file"),
      (
        "{store: {path: '~/x.db'}}",
        "1:16: store.path: ~/x.db begins with ~, which only a shell understands; write the whole path"
      ),
      ("{store: {path: 'a\\0b'}}", "1:16: store.path: the path contains a control character"),
      (
        "{learning: {enabled: 1}}",
        "1:22: learning.enabled: 1 is neither true nor false; write true or false, without quotes"
      ),
      (
        "{learning: {intervall: '60m'}}",
        "1:13: learning.intervall: unknown key; did you mean interval?"
      ),
      (
        "{learning: {interval: '500ms'}}",
        "1:23: learning.interval: 500ms is too short: must be at least 1s"
      ),
      (
        "{learning: {settle: '2d'}}",
        "1:21: learning.settle: 2d is too long: must be at most 24h"
      ),
      (
        "{settle: '2m'}",
        "1:2: settle: unknown key; it belongs into learning: { … }"
      ),
      (
        "{ollama: {backup: 'yes'}}",
        "1:19: ollama.backup: \"yes\" is neither true nor false; write true or false, without quotes"
      ),
      ("{model: ''}", "1:9: model: the name is empty: write a name such as \"llama3.2:3b\""),
      ("{model: 5}", "1:9: model: 5 is not text; write it in quotes"),
      (
        "{models: {'-x': {}}}",
        "1:11: models.-x: the model's name begins with \"-\": a program would take it for an option"
      ),
      ("{models: {'a/../b': {}}}", "1:11: models.a/../b: the model's name has the part \"..\": names are no paths"),
      ("{models: {a: 0.7}}", "1:14: models.a: 0.7 is not an object; write { … }"),
      ("{models: ['a']}", "1:10: models: a list is not an object; write { \"name:tag\": { threshold: 0.7 } }"),
      ("{models: {a: {interval: '1h'}}}", "1:15: models.a.interval: unknown key; it belongs to the top level"),
      ("{treshold: 0.6}", "1:2: treshold: unknown key; did you mean threshold?"),
      ("{min_stats: 3}", "1:2: min_stats: unknown key; did you mean minStats?"),
      ("{pullTimeout: '10m'}", "1:2: pullTimeout: unknown key; it belongs into ollama: { … }"),
      ("{store: {db: 'x'}}", "1:10: store.db: unknown key; known here: path"),
      (
        "{supabase: {key: 'eyJsecret'}}",
        "1:13: supabase.key: keys are never written into this file; put it into a file of its own and name that by keyFile"
      ),
      (
        "{supabase: {keyFile: 'eyJsecret'}}",
        "1:22: supabase.keyFile: this looks like the key itself; put it into a file of its own and write that file's path here"
      ),
      (
        "{supabase: {url: 'x.supabase.co'}}",
        "1:18: supabase.url: x.supabase.co is no URL; write it like \"https://x.supabase.co\""
      ),
      ("[]", "1:1: a list is not an object; write { … }"),
      (
        "{a:1,a:2}",
        "1:2: a: unknown key; known here: model, interval, threshold, window, minStats, rule, cooldown, rearm, staleAfter, strategy, models, ollama, supabase, learning, notify, store, log\nretraind.json5:1:6: a: this key stands twice: at 1:2 and at 1:6; remove one of them"
      ),
    ])
  func errors(text: String, expected: String) {
    #expect(LoaderSupport.errors(text) == "retraind.json5:" + expected)
  }

  @Test("all errors are reported, in the order of the file")
  func allErrors() {
    let text = "{\n  threshold: 40,\n  window: 0,\n  log: { level: 'x' },\n  interval: 5,\n  threshold: 1,\n}"
    #expect(
      LoaderSupport.errors(text).split(separator: "\n").map { String($0.prefix(19)) } == [
        "retraind.json5:2:14", "retraind.json5:3:11", "retraind.json5:4:17", "retraind.json5:5:13",
        "retraind.json5:6:3:",
      ])
  }

  @Test("the list of errors is bounded")
  func bounded() {
    let text = "{" + (0..<60).map { "k\($0): 1" }.joined(separator: ",") + "}"
    let lines = LoaderSupport.errors(text).split(separator: "\n")
    #expect(lines.count == 51)
    #expect(lines.last == "and 10 more errors")
  }

  @Test(
    "hosts and their shapes",
    arguments: [
      ("127.0.0.1", "127.0.0.1"), ("localhost:11434", "localhost:11434"), (":11434", ":11434"), ("0.0.0.0", "0.0.0.0"),
      ("http://h", "http://h"), ("HTTPS://h:1/p", "https://h:1/p"), ("[::1]:11434", "[::1]:11434"), ("::1", "[::1]"),
      ("fe80::1%eth0", "[fe80::1%eth0]"),
    ])
  func hosts(text: String, expected: String) throws {
    #expect(try EndpointCheck.host(text) == expected)
  }

  @Test(
    "hosts that are none",
    arguments: [
      ("", "the address is empty"), (":", ": has the port \"\""), ("h:0", "h:0 has the port \"0\""),
      ("h:65536", "h:65536 has the port \"65536\""), ("h:+1", "h:+1 has the port \"+1\""),
      ("ftp://h", "ftp://h has the scheme \"ftp\""),
      ("http://u:p@h", "the address holds a user name or a password"), ("http://", "http:// names no host"),
      ("http://:80", "http://:80 names no host"),
      ("a b", "the address contains white space or characters that no address has"),
      ("h:1:2", "h:1:2 has more than one port"), ("[::1", "[::1 has no closing bracket"),
      ("[x]", "[x] names the host \"x\", which is no host name or address"),
      ("[::1]x", "[::1]x goes on after the bracket"),
      ("h!", "h! names the host \"h!\", which is no host name or address"),
      ("h?x", "the address has a query or a fragment"),
      ("/x", "/x names no host"),
    ])
  func badHosts(text: String, expected: String) {
    do throws(FieldProblem) {
      let host = try EndpointCheck.host(text)
      Issue.record("\(text) was taken as \(host)")
    } catch {
      #expect(error.message == expected)
    }
  }
}
