import Rules
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct TimestampTests {
  /// Expected values from Python's datetime.
  @Test(
    arguments: [
      ("2026-01-05T00:00:00.12345+00:00", 1_767_571_200_123_450),
      ("2026-01-05T00:00:00+00:00", 1_767_571_200_000_000),
      ("2026-01-05 00:00:00+00", 1_767_571_200_000_000),
      ("2026-01-05 00:00:00", 1_767_571_200_000_000),
      ("2026-01-05t00:00:00z", 1_767_571_200_000_000),
      ("2026-01-05T00:00Z", 1_767_571_200_000_000),
      ("2026-01-05T00:00", 1_767_571_200_000_000),
      ("2026-01-05", 1_767_571_200_000_000),
      ("2026-01-05T05:30:00+0530", 1_767_571_200_000_000),
      ("2026-01-05T05:30:00 +05:30", 1_767_571_200_000_000),
      ("2026-01-04T19:00:00-05", 1_767_571_200_000_000),
      ("2026-01-05T00:00:00-00:00", 1_767_571_200_000_000),
      ("2026-01-05T23:59:00+23:59", 1_767_571_200_000_000),
      ("2026-06-01T01:02:03.4-07:00", 1_780_300_923_400_000),
      ("2024-02-29T12:30:15+05:30", 1_709_190_015_000_000),
      ("2000-02-29", 951_782_400_000_000),
      ("1900-03-01T00:00:00Z", -2_203_891_200_000_000),
      ("1883-11-18 12:03:57-04:56:02", -2_717_650_801_000_000),
      ("1970-01-01T00:00:00.000000999Z", 0),
      ("1970-01-01T00:00:00.000001999Z", 1),
      ("1969-12-31T23:59:59.9999999Z", -1),
      ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
      ("2016-12-31T23:59:60.5Z", 1_483_228_800_500_000),
      ("2017-01-01T05:29:60+05:30", 1_483_228_800_000_000),
      ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
      ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ] as [(String, Int64)])
  func readsEveryShape(text: String, microseconds: Int64) {
    #expect(Timestamp(parsing: text)?.microseconds == microseconds)
    #expect(Timestamp(parsing: "<\(text)>".dropFirst().dropLast())?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", " ", "infinity", "-infinity", "now", "NaT", "null", "2026", "2026-01", "2026-1-5", "26-01-05", "2026/01/05",
    "2026-00-05", "2026-13-05", "2026-01-00", "2026-01-32", "2026-02-29", "1900-02-29", "2100-02-29", "2026-04-31",
    "0000-01-01", "10000-01-01", "-2026-01-05", "+2026-01-05", "0044-03-15 BC", "2026-01-05T", "2026-01-05Z",
    "2026-01-05T00", "2026-01-05T24:00:00Z", "2026-01-05T23:60:00Z", "2026-01-05T23:59:61Z", "2026-01-05T1:00:00Z",
    "2026-01-05T00:00:00.", "2026-01-05T00:00:00.Z", "2026-01-05T00:00:00.1234567890Z", "2026-01-05T00:00:00,5Z",
    "2026-01-05T00:00:00+", "2026-01-05T00:00:00+5", "2026-01-05T00:00:00+24", "2026-01-05T00:00:00+05:60",
    "2026-01-05T00:00:00+05:3", "2026-01-05T00:00:00+05:30:", "2026-01-05T00:00:00+05:30:60",
    "2026-01-05T00:00:00+0530:00", "2026-01-05T00:00:00 ", "2026-01-05T00:00:00ZZ", " 2026-01-05T00:00:00Z",
    "2026-01-05T00:00:00Z\n", "2026-01-05  00:00:00", "2026-01-05_00:00:00", "٢٠٢٦-٠١-٠٥", "2026‐01‐05",
    "2026-01-05T00:00:00\u{2212}05", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-00:01", "1767571200", "2026-01-05T00:00:00Z\u{0}",
  ])
  func refusesTheRest(text: String) {
    #expect(Timestamp(parsing: text) == nil)
  }

  @Test(
    arguments: [
      (1_767_571_200_123_450, "2026-01-05T00:00:00.12345Z"), (1_767_571_200_000_000, "2026-01-05T00:00:00Z"),
      (-1, "1969-12-31T23:59:59.999999Z"), (0, "1970-01-01T00:00:00Z"), (100_000, "1970-01-01T00:00:00.1Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00Z"), (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
      (-62_135_596_800_000_001, "0000-12-31T23:59:59.999999Z"),
      (253_402_300_800_000_000, "+10000-01-01T00:00:00Z"),
      (Int64.max, "+294247-01-10T04:00:54.775807Z"), (Int64.min, "-290308-12-21T19:59:05.224192Z"),
    ] as [(Int64, String)])
  func printsRFC3339(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
  }

  @Test func readsBackWhatItPrints() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<5000 {
      let stamp = Timestamp(
        microseconds: .random(in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &random))
      #expect(Timestamp(parsing: stamp.rfc3339) == stamp)
    }
  }

  /// Every day of 800 years follows the one before it, by the calendar and by the count.
  @Test func countsDaysWithoutGap() {
    var expected = Timestamp(parsing: "1600-01-01")?.microseconds ?? 0
    for year in 1600..<2400 {
      for month in 1...12 {
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        let prefix = "\(year)-\(month < 10 ? "0" : "")\(month)-"
        #expect(Timestamp(parsing: prefix + "01")?.microseconds == expected)
        #expect(Timestamp(parsing: prefix + "\(length)")?.microseconds == expected + Int64(length - 1) * 86_400_000_000)
        #expect(Timestamp(parsing: prefix + "\(length + 1)") == nil)
        expected += Int64(length) * 86_400_000_000
      }
    }
    #expect(Timestamp(microseconds: expected).rfc3339 == "2400-01-01T00:00:00Z")
  }

  @Test func addsAndSubtracts() {
    #expect(noon.adding(.seconds(1)) - noon == .seconds(1))
    #expect(noon - noon.adding(.hours(2)) == .hours(-2))
    #expect(noon.adding(.nanoseconds(1999)).microseconds == noon.microseconds + 1)
    #expect(noon.adding(.nanoseconds(-1)).microseconds == noon.microseconds - 1)
    let first = Timestamp(microseconds: .min)
    let last = Timestamp(microseconds: .max)
    #expect(last.adding(.microseconds(1)) == last)
    #expect(first.adding(.microseconds(-1)) == first)
    #expect(noon.adding(.seconds(Int64.max)) == last)
    #expect(noon.adding(.seconds(Int64.min)) == first)
    #expect(first.adding(last - first) == last)
    #expect(last - first == .microseconds(Int128(Int64.max) - Int128(Int64.min)))
  }
}
