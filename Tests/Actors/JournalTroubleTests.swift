import Journal
import Platform
import Rules
import Supervision
import TestSupport
import Testing

@testable import Actors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A journal that refuses while a run is under way.
@Suite("Journal in trouble", .timeLimit(.minutes(5)))
struct JournalTroubleTests {
  /// A monitor whose journal stops taking writes while it pulls `m`.
  private func refusing(_ bench: MonitorBench) async throws -> RetrainMonitor {
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    let monitor = try await bench.start()
    let journal = try monitor.journal
    let isFirst = Guarded(true)
    bench.server.beforeCalls { call in
      let strikes = isFirst.withLock { first -> Bool in
        defer { if call == "pull m" { first = false } }
        return first && call == "pull m"
      }
      if strikes { try? await journal.setRefusing(true) }
    }
    return monitor
  }

  @Test("a pull that succeeded while the journal could not be written goes on when it can, and is pulled once")
  func pullOutlivesRefusal() async throws {
    let bench = try MonitorBench()
    let monitor = try await refusing(bench)
    let run = try await monitor.run(.pull, of: "m", waits: false).run
    await bench.logged("Could not write down a step of run \(run) (verifying)")
    #expect(await monitor.status().lane.running?.stage.hasPrefix("waiting for the journal: ") == true)
    #expect(await monitor.status().lane.running?.stage.contains("refused") == true)
    try await monitor.journal.setRefusing(false)
    await bench.advance(until: bench.log, pause: .seconds(1)) { $0.contains { $0.contains("✅ Run") } }
    let row = try #require(try await monitor.journal.run(run))
    #expect(row.state == .succeeded)
    #expect(row.result == "updated")
    #expect(row.attempt == 1)
    #expect(bench.server.pulls() == 1)
    #expect(monitor.tree.handover.recovery.trouble == nil)
    await monitor.stop()
  }

  @Test("a check whose decisions could not be recorded is repeated soon, and then acts")
  func checkIsRepeated() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1: ")
    try await bench.addCycles("m")
    try await monitor.journal.setRefusing(true)
    let entries = try await monitor.check(waits: false)
    #expect(entries.map(\.action) == [.failed])
    try await monitor.journal.setRefusing(false)
    await bench.advance(until: bench.log, within: .seconds(300), pause: MonitorSchedule.firstRepeat) {
      $0.contains { $0.contains("✅ Run") }
    }
    #expect(bench.lines("Check 1, repeated: ").count == 1)
    #expect(bench.lines("Check 2").isEmpty)
    #expect(bench.server.pulls() == 1)
    await monitor.stop()
  }

  @Test("a deadline that passes while a run waits for the journal interrupts it, and it is taken up again")
  func deadlineWhileWaiting() async throws {
    let bench = try MonitorBench()
    let monitor = try await refusing(bench)
    let run = try await monitor.run(.pull, of: "m", waits: false).run
    await bench.logged("Could not write down a step")
    bench.clock.advance(by: .seconds(600))
    await bench.logged("Could not write the end")
    try await monitor.journal.setRefusing(false)
    await bench.advance(until: bench.log, pause: .seconds(1)) { $0.contains { $0.contains("✅ Run") } }
    #expect(await monitor.nextEnd(of: run)?.state == .succeeded)
    let row = try #require(try await monitor.journal.run(run))
    #expect(row.state == .succeeded)
    #expect(row.result == "updated")
    #expect(row.attempt == 2)
    let states = try await monitor.journal.steps(of: run).map(\.state)
    #expect(states.contains(.interrupted))
    #expect(!states.contains(.failed) && !states.contains(.timedOut))
    #expect(try await monitor.journal.memory(of: "m").failures == 0)
    await monitor.stop()
  }

  @Test("while the journal's file is gone the lane of the server is free for others; put back, the run is completed")
  func movedJournal() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .succeed("new"))
    let (file, away) = (bench.paths.database, bench.directory + "/away.db")
    let isFirst = Guarded(true)
    bench.server.beforeCalls { call in
      guard call == "pull m", isFirst.withLock({ $0 }) else { return }
      isFirst.withLock { $0 = false }
      try? FileManager.default.moveItem(atPath: file, toPath: away)
    }
    let lock = bench.directory + "/lane.lock"
    let monitor = try await bench.start(laneLock: lock)
    let run = try await monitor.run(.pull, of: "m", waits: false).run
    await bench.logged("is let go while the journal is gone")
    #expect(!monitor.tree.handover.isLocked)
    try FileLock.acquire(path: lock, access: .everyone).release()
    #expect(bench.server.pulls() == 1)
    try FileManager.default.moveItem(atPath: away, toPath: file)
    await bench.advance(until: bench.log, pause: .seconds(1)) { $0.contains { $0.contains("✅ Run") } }
    let row = try #require(try await monitor.journal.run(run))
    #expect(row.state == .succeeded)
    #expect(row.result == "updated")
    #expect(try await monitor.journal.steps(of: run).map(\.state).contains(.failed) == false)
    await monitor.stop()
  }

  @Test("who waits for a run is told within a bound that it waits for the journal")
  func waiterIsTold() async throws {
    let bench = try MonitorBench()
    let monitor = try await refusing(bench)
    let answers = EventRecorder<RunAnswer>()
    let asked = Task { answers.record(try await monitor.run(.pull, of: "m", waits: true)) }
    await bench.logged("Could not write down a step")
    let begin = bench.clock.now.offset
    await bench.advance(until: answers, pause: RetrainMonitor.progressInterval) { !$0.isEmpty }
    try await asked.value
    let answer = try #require(answers.all.first)
    #expect(bench.clock.now.offset - begin <= RetrainMonitor.journalPatience + .seconds(1))
    #expect(answer.state == "interrupted")
    #expect(answer.error?.contains("waits for the journal") == true)
    #expect(answer.error?.contains("refused") == true)
    await monitor.stop()
  }

  @Test("the journal tells the first write that it takes after it refused one, and only that")
  func journalTells() async throws {
    let bench = try MonitorBench()
    let told = EventRecorder<String>()
    let journal = try await Journal.open(path: bench.paths.database) { told.record("recovered") }
    try await journal.proveWritable()
    try await journal.setRefusing(true)
    #expect(told.all.isEmpty)
    let row = RunRow(id: "r", model: "m", trigger: .manual, requestedAt: bench.now)
    await #expect(throws: JournalFailure.self) {
      try await journal.beginRun(run: row, event: nil, decision: nil) { _ in }
    }
    #expect(told.all.isEmpty)
    try await journal.proveWritable()
    try await journal.proveWritable()
    #expect(told.all.count == 1)
    await journal.close()
  }

  @Test("a recovery ends the pause; one that came before the wait is not missed")
  func recoveryWakes() async throws {
    let bench = try MonitorBench()
    let recovery = JournalRecovery()
    let clock = SupervisionClock(bench.clock)
    let patience = JournalPatience(recovery: recovery, clock: clock, log: bench.parts().log)
    let tries = EventRecorder<Int>()
    let work = Task {
      try await patience("test") {
        tries.record(tries.all.count + 1)
        if tries.all.count < 3 { throw JournalFailure.readOnly(path: "test") }
        return tries.all.count
      }
    }
    await bench.clock.waitForSleepers(1)
    #expect(recovery.trouble?.since == .zero)
    bench.clock.advance(by: .seconds(1))
    await tries.waitFor { $0 == 2 }
    await bench.clock.waitForSleepers(1)
    recovery.onRecovered()
    bench.clock.advance(by: .seconds(1))
    #expect(try await work.value == 3)
    #expect(bench.clock.now.offset == .seconds(2))
    #expect(recovery.trouble == nil)
    await recovery.wait(after: recovery.mark + 1, until: .seconds(500), clock: clock)
    let sleeper = Task { [mark = recovery.mark] in await recovery.wait(after: mark, until: .seconds(500), clock: clock)
    }
    await bench.clock.waitForSleepers(1)
    recovery.onRecovered()
    await sleeper.value
    #expect(bench.clock.now.offset == .seconds(2))
  }

  @Test("waiting ends with its task, and a failure that is final is not repeated")
  func patienceEnds() async throws {
    let bench = try MonitorBench()
    let patience = JournalPatience(
      recovery: JournalRecovery(), clock: SupervisionClock(bench.clock), log: bench.parts().log)
    let waiting = Task { try await patience("test") { throw JournalFailure.readOnly(path: "test") } as Int }
    await bench.clock.waitForSleepers(1)
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(patience.recovery.trouble == nil)
    await #expect(throws: JournalFailure.unknownRun("r")) {
      try await patience("test") { throw JournalFailure.unknownRun("r") } as Int
    }
  }
}
