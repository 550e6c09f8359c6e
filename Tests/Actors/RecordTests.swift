import Journal
import Rules
import TestSupport
import Testing

@testable import Actors

/// Cycles that somebody records.
@Suite("Recording", .timeLimit(.minutes(5)))
struct RecordTests {
  private func cycle(_ model: String, id: String? = nil, _ change: (inout ControlRequest.Cycle) -> Void = { _ in })
    -> ControlRequest.Cycle
  {
    var cycle = ControlRequest.Cycle()
    cycle.model = model
    cycle.id = id
    cycle.accepted = 9
    cycle.rejected = 1
    change(&cycle)
    return cycle
  }

  @Test("the first cycle of a model says so; without a length it reaches back to the one before, an interval at most")
  func windows() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(Settings(model: "m"))
    let first = try await monitor.record(cycle("m"))
    #expect(first.isFirst)
    #expect(first.windowMinutes == 60)
    bench.clock.advance(by: .seconds(10 * 60 + 59))
    // However its name is written.
    let second = try await monitor.record(cycle("library/m:latest"))
    #expect(!second.isFirst)
    #expect(second.windowMinutes == 10)
    bench.clock.advance(by: .seconds(3 * 3600))
    #expect(try await monitor.record(cycle("m")).windowMinutes == 60)
    #expect(try await monitor.record(cycle("m")).windowMinutes == 0)
    #expect(try await monitor.record(cycle("m") { $0.windowMinutes = 7 }).windowMinutes == 7)
    // One that is told late follows what was there then, not what is the newest.
    let late = bench.now.adding(.seconds(-3 * 3600 + 300))
    #expect(try await monitor.record(cycle("m") { $0.microseconds = late.microseconds }).windowMinutes == 5)
    #expect(try await monitor.record(cycle("n")).isFirst)
    await monitor.stop()
  }

  @Test("cycles recorded right after a refresh are evidence on the new version")
  func afterRefresh() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    #expect(try await monitor.check().first?.action == .succeeded)
    let before = try #require(try await monitor.check().first)
    #expect(
      before.reason.contains(
        "left out: 3 from before the model changed; record cycles that began after that "
          + "(one begins --window-minutes before its timestamp)"))
    for _ in 0..<3 {
      bench.clock.advance(by: .seconds(90))
      _ = try await monitor.record(cycle("m"))
    }
    let after = try #require(try await monitor.check().first)
    #expect(after.have == 3)
    #expect(after.verdict == .healthy)
    await monitor.stop()
  }

  @Test("the same id with the same numbers is the same cycle; with others it is told, and nothing changes")
  func sameID() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(Settings(model: "m"))
    _ = try await monitor.record(cycle("m", id: "abc"))
    bench.clock.advance(by: .seconds(600))
    let again = try await monitor.record(cycle("m:latest", id: "abc"))
    #expect(again.id == "abc")
    #expect(!again.isFirst)
    #expect(again.windowMinutes == 60)
    let others: [(inout ControlRequest.Cycle) -> Void] = [
      { $0.accepted = 8 }, { $0.rejected = 2 }, { $0.edited = 1 }, { $0.model = "n" }, { $0.windowMinutes = 5 },
      { $0.microseconds = MonitorBench.origin + 1 }, { $0.modelVersion = "v2" },
      {
        $0.accepted = nil
        $0.rejected = nil
        $0.acceptRate = 0.9
      },
    ]
    for (index, other) in others.enumerated() {
      do {
        _ = try await monitor.record(cycle("m", id: "abc", other))
        Issue.record("\(index) was taken")
      } catch {
        #expect(
          "\(error)" == "cycle abc is there already with other numbers (m, 9 accepted, 1 rejected, ended at "
            + "\(Timestamp(microseconds: MonitorBench.origin).rfc3339)) and was not changed: a new cycle needs another "
            + "--id, or none")
      }
    }
    await monitor.stop()
  }
}
