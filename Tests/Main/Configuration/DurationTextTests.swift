import Actors
import TestSupport
import Testing

@Suite("durations as text", .timeLimit(.minutes(5)))
struct DurationTextTests {
  @Test(
    "reads exactly",
    arguments: [
      ("250ms", Duration.milliseconds(250)), ("10s", .seconds(10)), ("60m", .seconds(3600)), ("1.5h", .seconds(5400)),
      ("7d", .seconds(7 * 86_400)), ("+1s", .seconds(1)), ("0.001s", .milliseconds(1)), ("00010s", .seconds(10)),
      ("1.50000h", .seconds(5400)),
      ("1.000000000000001ms", Duration(secondsComponent: 0, attosecondsComponent: 1_000_000_000_000_001)),
      ("0.1s", .milliseconds(100)), ("365d", .seconds(365 * 86_400)),
    ])
  func read(text: String, expected: Duration) throws {
    #expect(try DurationText.parse(text) == expected)
  }

  @Test(
    "refuses with a remedy",
    arguments: [
      ("", "the duration is empty: write a number and a unit, such as \"10s\" or \"60m\""),
      ("-5m", "-5m is negative: must be at least 1s"),
      ("0s", "0s is too short: must be at least 1s"),
      ("500ms", "500ms is too short: must be at least 1s"),
      ("60", "60 has no unit: write 60s for seconds or 60m for minutes"),
      ("m", "m is not a duration: write a number and a unit, such as \"10s\" or \"60m\""),
      (".5h", ".5h is not a duration: write a number and a unit, such as \"10s\" or \"60m\""),
      ("1.h", "1.h is not a duration: write a number and a unit, such as \"10s\" or \"60m\""),
      ("1,5h", "1,5h has more than one unit: write one number, such as \"90m\" or \"1.5h\""),
      ("1h30m", "1h30m has more than one unit: write one number, such as \"90m\" or \"1.5h\""),
      ("5 m", "5 m has a space before its unit: did you mean \"5m\"?"),
      ("1 hour", "1 hour has the unit \"hour\", which is not known: did you mean \"1h\"?"),
      ("1.5Hours", "1.5Hours has the unit \"Hours\", which is not known: did you mean \"1.5h\"?"),
      ("90min", "90min has the unit \"min\", which is not known: did you mean \"90m\"?"),
      ("-5 min", "-5 min has the unit \" min\", which is not known: the units are ms, s, m, h and d"),
      ("5M", "5M has the unit \"M\", which is not known: the units are ms, s, m, h and d"),
      ("2w", "2w has the unit \"w\", which is not known: the units are ms, s, m, h and d"),
      ("366d", "366d is too long: must be at most 365d"),
      ("99999999999999999999999999d", "99999999999999999999999999d is too long: must be at most 365d"),
      (
        "9999999999999999999999999999999999999s",
        "9999999999999999999999999999999999999s is too long: must be at most 365d"
      ),
      ("1.0000000000000000001s", "1.0000000000000000001s is finer than can be kept exactly: write fewer digits"),
      ("1\u{1B}[31m", "1\u{FFFD}[31m has more than one unit: write one number, such as \"90m\" or \"1.5h\""),
      ("Infinity", "Infinity is not a duration: write a number and a unit, such as \"10s\" or \"60m\""),
      ("٥m", "٥m is not a duration: write a number and a unit, such as \"10s\" or \"60m\""),
    ])
  func refuse(text: String, expected: String) {
    do throws(DurationText.Problem) {
      let duration = try DurationText.parse(text, in: .seconds(1) ... .seconds(365 * 86_400))
      Issue.record("\(text) was read as \(duration)")
    } catch {
      #expect(error.description == expected)
    }
  }

  @Test(
    "prints the way people write",
    arguments: [
      (Duration.seconds(3600), "60m"), (.seconds(86_400), "24h"), (.seconds(7 * 86_400), "7d"), (.seconds(600), "10m"),
      (.seconds(90), "90s"), (.seconds(60), "60s"), (.seconds(1), "1s"), (.milliseconds(250), "250ms"), (.zero, "0s"),
      (.milliseconds(1500), "1500ms"), (.microseconds(1500), "1.5ms"), (.nanoseconds(1), "0.000001ms"),
      (.seconds(-300), "-5m"), (.seconds(5400), "90m"), (.seconds(30 * 86_400), "30d"),
    ])
  func print(duration: Duration, expected: String) {
    #expect(DurationText.print(duration) == expected)
  }

  @Test("what is printed is read as the same duration")
  func roundTrip() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let scale = Int64(1) << Int64.random(in: 1...24, using: &generator)
      let duration = Duration(
        secondsComponent: Int64.random(in: 0...scale, using: &generator),
        attosecondsComponent: Int64.random(in: 0..<1000, using: &generator) * 1_000_000_000_000_000
          + Int64.random(in: 0...1, using: &generator))
      let text = DurationText.print(duration)
      #expect(try DurationText.parse(text, in: .zero ... .seconds(1 << 40)) == duration, "\(text)")
    }
  }

  @Test("zero passes only where the range begins with it")
  func zero() throws {
    #expect(try DurationText.parse("0s", in: .zero ... .seconds(1)) == .zero)
    #expect(try DurationText.parse("0.0h", in: .zero ... .seconds(1)) == .zero)
    #expect(throws: DurationText.Problem.self) { try DurationText.parse("0s") }
  }
}
