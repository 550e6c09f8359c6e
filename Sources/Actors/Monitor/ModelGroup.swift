import Rules
import Stores

/// The rows of one model, however they write its name.
struct ModelGroup: Sendable {
  /// The normalised name; nil where the rows name no model and none is configured.
  var key: String?
  /// The names in the rows; nil for rows that name none.
  private(set) var written: [String?] = []
  /// The rows, newest first; between the newest and the oldest of them none is missing.
  private(set) var rows: [CycleRow] = []
  /// Whether the store has more.
  private(set) var hasMore = false
  /// The newest of the times up to which the rows of one name were read, where it has more.
  private var horizon: Timestamp?

  /// A model without rows.
  init(key: String?) { self.key = key }

  /// Puts the rows of one name into their places. What is older than the rows that another name has left is left out:
  /// the next query brings both.
  mutating func add(_ found: ModelRows) {
    let isFirst = written.isEmpty
    written.append(found.model)
    hasMore = hasMore || found.hasMore
    // A row without a time stands behind all that have one.
    if found.hasMore, let end = found.rows.last?.timestamp { horizon = max(horizon ?? end, end) }
    rows += found.rows
    guard !isFirst else { return }
    rows.sort(by: Self.isNewer)
    if let horizon { rows.removeAll { $0.timestamp.map { $0 < horizon } ?? true } }
  }

  /// The name that people see where the configuration does not write it: the shortest in the rows.
  var shortestName: String? {
    written.compactMap { $0 }.min { ($0.utf8.count, $0) < ($1.utf8.count, $1) } ?? key
  }

  /// True where the oldest row read is older than a time, so that reading on brings nothing that begins after it.
  func reachesBefore(_ start: Timestamp?) -> Bool {
    guard let start, let oldest = rows.last(where: { $0.timestamp != nil })?.timestamp else { return false }
    return oldest < start
  }

  private static func isNewer(_ left: CycleRow, _ right: CycleRow) -> Bool {
    switch (left.timestamp, right.timestamp) {
    case (let a?, let b?): a == b ? left.id > right.id : a > b
    case (.some, nil): true
    case (nil, .some): false
    case (nil, nil): left.id > right.id
    }
  }
}

/// The models that a configuration names, by their normalised names: for looking many up.
struct ConfiguredModels: Sendable {
  /// How it writes their names.
  private(set) var spellings: [String: String] = [:]
  /// Their own rules.
  private var ownRules: [String: RuleSettings] = [:]
  /// The rules of all others.
  private let rules: RuleSettings

  /// From a configuration; the name that `model` has wins over that of an entry.
  init(_ settings: Settings) {
    rules = settings.rules
    for (name, own) in settings.models.sorted(by: { $0.key < $1.key }) {
      let key = ModelName.normalised(name)
      if spellings[key] == nil { (spellings[key], ownRules[key]) = (name, own.rules) }
    }
    if let model = settings.model { spellings[ModelName.normalised(model)] = model }
  }

  /// The rules for a model.
  func rules(for key: String?) -> RuleSettings { key.flatMap { ownRules[$0] } ?? rules }

  /// The widest window of all.
  var widestWindow: Int { ownRules.values.reduce(rules.window) { max($0, $1.window) } }
}
