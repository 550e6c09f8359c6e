import Actors
import Platform
import Rules

/// A line of a file of judgements: one JSON object, whose keys are the columns of `learning_events` and
/// `learning_samples`.
struct FeedbackLine {
  /// Every key, with the shorter name that it may have.
  static let keys: [(name: String, short: String?)] = [
    ("id", nil), ("event_type", "type"), ("approved", nil), ("model", nil), ("model_version", "version"),
    ("confidence_score", "confidence"), ("created_at", "timestamp"), ("submission_id", nil), ("prompt", nil),
    ("completion", nil), ("correction", nil),
  ]

  /// The file as it is named in messages.
  let file: String
  /// Its number.
  let number: Int

  /// What it says.
  ///
  /// - Parameter model: the model where it names none.
  func judgement(_ bytes: [UInt8], model: String?, now: Timestamp) throws(ConfigError) -> Judgement {
    let values = try values(bytes)
    var judgement = Judgement(try kind(values), model: try text("model", values) ?? model)
    judgement.id = try text("id", values)
    judgement.modelVersion = try text("model_version", values)
    judgement.submission = try text("submission_id", values)
    judgement.prompt = try text("prompt", values)
    judgement.completion = try text("completion", values)
    judgement.correction = try text("correction", values)
    if let node = values["confidence_score"] {
      guard case .number(let number) = node.value else {
        throw wrong(node, "confidence_score", "is not a number", JudgementRefusal.confidenceRemedy)
      }
      let confidence = try checked(node, "confidence_score") { () throws(FieldProblem) in
        try FieldCheck.confidence(number)
      }
      judgement.confidence = Judgement.confidence(confidence)
    }
    if let time = try text("created_at", values), let node = values["created_at"] {
      judgement.microseconds = try checked(node, "created_at") { () throws(FieldProblem) in
        try TimestampArgument.parse(time).microseconds
      }
    }
    do throws(JudgementRefusal) {
      try JudgementRefusal.check(judgement, now: now)
    } catch {
      let remedy =
        error.field == "model" && judgement.model == nil ? "name it in the line, or by --model" : error.remedy
      throw problem(values[error.field]?.position.column ?? 1, error.field, error.message, remedy)
    }
    return judgement
  }

  /// The values by the full name of their key; those that are null are left out.
  private func values(_ bytes: [UInt8]) throws(ConfigError) -> [String: ConfigNode] {
    let root: ConfigNode
    do throws(ConfigErrors) {
      let scanned = try JSON5Scanner.scan(bytes, file: file, line: number)
      if !scanned.duplicates.isEmpty { throw scanned.duplicates }
      root = scanned.root
    } catch {
      let first = error.errors.first
      throw problem(first?.position?.column ?? 1, first?.field, first?.message ?? "is no JSON", first?.remedy)
    }
    guard case .object(let entries) = root.value else {
      throw problem(
        root.position.column, nil, "the line is \(root.kind), not an object",
        "write { \"event_type\": \"approval\", … }")
    }
    var values: [String: ConfigNode] = [:]
    for entry in entries {
      guard let key = Self.keys.first(where: { $0.name == entry.key || $0.short == entry.key }) else {
        let names = Self.keys.map(\.name)
        throw problem(
          entry.keyPosition.column, entry.key, "unknown key",
          NearestName.of(entry.key, among: names).map { "did you mean \($0)?" }
            ?? "known are \(names.joined(separator: ", "))")
      }
      if case .null = entry.value.value { continue }
      guard values.updateValue(entry.value, forKey: key.name) == nil else {
        throw problem(entry.keyPosition.column, key.name, "stands twice", "write it once")
      }
    }
    return values
  }

  /// What was thought: by the type, by whether it was approved, or by both where they agree.
  private func kind(_ values: [String: ConfigNode]) throws(ConfigError) -> Judgement.Kind {
    var approved: Bool?
    if let node = values["approved"] {
      switch node.value {
      case .bool(let flag): approved = flag
      case .number(let number) where number.whole == 0 || number.whole == 1: approved = number.whole == 1
      default: throw wrong(node, "approved", "is neither true nor false", "write true or false, or leave it out")
      }
    }
    guard let type = try text("event_type", values), let node = values["event_type"] else {
      guard let approved else {
        throw problem(
          1, "event_type", "is missing", "write \"approval\", \"rejection\", \"correction\" or \"edited\"")
      }
      return approved ? .approval : values["correction"] == nil ? .rejection : .correction
    }
    if type == "model_retrain" {
      throw wrong(node, "event_type", "is a retrain, which is no judgement", "leave the line out")
    }
    let kind = try checked(node, "event_type") { () throws(FieldProblem) in
      try FieldCheck.choice(type, of: Judgement.Kind.self)
    }
    if let approved, let meant = kind.isApproved, approved != meant {
      throw wrong(values["approved"] ?? node, "approved", "contradicts \(type)", "leave it out, or correct event_type")
    }
    return kind
  }

  private func text(_ name: String, _ values: [String: ConfigNode]) throws(ConfigError) -> String? {
    guard let node = values[name] else { return nil }
    if case .string(let text) = node.value { return text }
    // Ids and versions are numbers elsewhere.
    if case .number(let number) = node.value, number.whole != nil, name == "id" || name.hasSuffix("_id") {
      return number.text
    }
    throw wrong(node, name, "is \(node.kind), not text", "write it in quotes")
  }

  private func checked<Value>(
    _ node: ConfigNode, _ field: String, _ check: () throws(FieldProblem) -> Value
  ) throws(ConfigError) -> Value {
    do throws(FieldProblem) {
      return try check()
    } catch {
      throw problem(node.position.column, field, error.message, error.remedy)
    }
  }

  private func wrong(_ node: ConfigNode, _ field: String, _ message: String, _ remedy: String) -> ConfigError {
    problem(node.position.column, field, message, remedy)
  }

  /// What is wrong, at a column of this line.
  func problem(_ column: Int, _ field: String?, _ message: String, _ remedy: String?) -> ConfigError {
    ConfigError(
      source: file, position: SourcePosition(line: number, column: column), field: field, message: message,
      remedy: remedy)
  }
}
