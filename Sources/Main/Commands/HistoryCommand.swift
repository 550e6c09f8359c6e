import Actors
import Journal
import Platform
import Rules
import Stores

/// `retraind history`: cycles, runs, events or decisions, newest first.
enum HistoryCommand {
  static func run(_ options: HistoryOptions, _ loaded: LoadedConfiguration, _ context: ProgramContext) async -> Int32 {
    State.require(loaded, context)
    do {
      let journal = try await Journal.open(path: loaded.paths.database, readOnly: true)
      switch options.kind {
      case .cycles: try await show(try await cycles(options, loaded, journal), options, loaded, journal, context)
      case .runs:
        let rows = try await journal.runs(model: options.model, limit: options.limit).map { RunEntry($0) }
        try await show(rows, options, loaded, journal, context)
      case .events:
        let model = options.model.map(ModelName.normalised)
        // What went elsewhere is known from the outbox.
        let events =
          loaded.settings.supabase?.isComplete == true
          ? try await journal.sentEvents(limit: options.limit).map { EventEntry($0) }
          : try await journal.events(limit: options.limit).map { EventEntry($0) }
        let rows =
          events
          .filter { model == nil || $0.metadata?["model"].map(ModelName.normalised) == model }
        try await show(rows, options, loaded, journal, context)
      case .notices:
        let rows = try await journal.notices(model: options.model, limit: options.limit).map { NoticeEntry($0) }
        try await show(rows, options, loaded, journal, context)
      case .decisions:
        let rows = try await journal.decisions(model: options.model, limit: options.limit)
          .map { Explanation($0, run: nil) }
        try await show(rows, options, loaded, journal, context)
      }
      await journal.close()
      return ExitCode.success
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  /// What is said where there is nothing to list.
  private static func nothing(_ options: HistoryOptions) -> String {
    let what = String(options.kind.rawValue.dropLast())
    guard let model = options.model else { return "No \(what) is recorded yet." }
    return "No \(what) of \(model.shownName) is recorded: without --model, those of every model are listed."
  }

  private static func cycles(
    _ options: HistoryOptions, _ loaded: LoadedConfiguration, _ journal: Journal
  ) async throws -> [CycleEntry] {
    let found = try await StoreParts.atHand(loaded.settings, journal)
      .newestRows(of: options.model.map { ModelName.spellings(of: $0) }, limit: options.limit)
    let rows = found.flatMap { model in model.rows.map { CycleEntry($0) } }
    return Array(rows.sorted { ($0.timestamp ?? "") > ($1.timestamp ?? "") }.prefix(options.limit))
  }

  private static func show(
    _ rows: [some HistoryEntry], _ options: HistoryOptions, _ loaded: LoadedConfiguration, _ journal: Journal,
    _ context: ProgramContext
  ) async throws {
    // An empty list of a model that is known is an answer; of a name that nothing here has heard of it is none, but for
    // a program, which may ask before there is anything. A run that failed is history, too.
    if rows.isEmpty, !context.global.json, let model = options.model,
      try await journal.runs(model: model, limit: 1).isEmpty, let unknown = await ModelNames.unknown(model, loaded)
    {
      throw CommandFailure(code: ExitCode.unavailable, unknown.refusal)
    }
    if context.global.json {
      context.terminal.print(try JSON.encode(rows, isPretty: true))
    } else if rows.isEmpty {
      context.terminal.print(nothing(options))
    } else {
      for row in rows { context.terminal.show(row.line(context.terminal)) }
    }
  }
}

/// A row of the history.
protocol HistoryEntry: Encodable {
  /// For people.
  func line(_ terminal: Terminal) -> String
}

extension Explanation: HistoryEntry {
  func line(_ terminal: Terminal) -> String {
    "\(at)  \(model?.shownName ?? "(no model)")  \(verdict.rawValue)  \(average.map { Self.three($0) } ?? "-")  "
      + "\(action.shownName): \(reason.shownText)"
  }
}

/// A learning cycle.
struct CycleEntry: HistoryEntry {
  var id: String
  var model: String?
  var modelVersion: String?
  var timestamp: String?
  var windowMinutes: Int64?
  var accepted: Int64?
  var rejected: Int64?
  var edited: Int64?
  var acceptRate: Double?

  init(_ row: CycleRow) {
    id = row.id
    model = row.model
    modelVersion = row.modelVersion
    timestamp = row.timestamp?.rfc3339
    windowMinutes = row.windowMinutes
    accepted = row.accepted
    rejected = row.rejected
    edited = row.edited
    // A rate that is not a number cannot be written as JSON; `check` says why the row does not count. Where the writer
    // left it out, it follows from the counts.
    acceptRate = row.acceptRate.flatMap { $0.isFinite ? $0 : nil }
    if row.acceptRate == nil, let accepted, let rejected, accepted >= 0, rejected >= 0, accepted > 0 || rejected > 0 {
      acceptRate = Double(accepted) / (Double(accepted) + Double(rejected))
    }
  }

  func line(_ terminal: Terminal) -> String {
    let rate = acceptRate.map { $0 >= 0 && $0 <= 1 ? Explanation.three($0) : "\($0)" } ?? "-"
    let counts =
      accepted == nil && rejected == nil
      ? "uncounted" : "\(accepted.map(String.init) ?? "-") accepted, \(rejected.map(String.init) ?? "-") rejected"
    return
      "\(timestamp ?? "(no timestamp)")  \(model?.shownName ?? "(no model)")  \(rate)  \(counts)  (\(id.shownName))"
  }
}

/// A run.
struct RunEntry: HistoryEntry {
  var id: String
  var model: String
  var kind: String
  var trigger: String
  var state: String
  var stage: String
  var result: String?
  var error: String?
  var attempt: Int
  var requestedAt: String
  var startedAt: String?
  var endedAt: String?
  var retryAt: String?
  var digestBefore: String?
  var digestAfter: String?
  var averageAcceptRate: Double?
  var threshold: Double?
  var cyclesUsed: Int?
  var eventId: String?

  init(_ row: RunRow) {
    id = row.id
    model = row.model
    kind = row.kind.rawValue
    trigger = row.trigger.rawValue
    state = row.state.rawValue
    stage = row.stage
    result = row.result
    error = row.error
    attempt = row.attempt
    requestedAt = row.requestedAt.rfc3339
    startedAt = row.startedAt?.rfc3339
    endedAt = row.endedAt?.rfc3339
    retryAt = row.retryAt?.rfc3339
    digestBefore = row.digestBefore
    digestAfter = row.digestAfter
    averageAcceptRate = row.averageAcceptRate
    threshold = row.threshold
    cyclesUsed = row.cyclesUsed
    eventId = row.eventID
  }

  enum CodingKeys: String, CodingKey {
    case id, model, kind, trigger, state, stage, result, error, attempt, requestedAt, startedAt, endedAt, retryAt
    case digestBefore, digestAfter, averageAcceptRate, threshold, cyclesUsed, eventId
  }

  /// The keys that scripts read are always there, null where there is no value.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(model, forKey: .model)
    try container.encode(kind, forKey: .kind)
    try container.encode(trigger, forKey: .trigger)
    try container.encode(state, forKey: .state)
    try container.encode(stage, forKey: .stage)
    try container.encode(result, forKey: .result)
    try container.encode(error, forKey: .error)
    try container.encode(attempt, forKey: .attempt)
    try container.encode(requestedAt, forKey: .requestedAt)
    try container.encode(startedAt, forKey: .startedAt)
    try container.encode(endedAt, forKey: .endedAt)
    try container.encode(retryAt, forKey: .retryAt)
    try container.encode(digestBefore, forKey: .digestBefore)
    try container.encode(digestAfter, forKey: .digestAfter)
    try container.encode(averageAcceptRate, forKey: .averageAcceptRate)
    try container.encode(threshold, forKey: .threshold)
    try container.encode(cyclesUsed, forKey: .cyclesUsed)
    try container.encode(eventId, forKey: .eventId)
  }

  func line(_ terminal: Terminal) -> String {
    let outcome = RunWords.outcome(state: state, result: result, error: error)
    let attempts = attempt > 1 ? "  (attempt \(attempt))" : ""
    return "\(requestedAt)  \(model.shownName)  \(RunWords.origin(kind: kind, trigger: trigger))  "
      + "\(outcome.shownText)\(attempts)  (\(id.shownName))"
  }
}

/// An event as its table has it.
struct EventEntry: HistoryEntry {
  var id: String
  var table: String
  var timestamp: String?
  var eventType: String
  var notes: String?
  /// The metadata's plain fields as text.
  var metadata: [String: String]?

  init(_ row: EventRow) {
    id = row.id
    table = row.table
    timestamp = row.timestamp?.rfc3339
    eventType = row.type
    notes = row.notes
    metadata = row.metadata.flatMap { PlainFields.read($0) }
  }

  /// An event that went, or is to go, to a store elsewhere; the table is where it lies, or how it stands.
  init(_ row: OutboxRow) {
    id = row.event.eventID
    switch row.state {
    case .delivered(let name): table = name
    case .pending: table = "pending"
    case .blocked: table = "blocked"
    }
    timestamp = row.event.triggeredAt.rfc3339
    eventType = row.event.type
    notes = row.event.notes
    metadata = PlainFields.read(row.event.metadataJSON)
  }

  func line(_ terminal: Terminal) -> String {
    "\(timestamp ?? "(no timestamp)")  \(eventType.shownName)  \(notes?.shownText ?? "")  (\(table), \(id.shownName))"
  }
}
