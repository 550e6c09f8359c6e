import Testing

@testable import Actors

@Suite("RetrainLane", .timeLimit(.minutes(5)))
struct RetrainLaneTests {
  @Test("one run at a time, first come first served")
  func firstComeFirstServed() {
    var lane = RetrainLane()
    #expect(lane.onRequest(run: "1", model: "a", isRecorded: true) == .admitted)
    #expect(lane.onRequest(run: "2", model: "b", isRecorded: true) == .admitted)
    #expect(lane.takeNext()?.run == "1")
    #expect(lane.takeNext() == nil)
    lane.onEnded(run: "1")
    #expect(lane.takeNext()?.run == "2")
  }

  @Test("a request for a model that waits or is running joins that run")
  func joins() {
    var lane = RetrainLane()
    _ = lane.onRequest(run: "1", model: "a", isRecorded: true)
    #expect(lane.onRequest(run: "2", model: "a") == .joined(run: "1"))
    _ = lane.takeNext()
    #expect(lane.onRequest(run: "3", model: "a") == .joined(run: "1"))
    #expect(lane.waiting.isEmpty)
    lane.onEnded(run: "1")
    #expect(lane.onRequest(run: "4", model: "a") == .admitted)
  }

  @Test("what is not recorded is never started, and keeps its place")
  func unrecordedIsNotStarted() {
    var lane = RetrainLane()
    _ = lane.onRequest(run: "1", model: "a")
    _ = lane.onRequest(run: "2", model: "b", isRecorded: true)
    #expect(lane.takeNext() == nil)
    lane.onRecorded(run: "1")
    #expect(lane.takeNext()?.run == "1")
  }

  @Test("a request that could not be recorded leaves the lane")
  func withdrawn() {
    var lane = RetrainLane()
    _ = lane.onRequest(run: "1", model: "a")
    _ = lane.onRequest(run: "2", model: "b", isRecorded: true)
    let first = lane.onWithdrawn(run: "1")
    let second = lane.onWithdrawn(run: "1")
    #expect(first && !second)
    #expect(lane.takeNext()?.run == "2")
    let running = lane.onWithdrawn(run: "2")
    #expect(!running)
    #expect(lane.running?.run == "2")
  }

  @Test("the end of a run that does not have the lane frees nothing")
  func foreignEnd() {
    var lane = RetrainLane()
    _ = lane.onRequest(run: "1", model: "a", isRecorded: true)
    _ = lane.takeNext()
    lane.onEnded(run: "2")
    #expect(lane.running?.run == "1")
  }

  @Test("a full lane refuses")
  func bound() {
    var lane = RetrainLane()
    for number in 0..<RetrainLane.capacity {
      #expect(lane.onRequest(run: "\(number)", model: "m\(number)", isRecorded: true) == .admitted)
    }
    #expect(lane.onRequest(run: "x", model: "x") == .refused)
    #expect(lane.onRequest(run: "y", model: "m5") == .joined(run: "5"))
  }

  @Test("removing a model cancels what waits for it and leaves what runs")
  func removal() {
    var lane = RetrainLane()
    _ = lane.onRequest(run: "1", model: "a", isRecorded: true)
    _ = lane.takeNext()
    _ = lane.onRequest(run: "2", model: "b", isRecorded: true)
    _ = lane.onRequest(run: "3", model: "c", isRecorded: true)
    let leaving = lane.onModelsRemoved { ["a", "b"].contains($0) }
    #expect(leaving.map(\.run) == ["2"])
    #expect(lane.running?.run == "1")
    #expect(lane.waiting.map(\.run) == ["3"])
  }
}
