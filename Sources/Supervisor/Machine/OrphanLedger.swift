/// A start that was given up and still runs.
struct Orphan: Sendable {
  /// The child's id.
  let id: String
  /// Which start.
  let generation: UInt64
  /// When it was abandoned.
  let since: Duration
}

/// What was abandoned and has not ended, in the order in which it was.
struct OrphanLedger: Sendable {
  /// Which start of which child.
  private struct Key: Hashable {
    /// The child; it may have been removed meanwhile.
    let child: ChildKey
    /// The start.
    let generation: UInt64
  }

  /// The orphans, by what they report their end with, each with its place in the order.
  private var entries: [Key: (place: Int, orphan: Orphan)] = [:]
  /// The place of the next one.
  private var nextPlace = 0

  /// How many there are.
  var count: Int { entries.count }

  /// All, oldest first.
  var all: [Orphan] { entries.values.sorted { $0.place < $1.place }.map(\.orphan) }

  /// Adds one.
  mutating func add(_ orphan: Orphan, of child: ChildKey) {
    entries[Key(child: child, generation: orphan.generation)] = (nextPlace, orphan)
    nextPlace += 1
  }

  /// Takes one out that has ended.
  mutating func remove(_ child: ChildKey, _ generation: UInt64) -> Orphan? {
    entries.isEmpty ? nil : entries.removeValue(forKey: Key(child: child, generation: generation))?.orphan
  }

  /// The latest start of a child of this name that still runs; 0 where there is none.
  func latestGeneration(of id: String) -> UInt64 {
    guard !entries.isEmpty else { return 0 }
    return entries.values.lazy.filter { $0.orphan.id == id }.map(\.orphan.generation).max() ?? 0
  }
}
