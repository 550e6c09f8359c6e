import Platform
import Rules

/// Carries one message to people.
protocol Notifier: Sendable {
  /// Tries once, within a bound of its own.
  func deliver(_ message: NoticeMessage) async -> DeliveryAttempt
}

/// A message as a notifier takes it.
struct NoticeMessage: Sendable {
  /// The same for every sink and every try.
  var id: String
  /// What it is about.
  var kind: String
  /// The dotted form of that.
  var type: String
  /// The model; nil where it is about none.
  var model: String?
  /// In a sentence.
  var text: String
  /// The same for programs: a JSON object.
  var details: String
  /// When it came about.
  var at: Timestamp

  /// The body that programs read: the same bytes at every try.
  var payload: String {
    "{\"type\":\(JSONText.quote(type)),\"timestamp\":\(JSONText.quote(at.rfc3339)),\"data\":{"
      + "\"event_id\":\(JSONText.quote(id)),\"model\":\(model.map(JSONText.quote) ?? "null"),"
      + "\"text\":\(JSONText.quote(text)),\"details\":\(details)}}"
  }
}

/// What came of one try.
enum DeliveryAttempt: Sendable, Equatable {
  /// It has arrived; how, in words.
  case delivered(String)
  /// It failed for now: why, and how long the receiver wants to be left alone.
  case failed(String, after: Duration? = nil)
  /// It will never be taken: why, and what to do.
  case refused(String)
  /// Nothing will be taken any more: why, and what to do.
  case gone(String)
}
