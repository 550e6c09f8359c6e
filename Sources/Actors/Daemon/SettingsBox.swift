import Platform

/// The configuration in force: read at each check and each request, replaced as a whole by a reload.
final class SettingsBox: Sendable {
  private let state: Guarded<Settings>

  /// Starts with a configuration.
  init(_ settings: Settings) { state = Guarded(settings) }

  /// The configuration now.
  var current: Settings { state.withLock { $0 } }

  /// Replaces it.
  func replace(_ settings: Settings) { state.withLock { $0 = settings } }
}
