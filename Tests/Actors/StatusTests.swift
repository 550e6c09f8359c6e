import Journal
import Ollama
import Rules
import TestSupport
import Testing

@testable import Actors

/// What the status says of the last check.
@Suite("Status", .timeLimit(.minutes(5)))
struct StatusTests {
  @Test("a model whose run has ended since the check shows how, not that it was started or joined", arguments: [1, 2])
  func endedRun(checks: Int) async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .hold(gate, bytes: 7))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    let started = try #require(try await monitor.check(waits: false).first)
    let run = try #require(started.run)
    if checks == 2 { #expect(try await monitor.check(waits: false).first?.action == .joined) }
    #expect(await monitor.status().models.first?.check.action == (checks == 2 ? .joined : .started))
    gate.open()
    #expect(await monitor.nextEnd(of: run)?.state == .succeeded)
    let check = try #require(await monitor.status().models.first?.check)
    #expect(check.action == .succeeded)
    #expect(check.reason == started.reason + "; run \(run) succeeded: already current")
    #expect(check.verdict == .degraded, "the finding is the last check's")
    await monitor.stop()
  }

  @Test("the line in the log counts models once a check has counted them")
  func models() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.stats.hold(gate)
    let monitor = try await bench.start(mode: .daemon)
    await monitor.dumpStatus()
    #expect(bench.lines("Status: ").last?.contains("children ready, lane free") == true)
    gate.open()
    await bench.logged("Check 1:")
    await monitor.dumpStatus()
    #expect(bench.lines("Status: ").last?.contains("children ready, 0 models, lane free") == true)
    await monitor.stop()
  }

  @Test("a run that failed is tried again by a daemon; a command that ends promises nothing", arguments: [true, false])
  func promise(isDaemon: Bool) async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .fail(.server))
    let monitor = try await bench.start(mode: isDaemon ? .daemon : .oneShot)
    #expect(try await monitor.run(.pull, of: "m", waits: true).state == "failed")
    #expect(bench.lines("It is tried again at").isEmpty != isDaemon)
    #expect(bench.lines("tries it again if the model is degraded then").isEmpty == isDaemon)
    await monitor.stop()
  }
}
