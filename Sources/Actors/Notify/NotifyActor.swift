import Journal
import Platform
import Rules
import Supervision

/// Brings notices from the journal to their sinks: at least once each, in order, and no sink holds up another.
actor NotifyActor {
  /// Time in which a stopping daemon still tells what waits. A command that ends has longer, and more than the default
  /// of `timeout`: the next that tells may be tomorrow's.
  static func drainBound(isScheduled: Bool) -> Duration { isScheduled ? .seconds(3) : .seconds(20) }
  /// Time that the child has to stop: the bound above, a program's grace, and room to write things down.
  static func stopGrace(isScheduled: Bool) -> Duration {
    drainBound(isScheduled: isScheduled) + CommandNotifier.grace + .seconds(3)
  }
  /// Pause after the journal could not be read or written.
  static let journalPause = Duration.seconds(60)

  private let journal: Journal
  private let parts: Parts
  private let settings: SettingsBox
  private let wakeup: Wakeup
  /// False for a command that ends soon: what waits for sinks that it does not know is not its own.
  private let isScheduled: Bool
  private var randomness: SplitMix64
  /// What is kept of each sink, by name: of those that the configuration names, and those that are being tried.
  private var posts: [String: Post] = [:]
  private var hasToldOfJournal = false

  /// What is kept of one sink.
  private struct Post: Sendable {
    /// Its queue.
    var lane = SinkLane()
    /// The try that is under way.
    var attempt: Task<Void, Never>?
    /// What came of a try of a row and could not be written down yet.
    var unwritten: (row: Int64, outcome: NoticeOutcome)?
  }

  /// A fresh incarnation; it does nothing before `run`.
  init(
    journal: Journal, parts: Parts, settings: SettingsBox, wakeup: Wakeup, generation: UInt64, isScheduled: Bool
  ) {
    self.journal = journal
    self.parts = parts
    self.settings = settings
    self.wakeup = wakeup
    self.isScheduled = isScheduled
    randomness = SplitMix64(seed: parts.seed &+ generation &+ 2)
  }

  /// Tells until the task is cancelled, and then what can still be told in a moment.
  func run(_ context: ChildContext) async throws {
    context.ready()
    await closeRemoved()
    while !Task.isCancelled {
      let next = await startDue()
      if Task.isCancelled { break }
      if let next {
        await wakeup.wait(until: parts.clock.now() + next, clock: parts.clock)
      } else {
        await wakeup.wait()
      }
    }
    await drain()
  }

  /// The configuration was read again: every sink has another chance, and who left it gets nothing any more.
  ///
  /// - Returns: why each sink took nothing any more that is told again from now on, by its name.
  func onReload() async -> [String: String] {
    let gone = gone()
    for name in posts.keys { posts[name]?.lane.onReload() }
    await closeRemoved()
    wakeup.poke()
    let names = Set(settings.current.notify.map(\.name))
    return gone.filter { names.contains($0.key) }
  }

  /// Why a sink takes nothing any more, by its name.
  func gone() -> [String: String] { posts.compactMapValues(\.lane.gone) }

  /// Starts a try at each sink for which something is due.
  ///
  /// - Returns: time until the next one is due; nil where nothing waits for time to pass.
  private func startDue() async -> Duration? {
    var next: Duration?
    for sink in settings.current.notify where sink.problem == nil && posts[sink.name]?.attempt == nil {
      do throws(JournalFailure) {
        guard let row = try await journal.firstNotice(for: sink.name), posts[sink.name]?.attempt == nil else {
          continue
        }
        hasToldOfJournal = false
        let lane = posts[sink.name]?.lane ?? SinkLane()
        if let gone = lane.gone {
          try await journal.closeNotices(of: sink.name, because: gone, at: wallNow)
          continue
        }
        let pause = max(lane.pause(now: parts.clock.now()), untilDue(row))
        guard pause > .zero else {
          posts[sink.name, default: Post()].attempt = Task { await self.attempt(row, at: sink) }
          continue
        }
        next = min(next ?? pause, pause)
      } catch {
        if !hasToldOfJournal {
          parts.log.error("\("Notices cannot be read: \(error)".asSentence) They wait; none is lost.")
          hasToldOfJournal = true
        }
        next = min(next ?? Self.journalPause, Self.journalPause)
      }
    }
    return next
  }

  /// Time until a row is due. Where that is longer than any pause, the wall clock was set back, and the row does not wait
  /// until it is there again.
  private func untilDue(_ row: NoticeRow) -> Duration {
    let pause = row.nextAttemptAt - wallNow
    return pause > max(WebhookAnswer.longestWish, SinkLane.longestRetry) ? .zero : pause
  }

  /// One try, and what comes of it written down.
  private func attempt(_ row: NoticeRow, at sink: SinkSettings) async {
    defer {
      posts[sink.name]?.attempt = nil
      wakeup.poke()
    }
    let finding: Finding
    if let unwritten = posts[sink.name]?.unwritten, unwritten.row == row.id {
      finding = Finding(
        outcome: unwritten.outcome, level: .debug, text: "What came of a notice to \(sink.name) is written down.")
    } else {
      let attempt = await parts.notifier(sink).deliver(NoticeMessage(row))
      // A try that our own stop cut off says nothing about the sink.
      if Task.isCancelled, case .failed = attempt { return }
      finding = judge(attempt, of: row, at: sink)
    }
    do throws(JournalFailure) {
      try await journal.settle(notice: row.id, finding.outcome, at: wallNow)
      posts[sink.name]?.unwritten = nil
      if let gone = posts[sink.name]?.lane.gone {
        try await journal.closeNotices(of: sink.name, because: gone, at: wallNow)
      }
      parts.log.log(finding.level, finding.text)
    } catch {
      posts[sink.name]?.unwritten = (row.id, finding.outcome)
      posts[sink.name]?.lane.onJournalTrouble(now: parts.clock.now(), pause: Self.journalPause)
      parts.log.error("\("What came of a notice to \(sink.name) cannot be written down: \(error)".asSentence)")
    }
  }

  /// What a try means, to be written down and then said.
  private struct Finding {
    /// What became of the message.
    var outcome: NoticeOutcome
    /// How important that is.
    var level: LogLevel
    /// In words.
    var text: String
  }

  private func judge(_ attempt: DeliveryAttempt, of row: NoticeRow, at sink: SinkSettings) -> Finding {
    var lane = posts[sink.name]?.lane ?? SinkLane()
    let wasFailing = lane.failures > 0
    let settlement = lane.onAttempt(
      attempt, attempts: row.attempts, age: wallNow - row.createdAt, now: parts.clock.now(),
      chance: Double.random(in: 0..<1, using: &randomness))
    posts[sink.name]?.lane = lane
    let what = row.model.map { "\(row.kind), \(PrintableText.clip($0, to: PrintableText.nameLength))" } ?? row.kind
    switch settlement {
    case .delivered:
      let again = wasFailing ? "; it takes messages again" : ""
      return Finding(outcome: .delivered, level: .info, text: "Told \(sink.name): \(what)\(again).")
    case .retry(let pause, let error):
      return Finding(
        outcome: .retry(error: error, at: wallNow.adding(pause)),
        level: wasFailing || row.attempts > 0 ? .debug : .warning,
        text: "\("Sink \(sink.name) was not told (\(what)): \(error)".asSentence) It is kept and tried again.")
    case .dead(let why):
      return Finding(
        outcome: .dead(why: why), level: .error,
        text: "Sink \(sink.name) was not told (\(what)), which is given up: \(why)".asSentence)
    case .closed(let why):
      return Finding(
        outcome: .dead(why: why), level: .error, text: "Sink \(sink.name) is told nothing any more: \(why)".asSentence)
    }
  }

  /// Gives up what waits for sinks that the configuration does not name any more.
  private func closeRemoved() async {
    guard isScheduled else { return }
    let names = Set(settings.current.notify.map(\.name))
    do throws(JournalFailure) {
      for counts in try await journal.sinkCounts() where counts.pending > 0 && !names.contains(counts.sink) {
        try await journal.closeNotices(of: counts.sink, because: "the sink left the configuration", at: wallNow)
        parts.log.warning("Sink \(counts.sink) left the configuration: \(counts.pending) of its notices are given up.")
      }
      for name in posts.keys where !names.contains(name) && posts[name]?.attempt == nil { posts[name] = nil }
    } catch {
      parts.log.error("\("Notices of removed sinks could not be looked for: \(error)".asSentence)")
    }
  }

  /// What is under way ends, and what is due is told, within the bound; in a task of its own, since this one is
  /// cancelled.
  private func drain() async {
    let work = Task { await self.finish() }
    let bound = Task { [parts, isScheduled] in
      guard (try? await parts.clock.sleep(for: Self.drainBound(isScheduled: isScheduled))) != nil else { return }
      work.cancel()
    }
    await work.value
    bound.cancel()
  }

  private func finish() async {
    while !Task.isCancelled {
      _ = await startDue()
      if posts.allSatisfy({ $0.value.attempt == nil }) { return }
      await wakeup.wait()
    }
    let left = posts.values.compactMap(\.attempt)
    for task in left { task.cancel() }
    for task in left { await task.value }
  }

  private var wallNow: Timestamp { Timestamp(microseconds: parts.wallClock.microseconds()) }
}

extension NoticeMessage {
  /// The message of a row.
  init(_ row: NoticeRow) {
    self.init(
      id: row.event, kind: row.kind, type: NoticeKind(rawValue: row.kind)?.type ?? row.kind, model: row.model,
      text: row.text, details: row.details, at: row.createdAt)
  }
}
