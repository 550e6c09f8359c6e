import Testing

@testable import Rules

@Suite("length of a cycle whose writer did not say it", .timeLimit(.minutes(5)))
struct CycleWindowTests {
  private static let hour = Duration.seconds(3600)

  private static func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

  @Test(
    "since the cycle before or the change, whichever is later, in whole minutes, an interval at most",
    arguments: [
      (nil, nil, 60), (9_000, nil, 16), (nil, 9_000, 16), (9_000, 9_400, 10), (9_400, 9_000, 10), (9_941, nil, 0),
      (9_940, nil, 1), (10_000, nil, 0), (0, nil, 60), (0, 100, 60),
      // A change after the end says nothing of the cycle, nor does one that a clock ahead wrote.
      (9_000, 10_001, 16), (nil, 99_999, 60),
    ] as [(previous: Int64?, changed: Int64?, minutes: Int64)])
  func minutes(previous: Int64?, changed: Int64?, minutes: Int64) {
    #expect(
      CycleWindow.minutes(
        end: Self.at(10_000), previous: previous.map(Self.at), changed: changed.map(Self.at), longest: Self.hour)
        == minutes)
  }

  @Test("it never reaches back behind the change, so that the cycle counts", arguments: 1...200)
  func counts(seconds: Int64) {
    let changed = Self.at(10_000)
    let end = Self.at(10_000 + seconds)
    let window = CycleWindow.minutes(end: end, previous: nil, changed: changed, longest: Self.hour)
    let row = CycleRow(id: "a", timestamp: end, windowMinutes: window, accepted: 1, rejected: 1)
    #expect(Evidence.collect(rows: [row], windowStart: changed, now: end).usable.count == 1)
  }

  @Test("an interval of seconds, and one longer than any cycle")
  func bounds() {
    #expect(CycleWindow.minutes(end: Self.at(0), previous: nil, changed: nil, longest: .seconds(59)) == 0)
    #expect(
      CycleWindow.minutes(end: Self.at(0), previous: nil, changed: nil, longest: .seconds(400 * 86_400))
        == RuleBounds.longestCycleMinutes)
  }
}
