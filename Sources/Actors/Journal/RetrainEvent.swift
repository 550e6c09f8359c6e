public import Rules

/// What happened to a model, as `system_events` tells it. Its columns are those of DESIGN §6.
public struct RetrainEvent: Sendable, Hashable {
  /// Stable id: the same event delivered twice has the same one.
  public var eventID: String
  /// The run that it tells of.
  public var runID: String
  /// The model.
  public var model: String
  /// `model_retrain`.
  public var type: String
  /// In words.
  public var notes: String
  /// Mean accept rate that fired; nil for a run that a person asked for.
  public var averageAcceptRate: Double?
  /// The threshold then.
  public var threshold: Double
  /// Cycles that the mean used.
  public var statsWindowSize: Int
  /// When it was decided.
  public var triggeredAt: Timestamp
  /// The model's version by the newest cycle, where known.
  public var modelVersion: String?

  /// Makes an event.
  public init(
    eventID: String, runID: String, model: String, type: String = "model_retrain", notes: String,
    averageAcceptRate: Double?, threshold: Double, statsWindowSize: Int, triggeredAt: Timestamp,
    modelVersion: String? = nil
  ) {
    self.eventID = eventID
    self.runID = runID
    self.model = model
    self.type = type
    self.notes = notes
    self.averageAcceptRate = averageAcceptRate
    self.threshold = threshold
    self.statsWindowSize = statsWindowSize
    self.triggeredAt = triggeredAt
    self.modelVersion = modelVersion
  }
}
