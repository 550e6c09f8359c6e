import Testing

@testable import Supervision

/// The arithmetic of delays, and of the queue of deadlines.
@Suite(.timeLimit(.minutes(5))) struct BackoffTests {
  @Test("delays are base · ratio^n up to the maximum")
  func delays() {
    var random = SplitMix64(seed: 1)
    let rule = Backoff(base: .milliseconds(100), ratio: 3, max: .seconds(2), jitter: 0)
    var schedule = BackoffSchedule()
    let delays = (0..<6).map { _ in schedule.next(rule, using: &random) }
    #expect(delays == [100, 300, 900, 2_000, 2_000, 2_000].map { .milliseconds($0) })
    schedule.reset()
    let again = schedule.next(rule, using: &random)
    #expect(again == .milliseconds(100))
  }

  @Test("jitter lengthens by at most its share, differs, and is repeated by its seed")
  func jitter() {
    func draw(_ seed: UInt64) -> [Duration] {
      var random = SplitMix64(seed: seed)
      let rule = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0.5)
      var schedule = BackoffSchedule()
      return (0..<200).map { _ in schedule.next(rule, using: &random) }
    }
    let delays = draw(7)
    #expect(delays.allSatisfy { $0 >= .seconds(1) && $0 <= .milliseconds(1_500) })
    #expect(Set(delays).count > 190)
    #expect(delays.contains { $0 > .milliseconds(1_400) } && delays.contains { $0 < .milliseconds(1_100) })
    #expect(draw(7) == delays)
    #expect(draw(8) != delays)
  }

  @Test("huge ratios and long rows neither trap nor loop for long")
  func extremes() {
    var random = SplitMix64(seed: 1)
    let rule = Backoff(base: .seconds(1), ratio: 1e300, max: Defaults.longestDuration, jitter: 1)
    var schedule = BackoffSchedule()
    _ = schedule.next(rule, using: &random)
    let second = schedule.next(rule, using: &random)
    #expect(second >= Defaults.longestDuration)
    let backoff = Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0.5)
    #expect(backoff.longest(restarts: 1_000_000) == .seconds(1_500_000))
    #expect(backoff.longest(restarts: 0) == .zero)
  }

  @Test("the longest row is the sum of the delays at full jitter")
  func longest() {
    let backoff = Backoff(base: .seconds(1), ratio: 2, max: .seconds(4), jitter: 0.5)
    #expect(backoff.longest(restarts: 1) == .milliseconds(1_500))
    #expect(backoff.longest(restarts: 5) == .milliseconds(1_500 * (1 + 2 + 4 + 4 + 4)))
  }

  @Test("deadlines come out in order of time, then of arrival")
  func queueOrder() {
    var queue = DeadlineQueue()
    var random = SplitMix64(seed: 3)
    var expected: [(Duration, UInt64)] = []
    for owner in 0..<500 as Range<UInt64> {
      let deadline = Duration.seconds(Int.random(in: 0..<40, using: &random))
      queue.push(deadline, owner: owner, stamp: 0)
      expected.append((deadline, owner))
    }
    expected.sort { ($0.0, $0.1) < ($1.0, $1.1) }
    for (deadline, owner) in expected {
      let entry = queue.pop()
      #expect(entry?.deadline == deadline && entry?.owner == owner)
    }
    #expect(queue.count == 0)
  }

  @Test("dead deadlines do not pile up: 10,000 restarts keep the queue small")
  func queueBound() throws {
    var bench = MachineBench(
      try spec(.oneForOne, intensity: 20_000, backoff: .none, [child("a"), child("b")]))
    bench.runUntilReady()
    for _ in 0..<10_000 {
      bench.fail(0)
      bench.ready(0)
    }
    #expect(bench.generation(0) == 10_001)
    #expect(bench.machine.deadlines.count <= 2 * 2 + Defaults.deadlineSlack + 1)
  }
}
