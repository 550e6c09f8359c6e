import Testing

@testable import Supervision

/// The table of the children, beside a plain array.
@Suite(.timeLimit(.minutes(5))) struct ChildTableTests {
  @Test("seeded: order, lookup and removal agree with an array; keys of the removed are dead for good")
  func model() {
    for seed in 0..<50 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      var table = ChildTable(isNamed: true, capacity: 0)
      var model: [(id: String, key: ChildKey)] = []
      var gone: [ChildKey] = []
      for step in 0..<300 {
        if Int.random(in: 0..<5, using: &random) < 3 || model.isEmpty {
          let id = "\(step)"
          model.append((id, table.append(child(id), isDynamic: true)))
        } else {
          let victim = model.remove(at: Int.random(in: model.indices, using: &random))
          table.remove(victim.key)
          gone.append(victim.key)
        }
      }
      #expect(table.count == model.count)
      #expect(Array(table.keys) == model.map(\.key))
      var backwards: [ChildKey] = []
      var next = table.last
      while let key = next {
        backwards.append(key)
        next = table.previous(before: key)
      }
      #expect(backwards == model.map(\.key).reversed())
      for (id, key) in model {
        #expect(table.find(id) == key)
        #expect(table[key].id == id)
      }
      #expect(gone.allSatisfy { !table.contains($0) })
      #expect(table.slotCount <= 300)
      #expect(model.map(\.key.number) == model.map(\.key.number).sorted())
    }
  }

  @Test("slots are used again: a supervisor whose children come and go does not grow")
  func reuse() {
    var table = ChildTable(isNamed: false, capacity: 0)
    for _ in 0..<1_000 { table.remove(table.append(child("a"), isDynamic: true)) }
    #expect(table.slotCount == 1)
  }

  @Test("a deadline of a former child in a slot is not the next one's")
  func stamps() {
    var table = ChildTable(isNamed: true, capacity: 0)
    let first = table.append(child("a"), isDynamic: true)
    let entry = DeadlineQueue.Entry(deadline: .zero, sequence: 0, owner: 0, stamp: UInt64(table[first].stamp))
    #expect(table.key(ofDeadline: entry) == first)
    table.remove(first)
    #expect(table.key(ofDeadline: entry) == nil)
    _ = table.append(child("b"), isDynamic: true)
    #expect(table.key(ofDeadline: entry) == nil)
  }
}
