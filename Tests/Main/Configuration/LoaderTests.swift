import Actors
import Platform
import Rules
import Testing

@testable import Main

@Suite("configuration from all its sources", .timeLimit(.minutes(5)))
struct LoaderTests {
  /// A file that says a threshold, which tells the files apart.
  private func file(_ threshold: String) -> FileReadResult { .text("{threshold: \(threshold)}") }

  @Test("the places are searched in their order")
  func search() throws {
    var files: [String: FileReadResult] = [
      "/w/x.json5": file("0.1"), "/e/y.json5": file("0.2"), "/w/retraind.json5": file("0.3"),
      "/x/retraind/retraind.json5": file("0.4"), "/h/.config/retraind/retraind.json5": file("0.5"),
      "/etc/retraind/retraind.json5": file("0.55"),
    ]
    var environment = ["RETRAIND_CONFIG": "/e/y.json5", "XDG_CONFIG_HOME": "/x", "HOME": "/h"]
    var flags = FlagOverrides()
    flags.config = "x.json5"
    func expect(_ name: String?, _ threshold: Double, _ comment: Comment) throws {
      let loaded = try LoaderSupport.load(files: files, environment: environment, flags: flags)
      #expect(loaded.file == name, comment)
      #expect(loaded.settings.rules.threshold == threshold, comment)
    }
    try expect("x.json5", 0.1, "the flag")
    flags.config = nil
    try expect("/e/y.json5", 0.2, "the environment")
    environment["RETRAIND_CONFIG"] = ""
    try expect("retraind.json5", 0.3, "an empty variable is none")
    files["/w/retraind.json5"] = nil
    try expect("/x/retraind/retraind.json5", 0.4, "XDG")
    environment["XDG_CONFIG_HOME"] = "relative"
    try expect("/h/.config/retraind/retraind.json5", 0.5, "a relative XDG path does not count")
    environment["HOME"] = nil
    try expect("/etc/retraind/retraind.json5", 0.55, "etc")
    files = [:]
    try expect(nil, 0.6, "none")
  }

  @Test("judgements become cycles where the embedded store has both; where Supabase has them, asking for it is told")
  func learning() throws {
    let plain = try LoaderSupport.load()
    #expect(
      plain.settings.learning == LearningSettings(isEnabled: true, interval: .seconds(3600), settle: .seconds(120)))
    let own = try LoaderSupport.load("{learning: {interval: '10m', settle: '0s', enabled: false}}")
    #expect(own.settings.learning == LearningSettings(isEnabled: false, interval: .seconds(600), settle: .zero))
    let environment = ["SUPABASE_URL": "https://x", "SUPABASE_ANON_KEY": "k"]
    let elsewhere = try LoaderSupport.load(environment: environment)
    #expect(!elsewhere.settings.learning.isEnabled)
    #expect(elsewhere.warnings.isEmpty)
    let asked = try LoaderSupport.load("{learning: {enabled: true}}", environment: environment)
    #expect(!asked.settings.learning.isEnabled)
    #expect(
      asked.warnings.map(\.description) == [
        "learning.enabled: cycles come from Supabase, so none are made of judgements here: leave it out"
      ])
    // Without a key the embedded store is used.
    #expect(try LoaderSupport.load(environment: ["SUPABASE_URL": "https://x"]).settings.learning.isEnabled)
  }

  @Test("a file that somebody named must be there")
  func missing() {
    var flags = FlagOverrides()
    flags.config = "nope.json5"
    #expect(
      LoaderSupport.errors(flags: flags)
        == "nope.json5: the file does not exist; --config names it: correct the path, or leave it out to use the usual places"
    )
    let checked = Invocation.checkConfig(CheckConfigOptions(file: "nope.json5"), GlobalOptions())
    #expect(
      LoaderSupport.errors(flags: checked.overrides)
        == "nope.json5: the file does not exist; the argument names it: correct the path, or leave it out to use the usual places"
    )
    #expect(
      LoaderSupport.errors(environment: ["RETRAIND_CONFIG": "/e/c"])
        == "/e/c: the file does not exist; $RETRAIND_CONFIG names it: correct the path, or leave it out to use the usual places"
    )
    #expect(
      LoaderSupport.errors(files: ["/w/retraind.json5": .failed("permission denied")])
        == "retraind.json5: the file cannot be read: permission denied; make it readable, or name another one by --config"
    )
    flags.config = "d"
    #expect(
      LoaderSupport.errors(files: ["/w/d": .failed("it is a directory")], flags: flags)
        == "d: the file cannot be read: it is a directory; --config names it")
  }

  @Test("flags win over environment, environment over file, file over defaults")
  func precedence() throws {
    let text = "{interval: '5m', threshold: 0.5, model: 'a', ollama: {host: 'file'},\n models: {b: {threshold: 0.7}}}"
    let fromFile = try LoaderSupport.load(text)
    #expect(fromFile.settings.ollama.host == "file")
    let fromEnvironment = try LoaderSupport.load(text, environment: ["OLLAMA_HOST": " \"env:1\" "])
    #expect(fromEnvironment.settings.ollama.host == "env:1")
    #expect(fromEnvironment.provenance["ollama.host"] == .environment("OLLAMA_HOST"))

    var flags = FlagOverrides()
    flags.interval = .seconds(7)
    flags.model = "c"
    flags.rules = RuleOverrides(threshold: 0.9, window: 2, minStats: 1)
    let loaded = try LoaderSupport.load(text, flags: flags)
    #expect(loaded.settings.interval == .seconds(7))
    #expect(loaded.settings.model == "c")
    #expect(loaded.settings.rules == RuleSettings(threshold: 0.9, window: 2, minStats: 1))
    #expect(loaded.settings.rules(for: "b").threshold == 0.9, "a flag holds for every model")
    #expect(loaded.provenance["threshold"] == .flag("--threshold"))
    #expect(loaded.provenance["models.b.threshold"] == .flag("--threshold"))
    #expect(loaded.provenance["interval"] == .flag("--interval"))
  }

  @Test("the model of a check stands in only where none is configured")
  func modelOfCheck() throws {
    var flags = FlagOverrides()
    flags.modelWhereNone = "other:7b"
    #expect(try LoaderSupport.load(flags: flags).settings.model == "other:7b")
    #expect(try LoaderSupport.load("{model: 'a'}", flags: flags).settings.model == "a")
  }

  @Test("flags that do not fit together are named")
  func flagErrors() {
    var flags = FlagOverrides()
    flags.rules.window = 2
    #expect(
      LoaderSupport.errors(flags: flags)
        == "--window: 2 is less than minStats 3 (default); the window must hold at least minStats cycles"
    )
    #expect(
      LoaderSupport.errors("{minStats: 4}", flags: flags)
        == "retraind.json5:1:12: minStats: 4 (line 1) is more than window 2 (--window); the window must hold at least minStats cycles"
    )
    flags = FlagOverrides()
    flags.rules.minStats = 6
    #expect(
      LoaderSupport.errors(flags: flags)
        == "--min-stats: 6 is more than window 5 (default); the window must hold at least minStats cycles"
    )
  }

  @Test(
    "what the client of Ollama would refuse is refused with the configuration",
    arguments: ["-host:1", ".host", "http://[1:2:3::4::5]:1", #"http://h/a\b"#])
  func refusedHosts(host: String) {
    let fromEnvironment = LoaderSupport.errors(environment: ["OLLAMA_HOST": host])
    #expect(fromEnvironment.hasPrefix("$OLLAMA_HOST: ollama.host: the address of the Ollama server cannot be used"))
  }

  @Test("a wrong variable is named, and nothing else")
  func environmentErrors() {
    #expect(
      LoaderSupport.errors(environment: ["OLLAMA_HOST": "h:99999"])
        == "$OLLAMA_HOST: ollama.host: h:99999 has the port \"99999\"; ports are between 1 and 65535")
    #expect(
      LoaderSupport.errors(environment: ["SUPABASE_URL": "https://me:hunter2@x"])
        == "$SUPABASE_URL: supabase.url: the address holds a user name or a password; leave it out")
  }

  @Test(
    "places of the state",
    arguments: [
      ([:], nil, "/w/data/retraind.db", "/w/logs/model_retrainer.log", "/w/data/status.json"),
      ([:], "/s", "/s/retraind.db", "/s/model_retrainer.log", "/s/status.json"),
      ([:], "s", "/w/s/retraind.db", "/w/s/model_retrainer.log", "/w/s/status.json"),
      (
        ["STATE_DIRECTORY": "/var/lib/r:/b", "LOGS_DIRECTORY": "/var/log/r"], nil, "/var/lib/r/retraind.db",
        "/var/log/r/model_retrainer.log", "/var/lib/r/status.json"
      ),
      (
        ["STATE_DIRECTORY": "/var/lib/r"], nil, "/var/lib/r/retraind.db", "/var/lib/r/model_retrainer.log",
        "/var/lib/r/status.json"
      ),
      (
        ["LOGS_DIRECTORY": "/var/log/r"], nil, "/w/data/retraind.db", "/var/log/r/model_retrainer.log",
        "/w/data/status.json"
      ),
      (
        ["STATE_DIRECTORY": "/var/lib/r", "LOGS_DIRECTORY": "/var/log/r"], "/s", "/s/retraind.db",
        "/s/model_retrainer.log", "/s/status.json"
      ),
    ] as [([String: String], String?, String, String, String)])
  func places(environment: [String: String], flag: String?, database: String, log: String, status: String) throws {
    var flags = FlagOverrides()
    flags.stateDirectory = flag
    let paths = try LoaderSupport.load(environment: environment, flags: flags).paths
    #expect(paths.database == database)
    #expect(paths.log == log)
    #expect(paths.status == status)
    #expect(paths.socket == paths.directory + "/control.sock")
    #expect(paths.lock == paths.directory + "/retraind.lock")
  }

  @Test("a log file of the configuration stays where only the state's directory is given")
  func logStays() throws {
    let loaded = try LoaderSupport.load("{log: {file: '/l/x.log'}}", environment: ["STATE_DIRECTORY": "/s"])
    #expect(loaded.paths.log == "/l/x.log")
    #expect(loaded.provenance["log.file"] == .file(line: 1))
    #expect(loaded.provenance["store.path"] == .environment("STATE_DIRECTORY"))
  }

  @Test("paths of the state keep to their rules")
  func paths() {
    #expect(StatePaths.join("/w/", "./a") == "/w/a")
    #expect(StatePaths.join("/w", "/a") == "/a")
    #expect(StatePaths.directory(of: "/a") == "/")
    #expect(StatePaths.directory(of: "a") == ".")
    #expect(StatePaths(database: "/x.db", log: "l").status == "/status.json")
  }
}

@Suite("Supabase's configuration", .timeLimit(.minutes(5)))
struct SupabaseConfigurationTests {
  static let secret = "eyJhbGciOiJIUzI1NiJ9.secret"

  @Test(
    "URL and key from every place, the first one counts",
    arguments: [
      (["SUPABASE_SERVICE_ROLE_KEY": "k1", "SUPABASE_ANON_KEY": "k2"], "k1", "SUPABASE_SERVICE_ROLE_KEY"),
      (["SUPABASE_SERVICE_ROLE_KEY": "", "SUPABASE_ANON_KEY": " k2\n"], "k2", "SUPABASE_ANON_KEY"),
      (
        ["SUPABASE_SERVICE_ROLE_KEY_FILE": "/k", "SUPABASE_ANON_KEY": "k2"], "from-file",
        "SUPABASE_SERVICE_ROLE_KEY_FILE"
      ),
      (["SUPABASE_ANON_KEY_FILE": "k"], "relative", "SUPABASE_ANON_KEY_FILE"),
      (["CREDENTIALS_DIRECTORY": "/c"], "credential", "CREDENTIALS_DIRECTORY"),
    ] as [([String: String], String, String)])
  func environment(variables: [String: String], key: String, source: String) throws {
    var environment = variables
    environment["NEXT_PUBLIC_SUPABASE_URL"] = "https://next.supabase.co/"
    let files: [String: FileReadResult] = [
      "/k": .text("from-file\n"), "/w/k": .text("relative"), "/c/supabase": .text("credential"),
    ]
    let loaded = try LoaderSupport.load(files: files, environment: environment)
    #expect(loaded.settings.supabase?.url == "https://next.supabase.co")
    #expect(loaded.settings.supabase?.key?.reveal() == key)
    #expect(loaded.provenance["supabase.key"] == .environment(source))
    #expect(loaded.warnings.isEmpty)
  }

  @Test("proxies and SSL_CERT_FILE come from the environment")
  func network() throws {
    let variables = ["SSL_CERT_FILE": "/ca.pem", "https_proxy": "http://p:1", "no_proxy": "h"]
    let network = try LoaderSupport.load(environment: variables).settings.network
    #expect(network?.certificates == "/ca.pem")
    #expect(network?.proxy == .variables(["https_proxy": "http://p:1", "no_proxy": "h"]))
    #expect(
      try LoaderSupport.load(environment: ["SSL_CERT_FILE": ""]).settings.network == HTTPNetwork(environment: [:]))
  }

  @Test("SUPABASE_URL counts before NEXT_PUBLIC_SUPABASE_URL, and both before the file")
  func urls() throws {
    let text = "{supabase: {url: 'https://file', keyFile: 'k'}}"
    let files: [String: FileReadResult] = ["/w/k": .text("key")]
    func url(_ environment: [String: String]) throws -> String? {
      try LoaderSupport.load(text, files: files, environment: environment).settings.supabase?.url
    }
    #expect(try url([:]) == "https://file")
    #expect(try url(["NEXT_PUBLIC_SUPABASE_URL": "https://next"]) == "https://next")
    #expect(try url(["NEXT_PUBLIC_SUPABASE_URL": "https://next", "SUPABASE_URL": "https://one"]) == "https://one")
  }

  @Test("what is incomplete is a warning, never a stop")
  func incomplete() throws {
    func warnings(_ text: String?, _ environment: [String: String] = [:], _ files: [String: FileReadResult] = [:])
      throws
      -> [String]
    {
      try LoaderSupport.load(text, files: files, environment: environment).warnings.map(\.description)
    }
    #expect(
      try warnings("{supabase: {url: 'https://x'}}") == [
        "supabase.key: there is a URL but no key: set supabase.keyFile or $SUPABASE_SERVICE_ROLE_KEY_FILE; until then the embedded store is used"
      ])
    #expect(
      try warnings("{supabase: {keyFile: 'k'}}") == [
        "supabase.keyFile: there is a key but no URL: set supabase.url or $SUPABASE_URL; until then the embedded store is used"
      ])
    #expect(
      try warnings("{supabase: {url: 'https://x', keyFile: 'k'}}", [:], ["/w/k": .failed("permission denied")]) == [
        "supabase.key: k cannot be read: permission denied; name a file that this user may read, with the key and nothing else in it; the embedded store data/retraind.db is used"
      ])
    #expect(
      try warnings("{supabase: {url: 'https://x', keyFile: 'k'}}", [:], ["/w/k": .text(" \n")]) == [
        "supabase.key: k is empty: put the key into it, in one line, and nothing else; the embedded store data/retraind.db is used"
      ])
    #expect(try warnings("{supabase: null}").isEmpty)
    #expect(try warnings(nil, ["SUPABASE_ANON_KEY": "k"]).isEmpty)
  }

  @Test(
    "what is wrong with a key's file is told with its name and never with a part of it, whoever names the file",
    arguments: [
      ("sb_secret_x", nil), ("sb_secret_x\n", nil), ("\r\n sb_secret_x \r\n\r\n", nil),
      ("", "is empty"), (" \n\t\n", "is empty"), ("sb_secret_x\nsb_secret_y\n", "has more than one line"),
      ("sb_secret_x\rsb_secret_y", "has more than one line"), ("sb_secret_x\0", "holds a NUL"),
      ("\0", "holds a NUL"), ("sb_secret x", "holds blanks or other characters that no key has"),
      ("sb_secret_ä", "holds blanks or other characters that no key has"),
      (String(repeating: "x", count: 16 * 1024), nil),
      (String(repeating: "x", count: 16 * 1024) + "\n", "has more than 16384 bytes, which no key has"),
    ] as [(String, String?)])
  func contents(text: String, fault: String?) throws {
    let places: [(path: String, variables: [String: String], file: String?)] = [
      ("/keys/a", ["SUPABASE_SERVICE_ROLE_KEY_FILE": "/keys/a"], nil),
      ("/keys/b", ["SUPABASE_ANON_KEY_FILE": "/keys/b"], nil),
      ("/credentials/supabase", ["CREDENTIALS_DIRECTORY": "/credentials"], nil),
      ("/w/k", [:], "{supabase: {url: 'https://x', keyFile: 'k'}}"),
    ]
    for place in places {
      let loaded = try LoaderSupport.load(
        place.file, files: [place.path: .text(text)],
        environment: place.variables.merging(["SUPABASE_URL": "https://x"]) { $1 })
      let said = loaded.warnings.map(\.description).joined(separator: "\n")
      #expect(!said.contains("sb_secret"))
      if let fault {
        let shown = place.path == "/w/k" ? "k" : place.path
        #expect(loaded.settings.supabase?.key == nil)
        #expect(
          said.hasPrefix("supabase.key: \(shown) \(fault): put the key into it, in one line, and nothing else;"))
      } else {
        #expect(said.isEmpty)
        #expect(loaded.settings.supabase?.key?.reveal().hasPrefix("\r") == false)
      }
    }
  }

  @Test("bytes that are no text are no key")
  func noText() throws {
    let loaded = try LoaderSupport.load(
      files: ["/k": .contents([0x73, 0x62, 0xFF, 0xFE])],
      environment: ["SUPABASE_URL": "https://x", "SUPABASE_ANON_KEY_FILE": "/k"])
    #expect(loaded.settings.supabase?.key == nil)
    #expect(loaded.warnings.first?.message.hasPrefix("/k holds blanks or other characters") == true)
  }

  @Test("a credential is used where nothing else names a key, and only then")
  func credential() throws {
    let environment = ["SUPABASE_URL": "https://x", "CREDENTIALS_DIRECTORY": "/c"]
    func key(_ more: [String: String], _ text: String? = nil, _ files: [String: FileReadResult]) throws -> String? {
      try LoaderSupport.load(text, files: files, environment: environment.merging(more) { $1 })
        .settings.supabase?.key?.reveal()
    }
    let files: [String: FileReadResult] = ["/c/supabase": .text("credential"), "/w/k": .text("file")]
    #expect(try key([:], nil, files) == "credential")
    #expect(try key(["SUPABASE_ANON_KEY": "variable"], nil, files) == "variable")
    #expect(try key([:], "{supabase: {keyFile: 'k'}}", files) == "file")
    // Credentials for something else are none of ours.
    #expect(try key([:], nil, ["/c/other": .text("x")]) == nil)
    // What somebody named counts, also where it cannot be used: another key would be a surprise.
    #expect(try key([:], "{supabase: {keyFile: 'gone'}}", files) == nil)
  }

  @Test("a file of a key that everybody may read is used, and people are told")
  func openKeyFile() throws {
    let loaded = try LoaderSupport.load(
      "{supabase: {url: 'https://x', keyFile: 'k'}}",
      files: ["/w/k": .contents(Array("key\n".utf8), isOpenToAll: true)])
    #expect(loaded.settings.supabase?.key?.reveal() == "key")
    #expect(
      loaded.warnings.map(\.description) == [
        "supabase.keyFile: k can be read by every user of this machine: chmod 600 k"
      ])
  }

  @Test(
    "what is no path of a key's file is told by its reason, and not repeated",
    arguments: [(".", "names a directory"), ("keys/", "names a directory"), ("~/key", "begins with ~")])
  func keyPath(path: String, words: String) throws {
    let loaded = try LoaderSupport.load(
      environment: ["SUPABASE_URL": "https://x", "SUPABASE_SERVICE_ROLE_KEY_FILE": path])
    let warning = loaded.warnings.map(\.description).joined()
    #expect(warning.contains("$SUPABASE_SERVICE_ROLE_KEY_FILE \(words)"), "\(warning)")
    #expect(!warning.contains("is not the path"))
  }

  @Test("a key that stands where a path should is not repeated")
  func misplacedKey() throws {
    let loaded = try LoaderSupport.load(
      environment: ["SUPABASE_URL": "https://x", "SUPABASE_ANON_KEY_FILE": Self.secret])
    #expect(
      loaded.warnings.map(\.description) == [
        "supabase.key: $SUPABASE_ANON_KEY_FILE holds what looks like the key itself: name the file that holds the key and nothing else; the embedded store data/retraind.db is used"
      ])
    #expect(!LoaderSupport.errors("{supabase: {keyFile: '\(Self.secret)'}}").contains(Self.secret))
    #expect(!LoaderSupport.errors("{supabase: {key: '\(Self.secret)'}}").contains(Self.secret))
    #expect(!LoaderSupport.errors("{supabase: {keyFile: ['\(Self.secret)']}}").contains(Self.secret))
  }

  @Test("a secret appears in no kind of output")
  func secretIsHidden() throws {
    let loaded = try LoaderSupport.load(
      environment: ["SUPABASE_URL": "https://x", "SUPABASE_ANON_KEY": Self.secret])
    var dumped = ""
    dump(loaded, to: &dumped)
    let outputs = [
      "\(loaded)", String(reflecting: loaded), dumped, ConfigurationPrinter(loaded: loaded).json5(),
      ConfigurationPrinter(loaded: loaded).json(), "\(loaded.settings.fields)",
      "\(loaded.settings.differences(from: Settings()))", "\(Secret(Self.secret))",
    ]
    for output in outputs { #expect(!output.contains("eyJ")) }
    #expect("\(Secret("x"))" == "***")
  }
}
