public import Rules

/// Where cycles come from.
public protocol StatsSource: Sendable {
  /// Every model that a row names, plus nil where rows name none, each with its newest rows, in one query.
  ///
  /// - Parameters:
  ///   - models: only these; nil for every model that a row names. nil inside stands for rows that name no model.
  ///   - limit: rows per model, newest first; rows without a timestamp come last.
  func newestRows(of models: [String?]?, limit: Int) async throws(StoreFailure) -> [ModelRows]
  /// Adds a cycle. The same id twice is one row.
  func add(_ row: CycleRow) async throws(StoreFailure)
  /// What the source is, for status and log: `sqlite data/retraind.db`, never a secret.
  var name: String { get }
}

/// The newest rows of one model.
public struct ModelRows: Sendable, Hashable {
  /// The model; nil for rows that name none.
  public var model: String?
  /// Newest first; rows without a timestamp last.
  public var rows: [CycleRow]
  /// True where the store holds older rows than these.
  public var hasMore: Bool

  /// Makes the rows of one model.
  public init(model: String?, rows: [CycleRow], hasMore: Bool) {
    self.model = model
    self.rows = rows
    self.hasMore = hasMore
  }
}

/// Where events go.
public protocol EventSink: Sendable {
  /// Delivers an event; delivering the same `event_id` twice leaves one row.
  func deliver(_ event: RetrainEvent) async throws(DeliveryFailure) -> DeliveryReceipt
}

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

/// Where an event lies now.
public struct DeliveryReceipt: Sendable, Hashable {
  /// `system_events`, or `learning_events` where that table does not exist.
  public var table: String
  /// True where an earlier, ambiguous delivery had already written it.
  public var wasThere: Bool

  /// Makes a receipt.
  public init(table: String, wasThere: Bool) {
    self.table = table
    self.wasThere = wasThere
  }
}

/// Why an event was not delivered.
public enum DeliveryFailure: Error, Sendable, Hashable {
  /// Worth trying again; what happened, in words.
  case transient(String)
  /// Will not work until a person does something; what, in words.
  case blocked(String)
}

/// A store that could not be read or written; the text says what happened, where, and what to do.
public struct StoreFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// For people.
  public var description: String

  /// Makes a failure.
  public init(_ description: String) { self.description = description }
}
