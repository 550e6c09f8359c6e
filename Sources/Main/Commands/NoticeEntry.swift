import Journal
import Rules

/// A notice on its way to one sink, as `history --notices` lists it.
struct NoticeEntry: HistoryEntry {
  var id: String
  var sink: String
  var event: String
  var model: String?
  var text: String
  var state: String
  var why: String?
  var attempts: Int
  var lastError: String?
  var createdAt: String
  var nextAttemptAt: String?
  var endedAt: String?

  init(_ row: NoticeRow) {
    id = row.event
    sink = row.sink
    event = row.kind
    model = row.model
    text = row.text
    state = row.state.rawValue
    why = row.why
    attempts = row.attempts
    lastError = row.lastError
    createdAt = row.createdAt.rfc3339
    nextAttemptAt = row.state == .pending ? row.nextAttemptAt.rfc3339 : nil
    endedAt = row.endedAt?.rfc3339
  }

  func line(_ terminal: Terminal) -> String {
    let reason = (why ?? (state == "pending" ? lastError : nil)).map { ": \($0.shownText)" } ?? ""
    let standing = state == NoticeRow.State.dead.rawValue ? "given up" : state
    return "\(createdAt)  \(sink)  \(event)  \(text.shownText)  (\(standing)\(reason), \(id))"
  }
}
