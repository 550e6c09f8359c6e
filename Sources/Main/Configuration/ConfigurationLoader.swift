internal import Actors
internal import Platform
internal import Rules

/// Puts the configuration together: flags over environment over file over defaults. Knows no file system and no
/// process: what it reads is handed in, so that every case can be tested.
struct ConfigurationLoader {
  /// What the command line says.
  private let flags: FlagOverrides
  /// The environment without its empty variables: an empty one counts as absent.
  private let environment: [String: String]
  /// Where relative paths begin.
  private let workingDirectory: String
  /// How files are read.
  private let readFile: FileReader
  /// What is wrong so far.
  private var errors = ConfigErrors()
  /// Where each setting came from.
  private var provenance: [String: SettingSource] = [:]
  /// What a person should know.
  private var warnings: [ConfigWarning] = []

  /// The effective configuration, or everything that is wrong with it.
  static func load(
    flags: FlagOverrides, environment: [String: String], workingDirectory: String,
    readFile: @escaping FileReader
  ) throws(ConfigErrors) -> LoadedConfiguration {
    var loader = ConfigurationLoader(
      flags: flags, environment: environment, workingDirectory: workingDirectory, readFile: readFile)
    return try loader.load()
  }

  /// Makes a loader.
  private init(
    flags: FlagOverrides, environment: [String: String], workingDirectory: String, readFile: @escaping FileReader
  ) {
    self.flags = flags
    self.environment = environment.filter { !$0.value.isEmpty }
    self.workingDirectory = workingDirectory
    self.readFile = readFile
  }

  /// All of it, in the order of precedence from below.
  private mutating func load() throws(ConfigErrors) -> LoadedConfiguration {
    let found = try ConfigurationSearch(
      flag: flags.config, namedBy: flags.configNamedBy, environment: environment, workingDirectory: workingDirectory,
      readFile: readFile
    ).find()
    var reader = ConfigReader(file: found?.name ?? "")
    if let found { reader = try ConfigReader.read(found.bytes, file: found.name) }
    errors = reader.errors
    for (field, position) in reader.positions { provenance[field] = .file(line: position.line) }
    var settings = reader.settings
    applyEnvironment(to: &settings)
    applyFlags(to: &settings)
    applyRules(of: reader, to: &settings)
    applyDirectories(to: &settings)
    applySupabase(of: reader, to: &settings)
    applyLearning(to: &settings)
    applySecrets(to: &settings)
    guard errors.isEmpty else { throw errors.sorted() }
    return LoadedConfiguration(
      settings: settings, file: found?.name, provenance: provenance, warnings: warnings,
      paths: StatePaths(of: settings, workingDirectory: workingDirectory))
  }

  /// Proxies and certificates, and `OLLAMA_HOST`, read as Ollama reads it: quotes and spaces around it do not count.
  private mutating func applyEnvironment(to settings: inout Settings) {
    settings.network = HTTPNetwork(environment: environment)
    guard let value = environment["OLLAMA_HOST"] else { return }
    let ignored: [Unicode.Scalar] = [" ", "\t", "\"", "'"]
    var text = value.unicodeScalars[...]
    while let first = text.first, ignored.contains(first) { text.removeFirst() }
    while let last = text.last, ignored.contains(last) { text.removeLast() }
    guard !text.isEmpty else { return }
    do throws(FieldProblem) {
      settings.ollama.host = try EndpointCheck.host(String(text))
      provenance["ollama.host"] = .environment("OLLAMA_HOST")
    } catch {
      add(error, source: "$OLLAMA_HOST", field: "ollama.host")
    }
  }

  /// What flags say of single settings; they were checked when they were read.
  private mutating func applyFlags(to settings: inout Settings) {
    if let interval = flags.interval {
      settings.interval = interval
      provenance["interval"] = .flag("--interval")
    }
    if let model = flags.model ?? (settings.model == nil ? flags.modelWhereNone : nil) {
      settings.model = model
      provenance["model"] = .flag("--model")
    }
  }

  /// Rule and policy for all models and for each; flags hold for every model.
  private mutating func applyRules(of reader: ConfigReader, to settings: inout Settings) {
    let base = flags.rules.apply(to: reader.base.apply(to: ModelSettings()))
    settings.rules = base.rules
    settings.strategy = base.strategy
    noteFlags(under: "")
    checkWindow(base.rules, under: "", reader: reader)
    for (name, overrides) in reader.models.sorted(by: { $0.key < $1.key }) {
      let model = flags.rules.apply(to: overrides.apply(to: base))
      settings.models[name] = model
      let prefix = "models.\(name)."
      noteFlags(under: prefix)
      // What it takes over whole was checked above.
      if overrides.window != nil || overrides.minStats != nil {
        checkWindow(model.rules, under: prefix, reader: reader)
      }
    }
  }

  /// Takes note of the settings of a rule that flags gave.
  private mutating func noteFlags(under prefix: String) {
    if flags.rules.threshold != nil { provenance[prefix + "threshold"] = .flag("--threshold") }
    if flags.rules.window != nil { provenance[prefix + "window"] = .flag("--window") }
    if flags.rules.minStats != nil { provenance[prefix + "minStats"] = .flag("--min-stats") }
  }

  /// A rule that needs more cycles than it looks at would never fire.
  private mutating func checkWindow(_ rules: RuleSettings, under prefix: String, reader: ConfigReader) {
    guard rules.minStats > rules.window else { return }
    let minStats = provenance[prefix + "minStats"] ?? (prefix.isEmpty ? nil : provenance["minStats"]) ?? .default
    let window = provenance[prefix + "window"] ?? (prefix.isEmpty ? nil : provenance["window"]) ?? .default
    let blamesMinStats = minStats != .default && reader.positions[prefix + "minStats"] != nil || window == .default
    let field = prefix + (blamesMinStats ? "minStats" : "window")
    var source = reader.file
    if case .flag(let flag) = blamesMinStats ? minStats : window { source = flag }
    let position = source == reader.file ? reader.positions[field] : nil
    let (smaller, larger) = (window.description(file: nil), minStats.description(file: nil))
    // A flag says by itself which setting it is about, and where it comes from.
    let isFlag = source != reader.file && prefix.isEmpty
    let blamed = blamesMinStats ? rules.minStats : rules.window
    let origin = isFlag ? "" : " (\(blamesMinStats ? larger : smaller))"
    errors.append(
      ConfigError(
        source: source, position: position, field: isFlag ? nil : field,
        message: blamesMinStats
          ? "\(blamed)\(origin) is more than window \(rules.window) (\(smaller))"
          : "\(blamed)\(origin) is less than minStats \(rules.minStats) (\(larger))",
        remedy: "the window must hold at least minStats cycles"))
  }

  /// `--state-dir`, or what the service manager made for the daemon: the first of several directories counts.
  private mutating func applyDirectories(to settings: inout Settings) {
    if let directory = flags.stateDirectory {
      place(database: directory, log: directory, .flag("--state-dir"), .flag("--state-dir"), in: &settings)
      return
    }
    let state = environment["STATE_DIRECTORY"].flatMap(ConfigurationLoader.firstDirectory)
    var logs = environment["LOGS_DIRECTORY"].flatMap(ConfigurationLoader.firstDirectory)
    var logSource = SettingSource.environment("LOGS_DIRECTORY")
    if logs == nil, provenance["log.file"] == nil, state != nil {
      // A service's working directory is `/`: the default place of the log could not be written there.
      (logs, logSource) = (state, .environment("STATE_DIRECTORY"))
    }
    place(database: state, log: logs, .environment("STATE_DIRECTORY"), logSource, in: &settings)
  }

  /// Puts database and log into directories.
  private mutating func place(
    database: String?, log: String?, _ databaseSource: SettingSource, _ logSource: SettingSource,
    in settings: inout Settings
  ) {
    if let database {
      settings.stateDirectory = database
      settings.store.path = StatePaths.join(database, "retraind.db")
      provenance["stateDirectory"] = databaseSource
      provenance["store.path"] = databaseSource
    }
    if let log {
      settings.log.file = StatePaths.join(log, "model_retrainer.log")
      provenance["log.file"] = logSource
    }
  }

  /// The first of the directories that a service manager separates by colons.
  private static func firstDirectory(_ text: String) -> String? {
    text.split(separator: ":").first.map(String.init)
  }

  /// Supabase: used where there are a URL and a key; what is missing of them is told.
  private mutating func applySupabase(of reader: ConfigReader, to settings: inout Settings) {
    var url = reader.supabaseURL
    for name in ["SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"] {
      guard let text = environment[name] else { continue }
      do throws(FieldProblem) {
        url = try EndpointCheck.url(text)
        provenance["supabase.url"] = .environment(name)
      } catch {
        add(error, source: "$\(name)", field: "supabase.url")
      }
      break
    }
    guard let url else {
      if reader.supabaseKeyFile != nil {
        let advice = "set supabase.url or $SUPABASE_URL; until then the embedded store is used"
        warn("supabase.keyFile", "there is a key but no URL: \(advice)")
      }
      return
    }
    let finding = SupabaseKey.find(
      keyFile: reader.supabaseKeyFile, keyFileSource: provenance["supabase.keyFile"] ?? .default,
      environment: environment, workingDirectory: workingDirectory, readFile: readFile)
    settings.supabase = SupabaseSettings(
      url: url, keyFile: finding?.file ?? reader.supabaseKeyFile, key: finding?.key)
    if let finding {
      provenance["supabase.keyFile"] = finding.file == nil ? provenance["supabase.keyFile"] : finding.source
      provenance["supabase.key"] = finding.source
    }
    if let warning = finding?.warning { warn("supabase.keyFile", warning) }
    if let problem = finding?.problem {
      warn("supabase.key", "\(problem); the embedded store \(settings.store.path) is used")
    } else if finding == nil {
      let places = "supabase.keyFile or $SUPABASE_SERVICE_ROLE_KEY_FILE"
      warn("supabase.key", "there is a URL but no key: set \(places); until then the embedded store is used")
    }
  }

  /// Judgements become cycles where the embedded store has both.
  private mutating func applyLearning(to settings: inout Settings) {
    guard settings.supabase?.isComplete == true, settings.learning.isEnabled else { return }
    settings.learning.isEnabled = false
    if provenance["learning.enabled"] != nil {
      provenance["learning.enabled"] = nil
      warn("learning.enabled", "cycles come from Supabase, so none are made of judgements here: leave it out")
    }
  }

  /// The secrets of webhooks: a sink without one is not used, and everything else goes on.
  private mutating func applySecrets(to settings: inout Settings) {
    for index in settings.notify.indices {
      let name = settings.notify[index].name
      guard case .webhook(var webhook) = settings.notify[index].way else { continue }
      let finding = WebhookSecretFile.find(
        webhook.secretFile, environment: environment, workingDirectory: workingDirectory, readFile: readFile)
      webhook.secret = finding.secret
      webhook.problem = finding.problem
      settings.notify[index].way = .webhook(webhook)
      if finding.secret != nil { provenance["notify.\(name).secret"] = provenance["notify.\(name).secretFile"] }
      if let warning = finding.warning { warn("notify.\(name)", warning) }
      if let problem = finding.problem { warn("notify.\(name)", "\(problem); until then nobody is told there") }
    }
  }

  /// Takes note of an error that is not in the file.
  private mutating func add(_ problem: FieldProblem, source: String, field: String) {
    errors.append(
      ConfigError(source: source, field: field, message: problem.message, remedy: problem.remedy))
  }

  /// Takes note of a warning.
  private mutating func warn(_ field: String, _ message: String) {
    warnings.append(ConfigWarning(field: field, message: message))
  }
}
