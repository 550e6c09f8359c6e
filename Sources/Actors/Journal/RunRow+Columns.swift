internal import Platform
internal import Rules

/// A run in its columns, and what a transition does to it.
extension RunRow {
  /// Its columns, in the order of `values` and `read`.
  static let columns = """
    id, model, kind, "trigger", state, stage, attempt, fence, result, error, requested_at, started_at, ended_at, \
    retry_at, digest_before, digest_after, average_accept_rate, threshold, cycles_used, event_id, decision_id, \
    configuration, progress_bytes
    """

  /// A placeholder for each column.
  static let placeholders = SQLiteValue.placeholders(23)

  /// The states of runs that are not over, as a list in SQL.
  static let openStates = RunState.allCases.reduce(into: "") { list, state in
    guard !state.isTerminal else { return }
    list += list.isEmpty ? "'" : ", '"
    list += state.rawValue
    list += "'"
  }

  /// What stands for a digest where nothing was served: no digest reads like it.
  static let absent = "absent"

  /// What goes into the columns.
  var values: [SQLiteValue] {
    [
      .text(id), .text(model), .text(kind.rawValue), .text(trigger.rawValue), .text(state.rawValue),
      SQLiteValue(clipped: stage), SQLiteValue(attempt), .integer(fence), SQLiteValue(clipped: result),
      SQLiteValue(clipped: error), SQLiteValue(requestedAt), SQLiteValue(startedAt), SQLiteValue(endedAt),
      SQLiteValue(retryAt), SQLiteValue(wasAbsent ? Self.absent : digestBefore), SQLiteValue(digestAfter),
      SQLiteValue(averageAcceptRate), SQLiteValue(threshold), SQLiteValue(cyclesUsed), SQLiteValue(eventID),
      SQLiteValue(decisionID),
      .text(configuration), .integer(progressBytes),
    ]
  }

  /// Reads the columns.
  static func read(_ row: borrowing SQLiteRow) throws(SQLiteFailure) -> RunRow {
    RunRow(
      id: row[0].text ?? "", model: row[1].text ?? "",
      kind: try row.required(2, RunKind.self, of: "retraind_runs.kind"),
      trigger: try row.required(3, RunTrigger.self, of: "retraind_runs.trigger"),
      state: try row.required(4, RunState.self, of: "retraind_runs.state"), stage: row[5].text ?? "",
      attempt: row[6].count, fence: row[7].integer ?? 0, result: row[8].text, error: row[9].text,
      requestedAt: row[10].timestamp ?? .unknown, startedAt: row[11].timestamp, endedAt: row[12].timestamp,
      retryAt: row[13].timestamp, digestBefore: row[14].text == absent ? nil : row[14].text,
      wasAbsent: row[14].text == absent, digestAfter: row[15].text,
      averageAcceptRate: row[16].real, threshold: row[17].real,
      cyclesUsed: row[18].integer.flatMap { Int(exactly: $0) }, eventID: row[19].text, decisionID: row[20].integer,
      configuration: row[21].text ?? "{}", progressBytes: row[22].integer ?? 0)
  }

  /// Moves it on.
  mutating func move(to next: RunState, stage: String, change: RunChangeSet, at time: Timestamp) {
    if state != .recorded, next == .recorded {
      endedAt = nil
      result = nil
      error = nil
      retryAt = nil
    }
    state = next
    self.stage = stage
    switch next {
    case .requested, .recorded, .interrupted: break
    default: startedAt = startedAt ?? time
    }
    if next.isTerminal { endedAt = time }
    wasAbsent = change.wasAbsent ?? wasAbsent
    digestBefore = wasAbsent ? nil : change.digestBefore ?? digestBefore
    digestAfter = change.digestAfter ?? digestAfter
    result = change.result ?? result
    error = change.error ?? error
    startedAt = change.startedAt ?? startedAt
    endedAt = change.endedAt ?? endedAt
    retryAt = change.retryAt ?? retryAt
    attempt = change.attempt ?? attempt
    progressBytes = change.progressBytes ?? progressBytes
  }
}

extension Timestamp {
  /// What a stamp that cannot be read is taken for: 1970, so that it is seen to be wrong.
  static let unknown = Timestamp(microseconds: 0)
}
