/// What somebody thought of one answer of a model, on its way into `learning_events`.
public struct Judgement: Sendable, Hashable, Codable {
  /// Most bytes of all its texts together: what a request to the daemon holds of it, however it is escaped.
  public static let mostBytes = 128 * 1024

  /// What was thought of it.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The answer was taken.
    case approval
    /// It was not.
    case rejection
    /// It was wrong, and somebody said what would have been right.
    case correction
    /// It was changed before it was used, which says neither.
    case edited

    /// Whether the answer was accepted; nil where that is not said.
    public var isApproved: Bool? {
      switch self {
      case .approval: true
      case .rejection, .correction: false
      case .edited: nil
      }
    }
  }

  /// The row's id; nil for a new one.
  public var id: String?
  /// What was thought.
  public var kind: Kind
  /// The model.
  public var model: String?
  /// The model's version.
  public var modelVersion: String?
  /// How sure the model was, above 0 up to 1; nil where it did not say.
  public var confidence: Double?
  /// When, in microseconds since 1970; nil for now.
  public var microseconds: Int64?
  /// What it belongs to elsewhere.
  public var submission: String?
  /// What the model was asked.
  public var prompt: String?
  /// What it answered.
  public var completion: String?
  /// What would have been right, or what was made of it.
  public var correction: String?

  /// A judgement without details.
  public init(_ kind: Kind, model: String? = nil) {
    self.kind = kind
    self.model = model
  }

  /// Whether there is something to learn from: it becomes a row of `learning_samples` too.
  public var isSample: Bool { prompt != nil || completion != nil || correction != nil }

  /// Bytes of its texts.
  public var bytes: Int {
    [id, model, modelVersion, submission, prompt, completion, correction].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
  }

  /// A confidence as it counts: 0 is how others write that there is none, and what is no share of 1 says nothing.
  public static func confidence(_ value: Double?) -> Double? {
    guard let value, value > 0, value <= 1 else { return nil }
    return value
  }
}

/// A judgement as its table has it: whoever wrote it, anything may be missing.
public struct JudgedEvent: Sendable {
  /// When it was made.
  public var at: Timestamp
  /// `event_type`.
  public var type: String
  /// `approved`.
  public var isApproved: Bool?
  /// The model that it names.
  public var model: String?
  /// The model's version.
  public var modelVersion: String?
  /// How sure the model was; 0 where it did not say.
  public var confidence: Double?

  /// Makes one.
  public init(
    at: Timestamp, type: String, isApproved: Bool? = nil, model: String? = nil, modelVersion: String? = nil,
    confidence: Double? = nil
  ) {
    self.at = at
    self.type = type
    self.isApproved = isApproved
    self.model = model
    self.modelVersion = modelVersion
    self.confidence = confidence
  }
}
