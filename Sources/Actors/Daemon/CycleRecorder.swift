public import Journal
public import Rules
public import Stores

/// Adds cycles that a person or a program records, in the daemon and in a command alike.
public struct CycleRecorder: Sendable {
  /// Rows that are looked through for the cycle before, at first and where those are not enough: one that is recorded
  /// long after its end stands behind newer ones.
  static let looks = [16, 4096]

  private let stats: any StatsSource
  private let journal: Journal
  private let settings: Settings

  /// Makes one over a store; the journal knows when models changed.
  public init(stats: any StatsSource, journal: Journal, settings: Settings) {
    self.stats = stats
    self.journal = journal
    self.settings = settings
  }

  /// Adds a cycle.
  ///
  /// - Parameters:
  ///   - id: its id where it brings none.
  ///   - now: its end where it brings none.
  /// - Throws: `StoreFailure` where it could not be added, or its id belongs to a cycle that says something else.
  public func record(_ cycle: ControlRequest.Cycle, id: String, now: Timestamp) async throws -> RecordAnswer {
    let end = cycle.microseconds.map { Timestamp(microseconds: $0) } ?? now
    let id = cycle.id ?? id
    if cycle.id != nil, let there = try await stats.cycle(id) {
      guard cycle.isSame(as: there) else { throw StoreFailure(Self.conflict(id, there)) }
      return RecordAnswer(id: id, isFirst: false, windowMinutes: there.windowMinutes, isThere: true)
    }
    let before = try await look(for: cycle.model, before: end, other: id)
    var window = cycle.windowMinutes
    if window == nil {
      var changed: Timestamp?
      if let model = cycle.model { changed = try await journal.memory(of: model).windowStart }
      window = CycleWindow.minutes(end: end, previous: before.end, changed: changed, longest: settings.interval)
    }
    try await stats.add(
      CycleRow(
        id: id, model: cycle.model, modelVersion: cycle.modelVersion, timestamp: end, windowMinutes: window,
        accepted: cycle.accepted, rejected: cycle.rejected, edited: cycle.edited, acceptRate: cycle.acceptRate))
    // Somebody else may have been quicker, and a row with that id stays as it is.
    if cycle.id != nil, let there = try await stats.cycle(id) {
      guard cycle.isSame(as: there) else { throw StoreFailure(Self.conflict(id, there)) }
      window = there.windowMinutes
    }
    return RecordAnswer(id: id, isFirst: before.isFirst, windowMinutes: window)
  }

  /// The model's newest cycle before an instant, and whether there is none at all.
  private func look(
    for model: String?, before end: Timestamp, other id: String
  ) async throws(StoreFailure) -> (end: Timestamp?, isFirst: Bool) {
    var names: [String?] = model.map { ModelName.spellings(of: $0) } ?? [nil]
    if let model, let configured = settings.model, ModelName.normalised(model) == ModelName.normalised(configured) {
      // Rows that name none are about the configured one.
      names.append(nil)
    }
    var isFirst = true
    for limit in Self.looks {
      let found = try await stats.newestRows(of: names, limit: limit)
      isFirst = found.allSatisfy(\.rows.isEmpty)
      let ends = found.lazy.flatMap(\.rows).filter { $0.id != id }.compactMap(\.timestamp).filter { $0 <= end }
      if let newest = ends.max() { return (newest, isFirst) }
      guard found.contains(where: \.hasMore) else { break }
    }
    return (nil, isFirst)
  }

  private static func conflict(_ id: String, _ there: CycleRow) -> String {
    let shown = { (text: String) in PrintableText.clip(text, to: PrintableText.nameLength) }
    var what: [String] = [there.model.map(shown) ?? "no model"]
    if let accepted = there.accepted { what.append("\(accepted) accepted") }
    if let rejected = there.rejected { what.append("\(rejected) rejected") }
    if let edited = there.edited { what.append("\(edited) edited") }
    if there.accepted == nil || there.rejected == nil, let rate = there.acceptRate { what.append("rate \(rate)") }
    if let end = there.timestamp { what.append("ended at \(end.rfc3339)") }
    return
      "cycle \(shown(id)) is there already with other numbers (\(what.joined(separator: ", "))) and was not changed: "
      + "a new cycle needs another --id, or none"
  }
}

extension ControlRequest.Cycle {
  /// Whether a row says what this cycle says; what this one leaves open is as the row has it.
  fileprivate func isSame(as row: CycleRow) -> Bool {
    guard model.map(ModelName.normalised) == row.model.map(ModelName.normalised), accepted == row.accepted,
      rejected == row.rejected, edited == row.edited
    else { return false }
    func agrees<Value: Equatable>(_ own: Value?, _ there: Value?) -> Bool { own == nil || own == there }
    return agrees(acceptRate, row.acceptRate) && agrees(microseconds, row.timestamp?.microseconds)
      && agrees(windowMinutes, row.windowMinutes) && agrees(modelVersion, row.modelVersion)
  }
}
