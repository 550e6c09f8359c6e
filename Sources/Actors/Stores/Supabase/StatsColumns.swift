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
  /// Where each wanted column stands among the present ones, then where the time stands.
  private let positions: [Int?]

  /// Of the names in a row; nil where no column says when a cycle ended.
  init?(names: [String]) {
    let names = Set(names)
    guard names.contains("timestamp") || names.contains(Self.substitute) else { return nil }
    time = names.contains("timestamp") ? "timestamp" : Self.substitute
    hasID = names.contains("id")
    var present = Self.wanted.filter { names.contains($0) }
    if time == Self.substitute { present.append(time) }
    self.present = present
    positions = (Self.wanted + [time]).map { present.firstIndex(of: $0) }
  }

  /// Whether anything in it tells how a cycle went.
  var saysHowItWent: Bool {
    present.contains("accept_rate") || (present.contains("accepted") && present.contains("rejected"))
  }

  /// Reads a row's values, in the order of `present`.
  func row(_ values: [SQLiteValue], ordinal: Int) -> CycleRow {
    func value(_ wanted: Int) -> SQLiteValue { positions[wanted].map { values[$0] } ?? .null }
    let stamp = value(Self.wanted.count).text
    return CycleRow(
      id: (hasID ? value(0).text : nil) ?? "\(stamp ?? "")#\(ordinal)",
      model: value(1).text.flatMap { $0.isEmpty ? nil : $0 }, modelVersion: value(2).text,
      timestamp: stamp.flatMap { Timestamp(parsing: $0) }, windowMinutes: value(4).integer,
      totalEvents: value(5).integer, accepted: value(6).integer, rejected: value(7).integer, edited: value(8).integer,
      acceptRate: value(9).real)
  }
}
