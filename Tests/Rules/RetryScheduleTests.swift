import Testing

@testable import Rules

@Suite(.timeLimit(.minutes(5))) struct RetryScheduleTests {
  @Test(
    arguments: [
      (Int.min, 15), (0, 15), (1, 15), (2, 30), (3, 60), (4, 120), (6, 480), (7, 960), (8, 1440), (9, 1440),
      (.max, 1440),
    ] as [(Int, Int64)])
  func doublesUpToADay(failures: Int, minutes: Int64) {
    #expect(RetrySchedule.delay(failures: failures, jitter: 0) == .minutes(minutes))
  }

  @Test(arguments: [(0.0, 900), (0.5, 1012.5), (1.0, 1125), (-3, 900), (.nan, 900), (.infinity, 1125), (7, 1125)])
  func jitterStaysInItsShare(jitter: Double, seconds: Double) {
    #expect(RetrySchedule.delay(failures: 1, jitter: jitter) == .seconds(seconds))
  }

  @Test func jitterDoesNotBreakTheCeiling() {
    for failures in 0..<20 {
      #expect(RetrySchedule.delay(failures: failures, jitter: 0.999) <= RuleBounds.retryCeiling)
    }
  }
}
