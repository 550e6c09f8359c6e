import Journal
import Platform
import Rules
import Stores

/// One look at every model: rows → evidence → verdict → what the policy would do. It changes nothing.
struct Assessor: Sendable {
  /// Rows beyond the window that the first query asks for, so that a few unusable ones cost no second query.
  static let spareRows = 16
  /// Rows per model that are read at most when unusable rows stand in front of usable ones.
  static let maximumRows = 65_536

  /// A model's finding, the memory it was judged with, and the policy's answer.
  struct Assessment: Sendable {
    /// The finding.
    var evaluation: Evaluation
    /// What earlier decisions left behind.
    var memory: ModelMemory
    /// What the policy says.
    var action: PolicyAction
    /// Digest that the model's last successful run left behind; nil where none did, or it could not be read.
    var digest: String?
  }

  /// Where cycles come from.
  let stats: any StatsSource
  /// Where memories are kept; nil where there is no journal yet.
  let journal: Journal?
  /// The clock that stamps are compared with.
  let wallClock: WallClock

  /// Looks at all models, or at some.
  ///
  /// - Parameter only: these models; nil for every model that a row or the configuration names.
  func assess(_ settings: Settings, only: Set<String>? = nil) async throws -> [Assessment] {
    let now = Timestamp(microseconds: wallClock.microseconds())
    var rowsByModel = try await rows(settings, only: only)
    // What the configuration names is watched even before its first cycle.
    let named = Set(settings.models.keys).union(settings.model.map { [$0] } ?? [])
    for model in named.union(only ?? []) where rowsByModel[model] == nil && (only?.contains(model) ?? true) {
      rowsByModel[model] = ModelRows(model: model, rows: [], hasMore: false)
    }
    let memories = try await journal?.memories(of: rowsByModel.keys.compactMap { $0 }) ?? [:]
    let digests = try await journal?.servedDigests() ?? [:]
    var assessments: [Assessment] = []
    assessments.reserveCapacity(rowsByModel.count)
    for (model, found) in rowsByModel {
      let rules = model.map { settings.rules(for: $0) } ?? settings.rules
      let memory = model.flatMap { memories[$0] } ?? ModelMemory()
      var rows = found
      var evaluation = MeanRule.evaluate(
        rows: rows.rows, model: model, settings: rules, windowStart: memory.windowStart, now: now)
      var limit = rules.window + Self.spareRows
      while evaluation.have < rules.window, rows.hasMore, limit < Self.maximumRows {
        limit = min(limit * 8, Self.maximumRows)
        rows = try await deeper(model, settings, limit: limit) ?? ModelRows(model: model, rows: [], hasMore: false)
        evaluation = MeanRule.evaluate(
          rows: rows.rows, model: model, settings: rules, windowStart: memory.windowStart, now: now)
        if reachesBefore(memory.windowStart, rows: rows) { break }
      }
      let action = Policy.decide(evaluation: evaluation, memory: memory, settings: rules, now: now)
      assessments.append(
        Assessment(
          evaluation: evaluation, memory: memory, action: action, digest: model.flatMap { digests[$0] }))
    }
    return assessments.sorted { ($0.evaluation.model ?? "") < ($1.evaluation.model ?? "") }
  }

  /// The newest rows of each model; rows that name none are about the configured model, where there is one.
  private func rows(_ settings: Settings, only: Set<String>?) async throws -> [String?: ModelRows] {
    let widest = max(settings.rules.window, settings.models.keys.map { settings.rules(for: $0).window }.max() ?? 0)
    let limit = widest + Self.spareRows
    var wanted: [String?]?
    if let only {
      wanted = only.map { $0 }
      if let model = settings.model, only.contains(model) { wanted?.append(nil) }
    }
    var byModel: [String?: ModelRows] = [:]
    for found in try await stats.newestRows(of: wanted, limit: limit) {
      let model = found.model ?? settings.model
      if var merged = byModel[model] {
        merged.rows = (merged.rows + found.rows).sorted { newer($0, $1) }
        merged.hasMore = merged.hasMore || found.hasMore
        byModel[model] = merged
      } else {
        byModel[model] = ModelRows(model: model, rows: found.rows, hasMore: found.hasMore)
      }
    }
    return byModel
  }

  private func deeper(_ model: String?, _ settings: Settings, limit: Int) async throws -> ModelRows? {
    var names: [String?] = [model]
    if model != nil, model == settings.model { names.append(nil) }
    let found = try await stats.newestRows(of: names, limit: limit)
    guard var merged = found.first else { return nil }
    for other in found.dropFirst() {
      merged.rows += other.rows
      merged.hasMore = merged.hasMore || other.hasMore
    }
    merged.rows.sort { newer($0, $1) }
    return merged
  }

  /// True where the oldest row read is older than the window's start, so that reading on finds nothing usable.
  private func reachesBefore(_ start: Timestamp?, rows: ModelRows) -> Bool {
    guard let start, let oldest = rows.rows.last(where: { $0.timestamp != nil })?.timestamp else { return false }
    return oldest < start
  }

  private func newer(_ left: CycleRow, _ right: CycleRow) -> Bool {
    switch (left.timestamp, right.timestamp) {
    case (let a?, let b?): a == b ? left.id > right.id : a > b
    case (.some, nil): true
    case (nil, .some): false
    case (nil, nil): left.id > right.id
    }
  }
}
