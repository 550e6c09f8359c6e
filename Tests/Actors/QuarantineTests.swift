import Journal
import Platform
import Rules
import Stores
import TestSupport
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

  @Test("names and ids without end reach neither decisions nor answers nor the log")
  func endlessTexts() async throws {
    let bench = try MonitorBench()
    let long = String(repeating: "n", count: 100_000)
    let journal = try await Journal.open(path: bench.paths.database)
    for (index, name) in [long + "a", long + "b", "m"].enumerated() {
      try await EmbeddedStore(journal).add(
        CycleRow(
          id: name == "m" ? long : "row-\(index)", model: name, modelVersion: long, timestamp: bench.now, accepted: 4,
          rejected: 6))
    }
    await journal.close()
    let monitor = try await bench.start()
    let entries = try await monitor.check()
    // Two that begin alike are two.
    #expect(entries.count == 3)
    #expect(Set(entries.map(\.model)).count == 3)
    #expect(entries.filter { $0.verdict == .unattributed }.count == 2)
    #expect(entries.first { $0.model == "m" }?.quarantine == "1 with an id of more than 512 bytes")
    #expect(try JSON.encode(entries).utf8.count < 8192)
    #expect(try await JSON.encode(monitor.status()).utf8.count < 16_384)
    let decisions = try await monitor.journal.latestDecisions(limit: 10)
    #expect(decisions.allSatisfy { ($0.model ?? "").utf8.count <= 512 })
    #expect(decisions.allSatisfy { $0.evaluation.used.allSatisfy { ($0.modelVersion ?? "").utf8.count <= 512 } })
    #expect(decisions.flatMap(\.evaluation.leftOut).map { $0.id.utf8.count } == [512])
    #expect(bench.log.all.allSatisfy { $0.utf8.count < 2048 })
    await monitor.stop()
  }
}
