import Journal
import Platform
import Rules
import Supervision
import TestSupport
import Testing

@testable import Actors

/// What becomes of a run when the daemon or the lane's actor ends under it.
@Suite("Drain and restart", .timeLimit(.minutes(5)))
struct DrainTests {
  @Test("a stop interrupts the pull and tells who waits; the next start resumes the same run, with one event")
  func drainAndResume() async throws {
    let bench = try MonitorBench()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .hold(Gate(), bytes: 10), .succeed("new"))
    try await bench.addCycles("m")
    let first = try await bench.start(Settings(model: "m"))
    async let checked = first.check()
    await bench.server.calls.waitFor { $0 == "pull m" }
    await first.stop()
    let entry = try #require(try await checked.first)
    #expect(entry.action == .failed)
    #expect(entry.reason.contains("resumed at the next start"))
    #expect(bench.server.calls.all.last == "cancelled m")

    let run = try #require(entry.run)
    let between = try await Journal.open(path: bench.paths.database, readOnly: true)
    #expect(try await between.run(run)?.state == .interrupted)
    #expect(try await between.memory(of: "m").activeRun == run)
    await between.close()

    let second = try await bench.start(Settings(model: "m"))
    await bench.logged("✅ Run \(run)")
    let row = try #require(try await second.journal.run(run))
    #expect(row.state == .succeeded)
    #expect(row.attempt == 2)
    #expect(row.digestBefore == "old")
    #expect(try await second.journal.runs(limit: 9).count == 1)
    await bench.logged("is in system_events")
    let counts = try await second.journal.outboxCounts()
    #expect(counts.delivered + counts.pending == 1)
    await second.stop()
  }

  @Test("a first pull that was stopped after its download had been taken over ends as an update when it is resumed")
  func resumeOfAFirstPull() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .hold(Gate(), bytes: 10), .succeed("new"))
    let first = try await bench.start()
    let run = try await first.run(.pull, of: "m", waits: false).run
    await bench.server.calls.waitFor { $0 == "pull m" }
    await first.stop()
    bench.server.serve("new", as: "m")

    let second = try await bench.start()
    await bench.logged("✅ Run \(run)")
    let row = try #require(try await second.journal.run(run))
    #expect(row.result == "updated")
    #expect(row.digestBefore == nil)
    #expect(row.digestAfter == "new")
    #expect(try await second.journal.memory(of: "m").lastChange == .updated)
    await second.stop()
  }

  @Test("a process that was killed in the middle is resumed too, and the gap stands in the history")
  func resumeAfterKill() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .succeed("new"))
    let journal = try await Journal.open(path: bench.paths.database)
    let row = RunRow(id: "r", model: "m", trigger: .manual, requestedAt: bench.now)
    try await journal.beginRun(run: row, event: nil, decision: nil, memory: { $0.activeRun = "r" })
    let fence = try await journal.takeFence(run: "r")
    try await journal.transition(run: "r", fence: fence, to: .pulling, stage: "pulling m", at: bench.now)
    await journal.close()
    let monitor = try await bench.start()
    await bench.logged("✅ Run r")
    let steps = try await monitor.journal.steps(of: "r")
    #expect(steps.contains { $0.state == .interrupted && $0.detail == "it was left in the middle" })
    #expect(try await monitor.journal.run("r")?.attempt == 2)
    await monitor.stop()
  }

  @Test("the state directory is free again after a stop, and only then, whoever holds the monitor")
  func lockOfTheStateDirectory() async throws {
    let bench = try MonitorBench()
    var monitor: RetrainMonitor? = try await bench.start()
    let tree = try #require(monitor?.tree)
    let retained = monitor
    monitor = nil
    await #expect(throws: LockFailure.self) { _ = try await bench.start() }
    await retained?.stop()
    #expect(tree.handover.isDraining)
    let next = try await bench.start()
    await next.stop()
    #expect(await next.status().state == "stopped")
  }

  @Test("a start that fails leaves nothing running and the lock free")
  func failedStart() async throws {
    let bench = try MonitorBench()
    try bench.writeDatabase("this is no database, and long enough to be taken for one if nobody looks")
    await #expect(throws: SupervisorError.self) { _ = try await bench.start() }
    try bench.writeDatabase("")
    let good = try await bench.start()
    await good.stop()
  }

  @Test("a crashed lane's successor adopts the pull that runs; who waits goes on waiting")
  func adoption() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .hold(gate, bytes: 1))
    let tree = CrashableTree(bench)
    try await tree.start()
    let ticket = try await tree.retrain().request(RunRequest(model: "m", kind: .pull, trigger: .manual))
    let end = Task { await tree.tree.handover.ends.wait(for: ticket.run, after: 0) }
    await bench.server.calls.waitFor { $0 == "pull m" }
    try await tree.crashAndRestart()
    await bench.logged("adopted while it is running")
    gate.open()
    #expect(await end.value?.state == .succeeded)
    #expect(bench.server.pulls() == 1)
    #expect(try await tree.tree.journal.get().run(ticket.run)?.attempt == 1)
    #expect(!tree.tree.handover.isLocked)
    await tree.stop()
  }

  @Test("a pull that ends while the lane is down is concluded by the successor")
  func endedWhileDown() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.serve("old", as: "m")
    bench.server.script("m", .hold(gate, bytes: 1))
    let tree = CrashableTree(bench)
    try await tree.start()
    let ticket = try await tree.retrain().request(RunRequest(model: "m", kind: .pull, trigger: .manual))
    await bench.server.calls.waitFor { $0 == "pull m" }
    tree.crash.open()
    await tree.events.waitFor { if case .terminated("retrain", _, _, _) = $0 { true } else { false } }
    gate.open()
    await tree.jobEnded()
    try await tree.restart()
    #expect(await tree.tree.handover.ends.wait(for: ticket.run, after: 0)?.state == .succeeded)
    #expect(bench.server.pulls() == 1)
    await tree.stop()
  }

  @Test("a crash while an abandoned pull still runs does not open the lane")
  func crashUnderOrphan() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .deaf(gate))
    let tree = CrashableTree(bench)
    try await tree.start()
    let first = try await tree.retrain().request(RunRequest(model: "m", kind: .pull, trigger: .manual))
    let second = try await tree.retrain().request(RunRequest(model: "n", kind: .pull, trigger: .manual))
    await bench.server.calls.waitFor { $0 == "pull m" }
    bench.clock.advance(by: .seconds(600))
    await bench.server.calls.waitFor { $0 == "deaf m" }
    bench.clock.advance(by: .seconds(15))
    await bench.logged("The lane is held")
    try await tree.crashAndRestart()
    await bench.log.wait { lines in lines.count { $0.contains("The lane is held") } == 2 }
    #expect(bench.server.pulls("n") == 0)
    gate.open()
    #expect(await tree.tree.handover.ends.wait(for: second.run, after: 0)?.state == .succeeded)
    #expect(bench.server.most == 1)
    #expect(try await tree.tree.journal.get().run(first.run)?.state == .timedOut)
    await tree.stop()
  }

  @Test("the lane's lock on the host keeps a second daemon from pulling, and is free after each run")
  func hostLock() async throws {
    let bench = try MonitorBench()
    let path = bench.directory + "/lane.lock"
    let foreign = try FileLock.acquire(path: path, access: .everyone)
    let monitor = try await bench.start(laneLock: path)
    let ticket = try await monitor.run(.pull, of: "m", waits: false)
    await bench.logged("waits for the lane of this model server")
    #expect(bench.server.calls.all.isEmpty)
    #expect(
      await monitor.status().lane.running?.stage
        == "waiting for the lane of this model server: process \(ProcessIdentity.current()) works on it; this goes on by itself when that "
        + "one has finished")
    foreign.release()
    bench.clock.advance(by: .seconds(1))
    #expect(await monitor.nextEnd(of: ticket.run)?.state == .succeeded)
    try FileLock.acquire(path: path, access: .everyone).release()
    await monitor.stop()
  }
}

/// The tree of a monitor whose lane a test can crash once.
final class CrashableTree: Sendable {
  struct Crash: Error {}

  let bench: MonitorBench
  let tree: MonitorTree
  let crash = Gate()
  let events = EventRecorder<SupervisorEvent>()
  private let root = Guarded<(supervisor: Supervisor, task: Task<Void, Never>)?>(nil)

  init(_ bench: MonitorBench) {
    self.bench = bench
    tree = MonitorTree(settings: SettingsBox(Settings()), parts: bench.parts(), paths: bench.paths, mode: .oneShot)
  }

  func retrain() throws -> RetrainActor { try tree.retrain.get() }

  func start() async throws {
    let crash = crash
    let children = tree.children().map { child in
      guard child.id == "retrain" else { return child }
      return ChildSpec(id: child.id, shutdown: child.shutdown) { context in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await child.body(context) }
          if context.generation == 1 {
            group.addTask {
              guard await crash.wait() else { return }
              throw Crash()
            }
          }
          defer { group.cancelAll() }
          try await group.next()
        }
      }
    }
    let supervisor = Supervisor(
      spec: try SupervisorSpec(id: "test", strategy: .restForOne, children: children),
      clock: SupervisionClock(bench.clock), seed: 1, events: { [events] in events.record($0) })
    let task = Task<Void, Never> { _ = try? await supervisor.run() }
    root.change { $0 = (supervisor, task) }
    try await supervisor.waitUntilReady()
  }

  /// Crashes the lane and waits until its successor is ready.
  func crashAndRestart() async throws {
    crash.open()
    await events.waitFor { if case .terminated("retrain", _, _, _) = $0 { true } else { false } }
    try await restart()
  }

  /// Lets the time to the restart pass.
  func restart() async throws {
    bench.clock.advance(by: .seconds(60))
    await events.waitFor { if case .ready("retrain", 2, _) = $0 { true } else { false } }
  }

  /// Waits until the pool's job is over and out of the pool.
  func jobEnded() async { await bench.log.waitFor { $0.contains("job ") && $0.contains(" finished after ") } }

  func stop() async {
    let root = root.withLock { $0 }
    tree.handover.beginDraining()
    root?.supervisor.stop()
    await root?.task.value
  }
}
