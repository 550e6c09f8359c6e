import Testing

@testable import Rules

@Suite(.timeLimit(.minutes(5))) struct WordingTests {
  @Test(
    arguments: [
      (0, "0.000"), (1, "1.000"), (0.4333333, "0.433"), (0.0004, "0.000"), (0.0005, "0.001"), (0.9996, "1.000"),
      (-0.25, "-0.250"), (-0.0001, "0.000"), (123.4, "123.400"), (.infinity, "inf"), (-.infinity, "-inf"),
      (.nan, "nan"), (1e300, "1e+300"), (0.05, "0.050"),
    ] as [(Double, String)])
  func threeDecimals(value: Double, text: String) { #expect(Wording.fixed(value) == text) }

  @Test(
    arguments: [
      (0.4333333, 0.6, "0.433"), (0.6, 0.6, "0.600"), (0.59999, 0.6, "0.59999"), (0.5999, 0.6, "0.5999"),
      (0.60004, 0.60002, "0.60004"), (0.6.nextDown, 0.6, "0.5999999999999999"), (0.6, 0.6.nextUp, "0.600"),
      (0.7, .nan, "0.700"), (0.33333333333, 0.3333, "0.3333"),
    ] as [(Double, Double, String)])
  func aMeanNeverContradictsItsVerdict(mean: Double, threshold: Double, text: String) {
    #expect(Wording.mean(mean, besideThreshold: threshold) == text)
  }

  @Test(
    arguments: [(0.6, "0.6"), (1, "1"), (0, "0"), (0.125, "0.125"), (1e-5, "1e-05"), (.nan, "nan")]
      as [(Double, String)])
  func shortest(value: Double, text: String) { #expect(Wording.shortest(value) == text) }

  @Test(
    arguments: [
      (0, "0 s"), (-5, "0 s"), (45, "45 s"), (60, "1 min"), (61, "1 min 1 s"), (900, "15 min"), (12_000, "3 h 20 min"),
      (86_400, "24 h"), (129_600, "36 h"), (172_800, "2 d"), (30 * 86_400, "30 d"), (30 * 86_400 + 3600, "30 d 1 h"),
      (30 * 86_400 + 60, "30 d"),
    ] as [(Int64, String)])
  func durations(seconds: Int64, text: String) { #expect(Wording.duration(.seconds(seconds)) == text) }

  @Test func timeLeftIsNeverTooShort() {
    #expect(Wording.timeLeft(.milliseconds(1)) == "1 s")
    #expect(Wording.timeLeft(.seconds(59)) == "59 s")
    #expect(Wording.timeLeft(.seconds(61)) == "2 min")
    #expect(Wording.timeLeft(.minutes(15)) == "15 min")
    #expect(Wording.timeLeft(.hours(24) - .microseconds(1)) == "24 h")
    #expect(Wording.timeLeft(.seconds(Int64.max)) == "106751991167300 d 15 h")
  }

  @Test func nouns() {
    #expect(Wording.count(1, "attempt") == "1 attempt")
    #expect(Wording.count(0, "attempt") == "0 attempts")
    #expect(Wording.count(2, "attempt") == "2 attempts")
  }
}
