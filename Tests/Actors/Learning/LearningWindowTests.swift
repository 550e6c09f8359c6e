import Rules
import TestSupport
import Testing

@testable import Actors

/// How time is divided into intervals.
@Suite("Learning window", .timeLimit(.minutes(5)))
struct LearningWindowTests {
  /// 2026-01-15T00:00:00Z.
  static let midnight = Timestamp(microseconds: 1_768_435_200_000_000)

  private func at(_ hour: Int, _ minute: Int = 0, _ second: Int = 0) -> Timestamp {
    Self.midnight.adding(.seconds(hour * 3600 + minute * 60 + second))
  }

  private static func adopt(
    _ window: inout LearningWindow, _ length: Duration, now: Timestamp, settle: Duration
  ) -> Bool { window.adopt(length, now: now, settle: settle, made: nil) }

  @Test("borders are multiples of the length since 1970, and belong to what begins there")
  func borders() {
    let window = LearningWindow(length: .seconds(3600))
    #expect(window.interval(of: at(9, 59, 59)) == .init(start: at(9), end: at(10)))
    #expect(window.interval(of: at(10)) == .init(start: at(10), end: at(11)))
    #expect(
      window.interval(of: Timestamp(microseconds: -1))
        == .init(start: Timestamp(microseconds: -3_600_000_000), end: Timestamp(microseconds: 0)))
    // Nothing traps at the ends of time.
    for extreme in [Int64.min, .min + 1, .max] {
      let interval = window.interval(of: Timestamp(microseconds: extreme))
      #expect(interval.start.microseconds <= extreme)
    }
  }

  @Test("an interval is closed when its judgements have had time to come in")
  func closed() {
    let window = LearningWindow(length: .seconds(3600))
    let settle = Duration.seconds(120)
    #expect(window.closed(now: at(10, 1, 59), settle: settle) == at(9))
    #expect(window.untilNextClose(now: at(10, 1, 59), settle: settle) == .seconds(1))
    #expect(window.closed(now: at(10, 2), settle: settle) == at(10))
    #expect(window.untilNextClose(now: at(10, 2), settle: settle) == .seconds(3600))
    #expect(window.closed(now: at(10), settle: .zero) == at(10))
  }

  @Test("what may have to be made: since the last look, or from the late one on, and never what is too old")
  func span() {
    let window = LearningWindow(length: .seconds(3600))
    func span(_ now: Timestamp, _ through: Timestamp?, _ late: Timestamp? = nil) -> LearningWindow.Interval? {
      window.span(now: now, settle: .zero, through: through, late: late)
    }
    #expect(span(at(12, 30), at(12)) == nil)
    #expect(span(at(12, 30), at(11)) == .init(start: at(11), end: at(12)))
    #expect(span(at(12, 30), at(12), at(3, 17)) == .init(start: at(3), end: at(12)))
    // One that belongs to what is still open is none.
    #expect(span(at(12, 30), at(12), at(12, 10)) == nil)
    let oldest = at(12).adding(.zero - LearningWindow.lateBound)
    #expect(span(at(12, 30), nil) == .init(start: oldest, end: at(12)))
    #expect(span(at(12, 30), at(12), Timestamp(microseconds: 0)) == .init(start: oldest, end: at(12)))
    // The clock was set back behind what was closed: nothing is made until it is there again.
    #expect(span(at(8), at(12)) == nil)
  }

  @Test("a new length holds from what was closed on; what lies before stays as it was divided")
  func adopts() throws {
    var window = LearningWindow(length: .seconds(3600))
    #expect(Self.adopt(&window, .seconds(1800), now: at(10, 40), settle: .zero))
    #expect(window.interval(of: at(9, 45)) == .init(start: at(9), end: at(10)))
    #expect(window.interval(of: at(10, 45)) == .init(start: at(10, 30), end: at(11)))
    // Longer again: the first one is cut at both ends to what is left.
    #expect(Self.adopt(&window, .seconds(7200), now: at(11, 40), settle: .zero))
    #expect(window.interval(of: at(11, 20)) == .init(start: at(11), end: at(11, 30)))
    #expect(window.interval(of: at(11, 40)) == .init(start: at(11, 30), end: at(12)))
    #expect(window.interval(of: at(12)) == .init(start: at(12), end: at(14)))
    #expect(LearningWindow(text: window.text) == window)
    #expect(window.stretches.count == 3)
    // Back before anything was closed with it: as if nothing had happened.
    #expect(Self.adopt(&window, .seconds(1800), now: at(11, 41), settle: .zero))
    #expect(window.stretches.count == 2)
    #expect(LearningWindow(text: "") == nil)
    #expect(LearningWindow(text: "5 0") == nil)
    #expect(LearningWindow(text: "5 60\n4 60") == nil)
    #expect(LearningWindow(text: "5") == nil)
  }

  @Test("changes are forgotten when they are too old to matter; too many of them are refused")
  func bound() {
    var window = LearningWindow(length: .seconds(60))
    var now = Self.midnight
    for number in 1..<LearningWindow.mostStretches {
      now = now.adding(.seconds(600))
      #expect(Self.adopt(&window, .seconds(60 + number), now: now, settle: .zero))
    }
    now = now.adding(.seconds(600))
    let full = window
    #expect(!Self.adopt(&window, .seconds(7), now: now, settle: .zero))
    #expect(window == full)
    now = now.adding(LearningWindow.lateBound)
    #expect(Self.adopt(&window, .seconds(7), now: now, settle: .zero))
    #expect(window.stretches.count == 2)
    #expect(LearningWindow(text: window.text) == window)
  }

  @Test("each moment has one interval, whatever the lengths were", arguments: 0..<200)
  func partition(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var window = LearningWindow(length: .seconds(Int.random(in: 1...7200, using: &random)))
    var now = Self.midnight
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      now = now.adding(.seconds(Int.random(in: 1...20_000, using: &random)))
      let settle = Duration.seconds(Int.random(in: 0...300, using: &random))
      let closed = window.closed(now: now, settle: settle)
      let before = window.interval(of: closed.adding(.seconds(-1)))
      _ = window.adopt(.seconds(Int.random(in: 1...7200, using: &random)), now: now, settle: settle, made: nil)
      #expect(window.interval(of: closed.adding(.seconds(-1))) == before, "what is closed was divided anew")
      #expect(window.closed(now: now, settle: settle) >= closed)
    }
    // Walking from interval to interval leaves no gap and no overlap.
    var moment = Self.midnight.adding(.seconds(-10_000))
    for _ in 0..<400 {
      let interval = window.interval(of: moment)
      #expect(interval.start <= moment && moment < interval.end)
      #expect(window.interval(of: interval.start) == interval)
      #expect(window.interval(of: Timestamp(microseconds: interval.end.microseconds - 1)) == interval)
      #expect(window.interval(of: interval.end).start == interval.end)
      moment = interval.end
    }
  }
}
