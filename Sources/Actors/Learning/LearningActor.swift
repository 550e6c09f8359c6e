import Journal
import Platform
import Rules
import Supervision

/// Makes cycles of judgements: looks whenever an interval closes, and at its start at all that may still change.
///
/// It keeps nothing that a restart would miss: what it makes again is the same row.
actor LearningActor {
  /// Judgements that are read at a time; between two reads the journal is free for others.
  static let page = 2_000
  /// Cycles that are written in one transaction.
  static let batch = 500
  /// Longest pause between two looks: late judgements, and a wall clock that was set, are noticed by then.
  static let longestPause = Duration.seconds(15 * 60)
  /// Shortest pause between two looks.
  static let shortestPause = Duration.seconds(1)
  /// Pause after a look that failed.
  static let retry = Duration.seconds(30)

  private let journal: Journal
  private let parts: Parts
  private let settings: SettingsBox
  /// Told once, where the first look has made cycles: those that were missed while nobody looked.
  private let onCaughtUp: @Sendable () async -> Void
  private let wakeup = Wakeup()
  /// How time is divided; nil before the first look.
  private var window: LearningWindow?
  /// What was closed at the last look; nil where everything is to be looked at.
  private var through: Timestamp?
  /// The place of the newest event that the last look saw.
  private var place: Int64 = 0
  /// Judgements that contradict themselves, as the last look counted them.
  private var contradictions = 0
  /// Cycles that the last look made or corrected.
  private var cyclesMade = 0
  /// Why the last look failed; nil where it did not.
  private(set) var lastError: String?

  /// A fresh incarnation; it does nothing before `run`.
  init(
    journal: Journal, parts: Parts, settings: SettingsBox, onCaughtUp: @escaping @Sendable () async -> Void = {}
  ) {
    self.onCaughtUp = onCaughtUp
    self.journal = journal
    self.parts = parts
    self.settings = settings
  }

  /// Looks until the task is cancelled. A look that fails is repeated.
  func run(_ context: ChildContext) async throws {
    context.ready()
    while !Task.isCancelled {
      guard settings.current.makesCycles else {
        await wakeup.wait()
        continue
      }
      let pause = await look()
      if Task.isCancelled { break }
      await wakeup.wait(until: parts.clock.now() + pause, clock: parts.clock)
    }
  }

  /// The configuration changed.
  func onSettingsChanged() { wakeup.poke() }

  /// Makes what is closed.
  ///
  /// - Returns: time until the next look.
  func look() async -> Duration {
    let (learning, now) = (settings.current.learning, Timestamp(microseconds: parts.wallClock.microseconds()))
    do {
      var window = try await knownWindow(learning)
      let made = window.isNews(learning.interval) ? try await journal.newestMadeCycle() : nil
      if !window.adopt(learning.interval, now: now, settle: learning.settle, made: made) {
        parts.log.warning(
          "learning.interval changed \(LearningWindow.mostStretches) times within "
            + "\(LearningWindow.lateBound.inWords): cycles keep their length until the first of these is older.")
      }
      let isFirst = self.window == nil
      cyclesMade = 0
      try await make(window, learning, now: now)
      self.window = window
      if isFirst, cyclesMade > 0 { await onCaughtUp() }
      if lastError != nil { parts.log.info("Cycles are made of judgements again.") }
      lastError = nil
      let next = window.untilNextClose(now: now, settle: learning.settle)
      return min(max(next, Self.shortestPause), Self.longestPause)
    } catch {
      // A look that the stop of the daemon cut off says nothing about the journal.
      if Task.isCancelled { return Self.retry }
      let isNews = lastError != "\(error)"
      lastError = "\(error)"
      through = nil
      parts.log.log(
        isNews ? .error : .debug,
        "\("Cycles could not be made of judgements: \(error)".asSentence) It is tried again; none is lost.")
      return Self.retry
    }
  }

  /// How time is divided, as it was written down.
  private func knownWindow(_ learning: LearningSettings) async throws -> LearningWindow {
    if let window { return window }
    guard let text = try await journal.learningLayout() else { return LearningWindow(length: learning.interval) }
    if let window = LearningWindow(text: text) { return window }
    parts.log.warning("How learning.interval was before cannot be read from the journal: it is taken as it is now.")
    return LearningWindow(length: learning.interval)
  }

  /// Reads what may have changed and writes the cycles of it.
  private func make(_ window: LearningWindow, _ learning: LearningSettings, now: Timestamp) async throws {
    let newest = try await journal.newestEventPlace()
    // Somebody removed rows or packed the file: places mean something else now.
    if newest < place { through = nil }
    let closed = window.closed(now: now, settle: learning.settle)
    // The clock went back: judgements that it had left behind as too old may not be.
    if let through, closed < through { self.through = nil }
    var late: Timestamp?
    if through != nil, newest > place {
      late = try await journal.earliestJudgement(behind: place, notBefore: window.oldest(now: now))
    }
    if newest > 0, window != self.window { try await journal.setLearningLayout(window.text) }
    var hasRead = false
    if let span = window.span(now: now, settle: learning.settle, through: through, late: late), newest > 0 {
      hasRead = try await make(window, span)
    }
    // An interval without judgements is no news for the disk.
    if newest > 0, hasRead || window != self.window {
      try await journal.setLearned(through: closed, layout: window.text)
    }
    // Only now: what a failure cut off is read again.
    (through, place) = (closed, newest)
  }

  /// - Returns: whether there were judgements.
  private func make(_ window: LearningWindow, _ span: LearningWindow.Interval) async throws -> Bool {
    var builder = CycleBuilder(window: window)
    var (from, behind) = (span.start, Int64.min)
    var (hasRead, made, newest): (Bool, Int, BuiltCycle?) = (false, 0, nil)
    while true {
      let rows = try await journal.judgements(from: from, behind: behind, before: span.end, limit: Self.page)
      try Task.checkCancellation()
      for row in rows { builder.add(row.event) }
      hasRead = hasRead || !rows.isEmpty
      let isLast = rows.count < Self.page
      if let last = rows.last { (from, behind) = (last.event.at, last.place) }
      let done = isLast ? span.end : window.interval(of: from).start
      var cycles = builder.take(through: done) { [settings] in settings.current.spelling(of: $0) }[...]
      while !cycles.isEmpty {
        let changed = try await journal.put(Array(cycles.prefix(Self.batch)))
        (made, newest) = (made + changed.count, changed.last ?? newest)
        cycles = cycles.dropFirst(Self.batch)
      }
      if isLast { break }
    }
    cyclesMade = made
    tell(made, newest, contradictions: builder.contradictions)
    return hasRead
  }

  private func tell(_ made: Int, _ newest: BuiltCycle?, contradictions: Int) {
    if made == 1, let newest {
      let model = newest.model.map { PrintableText.clip($0, to: PrintableText.nameLength) } ?? "no model"
      parts.log.info(
        "A cycle of \(model) was made of \(newest.total == 1 ? "1 judgement" : "\(newest.total) judgements"): \(newest.accepted) accepted, "
          + "\(newest.rejected) rejected, until \(newest.end.rfc3339).")
    } else if made > 0 {
      parts.log.info("\(made) cycles were made of judgements, or corrected.")
    }
    if contradictions > 0, contradictions != self.contradictions {
      parts.log.warning(
        "\(contradictions == 1 ? "1 judgement" : "\(contradictions) judgements") in learning_events "
          + "\(contradictions == 1 ? "counts" : "count") in no cycle: event_type and approved contradict each other.")
    }
    self.contradictions = contradictions
  }
}
