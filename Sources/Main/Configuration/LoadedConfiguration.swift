internal import Actors

/// The effective configuration and where each part of it came from.
struct LoadedConfiguration: Sendable {
  /// The values.
  var settings: Settings
  /// The file that was read, as it is named in messages; nil where there was none.
  var file: String?
  /// Where the settings came from that somebody said something about, by the name of the field (`ollama.host`).
  var provenance: [String: SettingSource]
  /// What a person should know.
  var warnings: [ConfigWarning]
  /// Where everything lies, absolute.
  var paths: StatePaths
  /// What is wrong with the configuration, where these are only the places at which a daemon may be asked; nil where the
  /// rest holds, too.
  var unusable: ConfigErrors?

  /// Where a setting came from. What a model's entry leaves out came from where the setting for all models did.
  func source(of path: [String]) -> SettingSource {
    if let source = provenance[path.joined(separator: ".")] { return source }
    if path.count > 2, path[0] == "models", let key = path.last { return provenance[key] ?? .default }
    return .default
  }
}
