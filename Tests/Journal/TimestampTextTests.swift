import Rules
import TestSupport
import Testing

@testable import Journal

@Suite(.timeLimit(.minutes(5))) struct TimestampTextTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (1_795_444_634_915_000, "2026-11-23T14:37:14.915000Z"),
    (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"), (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
  ])
  func knownInstants(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).sortableText == text)
    #expect(Timestamp(parsing: text)?.microseconds == microseconds)
  }

  @Test func whatIsTooFarIsCutAndNeverTraps() {
    #expect(Timestamp(microseconds: .max).sortableText == "9999-12-31T23:59:59.999999Z")
    #expect(Timestamp(microseconds: .min).sortableText == "0000-01-01T00:00:00.000000Z")
  }

  @Test func everyInstantComesBackAndTextOrdersAsTimeDoes() {
    var random = SeededGenerator(seed: 11)
    var previous: Timestamp?
    for _ in 0..<5_000 {
      let time = Timestamp(
        microseconds: Int64.random(in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &random))
      #expect(Timestamp(parsing: time.sortableText) == time)
      if let previous { #expect((previous < time) == (previous.sortableText < time.sortableText)) }
      previous = time
    }
  }
}
