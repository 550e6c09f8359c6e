import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct TransferTimersTests {
  let start = ContinuousClock.now
  func at(_ milliseconds: Int) -> ContinuousClock.Instant { start.advanced(by: .milliseconds(milliseconds)) }

  @Test func eachPhaseHasItsOwnLimit() {
    var timers = TransferTimers(
      HTTPTimeouts(
        connect: .milliseconds(100), firstByte: .milliseconds(200), stall: .milliseconds(50), total: .seconds(10)),
      start: start)
    #expect(timers.deadline == at(100))
    #expect(timers.expired(at: at(99)) == nil)
    #expect(timers.expired(at: at(100)) == .connectTimeout)
    timers.onConnected(at: at(80))
    #expect(timers.expired(at: at(279)) == nil)
    #expect(timers.expired(at: at(280)) == .firstByteTimeout)
    timers.onSent(at: at(250))
    #expect(timers.expired(at: at(449)) == nil)
    timers.onReceived(at: at(440))
    #expect(timers.expired(at: at(489)) == nil)
    #expect(timers.expired(at: at(490)) == .stalled)
  }

  @Test func theTotalRunsThroughAll() {
    var timers = TransferTimers(HTTPTimeouts(total: .milliseconds(900)), start: start)
    timers.onConnected(at: at(10))
    timers.onReceived(at: at(899))
    #expect(timers.expired(at: at(899)) == nil)
    #expect(timers.expired(at: at(900)) == .totalTimeout)
  }

  @Test func withoutLimitsNothingExpires() {
    var timers = TransferTimers(.none, start: start)
    #expect(timers.deadline == nil)
    timers.onReceived(at: at(1))
    #expect(timers.deadline == nil)
    #expect(timers.expired(at: at(1_000_000_000)) == nil)
  }
}
