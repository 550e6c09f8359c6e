public import Rules

/// Why a judgement is not recorded, whoever sends it: `feedback` says the same of its options before it asks.
public struct JudgementRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// The member that it is about, as `learning_events` names it.
  public var field: String
  /// What is wrong with it.
  public var message: String
  /// What to do; nil where the message says it.
  public var remedy: String?

  /// For people.
  public var description: String { "\(field): \(message)" + (remedy.map { "; \($0)" } ?? "") }

  /// What a confidence may be.
  public static let confidenceRemedy = "write a number above 0 up to 1, or leave it out"

  /// Looks at what is there; returns where it may be recorded.
  public static func check(_ judgement: Judgement, now: Timestamp) throws(JudgementRefusal) {
    guard let model = judgement.model else {
      throw JudgementRefusal(field: "model", message: "is missing", remedy: "name the model that was judged")
    }
    if let problem = ModelName.problemToWatch(model) {
      let shown = PrintableText.clip(model, to: PrintableText.nameLength)
      throw JudgementRefusal(field: "model", message: "the name \"\(shown)\" \(problem)")
    }
    if let confidence = judgement.confidence, !(0...1).contains(confidence) {
      throw JudgementRefusal(
        field: "confidence_score", message: "\(confidence) is no confidence", remedy: confidenceRemedy)
    }
    for (field, label) in [
      ("id", judgement.id), ("model_version", judgement.modelVersion), ("submission_id", judgement.submission),
    ] {
      guard let label else { continue }
      guard label.utf8.count <= RuleBounds.longestLabel else {
        throw JudgementRefusal(field: field, message: "it has more than \(RuleBounds.longestLabel) bytes")
      }
      guard !label.isEmpty, label.unicodeScalars.allSatisfy(PrintableText.isSafe) else {
        let what = label.isEmpty ? "it is empty" : "it contains a control character"
        throw JudgementRefusal(field: field, message: what, remedy: label.isEmpty ? "leave it out" : nil)
      }
    }
    guard judgement.bytes <= Judgement.mostBytes else {
      throw JudgementRefusal(
        field: "prompt", message: "the texts have more than \(Judgement.mostBytes) bytes together",
        remedy: "shorten them, or leave them out: the judgement counts without them")
    }
    if let microseconds = judgement.microseconds,
      Timestamp(microseconds: microseconds)
        > now.adding(RuleBounds.futureTolerance)
    {
      throw JudgementRefusal(
        field: "created_at",
        message: "\(Timestamp(microseconds: microseconds).rfc3339) lies in the future (it is \(now.rfc3339))",
        remedy: "a judgement is recorded when it was made")
    }
    if let microseconds = judgement.microseconds, Timestamp(microseconds: microseconds) < RuleBounds.earliestStamp {
      throw JudgementRefusal(
        field: "created_at", message: "\(Timestamp(microseconds: microseconds).rfc3339) \(CycleRefusal.tooOld)")
    }
  }
}

/// Why judgements are not recorded here at all.
public struct JudgementsElsewhere: Error, Sendable, Hashable, CustomStringConvertible {
  /// For people.
  public let description =
    "cycles come from Supabase: judgements are written there, by the system that makes its cycles, and none is recorded "
    + "here. To record them here, take supabase.url and its key out of the configuration, "
    + "and SUPABASE_URL out of the environment"

  /// There is one reason.
  public init() {}
}
