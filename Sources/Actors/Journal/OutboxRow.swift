public import Rules

/// An event on its way to a store.
public struct OutboxRow: Sendable, Hashable {
  /// What became of an event so far.
  public enum State: Sendable, Hashable {
    /// Not delivered yet; it is tried again.
    case pending
    /// It lies in a table of the store.
    case delivered(table: String)
    /// It waits for a person; why, in words.
    case blocked(why: String)
  }

  /// The event.
  public var event: RetrainEvent
  /// What became of it.
  public var state: State
  /// Deliveries that were tried.
  public var attempts: Int
  /// What the last one said, for people.
  public var lastError: String?
  /// When it is tried next.
  public var nextAttemptAt: Timestamp
  /// When it was recorded.
  public var createdAt: Timestamp
  /// When it was delivered.
  public var deliveredAt: Timestamp?

  /// Makes a row.
  public init(
    event: RetrainEvent, state: State = .pending, attempts: Int = 0, lastError: String? = nil,
    nextAttemptAt: Timestamp, createdAt: Timestamp, deliveredAt: Timestamp? = nil
  ) {
    self.event = event
    self.state = state
    self.attempts = attempts
    self.lastError = lastError
    self.nextAttemptAt = nextAttemptAt
    self.createdAt = createdAt
    self.deliveredAt = deliveredAt
  }
}

/// What became of one delivery.
public struct OutboxSettlement: Sendable, Hashable {
  /// How it went.
  public enum Outcome: Sendable, Hashable {
    /// The event lies in a table of the store.
    case delivered(table: String)
    /// It failed, and is tried again then.
    case retry(error: String, at: Timestamp)
    /// It waits for a person.
    case blocked(why: String)
  }

  /// The event's id.
  public var eventID: String
  /// How it went.
  public var outcome: Outcome

  /// Makes one.
  public init(eventID: String, outcome: Outcome) {
    self.eventID = eventID
    self.outcome = outcome
  }
}

/// How many events stand where in the outbox.
public struct OutboxCounts: Sendable, Hashable {
  /// Not delivered yet.
  public var pending: Int
  /// Waiting for a person.
  public var blocked: Int
  /// Delivered and still kept.
  public var delivered: Int
  /// When the oldest event that is not delivered was recorded.
  public var oldestUndelivered: Timestamp?

  /// Makes counts.
  public init(pending: Int = 0, blocked: Int = 0, delivered: Int = 0, oldestUndelivered: Timestamp? = nil) {
    self.pending = pending
    self.blocked = blocked
    self.delivered = delivered
    self.oldestUndelivered = oldestUndelivered
  }
}

/// An event as the journal's own `system_events` and `learning_events` tell it.
public struct EventRow: Sendable, Hashable {
  /// The row's id.
  public var id: String
  /// The table that it lies in.
  public var table: String
  /// When it happened; nil where that cannot be read.
  public var timestamp: Timestamp?
  /// Its type, `model_retrain` for a retrain.
  public var type: String
  /// In words.
  public var notes: String?
  /// The whole of `metadata`, as it was written.
  public var metadata: String?

  /// Makes a row.
  public init(
    id: String, table: String, timestamp: Timestamp?, type: String, notes: String?, metadata: String?
  ) {
    self.id = id
    self.table = table
    self.timestamp = timestamp
    self.type = type
    self.notes = notes
    self.metadata = metadata
  }
}
