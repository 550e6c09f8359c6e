/// A start that was given up and still runs.
struct Orphan: Sendable {
  /// The child's id; below a nested supervisor that has ended, its path.
  let id: String
  /// Which start.
  let generation: UInt64
  /// When it was abandoned.
  let since: Duration
}

/// What was abandoned and has not ended, in the order in which it was; also what nested supervisors left behind.
struct OrphanLedger: Sendable {
  /// Which start of which child, and what below it.
  struct Key: Hashable, Sendable {
    /// The child; it may have been removed meanwhile.
    let child: ChildKey
    /// The start of the child.
    let generation: UInt64
    /// What that start, a nested supervisor, left behind; nil: the start itself.
    var heir: Heir?

    /// The next of several that look the same; nil where there can be only one.
    var twin: Key? {
      guard let heir else { return nil }
      var twin = self
      twin.heir = Heir(path: heir.path, generation: heir.generation, copy: heir.copy + 1)
      return twin
    }
  }

  /// What a nested supervisor left behind.
  struct Heir: Hashable, Sendable {
    /// Its path below that supervisor.
    let path: String
    /// Which start of it.
    let generation: UInt64
    /// Which of those that look the same: where a supervisor in between was itself replaced, its children's numbers
    /// begin again.
    var copy = 0
  }

  /// The orphans, by what they report their end with, each with its place in the order.
  private var entries: [Key: (place: Int, orphan: Orphan)] = [:]
  /// Heirs that ended before the end of their supervisor was heard of: no more than that one left behind.
  private var early: Set<Key> = []
  /// The place of the next one.
  private var nextPlace = 0

  /// How many there are.
  var count: Int { entries.count }

  /// All, oldest first.
  var all: [Orphan] { entries.values.sorted { $0.place < $1.place }.map(\.orphan) }

  /// Adds one.
  mutating func add(_ orphan: Orphan, as key: Key) {
    entries[key] = (nextPlace, orphan)
    nextPlace += 1
  }

  /// Adds what a nested supervisor left behind, which was the child of this id.
  mutating func inherit(_ left: [StopReport.Unstopped], from key: Key, _ id: String, now: Duration) {
    for one in left {
      var heir = key
      heir.heir = Heir(path: one.id, generation: one.generation)
      if takeEarly(heir) { continue }
      while entries[heir] != nil, let twin = heir.twin { heir = twin }
      add(Orphan(id: "\(id)/\(one.id)", generation: one.generation, since: now - one.age), as: heir)
    }
    if !early.isEmpty { early = early.filter { $0.child != key.child || $0.generation != key.generation } }
  }

  /// Takes one out that has ended.
  mutating func remove(_ key: Key) -> Orphan? {
    guard !entries.isEmpty else { return nil }
    // Of several that look the same the last one goes: what is left is counted without a gap.
    var last = key
    while let twin = last.twin, entries[twin] != nil { last = twin }
    return entries.removeValue(forKey: last)?.orphan
  }

  /// Whether one of these has ended already; it is heard of then.
  private mutating func takeEarly(_ key: Key) -> Bool {
    guard early.contains(key) else { return false }
    var last = key
    while let twin = last.twin, early.contains(twin) { last = twin }
    early.remove(last)
    return true
  }

  /// Notes that an heir has ended before it was inherited.
  mutating func expect(_ key: Key) {
    var key = key
    while early.contains(key), let twin = key.twin { key = twin }
    early.insert(key)
  }

  /// The latest start of a child of this name that still runs; 0 where there is none.
  func latestGeneration(of id: String) -> UInt64 {
    guard !entries.isEmpty else { return 0 }
    return entries.lazy.filter { $0.key.heir == nil && $0.value.orphan.id == id }.map(\.key.generation).max() ?? 0
  }
}

/// What ends after it was given up.
extension SupervisorStateMachine {
  /// A start that was given up has ended after all. A nested supervisor may leave others behind.
  mutating func orphanEnded(
    _ key: OrphanLedger.Key, exit: ChildExit, now: Duration, _ actions: inout [Action]
  ) {
    guard let orphan = orphans.remove(key) else { return }
    actions.append(.emit(.orphanEnded(id: orphan.id, generation: orphan.generation, age: now - orphan.since)))
    if case .subtree(let part, _) = exit { orphans.inherit(part.unstopped, from: key, orphan.id, now: now) }
    passOn(orphan, &actions)
  }

  /// Something that a nested supervisor left behind has ended. That one has told it already.
  mutating func onHeirEnded(_ key: OrphanLedger.Key, _ actions: inout [Action]) {
    if let orphan = orphans.remove(key) {
      passOn(orphan, &actions)
    } else {
      orphans.expect(key)
    }
  }

  /// Once the run is over, whoever inherits has to know.
  private func passOn(_ orphan: Orphan, _ actions: inout [Action]) {
    guard case .finished = phase else { return }
    actions.append(.orphanGone(OrphanLedger.Heir(path: orphan.id, generation: orphan.generation)))
  }
}
