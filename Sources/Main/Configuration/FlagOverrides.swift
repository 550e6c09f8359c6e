/// What the command line says of the configuration.
struct FlagOverrides: Sendable, Hashable {
  /// `--config`: the file.
  var config: String?
  /// Who names that file, for messages.
  var configNamedBy = "--config"
  /// `--state-dir`: where everything lies.
  var stateDirectory: String?
  /// `--interval`: time between two checks.
  var interval: Duration?
  /// `--model` of `run`: the model that rows are about which name none.
  var model: String?
  /// `--model` of `check`: the same, but only where the configuration names none, so that rows that are about the
  /// configured model are never taken for another one's.
  var modelWhereNone: String?
  /// `--threshold`, `--window` and `--min-stats`: for every model, whatever its entry says.
  var rules = RuleOverrides()

  /// Nothing is said.
  init() {}
}
