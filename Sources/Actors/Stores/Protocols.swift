public import Rules

// The outbox keeps events, so the type stands below this module; whoever imports Stores sees it as before.
@_exported public import struct Journal.RetrainEvent

/// Where cycles come from.
public protocol StatsSource: Sendable {
  /// Brings what it keeps at hand up to date; asked once at the begin of each check.
  ///
  /// - Returns: what people must know of what is at hand where that is not the newest; nil where it is.
  /// - Throws: where there is nothing at hand to judge by.
  func refresh() async throws(StoreFailure) -> String?
  /// How it stands with a store elsewhere; nil for one that is at hand anyway.
  var standing: StoreStanding? { get }
  /// The same for who asks nothing of the store: what is known at hand.
  func standingAtHand() async -> StoreStanding?
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
  /// Everything is at hand.
  public func refresh() async throws(StoreFailure) -> String? { nil }
  /// At hand.
  public var standing: StoreStanding? { nil }
  /// What is known anyway.
  public func standingAtHand() async -> StoreStanding? { standing }
}

/// How it stands with a store elsewhere.
public struct StoreStanding: Sendable, Hashable {
  /// Whether it can be read.
  public enum State: String, Sendable, Hashable {
    /// Nobody has asked it yet.
    case untried
    /// The last question was answered.
    case available
    /// It was not.
    case away
  }

  /// The store's name.
  public var name: String
  /// Whether it can be read.
  public var state: State
  /// Since when it is in this state; nil before the first question.
  public var since: Timestamp?
  /// Why it cannot be read, and what to do.
  public var why: String?
  /// When its cycles were last read in full.
  public var mirroredAt: Timestamp?
  /// What else a person should know or do.
  public var notes: [String]

  /// Makes a standing.
  public init(
    name: String, state: State = .untried, since: Timestamp? = nil, why: String? = nil, mirroredAt: Timestamp? = nil,
    notes: [String] = []
  ) {
    self.name = name
    self.state = state
    self.since = since
    self.why = why
    self.mirroredAt = mirroredAt
    self.notes = notes
  }
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
  /// Delivers several, at most `batchSize`, with one outcome for each in their order; none holds up another.
  func deliver(_ batch: [Delivery]) async -> [Result<DeliveryReceipt, DeliveryFailure>]
  /// Events that it takes at once.
  var batchSize: Int { get }
}

/// An event that is to be delivered.
public struct Delivery: Sendable, Hashable {
  /// The event.
  public var event: RetrainEvent
  /// True where nobody can have tried it before: it needs not be looked for.
  public var isFresh: Bool

  /// Makes a delivery.
  public init(_ event: RetrainEvent, isFresh: Bool = false) {
    self.event = event
    self.isFresh = isFresh
  }
}

extension EventSink {
  /// One.
  public var batchSize: Int { 1 }

  /// One after the other.
  public func deliver(_ batch: [Delivery]) async -> [Result<DeliveryReceipt, DeliveryFailure>] {
    var outcomes: [Result<DeliveryReceipt, DeliveryFailure>] = []
    for delivery in batch {
      do throws(DeliveryFailure) {
        outcomes.append(.success(try await deliver(delivery.event)))
      } catch {
        outcomes.append(.failure(error))
      }
    }
    return outcomes
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
  /// Worth trying again; what happened, in words, and how long the store wants to be left alone.
  case transient(String, after: Duration? = nil)
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
