public import Journal
internal import Platform
public import Rules

/// The store in the journal's own file: needs no server, and answers to the `sqlite3` shell.
public struct EmbeddedStore: StatsSource, EventSink {
  /// The journal whose file it is; it runs the store's work on its own thread.
  private let journal: Journal

  /// Makes the store of a journal.
  public init(_ journal: Journal) { self.journal = journal }

  /// `sqlite data/retraind.db`.
  public var name: String { "sqlite \(journal.path)" }

  /// Every model that a row names, each with its newest rows; a model that is asked for and has no row is left out.
  public func newestRows(of models: [String?]?, limit: Int) async throws(StoreFailure) -> [ModelRows] {
    do throws(JournalFailure) {
      return try await journal.newestCycles(of: models, limit: limit)
    } catch {
      throw StoreFailure(error.description, isTransient: error.isTransient)
    }
  }

  /// Adds a cycle; a row with its id that is there already stays as it is.
  public func add(_ row: CycleRow) async throws(StoreFailure) {
    do throws(JournalFailure) {
      try await journal.addCycle(row)
    } catch {
      throw StoreFailure(error.description, isTransient: error.isTransient)
    }
  }

  /// The cycle with an id.
  public func cycle(_ id: String) async throws(StoreFailure) -> CycleRow? {
    do throws(JournalFailure) {
      return try await journal.cycle(id)
    } catch {
      throw StoreFailure(error.description, isTransient: error.isTransient)
    }
  }

  /// Writes an event into `system_events`, or `learning_events` where that table does not exist.
  public func deliver(_ event: RetrainEvent) async throws(DeliveryFailure) -> DeliveryReceipt {
    let result: Result<DeliveryReceipt, DeliveryFailure>
    do throws(JournalFailure) {
      result = try await journal.deliverLocally(event)
    } catch {
      throw Self.deliveryFailure(error)
    }
    return try result.get()
  }

  /// What a failure of the database means for an event: only a row or a table that does not fit waits for a person.
  private static func deliveryFailure(_ failure: JournalFailure) -> DeliveryFailure {
    guard case .database(let database) = failure else { return .blocked(failure.description) }
    switch database.kind {
    case .constraint:
      return .blocked(
        "\(failure.description) Give that column a default, or let it be NULL; then the event is delivered.")
    case .other: return .blocked(failure.description)
    default: return .transient(failure.description)
    }
  }
}
