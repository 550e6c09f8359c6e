import Journal
import Ollama
import Rules
import Supervision
import TestSupport
import Testing

@testable import Actors

/// The lane under requests from everywhere.
@Suite("Lane", .timeLimit(.minutes(5)))
struct LaneTests {
  @Test("three degraded models and four requests from elsewhere: one call of the server at a time, one pull a model")
  func oneAtATime() async throws {
    let bench = try MonitorBench()
    for model in ["a", "b", "c"] {
      bench.server.serve("old", as: model)
      bench.server.script(model, .succeed("new"))
      try await bench.addCycles(model)
    }
    let gate = Gate()
    bench.server.script("a", .hold(gate, bytes: 1))
    let monitor = try await bench.start()
    async let checked = monitor.check()
    await bench.server.calls.waitFor { $0 == "pull a" }
    let answers = try await withThrowingTaskGroup(of: RunAnswer.self) { group in
      for model in ["a", "b", "c", "d"] {
        group.addTask { try await monitor.run(.pull, of: model, waits: true) }
      }
      await bench.logged("recorded for d")
      gate.open()
      return try await group.reduce(into: [RunAnswer]()) { $0.append($1) }
    }
    #expect(try await checked.map(\.action) == [.succeeded, .succeeded, .succeeded])
    #expect(answers.filter(\.isJoined).map(\.model).sorted() == ["a", "b", "c"])
    #expect(answers.allSatisfy { $0.state == "succeeded" })
    #expect(bench.server.most == 1)
    #expect(bench.server.pulls() == 4)
    await monitor.stop()
  }

  @Test("a rollback does not join a refresh, nor the other way round")
  func kindsDoNotJoin() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .hold(gate, bytes: 1))
    let monitor = try await bench.start()
    _ = try await monitor.run(.pull, of: "m", waits: false)
    await bench.server.calls.waitFor { $0 == "pull m" }
    await #expect { try await monitor.run(.rollback, of: "m", waits: false) } throws: {
      "\($0)".contains("a refresh of m waits or is running")
    }
    gate.open()
    await monitor.stop()
  }

  @Test("a request that cannot be recorded is refused, and the lane stays usable")
  func refusedWhenNotRecorded() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start()
    try await monitor.journal.setRefusing(true)
    await #expect { try await monitor.run(.pull, of: "m", waits: true) } throws: {
      "\($0)".contains("could not be recorded")
    }
    #expect(await monitor.status().lane.waiting.isEmpty)
    try await monitor.journal.setRefusing(false)
    #expect(try await monitor.run(.pull, of: "m", waits: true).state == "succeeded")
    #expect(bench.server.pulls() == 1)
    await monitor.stop()
  }

  @Test("a head that could not be recorded lets those behind it go on")
  func withdrawnHead() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start()
    let retrain = try monitor.tree.retrain.get()
    await retrain.placeUnrecorded("head", model: "h")
    let ticket = try await retrain.request(RunRequest(model: "m", kind: .pull, trigger: .manual))
    // The loop has looked, found the head unrecorded, and waits again.
    try await retrain.wakeup.waitForWaiters(1)
    #expect(bench.server.calls.all.isEmpty)
    _ = await retrain.withdraw("head", RunRefusal(description: "disk full"))
    #expect(await monitor.nextEnd(of: ticket.run)?.state == .succeeded)
    #expect(monitor.tree.handover.ends.end(of: "head")?.error == "disk full")
    await monitor.stop()
  }

  @Test("a reload that removes a model cancels what waits for it, and only that")
  func removedModel() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("a", .hold(gate, bytes: 1))
    var settings = Settings(models: ["a": ModelSettings(), "b": ModelSettings()])
    let monitor = try await bench.start(settings)
    let running = try await monitor.run(.pull, of: "a", waits: false)
    await bench.server.calls.waitFor { $0 == "pull a" }
    let waiting = try await monitor.run(.pull, of: "b", waits: false)
    let other = try await monitor.run(.pull, of: "c", waits: false)
    settings.models = [:]
    await monitor.apply(settings)
    #expect(monitor.tree.handover.ends.end(of: waiting.run)?.state == .cancelled)
    #expect(try await monitor.journal.run(waiting.run)?.state == .cancelled)
    #expect(try await monitor.journal.memory(of: "b").activeRun == nil)
    #expect(await monitor.status().lane.running?.id == running.run)
    gate.open()
    #expect(await monitor.nextEnd(of: other.run)?.state == .succeeded)
    #expect(try await monitor.journal.run(running.run)?.state == .succeeded)
    #expect(bench.server.pulls("b") == 0)
    await monitor.stop()
  }

  @Test("a cancellation that cannot be recorded leaves the run in the lane")
  func removalNotRecorded() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("a", .hold(gate, bytes: 1))
    let monitor = try await bench.start(Settings(models: ["b": ModelSettings()]))
    _ = try await monitor.run(.pull, of: "a", waits: false)
    await bench.server.calls.waitFor { $0 == "pull a" }
    let waiting = try await monitor.run(.pull, of: "b", waits: false)
    try await monitor.journal.setRefusing(true)
    await monitor.apply(Settings())
    #expect(await monitor.status().lane.waiting.map(\.id) == [waiting.run])
    try await monitor.journal.setRefusing(false)
    gate.open()
    #expect(await monitor.nextEnd(of: waiting.run)?.state == .succeeded)
    await monitor.stop()
  }

  @Test("at its deadline a pull is cancelled; it got further than before, so it is no failure")
  func deadline() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .hold(Gate(), bytes: 40))
    let monitor = try await bench.start()
    async let answer = monitor.run(.pull, of: "m", waits: true)
    await bench.server.calls.waitFor { $0 == "pull m" }
    bench.clock.advance(by: .seconds(600))
    #expect(try await answer.state == "timedOut")
    #expect(bench.server.calls.all.last == "cancelled m")
    let memory = try await monitor.journal.memory(of: "m")
    #expect(memory.failures == 0)
    #expect(memory.retryAt != nil)
    #expect(try await monitor.journal.runs(limit: 1).first?.progressBytes == 40)
    await monitor.stop()
  }

  @Test("a pull that ignores its cancellation is abandoned: told, listed, and the lane stays closed until it is gone")
  func abandoned() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .deaf(gate))
    let monitor = try await bench.start()
    async let answer = monitor.run(.pull, of: "m", waits: true)
    await bench.server.calls.waitFor { $0 == "pull m" }
    let next = try await monitor.run(.pull, of: "n", waits: false)
    bench.clock.advance(by: .seconds(600))
    await bench.server.calls.waitFor { $0 == "deaf m" }
    bench.clock.advance(by: .seconds(15))
    let told = try await answer
    #expect(told.state == "timedOut")
    #expect(told.error?.contains("did not stop when asked") == true)
    await bench.logged("The lane is held")
    let status = await monitor.status()
    #expect(status.orphans.map(\.id) == [told.run])
    #expect(status.lane.running?.stage.contains("stays closed") == true)
    #expect(status.lane.waiting.map(\.id) == [next.run])
    #expect(bench.server.pulls("n") == 0)

    gate.open()
    #expect(await monitor.nextEnd(of: next.run)?.state == .succeeded)
    #expect(bench.server.most == 1)
    #expect(await monitor.status().orphans.isEmpty)
    // What the abandoned job did after its time does not count.
    #expect(try await monitor.journal.run(told.run)?.state == .timedOut)
    await monitor.stop()
  }

  @Test("an abandoned job does nothing more, wherever in its course it comes back")
  func abandonedBetweenSteps() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.serve("old", as: "m")
    bench.server.beforeCalls { [calls = bench.server.calls] call in
      guard call == "digest m" else { return }
      calls.record("held")
      _ = await gate.wait(isDeaf: true) { calls.record("deaf m") }
    }
    let monitor = try await bench.start()
    async let answer = monitor.run(.pull, of: "m", waits: true)
    await bench.server.calls.waitFor { $0 == "held" }
    bench.clock.advance(by: .seconds(600))
    await bench.server.calls.waitFor { $0 == "deaf m" }
    bench.clock.advance(by: .seconds(15))
    let told = try await answer
    #expect(told.state == "timedOut")
    await bench.logged("The lane is held")
    gate.open()
    await bench.logged("it is gone at last")
    #expect(bench.server.calls.all == ["held", "deaf m", "digest m"])
    await monitor.stop()
  }

  @Test("a check that joins a run which a person asked for spends its evidence, and its decision names the run")
  func joinSpendsEvidence() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.serve("same", as: "m")
    bench.server.script("m", .hold(gate, bytes: 1))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    let manual = try await monitor.run(.pull, of: "m", waits: false)
    await bench.server.calls.waitFor { $0 == "pull m" }
    let joined = try await monitor.tree.monitor.get().check(only: nil, isDryRun: false)
    #expect(joined.map(\.action) == [.joined])

    // The same where the policy wanted a run of its own, and the lane had one already.
    var wanted = try #require(try await monitor.journal.decisions(limit: 1).first)
    (wanted.action, wanted.run) = ("fire", nil)
    let id = try await monitor.journal.storeDecisions([wanted])[0]
    try await monitor.journal.updateMemory(of: "m") { $0.firedThrough = nil }
    let ticket = try await monitor.tree.retrain.get().request(
      RunRequest(model: "m", kind: .pull, trigger: .degraded, evaluation: wanted.evaluation, decision: id))
    #expect(ticket == RunTicket(run: manual.run, isJoined: true))
    let stored = try #require(try await monitor.journal.decision(id))
    #expect(stored.action == "join")
    #expect(stored.run == manual.run)
    #expect(stored.why.contains("run \(manual.run) for m"))
    gate.open()
    _ = await monitor.nextEnd(of: manual.run)
    let decision = try #require(try await monitor.journal.decisions(limit: 1).first)
    #expect(decision.run == manual.run)
    #expect(try await monitor.journal.memory(of: "m").firedThrough == bench.now)
    #expect(try await monitor.check().map(\.action) == [.exhausted])
    #expect(bench.server.pulls() == 1)
    await monitor.stop()
  }

  @Test("a rollback that a check joins does not answer its evidence")
  func joiningARollbackSpendsNothing() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("a", .hold(gate, bytes: 1))
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    _ = try await monitor.run(.pull, of: "a", waits: false)
    await bench.server.calls.waitFor { $0 == "pull a" }
    let rollback = try await monitor.run(.rollback, of: "m", waits: false)
    let joined = try await monitor.tree.monitor.get().check(only: nil, isDryRun: false)
    #expect(joined.map(\.run) == [rollback.run])
    #expect(try await monitor.journal.memory(of: "m").firedThrough == nil)
    gate.open()
    await monitor.stop()
  }

  @Test("a decision whose run was refused names none and says why")
  func refusedDecision() async throws {
    let bench = try MonitorBench()
    try await bench.addCycles("m")
    let monitor = try await bench.start(Settings(model: "m"))
    try await monitor.journal.updateMemory(of: "m") { $0.retryRun = "gone" }
    #expect(try await monitor.check().map(\.action) == [.failed])
    let decision = try #require(try await monitor.journal.decisions(limit: 1).first)
    #expect(decision.action == "retry")
    #expect(decision.run == nil)
    #expect(decision.why.contains("; refused: "))
    #expect(decision.why.contains("the journal has no run gone"))
    await monitor.stop()
  }

  @Test("a job that is no longer current touches the server no more, though nobody cancelled it", arguments: 0...3)
  func noLongerCurrent(callsBefore: Int) async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start()
    let row = RunRow(id: "r", model: "m", trigger: .manual, requestedAt: bench.now)
    try await monitor.journal.beginRun(run: row, event: nil, decision: nil) { _ in }
    let job = RunJob(
      run: row, fence: try await monitor.journal.takeFence(run: "r"), keepsBackup: true, journal: try monitor.journal,
      patience: monitor.patience, server: bench.server, report: RunReport(), log: monitor.parts.log,
      wallClock: bench.wall,
      isCurrent: { [calls = bench.server.calls] in calls.all.count < callsBefore })
    await #expect(throws: CancellationError.self) { try await job.perform() }
    #expect(bench.server.calls.all.count == callsBefore)
    #expect(job.report.current.change == nil)
    await monitor.stop()
  }

  @Test("a job under an old fence touches neither the journal nor the server")
  func fenced() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start()
    let journal = try monitor.journal
    let row = RunRow(id: "r", model: "m", trigger: .manual, requestedAt: bench.now)
    try await journal.beginRun(run: row, event: nil, decision: nil, memory: { _ in })
    let old = try await journal.takeFence(run: "r")
    _ = try await journal.takeFence(run: "r")
    let job = RunJob(
      run: row, fence: old, keepsBackup: true, journal: journal, patience: monitor.patience,
      server: bench.server, report: RunReport(), log: monitor.parts.log, wallClock: bench.wall)
    await #expect(throws: JournalFailure.self) { try await job.perform() }
    #expect(bench.server.calls.all.isEmpty)
    #expect(job.report.current.hasEnded)
    #expect(try await journal.run("r")?.state == .recorded)
    await monitor.stop()
  }
}

extension RetrainActor {
  /// Puts a request in front whose intent is still on its way to the journal.
  func placeUnrecorded(_ run: String, model: String) { _ = lane.onRequest(run: run, model: model) }
}

extension Wakeup {
  /// Returns when so many wait: their loops have looked at everything.
  func waitForWaiters(_ count: Int) async throws {
    #expect(try await comes { self.blockUntil(waiting: { $0 >= count }, atMost: $0) })
  }
}

extension RunEnds {
  /// Returns when so many wait.
  func waitForWaiters(_ count: Int) async throws {
    #expect(try await comes { self.blockUntil(waiting: { $0 >= count }, atMost: $0) })
  }
}
