import Supervision
import SupervisionTesting
import Testing

/// Counts who is inside at once.
final class Occupancy: Sendable {
  /// The entries and exits, as +1 and -1.
  private let moves = EventRecorder<Int>()

  /// Somebody enters.
  func enter() { moves.record(1) }

  /// Somebody leaves.
  func leave() { moves.record(-1) }

  /// How many were inside at most.
  var most: Int {
    var (inside, most) = (0, 0)
    for move in moves.all {
      inside += move
      most = max(most, inside)
    }
    return most
  }

  /// How many have entered.
  var entries: Int { moves.all.filter { $0 > 0 }.count }
}

/// Does one piece of work at a time, or ought to.
protocol Lane: Actor {
  /// Does a piece of work that must be alone.
  func work(_ inside: Occupancy, _ simulation: Simulation) async
}

/// A lane that trusts the actor to keep others out while it awaits: it does not.
actor NaiveLane: Lane {
  /// Works, alone as it believes.
  func work(_ inside: Occupancy, _ simulation: Simulation) async {
    inside.enter()
    await simulation.pause()
    inside.leave()
  }
}

/// A lane with a gate: a flag that is checked and set without awaiting between, and those who wait in a row.
actor GatedLane: Lane {
  /// Whether somebody works.
  private var isBusy = false
  /// Those who wait.
  private var waiters: [CheckedContinuation<Void, Never>] = []

  /// Works, alone.
  func work(_ inside: Occupancy, _ simulation: Simulation) async {
    if isBusy { await withCheckedContinuation { waiters.append($0) } }
    isBusy = true
    inside.enter()
    await simulation.pause()
    inside.leave()
    if waiters.isEmpty { isBusy = false } else { waiters.removeFirst().resume() }
  }
}

/// A counter that is read in one call and written in another.
actor Counter {
  /// The count.
  var count = 0

  /// Writes the count.
  func set(_ count: Int) { self.count = count }
}

/// An actor that has an executor of its own.
actor Housed {
  /// Where it runs.
  private let executor: SeededSerialExecutor
  /// What it was told.
  private(set) var words: [Int] = []

  /// Makes an actor that runs on the serial side of a seeded executor.
  init(_ executor: SeededSerialExecutor) { self.executor = executor }

  /// Where it runs.
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Takes a word, with others between.
  func take(_ word: Int) async {
    preconditionIsolated()
    words.append(word)
    await elsewhere()
    preconditionIsolated()
    words.append(-word)
  }

  /// Something elsewhere.
  private nonisolated func elsewhere() async {}
}

/// The executor: one seed, one order.
@Suite(.timeLimit(.minutes(5))) struct SeededExecutorTests {
  /// The order in which five tasks of three steps run under a seed; half of the steps are an actor's, some a group's.
  static func order(seed: UInt64) throws -> [String] {
    let simulation = Simulation(seed: seed)
    let order = EventRecorder<String>()
    let actor = Housed(simulation.executor.serial)
    let words = try simulation.run { simulation in
      await withTaskGroup(of: Void.self) { group in
        for task in 0..<5 {
          group.addTask {
            for step in 0..<3 {
              order.record("\(task).\(step)")
              await actor.take(task * 10 + step + 1)
            }
          }
        }
      }
      return await actor.words
    }
    #expect(words.count == 30)
    return order.all + words.map(String.init)
  }

  @Test("one seed is one order, and 500 seeds are many")
  func orders() throws {
    var seen: Set<[String]> = []
    for seed in 0..<500 as Range<UInt64> {
      let order = try Self.order(seed: seed)
      #expect(try Self.order(seed: seed) == order, "seed \(seed)")
      seen.insert(order)
    }
    #expect(seen.count > 100, "\(seen.count) orders")
  }

  /// How many work at once in a lane, at most.
  static func overlap(in lane: some Lane, seed: UInt64) throws -> Int {
    let inside = Occupancy()
    try Simulation(seed: seed).run { simulation in
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<2 { group.addTask { await lane.work(inside, simulation) } }
      }
    }
    #expect(inside.entries == 2)
    return inside.most
  }

  @Test("an overlap across an await is found by some seeds, not by all, and never where there is a gate")
  func lanes() throws {
    let overlapping = try (0..<500).filter { try Self.overlap(in: NaiveLane(), seed: $0) > 1 }.count
    #expect((1..<500).contains(overlapping), "\(overlapping) of 500 seeds")
    for seed in 0..<500 as Range<UInt64> {
      #expect(try Self.overlap(in: GatedLane(), seed: seed) == 1, "seed \(seed)")
    }
  }

  @Test(
    "a check and an act in two calls of an actor: found by some seeds, not by all",
    arguments: [
      SeededExecutor.Grain.waits, .hops,
    ])
  func twoCalls(grain: SeededExecutor.Grain) throws {
    /// What two tasks count to that each add one.
    func total(seed: UInt64) throws -> Int {
      let counter = Counter()
      return try Simulation(seed: seed, grain: grain).run { _ in
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<2 { group.addTask { await counter.set(await counter.count + 1) } }
        }
        return await counter.count
      }
    }
    let totals = try (0..<500).map { try total(seed: $0) }
    #expect(Set(totals) == [1, 2])
  }

  @Test("code of no actor is interrupted where hops count, and not where only waits do")
  func grains() throws {
    /// The order of two tasks that each call an empty function between two words.
    func order(_ grain: SeededExecutor.Grain, seed: UInt64) throws -> [Int] {
      let simulation = Simulation(seed: seed, grain: grain)
      let words = EventRecorder<Int>()
      for task in 1...2 {
        simulation.spawn {
          words.record(task)
          await Self.nothing()
          words.record(task)
        }
      }
      try simulation.settle()
      return words.all
    }
    #expect(try Set((0..<100).map { try order(.waits, seed: $0) }) == [[1, 1, 2, 2], [2, 2, 1, 1]])
    #expect(try Set((0..<100).map { try order(.hops, seed: $0) }).count > 2)
  }

  /// A function of no actor that does nothing.
  static func nothing() async {}

  @Test("what waits for what never comes is stuck, and says its seed")
  func stuck() {
    let error = #expect(throws: SimulationError.self) {
      try Simulation(seed: 77).run { _ in await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }
    guard case .stuck(seed: 77, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.hasPrefix("seed 77: stuck") == true)
  }

  @Test("it steps as told: no further than the limit, one at a time")
  func limits() throws {
    let simulation = Simulation(seed: 1, grain: .waits)
    let seen = EventRecorder<Int>()
    for task in 0..<3 { simulation.spawn { seen.record(task) } }
    #expect(simulation.executor.runnable == 3)
    #expect(seen.all.isEmpty)
    #expect(!simulation.executor.run(atMost: 1))
    #expect(seen.all.count == 1)
    #expect(simulation.executor.runOne())
    #expect(simulation.executor.run(atMost: 1))
    #expect(!simulation.executor.runOne())
    #expect(Set(seen.all) == [0, 1, 2])
    #expect(simulation.executor.steps == 3)
  }
}
