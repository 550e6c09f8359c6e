/// Deadlines in order of time: a binary heap whose dead entries are dropped when they surface.
///
/// An owner has at most one deadline that counts; it tells by the stamp whether an entry is still that one.
struct DeadlineQueue: Sendable {
  /// A deadline.
  struct Entry: Sendable {
    /// When it is due.
    let deadline: Duration
    /// Breaks ties: first come, first served.
    let sequence: UInt64
    /// Whose it is.
    let owner: UInt64
    /// Which of its owner's deadlines it is.
    let stamp: UInt64

    /// Whether it comes before another one.
    func precedes(_ other: Entry) -> Bool {
      deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
    }
  }

  /// The heap.
  private var heap: [Entry] = []
  /// The sequence number of the next entry.
  private var nextSequence: UInt64 = 0

  /// The earliest entry, dead or alive.
  var first: Entry? { heap.first }
  /// How many entries there are, dead or alive.
  var count: Int { heap.count }

  /// Adds a deadline.
  mutating func push(_ deadline: Duration, owner: UInt64, stamp: UInt64) {
    heap.append(Entry(deadline: deadline, sequence: nextSequence, owner: owner, stamp: stamp))
    nextSequence += 1
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index].precedes(heap[parent]) else { break }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  /// Takes the earliest entry.
  @discardableResult
  mutating func pop() -> Entry? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink(from: 0)
    }
    return first
  }

  /// Drops the dead entries where they outnumber what `live` owners can need.
  mutating func compact(live: Int, where isLive: (Entry) -> Bool) {
    guard heap.count > 2 * live + Defaults.deadlineSlack else { return }
    heap = heap.filter(isLive)
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(from: index) }
  }

  /// Moves an entry down to its place.
  private mutating func sink(from start: Int) {
    var index = start
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].precedes(heap[least]) { least = child }
      guard least != index else { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
