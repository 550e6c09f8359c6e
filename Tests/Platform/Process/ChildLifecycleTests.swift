import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct ChildLifecycleTests {
  private func moment(_ milliseconds: Int64) -> MonotonicMoment {
    MonotonicMoment(nanoseconds: milliseconds * 1_000_000)
  }

  @Test func normalEnd() {
    var life = ChildLifecycle(grace: .seconds(1))
    #expect(life.deadline == nil)
    #expect(life.onTime(now: moment(1_000_000)) == .none)
    #expect(life.onLeaderEnded(now: moment(10)) == .killAndReap)
    #expect(life.onLeaderEnded(now: moment(10)) == .none)
    #expect(life.deadline == moment(510))
    #expect(!life.isFinished)
    #expect(life.onOutputEnded() == .finish)
    #expect(life.isFinished)
    #expect(!life.wasTerminated)
  }

  @Test func outputThatEndsFirstDoesNotEndTheRun() {
    var life = ChildLifecycle(grace: .seconds(1))
    #expect(life.onOutputEnded() == .none)
    #expect(life.onLeaderEnded(now: moment(10)) == .killAndReap)
    #expect(life.onTime(now: moment(10)) == .finish)
  }

  @Test func heldPipeIsGivenUpAtTheBoundAndNotBefore() {
    var life = ChildLifecycle(grace: .seconds(1))
    _ = life.onLeaderEnded(now: moment(0))
    #expect(life.onTime(now: moment(499)) == .none)
    #expect(life.onTime(now: moment(500)) == .finish)
  }

  @Test func cancellationTermsThenKills() {
    var life = ChildLifecycle(grace: .seconds(1))
    #expect(life.onCancel(now: moment(0)) == .terminate)
    #expect(life.onCancel(now: moment(1)) == .none)
    #expect(life.onTime(now: moment(999)) == .none)
    #expect(life.onTime(now: moment(1000)) == .kill)
    #expect(life.onTime(now: moment(9000)) == .none)
    #expect(life.onLeaderEnded(now: moment(9001)) == .killAndReap)
    #expect(life.wasTerminated)
  }

  @Test func noGraceKillsAtOnce() {
    var life = ChildLifecycle(grace: .zero)
    #expect(life.onCancel(now: moment(0)) == .kill)
    #expect(life.deadline == nil)
  }

  @Test func cancellationAfterTheEndChangesNothing() {
    var life = ChildLifecycle(grace: .seconds(1))
    _ = life.onLeaderEnded(now: moment(0))
    #expect(life.onCancel(now: moment(1)) == .none)
    #expect(!life.wasTerminated)
  }

  @Test func graceForEverNeverKills() {
    var life = ChildLifecycle(grace: .seconds(Int64.max))
    #expect(life.onCancel(now: moment(5)) == .terminate)
    #expect(life.onTime(now: moment(1_000_000_000)) == .none)
  }

  @Test(arguments: [0, 1, 3, 10, 1000]) func tailKeepsTheLastBytes(limit: Int) {
    var tail = OutputTail(limit: limit)
    var all: [UInt8] = []
    for size in [1, 2, 7, 0, 30, 3, 1, 100, 2] {
      let piece = (0..<size).map { UInt8(truncatingIfNeeded: all.count + $0) }
      all += piece
      tail.append(piece)
      #expect(tail.bytes == Array(all.suffix(limit)))
    }
  }
}
