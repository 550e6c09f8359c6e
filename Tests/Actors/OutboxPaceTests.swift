import Testing

@testable import Actors

@Suite("Pace of the outbox", .timeLimit(.minutes(5)))
struct OutboxPaceTests {
  @Test("pauses double up to the longest, and one answer ends them")
  func growing() {
    var pace = OutboxPace()
    var pauses: [Duration] = []
    for _ in 0..<12 {
      pace.onAway(now: .zero, wanted: nil, chance: 0)
      pauses.append(pace.pause(now: .zero) ?? .zero)
    }
    #expect(pauses.prefix(5) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16)])
    #expect(pauses.last == OutboxPace.longestRetry)
    #expect(pace.pause(now: OutboxPace.longestRetry) == nil)
    pace.onAnswered()
    #expect(!pace.isAway)
    #expect(pace.pause(now: .zero) == nil)
  }

  @Test("what the store wants counts between our own pause and our longest", arguments: [(0, 1), (7, 7), (9000, 300)])
  func wanted(seconds: Int, pause: Int) {
    var pace = OutboxPace()
    pace.onAway(now: .seconds(5), wanted: .seconds(seconds), chance: 0)
    #expect(pace.pause(now: .seconds(5)) == .seconds(pause))
  }

  @Test("many that were told the same time do not come back at the same moment")
  func spread() {
    var pace = OutboxPace()
    pace.onAway(now: .zero, wanted: .seconds(100), chance: 1)
    #expect(pace.pause(now: .zero) == .seconds(100) * (1 + OutboxPace.retrySpread))
  }

  @Test("asking now forgets the pause, not the failures")
  func askNow() {
    var pace = OutboxPace()
    pace.onAway(now: .zero, wanted: nil, chance: 1)
    #expect(pace.pause(now: .zero) == .seconds(1) * (1 + OutboxPace.retrySpread))
    pace.askNow()
    #expect(pace.pause(now: .zero) == nil)
    pace.onAway(now: .zero, wanted: nil, chance: 0)
    #expect(pace.pause(now: .zero) == .seconds(2))
  }
}
