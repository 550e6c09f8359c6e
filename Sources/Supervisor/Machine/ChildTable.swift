/// Which child: where it is kept, and a number that is never given again and tells the order of the start.
struct ChildKey: Sendable, Hashable {
  /// Where it is kept; given again once the child is gone.
  let slot: Int32
  /// Grows with each child that was added.
  let number: UInt64
}

/// The children in the order of their start. To add, find, remove and step costs the same however many there are.
struct ChildTable: Sendable {
  /// A place for a child, and its neighbours in the order.
  private struct Slot {
    /// The child; a vacant one holds on to nothing.
    var child: SupervisedChild
    /// The slot of the one that was started before it; `none` where it is the first.
    var previous = ChildTable.none
    /// The slot of the one that was started after it; `none` where it is the last.
    var next = ChildTable.none
  }

  /// No slot.
  private static let none: Int32 = -1

  /// The slots, used and vacant.
  private var slots: [Slot] = []
  /// The vacant ones.
  private var vacant: [Int32] = []
  /// The first in the order.
  private var firstSlot = none
  /// The last in the order.
  private var lastSlot = none
  /// Where each id is; empty for a pool, whose children have none.
  private var byID: [String: Int32] = [:]
  /// Whether the children have ids.
  private let isNamed: Bool
  /// The number of the next child.
  private(set) var upcomingNumber: UInt64 = 1
  /// How many children there are.
  private(set) var count = 0

  /// An empty table with room for children.
  init(isNamed: Bool, capacity: Int) {
    self.isNamed = isNamed
    slots.reserveCapacity(capacity)
    if isNamed { byID.reserveCapacity(capacity) }
  }

  /// How many slots there are, vacant ones included: what an array beside this table has to hold.
  var slotCount: Int { slots.count }

  /// The first child in the order.
  var first: ChildKey? { key(firstSlot) }
  /// The last child in the order.
  var last: ChildKey? { key(lastSlot) }
  /// The child that was started before this one.
  func previous(before key: ChildKey) -> ChildKey? { self.key(slots[Int(key.slot)].previous) }
  /// The child that was started after this one.
  func next(after key: ChildKey) -> ChildKey? { self.key(slots[Int(key.slot)].next) }

  /// Whether a child is still there.
  func contains(_ key: ChildKey) -> Bool {
    key.slot < slots.count && slots[Int(key.slot)].child.number == key.number
  }

  /// The child in a slot; nil where it is vacant.
  func key(inSlot slot: Int) -> ChildKey? {
    let number = slots[slot].child.number
    return number == 0 ? nil : ChildKey(slot: Int32(slot), number: number)
  }

  /// The child of an id.
  func find(_ id: String) -> ChildKey? { byID[id].flatMap { key($0) } }

  /// The child in a slot; a vacant one where there is none.
  subscript(_ key: ChildKey) -> SupervisedChild {
    _read { yield slots[Int(key.slot)].child }
    _modify { yield &slots[Int(key.slot)].child }
  }

  /// The children in the order of their start.
  var keys: Keys { Keys(table: self, upcoming: first) }

  /// Adds a child at the end.
  mutating func append(_ spec: ChildSpec, isDynamic: Bool, generation: UInt64 = 0) -> ChildKey {
    let number = upcomingNumber
    upcomingNumber += 1
    let child: SupervisedChild
    let slot: Int32
    if let free = vacant.popLast() {
      slot = free
      // Stamps go on, so that no deadline of the former one is taken for this one's.
      child = SupervisedChild(
        spec, number: number, isDynamic: isDynamic, generation: generation, stamp: slots[Int(free)].child.stamp &+ 1)
      slots[Int(slot)].child = child
    } else {
      slot = Int32(slots.count)
      slots.append(
        Slot(child: SupervisedChild(spec, number: number, isDynamic: isDynamic, generation: generation, stamp: 0)))
    }
    slots[Int(slot)].previous = lastSlot
    slots[Int(slot)].next = Self.none
    if lastSlot == Self.none { firstSlot = slot } else { slots[Int(lastSlot)].next = slot }
    lastSlot = slot
    if isNamed { byID[spec.id] = slot }
    count += 1
    return ChildKey(slot: slot, number: number)
  }

  /// Removes a child, and lets go of what its specification holds.
  mutating func remove(_ key: ChildKey) {
    let slot = slots[Int(key.slot)]
    if slot.previous == Self.none { firstSlot = slot.next } else { slots[Int(slot.previous)].next = slot.next }
    if slot.next == Self.none { lastSlot = slot.previous } else { slots[Int(slot.next)].previous = slot.previous }
    if isNamed { byID[slot.child.spec.id] = nil }
    slots[Int(key.slot)] = Slot(child: .vacant(stamp: slot.child.stamp &+ 1))
    vacant.append(key.slot)
    count -= 1
  }

  /// The key of a slot.
  private func key(_ slot: Int32) -> ChildKey? {
    slot == Self.none ? nil : ChildKey(slot: slot, number: slots[Int(slot)].child.number)
  }

  /// Steps through a table as it was.
  struct Keys: Sequence, IteratorProtocol {
    /// The table.
    let table: ChildTable
    /// The next one.
    var upcoming: ChildKey?

    /// The next child in the order.
    mutating func next() -> ChildKey? {
      guard let key = upcoming else { return nil }
      upcoming = table.next(after: key)
      return key
    }
  }
}
