import Glibc
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct ClockTests {
  /// A clock whose naps take no time; a suspend makes one of them take longer.
  private final class Ground: Sendable {
    struct State {
      var now: Duration = .seconds(1000)
      var naps: [Duration] = []
      var tolerances: [Duration?] = []
      var suspendDuring: (nap: Int, lasting: Duration)?
    }
    let state = Guarded(State())
    var clock: SuspendAwareClock {
      SuspendAwareClock(
        read: { self.state.withLock { $0.now } },
        nap: { slice, tolerance in
          try Task.checkCancellation()
          self.state.withLock {
            $0.now += slice
            if let suspend = $0.suspendDuring, suspend.nap == $0.naps.count { $0.now += suspend.lasting }
            $0.naps.append(slice)
            $0.tolerances.append(tolerance)
          }
        })
    }
  }

  @Test func sleepIsSliced() async throws {
    let ground = Ground()
    try await ground.clock.sleep(until: ground.clock.now.advanced(by: .seconds(150)), tolerance: .milliseconds(7))
    #expect(ground.state.withLock { $0.naps } == [.seconds(60), .seconds(60), .seconds(30)])
    #expect(ground.state.withLock { $0.tolerances } == Array(repeating: .milliseconds(7), count: 3))
    #expect(ground.clock.now == .init(sinceStart: .seconds(1150)))
  }

  @Test func suspendIsNoticedWithinASlice() async throws {
    let ground = Ground()
    ground.state.withLock { $0.suspendDuring = (nap: 1, lasting: .seconds(8 * 3600)) }
    try await ground.clock.sleep(until: ground.clock.now.advanced(by: .seconds(3600)))
    #expect(ground.state.withLock { $0.naps.count } == 2)
  }

  @Test func pastDeadlineDoesNotSleep() async throws {
    let ground = Ground()
    try await ground.clock.sleep(until: ground.clock.now)
    try await ground.clock.sleep(until: .init(sinceStart: .zero))
    #expect(ground.state.withLock { $0.naps.isEmpty })
  }

  @Test func cancellationEndsTheSleep() async {
    let run = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await SuspendAwareClock().sleep(for: .seconds(3600))
    }
    await #expect(throws: CancellationError.self) { try await run.value }
  }

  @Test func theMachinesClockRuns() async throws {
    let clock: any Clock<Duration> = .suspendAware
    let before = SuspendAwareClock().now
    try await clock.sleep(for: .milliseconds(2))
    #expect(before.duration(to: SuspendAwareClock().now) >= .milliseconds(2))
  }

  @Test func wallClock() {
    #expect(WallClock { 42 }.microseconds() == 42)
    let seconds = Int64(time(nil))
    #expect((seconds - 1...seconds + 60).contains(WallClock.system.microseconds() / 1_000_000))
  }

  @Test(
    arguments: [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2), (-5, 0), (Int64.max, Int32.max)] as [(Int64, Int32)])
  func pollTimeoutNeverWakesEarly(left: Int64, expected: Int32) {
    #expect(MonotonicMoment(nanoseconds: left).pollTimeout(now: MonotonicMoment(nanoseconds: 0)) == expected)
  }

  @Test func momentsDoNotOverflow() {
    let end = MonotonicMoment.now().advanced(by: .seconds(Int64.max))
    #expect(end.nanoseconds == .max)
    #expect(end.nanosecondsLeft() > 0)
    #expect(Duration.seconds(Int64.max).wholeMilliseconds == Int64.max / 1_000_000 + 1)
    #expect(Duration.microseconds(1500).wholeMilliseconds == 2)
  }
}
