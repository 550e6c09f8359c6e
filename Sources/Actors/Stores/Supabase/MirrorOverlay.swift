internal import Rules

/// What a look saw, laid over a mirror that may not be written: a check that only evaluates changes nothing.
struct MirrorOverlay: Sendable {
  /// The rows that it saw; as many as `StatsPaging` lets through.
  var rows: [CycleRow] = []
  /// From where on it saw everything; nil for all of it.
  var floor: Timestamp?
  /// True where the mirror below holds nothing of this project.
  var hidesMirror = false

  /// Nothing was seen yet.
  init() {}

  /// A look that begins.
  init(floor: Timestamp?, hidesMirror: Bool) {
    self.floor = floor
    self.hidesMirror = hidesMirror
  }

  /// The newest rows of each model: those that were seen, and below the floor what the mirror has.
  func newest(of models: [String?]?, limit: Int, over mirror: [ModelRows]) -> [ModelRows] {
    guard !rows.isEmpty else { return mirror }
    let wanted = models.map { Set($0.map { $0 ?? "" }) }
    var groups = CycleGroups()
    var ids: Set<String> = []
    for row in rows where wanted?.contains(row.model ?? "") ?? true {
      if ids.insert(row.id).inserted { groups.add(row) }
    }
    let more = Set(mirror.filter(\.hasMore).map(\.model))
    for row in mirror.flatMap(\.rows) where !ids.contains(row.id) {
      guard let floor, let time = row.timestamp, time < floor else { continue }
      groups.add(row)
    }
    return groups.newest(limit: limit).map { group in
      var group = group
      group.hasMore = group.hasMore || more.contains(group.model)
      return group
    }
  }
}
