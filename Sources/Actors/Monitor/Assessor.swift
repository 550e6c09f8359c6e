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
    // What is at hand may be older than what the store has; then each finding says so.
    let caveat = try await stats.refresh()
    let now = Timestamp(microseconds: wallClock.microseconds())
    let configured = ConfiguredModels(settings)
    let wanted = only.map { Set($0.map(ModelName.normalised)) }
    let limit = configured.widestWindow + Self.spareRows
    var groups = try await groups(names(of: wanted, settings), settings, limit: limit)
    // What the configuration names is watched even before its first cycle.
    for key in wanted ?? Set(configured.spellings.keys) where groups[key] == nil {
      groups[key] = ModelGroup(key: key)
    }
    var names: [String: String] = [:]
    for group in groups.values {
      guard let key = group.key else { continue }
      names[key] = (configured.spellings[key] ?? group.shortestName).map(ModelName.bounded)
    }
    let memories = try await journal?.memories(of: Array(names.values)) ?? [:]
    let digests = try await journal?.servedDigests() ?? [:]
    var assessments: [Assessment] = []
    assessments.reserveCapacity(groups.count)
    for group in groups.values {
      let key = group.key
      let name = key.flatMap { names[$0] }
      let memory = name.flatMap { memories[$0] } ?? ModelMemory()
      let rules = configured.rules(for: key)
      var evaluation = try await evaluate(group, name, memory, rules, settings, now: now)
      if let caveat { evaluation.reason += " (\(caveat))" }
      let action = Policy.decide(evaluation: evaluation, memory: memory, settings: rules, now: now)
      assessments.append(
        Assessment(evaluation: evaluation, memory: memory, action: action, digest: key.flatMap { digests[$0] }))
    }
    return assessments.sorted { ($0.evaluation.model ?? "") < ($1.evaluation.model ?? "") }
  }

  /// Judges a model; reads on where its newest rows are not usable but older ones may be.
  private func evaluate(
    _ first: ModelGroup, _ name: String?, _ memory: ModelMemory, _ rules: RuleSettings, _ settings: Settings,
    now: Timestamp
  ) async throws -> Evaluation {
    let rule = MeanRule(rules)
    // One that a wrong clock wrote keeps no cycle out, see `Evidence.collect`.
    let start = memory.windowStart.flatMap { $0 > now.adding(RuleBounds.futureTolerance) ? nil : $0 }
    var group = first
    var evaluation = rule.evaluate(rows: group.rows, model: name, windowStart: memory.windowStart, now: now)
    var limit = rules.window + Self.spareRows
    while evaluation.have < rules.window, group.hasMore, limit < Self.maximumRows,
      !group.reachesBefore(start)
    {
      limit = min(limit * 8, Self.maximumRows)
      group = try await groups(first.written, settings, limit: limit)[first.key ?? ""] ?? ModelGroup(key: first.key)
      evaluation = rule.evaluate(rows: group.rows, model: name, windowStart: memory.windowStart, now: now)
    }
    if let name, let problem = ModelName.problemToWatch(name) {
      // It must never reach a server or a program: there is no model to act on.
      evaluation.verdict = .unattributed
      evaluation.reason =
        "no model to act on: \"\(PrintableText.clip(name, to: PrintableText.nameLength))\" \(problem); \(evaluation.reason)"
    }
    return evaluation
  }

  /// What rows call these models; nil for all.
  private func names(of wanted: Set<String>?, _ settings: Settings) -> [String?]? {
    guard let wanted else { return nil }
    var names: [String?] = wanted.flatMap { ModelName.spellings(of: $0) }
    if let model = settings.model, wanted.contains(ModelName.normalised(model)) { names.append(nil) }
    return names
  }

  /// The newest rows by model; rows that name none are about the configured model, where there is one, and else under
  /// the empty name.
  private func groups(_ names: [String?]?, _ settings: Settings, limit: Int) async throws -> [String: ModelGroup] {
    var groups: [String: ModelGroup] = [:]
    for found in try await stats.newestRows(of: names, limit: limit) {
      let key = (found.model ?? settings.model).map { ModelName.bounded(ModelName.normalised($0)) }
      groups[key ?? "", default: ModelGroup(key: key)].add(found)
    }
    return groups
  }
}
