import Journal
import Platform
import Rules
import Stores
import TestSupport

/// A source of rows in front of the real one that a test makes fail, holds, or watches.
final class ScriptedStats: StatsSource {
  private struct State {
    var failure: String?
    var rows: [ModelRows]?
    var gate: (gate: Gate, isDeaf: Bool)?
    var passing = 0
    var active = 0
    var most = 0
  }
  private let state = Guarded(State())
  private let journal = Guarded<Journal?>(nil)
  let name = "scripted"
  /// `asked` for each query.
  let calls = EventRecorder<String>()

  /// The same source over the journal of the monitor that runs now.
  func over(_ journal: Journal) -> ScriptedStats {
    self.journal.withLock { $0 = journal }
    return self
  }

  /// Queries under way at the busiest moment.
  var most: Int { state.withLock { $0.most } }
  /// Makes queries fail, or work again.
  func fail(_ why: String?) { state.withLock { $0.failure = why } }
  /// Gives these rows in place of the real ones.
  func replace(_ rows: [ModelRows]) { state.withLock { $0.rows = rows } }
  /// Makes queries wait for a gate, but for the next so many.
  func hold(_ gate: Gate, isDeaf: Bool = false, after passing: Int = 0) {
    state.withLock { state in
      state.gate = (gate, isDeaf)
      state.passing = passing
    }
  }

  func newestRows(of models: [String?]?, limit: Int) async throws(StoreFailure) -> [ModelRows] {
    let (failure, gate) = state.withLock { state -> (String?, (gate: Gate, isDeaf: Bool)?) in
      state.active += 1
      state.most = max(state.most, state.active)
      let passes = state.passing > 0
      if passes { state.passing -= 1 }
      return (state.failure, passes ? nil : state.gate)
    }
    calls.record("asked")
    defer { state.withLock { $0.active -= 1 } }
    if let gate { _ = await gate.gate.wait(isDeaf: gate.isDeaf) }
    if let failure { throw StoreFailure(failure) }
    if let rows = state.withLock({ $0.rows }) { return rows }
    guard let journal = journal.withLock({ $0 }) else { return [] }
    return try await EmbeddedStore(journal).newestRows(of: models, limit: limit)
  }

  func add(_ row: CycleRow) async throws(StoreFailure) {
    guard let journal = journal.withLock({ $0 }) else { return }
    try await EmbeddedStore(journal).add(row)
  }

  func cycle(_ id: String) async throws(StoreFailure) -> CycleRow? {
    guard let journal = journal.withLock({ $0 }) else { return nil }
    return try await EmbeddedStore(journal).cycle(id)
  }
}

/// A sink that plays a script: the outcomes of its deliveries in order, then success.
final class ScriptedSink: EventSink {
  /// What a delivery does.
  enum Play: Sendable {
    /// Takes the event.
    case take
    /// Fails for now.
    case transient
    /// Waits for the gate; a cancelled delivery fails for now.
    case hold(Gate)
  }
  private struct State {
    var plays: [Play] = []
    var blocked: Set<String> = []
    var isDown = false
  }
  private let state = Guarded(State())
  /// Ids of the events that were taken, as often as they were.
  let taken = EventRecorder<String>()
  /// Ids of the events that were offered.
  let offered = EventRecorder<String>()

  /// What the next deliveries do.
  func script(_ plays: Play...) { state.withLock { $0.plays = plays } }
  /// Events of these models are blocked.
  func block(_ models: Set<String>) { state.withLock { $0.blocked = models } }
  /// Fails every delivery for now, or takes them again.
  func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

  func deliver(_ event: RetrainEvent) async throws(DeliveryFailure) -> DeliveryReceipt {
    let (play, isBlocked) = state.withLock { state -> (Play, Bool) in
      let play: Play = state.isDown ? .transient : state.plays.isEmpty ? .take : state.plays.removeFirst()
      return (play, state.blocked.contains(event.model))
    }
    offered.record(event.eventID)
    if isBlocked { throw .blocked("no table for \(event.model)") }
    switch play {
    case .take: break
    case .transient: throw .transient("down")
    case .hold(let gate): guard await gate.wait() else { throw .transient("cancelled") }
    }
    let wasThere = taken.all.contains(event.eventID)
    taken.record(event.eventID)
    return DeliveryReceipt(table: "system_events", wasThere: wasThere)
  }
}
