import TestSupport
import Testing

@testable import Supervision

/// Jobs with deadlines.
@Suite(.timeLimit(.minutes(5))) struct JobPoolTests {
  /// The time.
  let time = ManualClock()
  /// What the pool told.
  let events = EventRecorder<SupervisorEvent>()
  /// The pool.
  let pool: JobPool

  /// Makes a pool with room for three.
  init() {
    let events = self.events
    pool = JobPool(capacity: 3, clock: SupervisionClock(time)) { events.record($0) }
  }

  /// Runs the pool as a child would, until it is cancelled.
  func run() -> Task<Void, Never> {
    let context = ChildContext(id: "runs", clock: SupervisionClock(time))
    return Task { await pool.run(context) }
  }

  @Test("a job that returns is finished, one that throws has failed, also by a cancellation nobody asked for")
  func ends() async throws {
    let good = try await pool.start(id: "good", deadline: .seconds(10), grace: .seconds(1)) { _ in }
    #expect(await good.outcome() == .finished)
    let bad = try await pool.start(id: "bad", deadline: nil, grace: .seconds(1)) { _ in throw Broken("x") }
    #expect(await bad.outcome() == .failed(Broken("x")))
    let odd = try await pool.start(id: "odd", deadline: nil, grace: .seconds(1)) { _ in throw CancellationError() }
    #expect(await odd.outcome() == .failed(CancellationError()))
    #expect(await pool.snapshot().isEmpty)
    #expect([good, bad, odd].map(\.generation) == [1, 2, 3])
  }

  @Test("at its deadline a job is cancelled, and what it returns afterwards changes nothing")
  func deadline() async throws {
    for throwing in [true, false] {
      let job = try await pool.start(id: "pull", deadline: .seconds(600), grace: .seconds(10)) { context in
        do { try await context.clock.sleep(for: .seconds(100_000)) } catch {
          #expect(context.isCurrent)
          if throwing { throw Broken("cut") }
        }
      }
      await time.waitForSleepers(2)
      time.advance(by: .milliseconds(599_999))
      #expect(await pool.snapshot().map(\.state) == [.running])
      await time.waitForSleeper(dueBy: time.now.offset + .milliseconds(1))
      time.advance(by: .milliseconds(1))
      #expect(await job.outcome() == .deadlineExceeded)
      #expect(events.all.contains(.jobCancelled(id: "pull", generation: job.generation, cause: .deadline)))
    }
  }

  @Test("a job that ignores its cancellation past its grace is abandoned: settled, fenced, listed until it ends")
  func abandoned() async throws {
    let gate = Gate()
    let current = EventRecorder<Bool>()
    let job = try await pool.start(id: "pull", deadline: .seconds(5), grace: .seconds(2)) { context in
      await gate.pass()
      current.record(context.isCurrent)
    }
    await time.waitForSleeper(dueBy: .seconds(5))
    time.advance(by: .seconds(5))
    await time.waitForSleeper(dueBy: .seconds(7))
    #expect(await pool.snapshot().map(\.state) == [.cancelling])
    #expect(await pool.job("pull")?.generation == 1)
    time.advance(by: .seconds(2))
    #expect(await job.outcome() == .abandoned)
    #expect(await pool.job("pull") == nil)
    #expect(
      await pool.snapshot() == [
        JobSnapshot(id: "pull", generation: 1, state: .abandoned, age: .seconds(7), deadline: .seconds(5))
      ])
    // Its id is free: the numbers tell the two apart.
    let next = try await pool.start(id: "pull", deadline: nil, grace: .seconds(1)) { _ in }
    #expect(await next.outcome() == .finished)
    #expect(next.generation == 2)
    gate.open()
    await events.waitFor { $0 == .orphanEnded(id: "pull", generation: 1, age: .zero) }
    #expect(current.all == [false])
    #expect(await pool.snapshot().isEmpty)
    #expect(await job.outcome() == .abandoned)
  }

  @Test("a job is cancelled on request; a second request does not lengthen its grace")
  func cancel() async throws {
    let gate = Gate()
    let polite = try await pool.start(id: "polite", deadline: nil, grace: .seconds(5)) { context in
      try await context.clock.sleep(for: .seconds(100_000))
    }
    let deaf = try await pool.start(id: "deaf", deadline: nil, grace: .seconds(5)) { _ in await gate.pass() }
    await pool.cancel("polite")
    #expect(await polite.outcome() == .cancelled)
    await pool.cancel("deaf")
    await time.waitForSleeper(dueBy: .seconds(5))
    time.advance(by: .seconds(4))
    await pool.cancel("deaf")
    await pool.cancel("nobody")
    time.advance(by: .seconds(1))
    #expect(await deaf.outcome() == .abandoned)
    gate.open()
  }

  @Test("a running job is adopted by its id; the wait of a cancelled task is left, and the job goes on")
  func adoption() async throws {
    let gate = Gate()
    let started = try await pool.start(id: "run-7", deadline: .seconds(60), grace: .seconds(1)) { _ in
      await gate.pass()
    }
    let waiter = Task { try await started.outcomeUnlessCancelled() }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    let adopted = await pool.job("run-7")
    #expect(adopted?.generation == started.generation)
    await #expect(throws: JobError.duplicate(id: "run-7")) {
      _ = try await pool.start(id: "run-7", deadline: nil, grace: .zero) { _ in }
    }
    gate.open()
    #expect(await adopted?.outcome() == .finished)
    #expect(try await started.outcomeUnlessCancelled() == .finished)
    #expect(await pool.job("run-7") == nil)
  }

  @Test("a full pool refuses, and says how many are abandoned")
  func full() async throws {
    let gate = Gate()
    for id in ["a", "b", "c"] {
      _ = try await pool.start(id: id, deadline: nil, grace: .zero) { _ in await gate.pass() }
    }
    await pool.cancel("a")
    await events.waitFor { if case .abandoned = $0 { true } else { false } }
    await #expect(throws: JobError.full(capacity: 3, abandoned: 1)) {
      _ = try await pool.start(id: "d", deadline: nil, grace: .zero) { _ in }
    }
    gate.open()
  }

  @Test("simple_one_for_one_shutdown: all are cancelled together, under one grace, and the pool then returns")
  func stop() async throws {
    let run = self.run()
    let gate = Gate()
    let polite = try await pool.start(id: "polite", deadline: nil, grace: .seconds(1)) { context in
      try await context.clock.sleep(for: .seconds(100_000))
    }
    let deaf = try await pool.start(id: "deaf", deadline: nil, grace: .seconds(2)) { _ in await gate.pass() }
    let other = try await pool.start(id: "other", deadline: nil, grace: .seconds(1)) { _ in await gate.pass() }
    run.cancel()
    #expect(await polite.outcome() == .cancelled)
    await time.waitForSleeper(dueBy: .seconds(2))
    await #expect(throws: JobError.stopping) {
      _ = try await pool.start(id: "late", deadline: nil, grace: .zero) { _ in }
    }
    // The one grace is the longest: nobody is given up before it.
    time.advance(by: .milliseconds(1_999))
    #expect(await pool.snapshot().map(\.state) == [.cancelling, .cancelling])
    time.advance(by: .milliseconds(1))
    await run.value
    #expect(await deaf.outcome() == .abandoned)
    #expect(await other.outcome() == .abandoned)
    gate.open()
    await events.wait { $0.count { if case .orphanEnded = $0 { true } else { false } } == 2 }
  }

  @Test("a pool without jobs stops at once")
  func stopEmpty() async {
    let run = self.run()
    run.cancel()
    await run.value
    await #expect(throws: JobError.stopping) {
      _ = try await pool.start(id: "late", deadline: nil, grace: .zero) { _ in }
    }
  }

  @Test("in a tree: a stop of the supervisor cancels the jobs, and a replaced pool fences its own")
  func inATree() async throws {
    let ref = Ref<JobPool>("runs")
    let (time, events) = (self.time, self.events)
    let child = ChildSpec.instance(id: "runs", ref: ref, shutdown: .atOnce) { context in
      JobPool(clock: context.clock, firstGeneration: context.generation << 32) { events.record($0) }
    } run: { pool, context in
      await pool.run(context)
    }
    let supervisor = Supervisor(
      spec: try spec(.oneForOne, [child]), clock: SupervisionClock(time), seed: 1, events: { events.record($0) })
    let run = Task { try await supervisor.run() }
    try await supervisor.waitUntilReady()
    let gate = Gate()
    let current = EventRecorder<Bool>()
    let job = try await ref.get().start(id: "pull", deadline: nil, grace: .seconds(60)) { context in
      current.record(context.isCurrent)
      await gate.pass()
      current.record(context.isCurrent)
    }
    #expect(job.generation == 1 << 32)
    await current.wait { $0.count == 1 }
    run.cancel()
    // The pool is abandoned at once, while its job still has its grace: it must not act any more.
    #expect(try await run.value.unstopped.map(\.id) == ["runs"])
    gate.open()
    await current.wait { $0.count == 2 }
    #expect(current.all == [true, false])
    await events.waitFor { if case .orphanEnded("runs", _, _) = $0 { true } else { false } }
  }
}
