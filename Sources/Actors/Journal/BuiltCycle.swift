public import Rules

/// A cycle that was made of judgements, as `learning_stats` takes it.
public struct BuiltCycle: Sendable, Equatable {
  /// Follows from model, version and begin: the same cycle made again has the same one.
  public var id: String
  /// The model; nil where its judgements name none.
  public var model: String?
  /// The model's version; nil where its judgements name none.
  public var modelVersion: String?
  /// Begin of the interval.
  public var start: Timestamp
  /// End of the interval, the first moment that no longer belongs to it.
  public var end: Timestamp
  /// Judgements that were counted.
  public var total: Int64 = 0
  /// Approvals.
  public var accepted: Int64 = 0
  /// Rejections and corrections.
  public var rejected: Int64 = 0
  /// Edits and corrections.
  public var edited: Int64 = 0
  /// Corrections, which stand in two columns.
  public var corrections: Int64 = 0
  /// Mean confidence of those accepted that have one; nil where none has.
  public var acceptedConfidence: Double?
  /// The same of those rejected.
  public var rejectedConfidence: Double?

  /// A cycle without judgements.
  public init(id: String, model: String?, modelVersion: String?, start: Timestamp, end: Timestamp) {
    self.id = id
    self.model = model
    self.modelVersion = modelVersion
    self.start = start
    self.end = end
  }

  /// Share of those judged that were accepted; nil where nothing was judged.
  public var acceptRate: Double? {
    let judged = accepted + rejected
    return judged > 0 ? Double(accepted) / Double(judged) : nil
  }

  /// How much surer the model was where it was right; nil where either mean is missing.
  public var confidenceGap: Double? {
    guard let acceptedConfidence, let rejectedConfidence else { return nil }
    return acceptedConfidence - rejectedConfidence
  }
}

/// How far cycles were made of judgements.
public struct LearningProgress: Sendable {
  /// Intervals that ended by then are made; nil before the first time.
  public var through: Timestamp?
  /// The newest cycle that was made.
  public var last: CycleRow?
  /// Judgements that stand in no cycle yet, up to `Journal.mostPending`.
  public var pending: Int
}
