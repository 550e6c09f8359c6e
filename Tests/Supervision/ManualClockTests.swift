import TestSupport
import Testing

@testable import Supervision

/// The clock of the tests, and the clock of supervision around it.
@Suite(.timeLimit(.minutes(5))) struct ManualClockTests {
  @Test("a deadline that equals now, or is past, returns at once")
  func notInTheFuture() async throws {
    let manual = ManualClock()
    manual.advance(by: .seconds(5))
    try await manual.sleep(until: manual.now)
    let clock = SupervisionClock(manual)
    #expect(clock.now() == .zero)
    try await clock.sleep(until: .zero)
    try await clock.sleep(for: .zero)
    try await clock.sleep(for: .seconds(-1))
    #expect(manual.sleeperCount == 0)
  }

  @Test("sleepers are woken when they are due, and not before")
  func due() async throws {
    let manual = ManualClock()
    let clock = SupervisionClock(manual)
    let woken = EventRecorder<Int>()
    for seconds in [3, 1, 2] {
      Task {
        try await clock.sleep(for: .seconds(seconds))
        woken.record(seconds)
      }
    }
    await manual.waitForSleepers(3)
    #expect(manual.deadlines == [.seconds(1), .seconds(2), .seconds(3)])
    manual.advance(by: .milliseconds(999))
    #expect(manual.sleeperCount == 3)
    manual.advance(by: .milliseconds(1))
    await woken.wait { $0.count == 1 }
    manual.advance(by: .seconds(2))
    await woken.wait { $0.count == 3 }
    #expect(woken.all.first == 1)
    #expect(clock.now() == .seconds(3))
  }

  @Test("a cancelled sleep throws, before and while it sleeps")
  func cancelled() async {
    let manual = ManualClock()
    let clock = SupervisionClock(manual)
    let sleeping = Task { try await clock.sleep(for: .seconds(1)) }
    await manual.waitForSleepers(1)
    sleeping.cancel()
    await #expect(throws: CancellationError.self) { try await sleeping.value }
    #expect(manual.sleeperCount == 0)
    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await clock.sleep(for: .seconds(1))
    }
    await #expect(throws: CancellationError.self) { try await late.value }
  }
}
