internal import Platform
internal import Rules

/// One setting by name, for printing and for comparing.
public struct SettingField: Sendable, Hashable {
  /// A value in the form that a configuration file has.
  public enum Value: Sendable, Hashable, CustomStringConvertible {
    /// Text.
    case text(String)
    /// A number that is not whole by nature.
    case number(Double)
    /// A count.
    case count(Int)
    /// Yes or no.
    case flag(Bool)
    /// Several texts.
    case list([String])
    /// A URL of which only the host is shown: whoever knows its path may use it.
    case address(String)
    /// Something that is not shown.
    case secret(Secret)
    /// Nothing is set.
    case none

    /// For people; a secret stays one.
    public var description: String {
      switch self {
      case .text(let text): text
      case .number(let number): "\(number)"
      case .count(let count): "\(count)"
      case .flag(let flag): flag ? "true" : "false"
      case .list(let texts): texts.joined(separator: " ")
      case .address(let url): HTTPAddress(url).map(\.origin) ?? "***"
      case .secret: "***"
      case .none: "none"
      }
    }
  }

  /// The section and the key, such as `["ollama", "host"]` or `["models", "other:7b", "threshold"]`.
  public var path: [String]
  /// What it is.
  public var value: Value
  /// True where a running daemon cannot take over a new value.
  public var needsRestart: Bool

  /// Makes a field.
  public init(path: [String], value: Value, needsRestart: Bool = false) {
    self.path = path
    self.value = value
    self.needsRestart = needsRestart
  }

  /// The path in one word: `ollama.host`.
  public var name: String { path.joined(separator: ".") }
}

extension Settings {
  /// Every setting in the order of the documentation; models by name.
  public var fields: [SettingField] {
    var fields: [SettingField] = [
      SettingField(path: ["model"], value: model.map { .text($0) } ?? .none),
      SettingField(path: ["interval"], value: .text(DurationText.print(interval))),
    ]
    fields += Settings.fields(of: rules, strategy: strategy, under: [])
    for (name, entry) in models.sorted(by: { $0.key < $1.key }) {
      fields += Settings.fields(of: entry.rules, strategy: entry.strategy, under: ["models", name])
    }
    fields += [
      SettingField(
        path: ["ollama", "host"], value: .text(ollama.host ?? OllamaSettings.defaultHost), needsRestart: true),
      SettingField(path: ["ollama", "transport"], value: .text(ollama.transport.rawValue), needsRestart: true),
      SettingField(path: ["ollama", "pullTimeout"], value: .text(DurationText.print(ollama.pullTimeout))),
      SettingField(
        path: ["ollama", "stopGrace"], value: .text(DurationText.print(ollama.stopGrace)), needsRestart: true),
      SettingField(
        path: ["ollama", "stallTimeout"], value: .text(DurationText.print(ollama.stallTimeout)), needsRestart: true),
      SettingField(path: ["ollama", "backup"], value: .flag(ollama.backup)),
      SettingField(path: ["ollama", "insecure"], value: .flag(ollama.insecure), needsRestart: true),
      SettingField(path: ["ollama", "program"], value: .text(ollama.program), needsRestart: true),
    ]
    if let supabase {
      fields += [
        SettingField(path: ["supabase", "url"], value: .text(supabase.url), needsRestart: true),
        SettingField(
          path: ["supabase", "keyFile"], value: supabase.keyFile.map { .text($0) } ?? .none, needsRestart: true),
        SettingField(path: ["supabase", "key"], value: supabase.key.map { .secret($0) } ?? .none, needsRestart: true),
      ]
    }
    for sink in notify { fields += sink.fields }
    return fields + [
      SettingField(path: ["learning", "enabled"], value: .flag(learning.isEnabled)),
      SettingField(path: ["learning", "interval"], value: .text(DurationText.print(learning.interval))),
      SettingField(path: ["learning", "settle"], value: .text(DurationText.print(learning.settle))),
      SettingField(path: ["store", "path"], value: .text(store.path), needsRestart: true),
      SettingField(path: ["log", "file"], value: .text(log.file), needsRestart: true),
      SettingField(path: ["log", "level"], value: .text(log.level.rawValue)),
      SettingField(path: ["log", "format"], value: .text(log.format.rawValue), needsRestart: true),
      SettingField(path: ["stateDirectory"], value: stateDirectory.map { .text($0) } ?? .none, needsRestart: true),
    ]
  }

  /// The fields that exist for every model.
  private static func fields(of rules: RuleSettings, strategy: Strategy, under path: [String]) -> [SettingField] {
    [
      SettingField(path: path + ["threshold"], value: .number(rules.threshold)),
      SettingField(path: path + ["window"], value: .count(rules.window)),
      SettingField(path: path + ["minStats"], value: .count(rules.minStats)),
      SettingField(path: path + ["rule"], value: .text(rules.rule)),
      SettingField(path: path + ["cooldown"], value: .text(DurationText.print(rules.cooldown))),
      SettingField(path: path + ["rearm"], value: .text(rules.rearm.rawValue)),
      SettingField(path: path + ["staleAfter"], value: .text(DurationText.print(rules.staleAfter))),
      SettingField(path: path + ["strategy"], value: .text(strategy.rawValue)),
    ]
  }
}
