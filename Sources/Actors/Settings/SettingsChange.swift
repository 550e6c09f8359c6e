/// What a reload changed in one setting.
public struct SettingsChange: Sendable, Hashable, CustomStringConvertible {
  /// The setting: `ollama.host`, `models.other:7b.threshold`.
  public var field: String
  /// What it was; `none` where it was not set; never a secret.
  public var old: String
  /// What it is now.
  public var new: String
  /// True where the running daemon keeps the old value until it is started again.
  public var needsRestart: Bool

  /// Makes a change.
  public init(field: String, old: String, new: String, needsRestart: Bool) {
    self.field = field
    self.old = old
    self.new = new
    self.needsRestart = needsRestart
  }

  /// For the log.
  public var description: String {
    "\(field): \(old) → \(new)" + (needsRestart ? " (takes effect after a restart)" : "")
  }
}

extension Settings {
  /// Every setting in which this configuration differs from an older one, in the order of the documentation, what
  /// is gone last. A model whose entry is new or gone is compared with what it falls back to.
  public func differences(from old: Settings) -> [SettingsChange] {
    let before = old.completed(with: models.keys)
    let after = completed(with: old.models.keys)
    let beforeFields = before.fields
    let afterFields = after.fields
    let byName = Dictionary(beforeFields.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var changes: [SettingsChange] = []
    for field in afterFields {
      let previous = byName[field.path]?.value ?? .none
      if previous != field.value { changes.append(Settings.change(field, from: previous, to: field.value)) }
    }
    let present = Set(afterFields.map(\.path))
    for field in beforeFields where !present.contains(field.path) && field.value != .none {
      changes.append(Settings.change(field, from: field.value, to: .none))
    }
    return changes
  }

  /// This configuration with entries for these models too, which say what holds for them anyway.
  private func completed(with names: some Sequence<String>) -> Settings {
    var result = self
    for name in names where result.models[name] == nil {
      result.models[name] = ModelSettings(rules: rules(for: name), strategy: strategy(for: name))
    }
    return result
  }

  /// One change; a secret that became another one says so without showing either.
  private static func change(
    _ field: SettingField, from old: SettingField.Value, to new: SettingField.Value
  ) -> SettingsChange {
    var newText = new.description
    if case .secret = old, case .secret = new { newText = "*** (another one)" }
    return SettingsChange(field: field.name, old: old.description, new: newText, needsRestart: field.needsRestart)
  }
}
