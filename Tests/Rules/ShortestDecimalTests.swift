import TestSupport
import Testing

@testable import Rules

@Suite(.timeLimit(.minutes(5))) struct ShortestDecimalTests {
  @Test(
    arguments: [
      (0.6, 6, 1), (0.0, 0, 0), (-0.0, 0, 0), (1.0, 1, 0), (0.5, 5, 1), (0.123, 123, 3), (1e-5, 1, 5),
      (2.5e-10, 25, 11),
      (0.1 + 0.2, 30_000_000_000_000_004, 17), (1.0 / 3, 3_333_333_333_333_333, 16),
      (Double.leastNonzeroMagnitude, 5, 324), (Double.leastNormalMagnitude, 22_250_738_585_072_014, 324),
      (1.0.nextDown, 9_999_999_999_999_999, 16), (0.0001, 1, 4),
    ] as [(Double, UInt64, Int)])
  func readsWhatAPersonWrote(value: Double, digits: UInt64, scale: Int) throws {
    let decimal = try #require(ShortestDecimal(value))
    #expect(decimal.digits == digits)
    #expect(decimal.scale == scale)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, -0.1, 1.0.nextUp, 60])
  func refusesWhatIsNoRate(value: Double) {
    #expect(ShortestDecimal(value) == nil)
  }

  @Test func readsBackAsTheSameDouble() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<5000 {
      let value = Double(bitPattern: random.next() & 0x3fff_ffff_ffff_ffff)
      guard value <= 1 else { continue }
      let decimal = try #require(ShortestDecimal(value))
      #expect(Double("\(decimal.digits)e-\(decimal.scale)") == value)
    }
  }
}
