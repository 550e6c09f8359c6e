internal import Platform
internal import Rules

/// Which of the columns that are of use a project's `learning_stats` has.
struct StatsColumns: Sendable, Hashable {
  /// What would be read of a complete table, in the order of `CycleRow`.
  static let wanted = [
    "id", "model", "model_version", "timestamp", "window_minutes", "total_events", "accepted", "rejected", "edited",
    "accept_rate",
  ]
  /// Stands for the end of the cycle in tables without `timestamp`.
  static let substitute = "created_at"

  /// The columns to ask for.
  let present: [String]
  /// The column that says when the cycle ended.
  let time: String
  /// Whether rows have an id.
  let hasID: Bool

  /// Of the names in a row; nil where no column says when a cycle ended.
  init?(names: [String]) {
    let names = Set(names)
    guard names.contains("timestamp") || names.contains(Self.substitute) else { return nil }
    time = names.contains("timestamp") ? "timestamp" : Self.substitute
    hasID = names.contains("id")
    var present = Self.wanted.filter { names.contains($0) }
    if time == Self.substitute { present.append(time) }
    self.present = present
  }

  /// Whether anything in it tells how a cycle went.
  var saysHowItWent: Bool {
    present.contains("accept_rate") || (present.contains("accepted") && present.contains("rejected"))
  }

  /// Reads a row's values, in the order of `present`.
  func row(_ values: [SQLiteValue], ordinal: Int) -> CycleRow {
    func value(_ name: String) -> SQLiteValue {
      present.firstIndex(of: name).map { values[$0] } ?? .null
    }
    let stamp = value(time).text
    return CycleRow(
      id: (hasID ? value("id").text : nil) ?? "\(stamp ?? "")#\(ordinal)",
      model: value("model").text.flatMap { $0.isEmpty ? nil : $0 }, modelVersion: value("model_version").text,
      timestamp: stamp.flatMap { Timestamp(parsing: $0) }, windowMinutes: value("window_minutes").integer,
      totalEvents: value("total_events").integer, accepted: value("accepted").integer,
      rejected: value("rejected").integer, edited: value("edited").integer, acceptRate: value("accept_rate").real)
  }
}
