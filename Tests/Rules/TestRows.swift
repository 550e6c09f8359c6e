import Rules

/// 2026-01-05T00:00:00Z, when most tests take place.
let noon = Timestamp(microseconds: 1_767_571_200_000_000)

extension Duration {
  /// So many minutes.
  static func minutes(_ count: Int64) -> Duration { .seconds(count * 60) }
  /// So many hours.
  static func hours(_ count: Int64) -> Duration { .seconds(count * 3600) }
}

extension CycleRow {
  /// A row that ended some hours before `noon`, with counts.
  static func counted(_ accepted: Int64, _ rejected: Int64, hoursAgo: Int64, id: String? = nil) -> CycleRow {
    CycleRow(
      id: id ?? "c\(hoursAgo)", timestamp: noon.adding(.hours(-hoursAgo)), windowMinutes: 60, accepted: accepted,
      rejected: rejected)
  }
}

/// Rows of so many cycles an hour apart, the newest `firstHoursAgo` before `noon`, all with the same counts.
func steadyRows(_ count: Int64, accepted: Int64, rejected: Int64, firstHoursAgo: Int64 = 0) -> [CycleRow] {
  (0..<count).map { .counted(accepted, rejected, hoursAgo: firstHoursAgo + $0) }
}

/// Evidence with counts and no edits.
func counted(_ accepted: Int64, _ rejected: Int64) -> Evidence {
  .counted(accepted: accepted, rejected: rejected, edited: 0)
}
