internal import Journal
internal import Platform
internal import Rules

/// A table that events are written into.
enum SupabaseTable: String, Sendable, Hashable {
  /// Where they belong.
  case systemEvents = "system_events"
  /// Where they go while the other one is not there for us.
  case learningEvents = "learning_events"

  /// The columns that a complete one takes.
  var columns: [String] {
    switch self {
    case .systemEvents: ["id", "timestamp", "event_type", "notes", "metadata"]
    case .learningEvents: ["id", "event_type", "approved", "model_version", "metadata", "created_at"]
    }
  }

  /// The columns that are written, as far as the table is known.
  func columns(_ knowledge: SupabaseSession.TableKnowledge) -> [String] {
    columns.filter { !knowledge.missing.contains($0) && ($0 != "id" || knowledge.takesID) }
  }

  /// Whether an event in it can be recognised again, so that it is never written twice.
  func recognises(_ knowledge: SupabaseSession.TableKnowledge) -> Bool {
    let columns = columns(knowledge)
    return columns.contains("id") || columns.contains("metadata")
  }

  /// Events as a JSON array whose objects have these columns.
  func rows(_ events: [RetrainEvent], columns: [String]) -> String {
    JSONText.of(.array(events.map { event in .object(columns.map { ($0, value($0, of: event)) }) }))
  }

  private func value(_ column: String, of event: RetrainEvent) -> JSONText.Value {
    switch column {
    case "id": .text(event.eventID)
    case "timestamp", "created_at": .text(event.triggeredAt.rfc3339)
    case "event_type": .text(event.type)
    case "notes": .text(event.notes)
    case "model_version": .optional(event.modelVersion)
    case "metadata": event.metadata
    // `approved`: a retrain is neither an approval nor a rejection.
    default: .null
    }
  }
}
