import Platform
import Rules

/// Chooses what a check tells people in the log: what is new of a model, once, and whatever is done or fails.
struct CheckNews: Sendable {
  /// Lines about single models that one check writes at most.
  static let maximumLines = 50

  /// A line for the log.
  struct Line: Sendable, Hashable {
    /// How important it is.
    var level: LogLevel
    /// What it says.
    var text: String
  }

  /// Verdict and action of each model at its last check, under the empty name for rows that name no model.
  private var standings: [String: Standing] = [:]

  private struct Standing: Sendable, Hashable {
    var verdict: Verdict
    var action: CheckAction
    var quarantined: Int
  }

  /// The lines of a check.
  ///
  /// - Parameter isFull: whether it saw every model; those that it did not see are then forgotten.
  mutating func lines(about results: [CheckResult], isFull: Bool) -> [Line] {
    var lines: [Line] = []
    var untold = 0
    var seen: [String: Standing] = [:]
    for result in results {
      let name = result.evaluation.model ?? ""
      let standing = Standing(
        verdict: result.evaluation.verdict, action: result.action,
        quarantined: result.evaluation.quarantined)
      seen[name] = standing
      let before = standings[name]
      var told: [Line] = []
      if let level = level(of: standing, before: before) {
        told.append(Line(level: level, text: Self.text(result, isAlarm: level == .warning)))
      }
      if standing.quarantined != before?.quarantined ?? 0 { told.append(Self.quarantine(result, standing.quarantined)) }
      guard !told.isEmpty else { continue }
      if lines.count < Self.maximumLines { lines += told } else { untold += 1 }
    }
    if untold > 0 {
      lines.append(Line(level: .info, text: "… and \(untold) more models: `retraind status` lists all."))
    }
    if isFull { standings = seen } else { standings.merge(seen) { _, new in new } }
    return lines
  }

  /// How important a model's standing is; nil where nothing is new.
  private func level(of standing: Standing, before: Standing?) -> LogLevel? {
    let isSame = standing.verdict == before?.verdict && standing.action == before?.action
    return switch standing.action {
    case .started: .warning
    case .failed: .error
    case .joined, .exhausted: isSame ? nil : .warning
    case .none, .suppressed, .succeeded: isSame ? nil : .info
    }
  }

  private static func text(_ result: CheckResult, isAlarm: Bool) -> String {
    let model = name(of: result)
    let doing = result.action == .none ? "" : " (\(result.action.rawValue))"
    return "\(isAlarm ? "⚠️ " : "")\(model): \(result.evaluation.verdict.rawValue)\(doing), \(result.reason)".asSentence
  }

  /// What to say of rows that are wrong themselves: their number has changed.
  private static func quarantine(_ result: CheckResult, _ count: Int) -> Line {
    guard let what = result.evaluation.quarantine else {
      return Line(level: .info, text: "\(name(of: result)): no row is quarantined any more.")
    }
    let rows = count == 1 ? "1 row" : "\(count) rows"
    return Line(level: .warning, text: "\(name(of: result)): \(rows) quarantined: \(what).")
  }

  private static func name(of result: CheckResult) -> String {
    result.evaluation.model.map { PrintableText.clip($0, to: PrintableText.nameLength) } ?? "(no model)"
  }
}
