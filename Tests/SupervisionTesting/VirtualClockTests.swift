import Supervision
import SupervisionTesting
import Testing

/// The clock's edges.
@Suite(.timeLimit(.minutes(5))) struct VirtualClockTests {
  @Test("those who are due are resumed in the order of their deadlines, then of their beginning")
  func order() throws {
    // The executor picks by seed, so the order of the resumption shows where only one can run at a time.
    let simulation = Simulation(seed: 3)
    let clock = simulation.clock
    let woken = EventRecorder<Int>()
    for (sleeper, seconds) in [3, 1, 2, 1].enumerated() {
      simulation.spawn {
        try await clock.sleep(for: .seconds(seconds))
        woken.record(sleeper)
      }
      try simulation.settle()
    }
    #expect(clock.deadlines == [1, 1, 2, 3].map { .seconds($0) })
    var steps: [[Int]] = []
    while clock.advanceToNextSleeper() {
      try simulation.settle()
      steps.append(woken.all.sorted())
    }
    #expect(steps == [[1, 3], [1, 2, 3], [0, 1, 2, 3]])
    #expect(clock.now.offset == .seconds(3))
    #expect(!clock.advanceToNextSleeper())
    #expect(clock.now.offset == .seconds(3))
  }

  @Test("a deadline that equals now, or is past, returns at once; time never goes back")
  func now() throws {
    let simulation = Simulation(seed: 1)
    let clock = simulation.clock
    clock.advance(by: .seconds(5))
    clock.advance(by: .seconds(-3))
    #expect(clock.now.offset == .seconds(5))
    let returned = try simulation.now {
      for seconds in [5, 4, 0, -1] { try? await clock.sleep(until: .init(.seconds(seconds))) }
      await clock.sleepDeaf(for: .zero)
      return clock.sleeperCount
    }
    #expect(returned == 0)
    #expect(clock.now.offset == .seconds(5))
  }

  @Test("a sleeper is not woken a nanosecond early, and not late")
  func exact() throws {
    let simulation = Simulation(seed: 1)
    let clock = simulation.clock
    let task = simulation.spawn { try await clock.sleep(for: .seconds(1)) }
    try simulation.settle()
    clock.advance(by: .seconds(1) - .nanoseconds(1))
    try simulation.settle()
    #expect(clock.sleeperCount == 1)
    clock.advance(by: .nanoseconds(1))
    #expect(clock.sleeperCount == 0)
    let isDone = try simulation.now { (try? await task.value) != nil }
    #expect(isDone == true)
  }

  @Test("a cancelled sleep throws, before it began and while it sleeps; the deaf one sleeps on")
  func cancelled() throws {
    let simulation = Simulation(seed: 1)
    let clock = simulation.clock
    let ends = EventRecorder<String>()
    let early = simulation.spawn {
      do { try await clock.sleep(for: .seconds(1)) } catch { ends.record("early \(error is CancellationError)") }
    }
    early.cancel()
    let late = simulation.spawn {
      do { try await clock.sleep(for: .seconds(1)) } catch { ends.record("late \(error is CancellationError)") }
    }
    let deaf = simulation.spawn {
      await clock.sleepDeaf(for: .seconds(1))
      ends.record("deaf \(Task.isCancelled)")
    }
    try simulation.settle()
    #expect(ends.all == ["early true"])
    late.cancel()
    deaf.cancel()
    try simulation.settle()
    #expect(ends.all == ["early true", "late true"])
    #expect(clock.sleeperCount == 1)
    clock.advanceToNextSleeper()
    try simulation.settle()
    #expect(ends.all == ["early true", "late true", "deaf true"])
  }

  @Test("the clock of supervision has its origin where it was made")
  func bridge() throws {
    let simulation = Simulation(seed: 1)
    simulation.clock.advance(by: .seconds(5))
    let clock = simulation.clock.supervision
    #expect(clock.now() == .zero)
    let after = try simulation.run { _ in
      try await clock.sleep(for: .seconds(2))
      return clock.now()
    }
    #expect(after == .seconds(2))
    #expect(simulation.clock.now.offset == .seconds(7))
  }
}
