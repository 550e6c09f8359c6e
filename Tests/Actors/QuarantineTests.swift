import Platform
import Testing

@testable import Actors

/// Rows that are wrong themselves.
@Suite("Quarantine", .timeLimit(.minutes(5)))
struct QuarantineTests {
  @Test("rows that are wrong themselves are counted, told when their number changes, and shown")
  func quarantine() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles("m", accepted: 9, rejected: 1)
    let monitor = try await bench.start()
    _ = try await monitor.check()
    #expect(bench.lines("quarantined").isEmpty)
    try await bench.addCycles("m", accepted: -1, rejected: 1, count: 2)
    let entries = try await monitor.check()
    #expect(entries.map(\.quarantined) == [2])
    #expect(entries.map(\.quarantine) == ["2 with a negative count"])
    #expect(bench.lines("m: 2 rows quarantined: 2 with a negative count.").count == 1)
    _ = try await monitor.check()
    #expect(bench.lines("quarantined").count == 1)
    try await bench.addCycles("m", accepted: -1, rejected: 1, count: 1)
    _ = try await monitor.check()
    #expect(bench.lines("quarantined").count == 2)
    #expect(await monitor.status().models.map(\.check.quarantined) == [3])
    let document = JSONText.of(.array(entries.map(\.document)), isPretty: false)
    #expect(document.contains(#""quarantined":2"#))
    #expect(try JSON.encode(entries).contains(#""quarantined":2"#))
    await monitor.stop()
  }
}
