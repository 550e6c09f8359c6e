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
      let standing = Standing(verdict: result.evaluation.verdict, action: result.action)
      seen[name] = standing
      guard let level = level(of: standing, before: standings[name]) else { continue }
      if lines.count < Self.maximumLines {
        lines.append(Line(level: level, text: Self.text(result, isAlarm: level == .warning)))
      } else {
        untold += 1
      }
    }
    if untold > 0 {
      lines.append(Line(level: .info, text: "… and \(untold) more models: `retraind status` lists all."))
    }
    if isFull { standings = seen } else { standings.merge(seen) { _, new in new } }
    return lines
  }

  /// How important a model's standing is; nil where nothing is new.
  private func level(of standing: Standing, before: Standing?) -> LogLevel? {
    switch standing.action {
    case .started: .warning
    case .failed: .error
    case .joined, .exhausted: standing == before ? nil : .warning
    case .none, .suppressed, .succeeded: standing == before ? nil : .info
    }
  }

  private static func text(_ result: CheckResult, isAlarm: Bool) -> String {
    let model = result.evaluation.model ?? "(no model)"
    let doing = result.action == .none ? "" : " (\(result.action.rawValue))"
    return "\(isAlarm ? "⚠️ " : "")\(model): \(result.evaluation.verdict.rawValue)\(doing), \(result.reason)."
  }
}
