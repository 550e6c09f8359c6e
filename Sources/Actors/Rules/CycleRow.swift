/// One row of `learning_stats` as a store gave it: nothing is checked yet, anything may be missing.
public struct CycleRow: Sendable, Hashable {
  /// The store's key for the row; rows with the same id are the same row.
  public var id: String
  /// The model that the row names; nil or empty where it names none.
  public var model: String?
  /// The model's version, where the writer knew it.
  public var modelVersion: String?
  /// The end of the cycle; nil where it is missing or cannot be read.
  public var timestamp: Timestamp?
  /// Length of the cycle in minutes.
  public var windowMinutes: Int64?
  /// Rows that the cycle counted; informative only, see `Evidence`.
  public var totalEvents: Int64?
  /// Judgements that accepted the model's answer.
  public var accepted: Int64?
  /// Judgements that rejected it.
  public var rejected: Int64?
  /// Answers that were edited.
  public var edited: Int64?
  /// Accept rate as the writer computed it, in 0...1; may be NaN or out of range.
  public var acceptRate: Double?

  /// Makes a row; everything but the id may be left out.
  public init(
    id: String, model: String? = nil, modelVersion: String? = nil, timestamp: Timestamp? = nil,
    windowMinutes: Int64? = nil, totalEvents: Int64? = nil, accepted: Int64? = nil, rejected: Int64? = nil,
    edited: Int64? = nil, acceptRate: Double? = nil
  ) {
    self.id = id
    self.model = model
    self.modelVersion = modelVersion
    self.timestamp = timestamp
    self.windowMinutes = windowMinutes
    self.totalEvents = totalEvents
    self.accepted = accepted
    self.rejected = rejected
    self.edited = edited
    self.acceptRate = acceptRate
  }
}
