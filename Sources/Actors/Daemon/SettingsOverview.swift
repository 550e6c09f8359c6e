public import Platform

extension Settings {
  /// Models that the configuration names: watched even before their first cycle.
  var namedModels: Set<String> { Set(models.keys).union(model.map { [$0] } ?? []) }

  /// Every field in words, for the status; secrets are not among them.
  public var effective: [String: String] {
    var words: [String: String] = [:]
    for field in fields { words[field.name] = "\(field.value)" }
    return words
  }
}

extension LogSettings {
  /// As the log takes it.
  public var platformLevel: LogLevel { LogLevel(word: level.rawValue) ?? .info }
  /// As the log takes it.
  public var platformFormat: LogFormat { format == .json ? .json : .text }
}
