import Rules
import Testing

@Suite(.timeLimit(.minutes(5))) struct WilsonIntervalTests {
  @Test func agreesWithTheReference() throws {
    #expect(GoldenData.quantiles[0.05] == RuleBounds.z95)
    for golden in GoldenData.wilson {
      let z = try #require(GoldenData.quantiles[golden.alpha])
      let interval = try #require(
        WilsonInterval.of(accepted: Double(golden.k), judged: Double(golden.n), z: z))
      #expect(abs(interval.lowerBound - golden.lower) < 1e-9, "\(golden)")
      #expect(abs(interval.upperBound - golden.upper) < 1e-9, "\(golden)")
    }
    #expect(GoldenData.wilson.count == 84)
  }

  @Test(arguments: [(0.0, 0.0), (1, 0), (0, -1), (-1, 5), (6, 5), (.nan, 5), (1, .nan), (.infinity, .infinity)])
  func noSampleNoInterval(accepted: Double, judged: Double) {
    #expect(WilsonInterval.of(accepted: accepted, judged: judged) == nil)
  }

  @Test func reachesTheEndsAndNoFurther() throws {
    for judged in [1.0, 2, 7, 1000, 1e9, 1.8e19, 1e300] {
      #expect(try #require(WilsonInterval.of(accepted: 0, judged: judged)).lowerBound == 0)
      #expect(try #require(WilsonInterval.of(accepted: judged, judged: judged)).upperBound == 1)
      let half = try #require(WilsonInterval.of(accepted: judged / 2, judged: judged))
      #expect(half.lowerBound >= 0 && half.upperBound <= 1 && half.contains(0.5))
    }
  }
}
