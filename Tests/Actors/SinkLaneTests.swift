import Testing

@testable import Actors

/// The queue of one sink.
@Suite("Sink lanes", .timeLimit(.minutes(5)))
struct SinkLaneTests {
  private func fail(
    _ lane: inout SinkLane, wish: Duration? = nil, attempts: Int = 0, age: Duration = .zero, now: Duration = .zero,
    chance: Double = 1
  ) -> SinkLane.Settlement {
    lane.onAttempt(.failed("down", after: wish), attempts: attempts, age: age, now: now, chance: chance)
  }

  @Test("pauses double up to an hour, and chance takes any part of them")
  func pauses() {
    var lane = SinkLane()
    var ceilings: [Duration] = []
    for _ in 0..<14 {
      guard case .retry(let pause, "down") = fail(&lane) else {
        Issue.record("no retry")
        return
      }
      ceilings.append(pause)
    }
    #expect(ceilings.prefix(4) == [.seconds(5), .seconds(10), .seconds(20), .seconds(40)])
    #expect(ceilings.suffix(4).allSatisfy { $0 == SinkLane.longestRetry })
    #expect(zip(ceilings, ceilings.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(fail(&lane, chance: 0.5) == .retry(after: .seconds(1800), error: "down"))
    #expect(fail(&lane, chance: 0) == .retry(after: SinkLane.leastRetry, error: "down"))
  }

  @Test("the pause keeps everything behind it waiting, and no longer")
  func gate() {
    var lane = SinkLane()
    #expect(lane.pause(now: .zero) == .zero)
    _ = fail(&lane, now: .seconds(100))
    #expect(lane.pause(now: .seconds(101)) == .seconds(4))
    #expect(lane.pause(now: .seconds(105)) == .zero)
    _ = lane.onAttempt(.delivered("ok"), attempts: 1, age: .zero, now: .seconds(105), chance: 1)
    #expect(lane.failures == 0)
    #expect(lane.pause(now: .seconds(105)) == .zero)
  }

  @Test("a restart goes on where the message stood")
  func afterRestart() {
    var lane = SinkLane()
    #expect(fail(&lane, attempts: 3) == .retry(after: .seconds(40), error: "down"))
  }

  @Test("what the receiver wants wins over our own pause, longer or shorter; zero too, but not for ever")
  func wishes() {
    var lane = SinkLane()
    for _ in 0..<6 { _ = fail(&lane) }
    #expect(fail(&lane, wish: .seconds(2)) == .retry(after: .seconds(2), error: "down"))
    #expect(fail(&lane, wish: .seconds(9000)) == .retry(after: .seconds(9000), error: "down"))
    for _ in 0..<SinkLane.wishesForNoPause {
      #expect(fail(&lane, wish: .zero) == .retry(after: .zero, error: "down"))
    }
    guard case .retry(let pause, _) = fail(&lane, wish: .zero) else {
      Issue.record("no retry")
      return
    }
    #expect(pause > .seconds(60))
    #expect(fail(&lane, wish: .seconds(1)) == .retry(after: .seconds(1), error: "down"))
    #expect(fail(&lane, wish: .zero) == .retry(after: .zero, error: "down"))
  }

  @Test("a message is given up when it is too old and the sink has failed often enough; not for a clock that jumped")
  func age() {
    var lane = SinkLane()
    for _ in 0..<SinkLane.leastFailures - 1 {
      guard case .retry = fail(&lane, age: .seconds(10_000_000)) else {
        Issue.record("given up too early")
        return
      }
    }
    guard case .dead(let why) = fail(&lane, attempts: 7, age: .seconds(10_000_000)) else {
      Issue.record("not given up")
      return
    }
    #expect(why.contains("8 tries failed") && why.hasSuffix("down"))
    guard case .retry = fail(&lane, age: SinkLane.longestAge - .seconds(1)) else {
      Issue.record("one that is young enough is given up")
      return
    }
  }

  @Test("a refusal ends one message, a farewell all")
  func ends() {
    var lane = SinkLane()
    _ = fail(&lane)
    #expect(
      lane.onAttempt(.refused("no"), attempts: 0, age: .zero, now: .zero, chance: 1) == .dead(why: "no"))
    #expect(lane.pause(now: .zero) == .zero)
    #expect(lane.gone == nil)
    #expect(
      lane.onAttempt(.gone("bye"), attempts: 0, age: .zero, now: .zero, chance: 1) == .closed(why: "bye"))
    #expect(lane.gone == "bye")
    lane.onReload()
    #expect(lane.gone == nil && lane.failures == 0)
  }
}
