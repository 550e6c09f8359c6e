import Testing

@testable import Actors

@Suite("MonitorSchedule", .timeLimit(.minutes(5)))
struct MonitorScheduleTests {
  /// Both clocks, moved together unless told otherwise.
  struct Clocks {
    var now = Duration.seconds(1000)
    var wall: Int64 = 1_700_000_000_000_000
    mutating func advance(_ duration: Duration) {
      now += duration
      wall += duration.components.seconds * 1_000_000
    }
  }

  private func make(_ clocks: Clocks, interval: Duration = .seconds(3600)) -> MonitorSchedule {
    MonitorSchedule(interval: interval, now: clocks.now, wall: clocks.wall)
  }

  @Test("the first check comes at the start, then one each interval")
  func interval() {
    var clocks = Clocks()
    var schedule = make(clocks)
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 1))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(4600)))
    clocks.advance(.seconds(3599))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(4600)))
    clocks.advance(.seconds(1))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 2))
  }

  @Test("what the first check could not see is checked at once, and shifts nothing")
  func news() {
    var schedule = MonitorSchedule(interval: .seconds(3600), now: .zero, wall: 0)
    schedule.onNews()
    #expect(schedule.onWake(now: .zero, wall: 0) == .check(number: 1))
    // The first check saw it.
    #expect(schedule.onWake(now: .zero, wall: 0) == .wait(until: .seconds(3600)))
    schedule.onNews()
    // A check that was under way has ended, and did not see it either.
    schedule.onCheckDone()
    #expect(schedule.onWake(now: .seconds(1), wall: 1_000_000) == .again)
    #expect(schedule.onWake(now: .seconds(2), wall: 2_000_000) == .wait(until: .seconds(3600)))
    #expect(schedule.onWake(now: .seconds(3600), wall: 3_600_000_000) == .check(number: 2))
  }

  @Test("missed checks are not caught up, and the phase stays")
  func missed() {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    clocks.advance(.seconds(3600 * 5 + 100))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 2))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(1000 + 3600 * 6)))
  }

  @Test("a check that takes long does not shift the next one")
  func longCheck() {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    clocks.advance(.seconds(1800))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(4600)))
  }

  @Test("after a jump of the wall clock the next evaluation waits 60 s", arguments: [3600, -3600, 61, -61])
  func jump(seconds: Int64) {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    clocks.advance(.seconds(3600))
    clocks.wall += seconds * 1_000_000
    #expect(
      schedule.onWake(now: clocks.now, wall: clocks.wall)
        == .hold(until: clocks.now + .seconds(60), jump: .seconds(seconds)))
    clocks.advance(.seconds(59))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(4660)))
    clocks.advance(.seconds(1))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 2))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(8200)))
  }

  @Test("a slew of up to 60 s is no jump", arguments: [60, -60, 1])
  func slew(seconds: Int64) {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    clocks.advance(.seconds(3600))
    clocks.wall += seconds * 1_000_000
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 2))
  }

  @Test("a failed run is tried again before the next check; the earliest counts")
  func retry() {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    schedule.onRetryKnown(after: .seconds(900), now: clocks.now)
    schedule.onRetryKnown(after: .seconds(1800), now: clocks.now)
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(1900)))
    clocks.advance(.seconds(900))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .retry)
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(4600)))
  }

  @Test("a check that failed is repeated soon, each time later, and not beside the next one")
  func failedCheck() {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    for pause in [60, 120, 240, 480, 900, 900] {
      #expect(schedule.onCheckFailed(now: clocks.now) == .seconds(pause))
      #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: clocks.now + .seconds(pause)))
      clocks.advance(.seconds(pause))
      #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .again)
    }
    // 2700 s have passed: the next check itself comes first, and takes the place of the repetition.
    #expect(schedule.onCheckFailed(now: clocks.now) == .seconds(900))
    clocks.advance(.seconds(900))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 2))
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(8200)))
    schedule.onCheckDone()
    #expect(schedule.onCheckFailed(now: clocks.now) == .seconds(60))
    schedule.onCheckDone()
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(8200)))
  }

  @Test("a new interval counts from the last check")
  func newInterval() {
    var clocks = Clocks()
    var schedule = make(clocks)
    _ = schedule.onWake(now: clocks.now, wall: clocks.wall)
    clocks.advance(.seconds(600))
    schedule.onInterval(.seconds(900), now: clocks.now)
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .wait(until: .seconds(1900)))
    schedule.onInterval(.seconds(60), now: clocks.now)
    #expect(schedule.onWake(now: clocks.now, wall: clocks.wall) == .check(number: 2))
  }
}
