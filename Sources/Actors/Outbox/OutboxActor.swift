import Journal
import Platform
import Rules
import Stores
import Supervision

/// Carries recorded events to their store: at least once, each under its own id, and none holds up another.
actor OutboxActor {
  /// Events that one round takes.
  static let batch = 100
  /// First and longest pause between two tries of one event.
  static let firstRetry = Duration.seconds(1)
  static let longestRetry = Duration.seconds(300)
  /// How often blocked events are looked at again: somebody may have created the table.
  static let blockedRetry = Duration.seconds(3600)

  private let journal: Journal
  private let sink: any EventSink
  private let parts: Parts
  private let wakeup: Wakeup
  private var randomness: SplitMix64
  /// When blocked events are looked at again, on the clock of durations.
  private var nextBlockedLook: Duration

  /// A fresh incarnation; it does nothing before `run`.
  init(journal: Journal, parts: Parts, wakeup: Wakeup, generation: UInt64) {
    self.journal = journal
    self.parts = parts
    self.wakeup = wakeup
    sink = parts.sink(journal)
    randomness = SplitMix64(seed: parts.seed &+ generation &+ 1)
    nextBlockedLook = parts.clock.now()
  }

  /// Delivers until the task is cancelled; a last round then empties what can be delivered at once.
  func run(_ context: ChildContext) async throws {
    try await lookAtBlocked()
    context.ready()
    while !Task.isCancelled {
      let next = await round()
      if Task.isCancelled { break }
      if let next {
        await wakeup.wait(until: parts.clock.now() + next, clock: parts.clock)
      } else {
        await wakeup.wait()
      }
    }
    _ = await round()
  }

  /// Somebody has put something right: what is blocked is tried at once.
  func onReload() {
    nextBlockedLook = parts.clock.now()
    wakeup.poke()
  }

  /// Makes blocked events pending again.
  private func lookAtBlocked() async throws {
    nextBlockedLook = parts.clock.now() + Self.blockedRetry
    _ = try await journal.retryBlocked()
  }

  /// One round over what is due.
  ///
  /// - Returns: time until the next one; nil where nothing waits.
  private func round() async -> Duration? {
    do {
      if parts.clock.now() >= nextBlockedLook { try await lookAtBlocked() }
      while true {
        let now = Timestamp(microseconds: parts.wallClock.microseconds())
        let due = try await journal.pendingEvents(limit: Self.batch, now: now)
        for row in due { try await deliver(row) }
        if due.count < Self.batch { break }
      }
      var pause = try await journal.nextAttempt().map { next in
        max(.microseconds(next.microseconds - parts.wallClock.microseconds()), Self.firstRetry)
      }
      if try await journal.outboxCounts().blocked > 0 {
        let left = max(nextBlockedLook - parts.clock.now(), .zero)
        pause = pause.map { min($0, left) } ?? left
      }
      return pause
    } catch {
      parts.log.error("The outbox could not be read or written: \(error). Events wait; none is lost.")
      return Self.longestRetry
    }
  }

  private func deliver(_ row: OutboxRow) async throws {
    let event = row.event
    do {
      let receipt = try await sink.deliver(event)
      try await journal.markDelivered(
        eventID: event.eventID, table: receipt.table, at: Timestamp(microseconds: parts.wallClock.microseconds()))
      parts.log.info(
        "Event \(event.eventID) of run \(event.runID) is in \(receipt.table)\(receipt.wasThere ? " (already was)" : "").")
    } catch let failure as DeliveryFailure {
      switch failure {
      case .transient(let what):
        let pause = retryPause(after: row.attempts)
        let at = parts.wallClock.microseconds() + pause.wholeMilliseconds * 1000
        try await journal.markRetry(
          eventID: event.eventID, error: what, nextAttemptAt: Timestamp(microseconds: at))
        if row.attempts == 0 {
          parts.log.warning("Event \(event.eventID) waits for its store: \(what). It is kept and tried again.")
        }
      case .blocked(let why):
        try await journal.markBlocked(eventID: event.eventID, why: why)
        parts.log.error("Event \(event.eventID) is blocked: \(why)")
      }
    }
  }

  private func retryPause(after attempts: Int) -> Duration {
    var pause = Self.firstRetry
    for _ in 0..<min(attempts, 16) { pause = min(pause * 2, Self.longestRetry) }
    return pause * (1 + Double.random(in: 0..<0.25, using: &randomness))
  }
}
