internal import Actors
internal import Rules

/// Turns the tree of a file into settings. Goes on after an error, so that a person sees all of them at once.
struct ConfigReader {
  /// The keys of the file.
  static let keys =
    ["model", "interval"] + RuleOverrides.keys + [
      "models", "ollama", "supabase", "learning", "notify", "store", "log", "$schema",
    ]
  /// The keys of `ollama`.
  static let ollamaKeys = [
    "host", "transport", "pullTimeout", "stopGrace", "stallTimeout", "backup", "insecure", "program",
  ]
  /// The keys of `supabase`.
  static let supabaseKeys = ["url", "keyFile"]
  /// The keys of `learning`.
  static let learningKeys = ["enabled", "interval", "settle"]
  /// The key of `store`.
  static let storeKeys = ["path"]
  /// The keys of `log`.
  static let logKeys = ["file", "level", "format"]

  /// The file as it is named in messages.
  let file: String
  /// The defaults with what the file says, but for rules, models and Supabase.
  var settings = Settings()
  /// What the file says for every model.
  private(set) var base = RuleOverrides()
  /// What it says for single models.
  private(set) var models: [String: RuleOverrides] = [:]
  /// Supabase's URL.
  private(set) var supabaseURL: String?
  /// The file that Supabase's key lies in.
  private(set) var supabaseKeyFile: String?
  /// Where each setting of the file stands: at its value.
  var positions: [String: SourcePosition] = [:]
  /// What is wrong so far.
  var errors = ConfigErrors()

  /// Reads a file's bytes.
  static func read(_ bytes: [UInt8], file: String) throws(ConfigErrors) -> ConfigReader {
    let (root, duplicates) = try JSON5Scanner.scan(bytes, file: file)
    var reader = ConfigReader(file: file)
    reader.errors = duplicates
    reader.root(root)
    return reader
  }

  /// Begins with the defaults.
  init(file: String) { self.file = file }

  /// The whole file.
  private mutating func root(_ node: ConfigNode) {
    var base = RuleOverrides()
    for entry in entries(of: node, at: [], known: ConfigReader.keys) {
      let path = [entry.key]
      switch entry.key {
      case "model":
        if case .null = entry.value.value { continue }
        settings.model = text(entry.value, path, FieldCheck.modelName) ?? settings.model
      case "interval": settings.interval = duration(entry.value, path, FieldLimits.interval) ?? settings.interval
      case "models": readModels(entry.value, path)
      case "ollama": readOllama(entry.value, path)
      case "supabase": readSupabase(entry.value, path)
      case "learning": readLearning(entry.value, path)
      case "notify": readNotify(entry.value, path)
      case "store": readStore(entry.value, path)
      case "log": readLog(entry.value, path)
      case "$schema": continue
      default: rule(entry, path, into: &base)
      }
    }
    self.base = base
  }

  /// One of the keys that exist for every model and for each.
  private mutating func rule(_ entry: ConfigEntry, _ path: [String], into rules: inout RuleOverrides) {
    let value = entry.value
    switch entry.key {
    case "threshold":
      rules.threshold = number(value, path, "a rate such as 0.6") { number throws(FieldProblem) in
        try FieldCheck.rate(number)
      }
    case "window": rules.window = count(value, path, FieldLimits.window)
    case "minStats": rules.minStats = count(value, path, FieldLimits.window)
    case "rule": rules.rule = text(value, path, FieldCheck.rule)
    case "cooldown": rules.cooldown = duration(value, path, FieldLimits.cooldown)
    case "rearm": rules.rearm = choice(value, path)
    case "staleAfter": rules.staleAfter = duration(value, path, FieldLimits.staleAfter)
    case "strategy": rules.strategy = choice(value, path)
    default: break
    }
  }

  /// `models`.
  private mutating func readModels(_ node: ConfigNode, _ path: [String]) {
    guard case .object(let entries) = node.value else {
      return refuse(node, path, "is not an object", "write { \"name:tag\": { threshold: 0.7 } }")
    }
    guard entries.count <= FieldLimits.models else {
      return add(node.position, path, FieldProblem(message: "more than \(FieldLimits.models) models have an entry"))
    }
    var known: [String: String] = [:]
    for entry in entries {
      let path = path + [entry.key]
      let other = known.updateValue(entry.key, forKey: ModelName.normalised(entry.key))
      if let other, other != entry.key {
        add(
          entry.keyPosition, path,
          FieldProblem(message: "is the same model as \"\(other)\"", remedy: "keep one of the two entries"))
      }
      if let problem = ModelName.problemToWatch(entry.key) {
        add(entry.keyPosition, path, FieldProblem(message: "the model's name \(problem)"))
      }
      var rules = RuleOverrides()
      for inner in self.entries(of: entry.value, at: path, known: RuleOverrides.keys) {
        rule(inner, path + [inner.key], into: &rules)
      }
      models[entry.key] = rules
    }
  }

  /// `ollama`.
  private mutating func readOllama(_ node: ConfigNode, _ path: [String]) {
    var ollama = settings.ollama
    for entry in entries(of: node, at: path, known: ConfigReader.ollamaKeys) {
      let (value, path) = (entry.value, path + [entry.key])
      switch entry.key {
      case "host": ollama.host = text(value, path, EndpointCheck.host)
      case "transport": ollama.transport = choice(value, path) ?? ollama.transport
      case "pullTimeout": ollama.pullTimeout = duration(value, path, FieldLimits.pullTimeout) ?? ollama.pullTimeout
      case "stopGrace": ollama.stopGrace = duration(value, path, FieldLimits.stopGrace) ?? ollama.stopGrace
      case "stallTimeout": ollama.stallTimeout = duration(value, path, FieldLimits.stallTimeout) ?? ollama.stallTimeout
      case "backup": ollama.backup = flag(value, path) ?? ollama.backup
      case "insecure": ollama.insecure = flag(value, path) ?? ollama.insecure
      default: ollama.program = text(value, path, FieldCheck.filePath) ?? ollama.program
      }
    }
    settings.ollama = ollama
  }

  /// `supabase`.
  private mutating func readSupabase(_ node: ConfigNode, _ path: [String]) {
    if case .null = node.value { return }
    for entry in entries(of: node, at: path, known: ConfigReader.supabaseKeys) {
      let path = path + [entry.key]
      if entry.key == "url" {
        supabaseURL = text(entry.value, path, EndpointCheck.url)
      } else {
        supabaseKeyFile = text(entry.value, path, SupabaseKey.checkPath)
      }
    }
  }

  /// `learning`.
  private mutating func readLearning(_ node: ConfigNode, _ path: [String]) {
    var learning = settings.learning
    for entry in entries(of: node, at: path, known: ConfigReader.learningKeys) {
      let (value, path) = (entry.value, path + [entry.key])
      switch entry.key {
      case "enabled": learning.isEnabled = flag(value, path) ?? learning.isEnabled
      case "interval": learning.interval = duration(value, path, FieldLimits.learningInterval) ?? learning.interval
      default: learning.settle = duration(value, path, FieldLimits.settle) ?? learning.settle
      }
    }
    settings.learning = learning
  }

  /// `store`.
  private mutating func readStore(_ node: ConfigNode, _ path: [String]) {
    for entry in entries(of: node, at: path, known: ConfigReader.storeKeys) {
      settings.store.path = text(entry.value, path + [entry.key], FieldCheck.filePath) ?? settings.store.path
    }
  }

  /// `log`.
  private mutating func readLog(_ node: ConfigNode, _ path: [String]) {
    for entry in entries(of: node, at: path, known: ConfigReader.logKeys) {
      let (value, path) = (entry.value, path + [entry.key])
      switch entry.key {
      case "file": settings.log.file = text(value, path, FieldCheck.filePath) ?? settings.log.file
      case "level": settings.log.level = choice(value, path) ?? settings.log.level
      default: settings.log.format = choice(value, path) ?? settings.log.format
      }
    }
  }
}
