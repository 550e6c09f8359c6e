import Journal
import Platform
import Rules
import Testing

@testable import Stores

@Suite(.timeLimit(.minutes(5))) struct EmbeddedEventsTests {
  let place: StoreDirectory

  init() throws { place = try StoreDirectory() }

  private static let event = RetrainEvent(
    eventID: "0b8f-1", runID: "run-1", model: "m\"'\u{0}", notes: "mean 0.41 < 0.60", averageAcceptRate: 0.41,
    threshold: 0.6, statsWindowSize: 5, triggeredAt: Timestamp(microseconds: 1_795_444_634_915_000),
    modelVersion: "v3")

  private func failure(_ store: EmbeddedStore) async -> DeliveryFailure? {
    do throws(DeliveryFailure) {
      _ = try await store.deliver(Self.event)
      return nil
    } catch {
      return error
    }
  }

  private func blockedText(_ store: EmbeddedStore) async -> String {
    if case .blocked(let why) = await failure(store) { why } else { "not blocked" }
  }

  @Test func anEventIsOneRowHoweverOftenItIsDelivered() async throws {
    let store = try await place.open()
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "system_events", wasThere: false))
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "system_events", wasThere: true))
    let rows = try place.query(
      """
      SELECT id, timestamp, event_type, notes, (metadata ->> 'run_id') || (metadata ->> 'event_id'), json_valid(metadata)
      FROM system_events
      """)
    #expect(
      rows == [
        ["0b8f-1", "2026-11-23T14:37:14.915000Z", "model_retrain", "mean 0.41 < 0.60", "run-10b8f-1", 1]
      ])
    let numbers = try place.query(
      """
      SELECT metadata ->> 'avg_accept_rate', metadata ->> 'threshold', metadata ->> 'stats_window_size',
      metadata ->> 'triggered_at' FROM system_events
      """)
    #expect(numbers.map { Array($0.prefix(4)) } == [[0.41, 0.6, 5, "2026-11-23T14:37:14.915000Z"]])
    #expect(try place.query("SELECT count(*) FROM learning_events").first?.first == 0)
  }

  @Test func withoutTheTableItGoesToTheOtherAndIsNoRejection() async throws {
    let store = try await place.open()
    try place.shell("DROP TABLE system_events")
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "learning_events", wasThere: false))
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "learning_events", wasThere: true))
    let rows = try place.query("SELECT id, event_type, approved, model_version, created_at FROM learning_events")
    #expect(
      rows.map { Array($0.prefix(5)) }
        == [["0b8f-1", "model_retrain", nil, "v3", "2026-11-23T14:37:14.915000Z"]])
    // The table comes back: the event that lies in the other one is not written again.
    try place.shell(EmbeddedTables.sql)
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "learning_events", wasThere: true))
    #expect(try place.query("SELECT count(*) FROM system_events").first?.first == 0)
  }

  @Test func withoutBothItIsBlockedAndTheSQLItPrintsHelps() async throws {
    let store = try await place.open()
    try place.shell("DROP TABLE system_events; DROP TABLE learning_events;")
    let why = await blockedText(store)
    #expect(why.contains(Journal.systemEventsSQL))
    try place.shell(Journal.systemEventsSQL)
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "system_events", wasThere: false))
  }

  @Test func anApprovedThatRefusesNullIsBlockedAndTheALTERItPrintsHelps() async throws {
    let store = try await place.open()
    try place.shell(
      """
      DROP TABLE system_events; DROP TABLE learning_events;
      CREATE TABLE learning_events (id TEXT PRIMARY KEY, event_type TEXT, approved BOOLEAN NOT NULL, metadata TEXT);
      INSERT INTO learning_events VALUES ('old', 'approval', 1, NULL);
      """)
    let why = await blockedText(store)
    #expect(why.contains(Journal.allowNullSQL))
    #expect(why.contains("ALTER TABLE learning_events"))
    #expect(try place.query("SELECT count(*) FROM learning_events").first?.first == 1)
    try place.shell(Journal.allowNullSQL)
    #expect(try await store.deliver(Self.event) == DeliveryReceipt(table: "learning_events", wasThere: false))
    #expect(
      try place.query("SELECT id, approved FROM learning_events ORDER BY id").map { Array($0.prefix(2)) }
        == [["0b8f-1", nil], ["old", 1]])
  }

  @Test func aTableOfSomebodyElsesTakesWhatFits() async throws {
    let store = try await place.open()
    try place.shell(
      """
      DROP TABLE system_events;
      CREATE TABLE system_events (id INTEGER PRIMARY KEY, event_type TEXT, metadata TEXT, message TEXT);
      """)
    #expect(try await store.deliver(Self.event).wasThere == false)
    #expect(try await store.deliver(Self.event).wasThere == true)
    #expect(
      try place.query("SELECT id, event_type, message FROM system_events").map { Array($0.prefix(3)) }
        == [[1, "model_retrain", nil]])
  }

  @Test func aTableInWhichNothingCouldBeRecognisedIsBlocked() async throws {
    let store = try await place.open()
    try place.shell("DROP TABLE system_events; CREATE TABLE system_events (event_type TEXT);")
    #expect(await blockedText(store).contains("ADD COLUMN metadata TEXT"))
    #expect(try place.query("SELECT count(*) FROM system_events").first?.first == 0)
  }

  @Test func aColumnThatMustBeGivenIsBlockedAndNeverTakenForDelivered() async throws {
    let store = try await place.open()
    try place.shell(
      """
      DROP TABLE system_events;
      CREATE TABLE system_events (id TEXT PRIMARY KEY, event_type TEXT, metadata TEXT, severity TEXT NOT NULL);
      """)
    #expect(await blockedText(store).contains("system_events.severity"))
    #expect(try place.query("SELECT count(*) FROM system_events").first?.first == 0)
  }

  @Test func aViewIsBlocked() async throws {
    let store = try await place.open()
    try place.shell(
      "DROP TABLE system_events; CREATE VIEW system_events AS SELECT 'x' AS id, 'y' AS event_type, 'z' AS metadata;")
    #expect(await blockedText(store).contains("view"))
  }

  @Test func aClosedJournalIsWorthTryingAgain() async throws {
    let journal = try await Journal.open(path: place.path)
    let store = EmbeddedStore(journal)
    await journal.close()
    guard case .transient = await failure(store) else {
      Issue.record("not transient")
      return
    }
  }

  @Test func anEventOfAPersonHasNoRate() async throws {
    let store = try await place.open()
    var event = Self.event
    event.averageAcceptRate = nil
    _ = try await store.deliver(event)
    #expect(try place.query("SELECT metadata ->> 'avg_accept_rate' FROM system_events").first?.first == .null)
  }

  @Test func theOutboxAndTheStoreWorkTogether() async throws {
    let journal = try await Journal.open(path: place.path)
    let store = EmbeddedStore(journal)
    let run = RunRow(id: "run-1", model: "m", trigger: .manual, requestedAt: Self.event.triggeredAt)
    try await journal.beginRun(run: run, event: Self.event, decision: nil, memory: { _ in })
    for row in try await journal.pendingEvents(limit: 10, now: Self.event.triggeredAt) {
      let receipt = try await store.deliver(row.event)
      try await journal.markDelivered(eventID: row.event.eventID, table: receipt.table, at: Self.event.triggeredAt)
    }
    #expect(try await journal.outboxCounts() == OutboxCounts(delivered: 1))
    #expect(try await journal.events(limit: 5).map(\.id) == ["0b8f-1"])
  }
}
