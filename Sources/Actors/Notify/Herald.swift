import Journal
import Platform
import Rules
import Stores

/// Puts into words what people are told, for whoever writes it into the journal with what it tells.
struct Herald: Sendable {
  /// Characters of a notice's sentence, and of an error in its details: what a message makes of them stays below the
  /// 20 kB that receivers take.
  static let longestText = 1_000
  /// Time after which a store that does not answer is news.
  static let storePatience = Duration.seconds(15 * 60)

  /// The configuration in force: who is told of what.
  let settings: SettingsBox
  /// Wakes who delivers.
  let wakeup: Wakeup
  /// Makes ids.
  let identifiers: Identifiers

  /// False where nobody is to be told anything.
  var hasSinks: Bool { !settings.current.notify.isEmpty }

  /// Something may be on its way.
  func poke() { if hasSinks { wakeup.poke() } }

  /// What a check found: declines and recoveries.
  ///
  /// - Parameter remembered: subjects that people were told of: only for these, news may be that all is well.
  func notices(
    of assessments: [Assessor.Assessment], remembered: Set<String>, at now: Timestamp
  ) -> [Notice] {
    guard hasSinks else { return [] }
    var notices: [Notice] = []
    for assessment in assessments {
      let evaluation = assessment.evaluation
      guard let model = evaluation.model else { continue }
      let premise = Notice.Premise(model, windowStart: assessment.memory.windowStart)
      switch evaluation.verdict {
      case .degraded:
        notices.append(
          notice(
            .degraded, model: model, "\(evaluation.reason)\(Self.doing(assessment.action))", Self.details(evaluation),
            Notice.Standing(Self.verdictKey(model), "degraded"), premise, at: now))
        if case .exhausted(let why) = assessment.action {
          notices.append(
            notice(
              .exhausted, model: model, why, Self.details(evaluation),
              Notice.Standing(Self.exhaustedKey(model), "exhausted"), premise, at: now))
        }
      case .healthy where !remembered.isEmpty:
        if remembered.contains(Self.verdictKey(model)) {
          notices.append(
            notice(
              .recovered, model: model, evaluation.reason, Self.details(evaluation),
              Notice.Standing(Self.verdictKey(model), nil), premise, at: now))
        }
        if remembered.contains(Self.exhaustedKey(model)) { notices.append(silent(Self.exhaustedKey(model), nil, now)) }
      case .healthy, .insufficient, .stale, .unattributed: break
      }
    }
    return notices
  }

  /// How a run ended.
  func notices(
    of row: RunRow, _ conclusion: RunConclusion, before: ModelMemory?, now known: ModelMemory?, at now: Timestamp
  ) -> [Notice] {
    guard hasSinks else { return [] }
    let details: [(String, JSONText.Value)] = [
      ("run", .text(row.id)), ("kind", .text(row.kind.rawValue)), ("trigger", .text(row.trigger.rawValue)),
      ("attempt", .integer(Int64(row.attempt))), ("result", .optional(conclusion.result)),
      ("error", .optional(conclusion.error.map { PrintableText.clip($0, to: Self.longestText) })),
      ("retry_at", .optional(known?.retryAt?.rfc3339)),
    ]
    // That it failed stands in front of it.
    let how = conclusion.state == .timedOut ? " timed out" : ""
    let text = "run \(row.id)\(how): \(conclusion.result ?? conclusion.error ?? "no reason is known")"
    var notices: [Notice] = []
    switch conclusion.state {
    case .succeeded: notices.append(notice(.succeeded, model: row.model, text, details, nil, at: now))
    case .rolledBack: notices.append(notice(.rolledBack, model: row.model, text, details, nil, at: now))
    case .failed, .timedOut: notices.append(notice(.failed, model: row.model, text, details, nil, at: now))
    default: return []
    }
    if case .open(let reason) = known?.circuit, before?.circuit == nil || before?.circuit == .closed {
      let text = "no automatic work any more, \(reason); `retraind retrain \(row.model)` tries again"
      notices.append(notice(.circuitOpened, model: row.model, text, details, nil, at: now))
    }
    if case .succeeded(let change) = conclusion.outcome, change != .alreadyCurrent {
      // The version that serves now is another one: whether it is good or bad is news again.
      notices.append(silent(Self.verdictKey(row.model), "renewed", now))
      notices.append(silent(Self.exhaustedKey(row.model), nil, now))
    }
    return notices
  }

  /// An event that its store refuses.
  func notice(ofBlocked event: RetrainEvent, why: String, at now: Timestamp) -> Notice {
    notice(
      .blocked, model: event.model, "event \(event.eventID) of run \(event.runID) is refused by its store, \(why)",
      [("event", .text(event.eventID)), ("run", .text(event.runID))], Notice.Standing("events", "blocked"), at: now)
  }

  /// Every event that was stuck has arrived.
  func noticeOfUnblocked(at now: Timestamp) -> Notice {
    notice(.unblocked, model: nil, "every event is in its store", [], Notice.Standing("events", nil), at: now)
  }

  /// How it stands with a store elsewhere; nil where that is no news.
  func notice(of standing: StoreStanding?, at now: Timestamp) -> Notice? {
    guard hasSinks, let standing else { return nil }
    let details: [(String, JSONText.Value)] = [
      ("store", .text(standing.name)), ("since", .optional(standing.since?.rfc3339)),
    ]
    switch standing.state {
    case .untried: return nil
    case .available:
      return notice(
        .storeBack, model: nil, "\(standing.name) answers again", details, Notice.Standing("store", nil), at: now)
    case .away:
      guard let since = standing.since, now - since >= Self.storePatience else { return nil }
      return notice(
        .storeAway, model: nil, "\(standing.name) cannot be read since \(since.rfc3339): \(standing.why ?? "")",
        details, Notice.Standing("store", "away"), at: now)
    }
  }

  /// Tells of a store that does not answer for long, and when it does again.
  func tell(of standing: StoreStanding?, in journal: Journal, at now: Timestamp, log: Log) async {
    guard let notice = notice(of: standing, at: now) else { return }
    do throws(JournalFailure) {
      guard try await journal.areNews([notice]) else { return }
      try await journal.announce([notice])
      poke()
    } catch {
      log.warning("\("That the store is away or back could not be recorded: \(error)".asSentence)")
    }
  }

  private func notice(
    _ kind: NoticeKind, model: String?, _ words: String, _ details: [(String, JSONText.Value)],
    _ standing: Notice.Standing?, _ premise: Notice.Premise? = nil, at now: Timestamp
  ) -> Notice {
    let head = model.map { "\(PrintableText.clip($0, to: PrintableText.nameLength)): \(kind.words), " } ?? ""
    return Notice(
      id: identifiers.next(), kind: kind.rawValue, model: model.map(ModelName.bounded),
      text: (head + PrintableText.clip(words, to: Self.longestText)).asSentence, details: JSONText.of(.object(details)),
      sinks: settings.current.notify.filter { $0.wants(kind) }.map(\.name), standing: standing, premise: premise,
      at: now)
  }

  /// What is remembered without a word.
  private func silent(_ key: String, _ value: String?, _ now: Timestamp) -> Notice {
    Notice(
      id: "", kind: "", model: nil, text: "", sinks: [],
      standing: Notice.Standing(key, value, onlyIfPresent: true, isTold: false), at: now)
  }

  private static func verdictKey(_ model: String) -> String { "verdict \(ModelName.normalised(model))" }
  private static func exhaustedKey(_ model: String) -> String { "exhausted \(ModelName.normalised(model))" }

  /// What is done about a decline.
  private static func doing(_ action: PolicyAction) -> String {
    switch action {
    case .fire, .retry: "; it is refreshed now"
    case .join: "; a run for it waits or is running"
    case .suppressed(let why), .none(let why), .exhausted(let why): "; nothing is done now, \(why)"
    }
  }

  private static func details(_ evaluation: Evaluation) -> [(String, JSONText.Value)] {
    [
      ("average", .optional(evaluation.average)), ("threshold", .real(evaluation.threshold)),
      ("cycles", .integer(Int64(evaluation.used.count))), ("rule", .text(evaluation.rule)),
    ]
  }
}

extension NoticeKind {
  /// As a sentence goes on behind a model's name.
  var words: String {
    switch self {
    case .rolledBack: "rolled back"
    case .circuitOpened: "stopped"
    case .recovered: "healthy again"
    default: rawValue
    }
  }
}
