public import Rules

// The outbox keeps events, so the type stands below this module; whoever imports Stores sees it as before.
@_exported public import struct Journal.RetrainEvent

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
  /// The cycle with an id; nil where there is none, or the source cannot be asked for one.
  func cycle(_ id: String) async throws(StoreFailure) -> CycleRow?
  /// What the source is, for status and log: `sqlite data/retraind.db`, never a secret.
  var name: String { get }
}

extension StatsSource {
  /// It cannot be asked.
  public func cycle(_ id: String) async throws(StoreFailure) -> CycleRow? { nil }
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
  /// True where the same call may succeed later without anybody's doing.
  public var isTransient: Bool

  /// Makes a failure.
  public init(_ description: String, isTransient: Bool = false) {
    self.description = description
    self.isTransient = isTransient
  }
}
