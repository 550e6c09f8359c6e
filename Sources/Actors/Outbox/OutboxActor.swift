import Journal
import Platform
import Rules
import Stores
import Supervision

/// Carries recorded events to their store: at least once, each under its own id, and none holds up another.
actor OutboxActor {
  /// Events that one round takes at a time.
  static let batch = 100
  /// First and longest pause between two tries of one event, and what chance adds to it.
  static let firstRetry = Duration.seconds(1)
  static let longestRetry = Duration.seconds(300)
  static let retrySpread = 0.25
  /// How often blocked events are looked at again: somebody may have created the table.
  static let blockedRetry = Duration.seconds(3600)
  /// Time that the last round of a stopping daemon has.
  static let drainBound = Duration.seconds(3)

  private let journal: Journal
  private let sink: any EventSink
  private let parts: Parts
  private let wakeup: Wakeup
  private var randomness: SplitMix64
  /// When blocked events are looked at again.
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
    await lastRound()
  }

  /// Somebody has put something right: what is blocked is tried at once.
  func onReload() {
    nextBlockedLook = parts.clock.now()
    wakeup.poke()
  }

  /// The last round, in a task of its own: this one is cancelled, and would cancel each delivery with it.
  private func lastRound() async {
    let round = Task { _ = await self.round() }
    let bound = Task { [parts] in
      try? await parts.clock.sleep(for: Self.drainBound)
      round.cancel()
    }
    await round.value
    bound.cancel()
  }

  /// One round over what is due.
  ///
  /// - Returns: time until the next one; nil where nothing waits.
  private func round() async -> Duration? {
    do {
      if parts.clock.now() >= nextBlockedLook {
        try await journal.retryBlocked()
        nextBlockedLook = parts.clock.now() + Self.blockedRetry
      }
      while !Task.isCancelled {
        let due = try await journal.pendingEvents(limit: Self.batch, now: try await dueTime())
        for row in due where !Task.isCancelled { try await deliver(row) }
        if due.count < Self.batch { break }
      }
      let blockedLook = max(nextBlockedLook - parts.clock.now(), .zero)
      guard let next = try await journal.nextAttempt() else {
        return try await journal.blockedEvents(limit: 1).isEmpty ? nil : blockedLook
      }
      let pause = Duration.microseconds(next.microseconds &- parts.wallClock.microseconds())
      return min(max(pause, Self.firstRetry), Self.longestRetry, blockedLook)
    } catch {
      parts.log.error("\("The outbox could not be read or written: \(error)".asSentence) Events wait; none is lost.")
      return Self.longestRetry
    }
  }

  /// Events whose next try is not after this are due: now. Where the next try lies further ahead than any pause is
  /// long, the wall clock was set back, and the events do not wait until it is there again.
  private func dueTime() async throws -> Timestamp {
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    guard let next = try await journal.nextAttempt() else { return now }
    let longest = Self.longestRetry * (1 + Self.retrySpread)
    return next.microseconds - now.microseconds > longest.wholeMilliseconds * 1000 ? next : now
  }

  private func deliver(_ row: OutboxRow) async throws {
    let event = row.event
    let receipt: DeliveryReceipt
    do throws(DeliveryFailure) {
      receipt = try await sink.deliver(event)
    } catch {
      return try await note(error, of: row)
    }
    try await journal.markDelivered(
      eventID: event.eventID, table: receipt.table, at: Timestamp(microseconds: parts.wallClock.microseconds()))
    parts.log.info(
      "Event \(event.eventID) of run \(event.runID) is in \(receipt.table)\(receipt.wasThere ? " (already was)" : "").")
  }

  private func note(_ failure: DeliveryFailure, of row: OutboxRow) async throws {
    let event = row.event
    switch failure {
    case .transient(let what):
      // A delivery that our own stop cut off says nothing about the store.
      guard !Task.isCancelled else { return }
      let at = parts.wallClock.microseconds() + retryPause(after: row.attempts).wholeMilliseconds * 1000
      try await journal.markRetry(
        eventID: event.eventID, error: what, nextAttemptAt: Timestamp(microseconds: at))
      if row.attempts == 0 {
        parts.log.warning("Event \(event.eventID) waits for its store: \(what). It is kept and tried again.")
      }
    case .blocked(let why):
      try await journal.markBlocked(eventID: event.eventID, why: why)
      if row.lastError != why { parts.log.error("Event \(event.eventID) is blocked: \(why)") }
    }
  }

  private func retryPause(after attempts: Int) -> Duration {
    var pause = Self.firstRetry
    for _ in 0..<min(attempts, 16) { pause = min(pause * 2, Self.longestRetry) }
    return pause * (1 + Double.random(in: 0..<Self.retrySpread, using: &randomness))
  }
}
