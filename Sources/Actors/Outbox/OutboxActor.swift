import Journal
import Platform
import Rules
import Stores
import Supervision

/// Carries recorded events to their store: at least once, each under its own id, and none holds up another.
actor OutboxActor {
  /// Events that one round takes at a time.
  static let batch = 100
  /// Longest pause between two tries of one event.
  static let longestRetry = OutboxPace.longestRetry
  /// Events of one batch that are named in the log; more are only counted.
  static let namedEvents = 10
  /// How often blocked events are looked at again: somebody may have created the table.
  static let blockedRetry = Duration.seconds(3600)
  /// Time that the last round of a stopping daemon has.
  static let drainBound = Duration.seconds(3)

  private let journal: Journal
  private let sink: any EventSink
  private let parts: Parts
  private let wakeup: Wakeup
  /// Tells people of what is refused.
  private let herald: Herald
  private var randomness: SplitMix64
  private var pace = OutboxPace()
  /// When this incarnation began: nobody can have tried what was recorded since.
  private let began: Timestamp
  /// When blocked events are looked at again.
  private var nextBlockedLook: Duration

  /// A fresh incarnation; it does nothing before `run`.
  init(journal: Journal, parts: Parts, wakeup: Wakeup, herald: Herald, generation: UInt64) {
    self.journal = journal
    self.parts = parts
    self.wakeup = wakeup
    self.herald = herald
    sink = parts.sink(journal)
    randomness = SplitMix64(seed: parts.seed &+ generation &+ 1)
    nextBlockedLook = parts.clock.now()
    began = Timestamp(microseconds: parts.wallClock.microseconds())
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
    pace.askNow()
    wakeup.poke()
  }

  /// The last round, in a task of its own: this one is cancelled, and would cancel each delivery with it.
  private func lastRound() async {
    pace.askNow()
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
      while !Task.isCancelled, pace.pause(now: parts.clock.now()) == nil {
        let due = try await journal.pendingEvents(limit: Self.batch, now: try await dueTime())
        var rest = due[...]
        while !rest.isEmpty, !Task.isCancelled, pace.pause(now: parts.clock.now()) == nil {
          let batch = rest.prefix(max(1, sink.batchSize))
          rest = rest.dropFirst(batch.count)
          try await deliver(Array(batch))
        }
        if due.count < Self.batch { break }
      }
      let blockedLook = max(nextBlockedLook - parts.clock.now(), .zero)
      guard let next = try await journal.nextAttempt() else {
        return try await journal.blockedEvents(limit: 1).isEmpty ? nil : blockedLook
      }
      if let pause = pace.pause(now: parts.clock.now()) { return min(pause, max(blockedLook, OutboxPace.firstRetry)) }
      let pause = Duration.microseconds(next.microseconds &- parts.wallClock.microseconds())
      return min(max(pause, OutboxPace.firstRetry), Self.longestRetry, blockedLook)
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
    let longest = Self.longestRetry * (1 + OutboxPace.retrySpread)
    return next.microseconds - now.microseconds > longest.wholeMilliseconds * 1000 ? next : now
  }

  /// Delivers a batch and writes down, at once, what became of each event in it.
  private func deliver(_ rows: [OutboxRow]) async throws {
    let outcomes = await sink.deliver(
      rows.map { Delivery($0.event, isFresh: $0.attempts == 0 && $0.createdAt >= began) })
    let wasAway = pace.isAway
    notePace(outcomes)
    var settlements: [OutboxSettlement] = []
    var notices: [Notice] = []
    let now = Timestamp(microseconds: parts.wallClock.microseconds())
    var delivered: [(event: RetrainEvent, receipt: DeliveryReceipt)] = []
    var hasToldOfWaiting = wasAway
    for (row, outcome) in zip(rows, outcomes) {
      let event = row.event
      switch outcome {
      case .success(let receipt):
        settlements.append(OutboxSettlement(eventID: event.eventID, outcome: .delivered(table: receipt.table)))
        delivered.append((event, receipt))
      case .failure(.transient(let what, _)):
        // A delivery that our own stop cut off says nothing about the store.
        if Task.isCancelled { continue }
        let pause = OutboxPace.pause(after: row.attempts, chance: chance())
        let next = Timestamp(microseconds: parts.wallClock.microseconds() + pause.wholeMilliseconds * 1000)
        settlements.append(OutboxSettlement(eventID: event.eventID, outcome: .retry(error: what, at: next)))
        if row.attempts == 0, !hasToldOfWaiting {
          parts.log.warning(
            "\("Event \(event.eventID) waits for its store: \(what)".asSentence) It is kept and tried again.")
          hasToldOfWaiting = true
        }
      case .failure(.blocked(let why)):
        settlements.append(OutboxSettlement(eventID: event.eventID, outcome: .blocked(why: why)))
        if row.lastError != why { parts.log.error("Event \(event.eventID) is blocked: \(why)") }
        if herald.hasSinks { notices.append(herald.notice(ofBlocked: event, why: why, at: now)) }
      }
    }
    try await journal.settle(
      settlements, at: now, notices: notices, unstuck: herald.hasSinks ? herald.noticeOfUnblocked(at: now) : nil)
    tell(delivered)
    herald.poke()
  }

  /// One answer for an event that is no failure for now shows that the store is there.
  private func notePace(_ outcomes: [Result<DeliveryReceipt, DeliveryFailure>]) {
    var wanted: Duration?
    for outcome in outcomes {
      guard case .failure(.transient(_, let after)) = outcome else { return pace.onAnswered() }
      if let after { wanted = max(wanted ?? .zero, after) }
    }
    if !outcomes.isEmpty, !Task.isCancelled {
      pace.onAway(now: parts.clock.now(), wanted: wanted, chance: chance())
    }
  }

  /// What was delivered: by name where it is little, else by number.
  private func tell(_ delivered: [(event: RetrainEvent, receipt: DeliveryReceipt)]) {
    for (event, receipt) in delivered.prefix(Self.namedEvents) {
      parts.log.info(
        "Event \(event.eventID) of run \(event.runID) is in \(receipt.table)\(receipt.wasThere ? " (already was)" : "")."
      )
    }
    let more = delivered.count - Self.namedEvents
    if more > 0 { parts.log.info("\(more) more events are in their store.") }
  }

  private func chance() -> Double { Double.random(in: 0..<1, using: &randomness) }
}
