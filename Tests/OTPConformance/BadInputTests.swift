import Supervision
import SupervisionTesting
import Testing

/// What bad input gets: an error that names the child and the field, before anything starts where that is possible.
@Suite("bad input", .timeLimit(.minutes(5))) struct BadInputTests {
  /// A child that makes no sense.
  struct Faulty: Sendable, CustomTestStringConvertible {
    /// The field that is wrong.
    let field: String
    /// What is wrong with it.
    let value: String
    /// The child.
    let spec: ChildSpec

    /// Names the field and the value.
    var testDescription: String { "\(field) \(value)" }

    /// A child with one thing changed.
    init(
      _ field: String, _ value: String, shutdown: Shutdown? = nil, startTimeout: Duration? = nil,
      heartbeat: Duration? = nil, backoff: Backoff? = nil
    ) {
      self.field = field
      self.value = value
      spec = ChildSpec(
        id: "faulty", shutdown: shutdown, startTimeout: startTimeout, heartbeat: heartbeat, backoff: backoff
      ) { $0.ready() }
    }
  }

  /// A duration that nobody means.
  static let infinity = Duration.seconds(Int64.max)

  /// Mutants: start-timeout-unchecked, grace-unchecked, heartbeat-unchecked, child-backoff-unchecked,
  /// dynamic-spec-not-checked.
  @Test(
    "zero, negative and infinite times are refused, by the name of the child and of the field",
    arguments: [
      Faulty("startTimeout", "zero", startTimeout: .zero),
      Faulty("startTimeout", "negative", startTimeout: .seconds(-1)),
      Faulty("startTimeout", "infinite", startTimeout: infinity),
      Faulty("shutdown grace", "negative", shutdown: .grace(.nanoseconds(-1))),
      Faulty("shutdown grace", "infinite", shutdown: .grace(infinity)),
      Faulty("heartbeat", "zero", heartbeat: .zero),
      Faulty("heartbeat", "negative", heartbeat: .seconds(-1)),
      Faulty("heartbeat", "infinite", heartbeat: infinity),
      Faulty("backoff base", "negative", backoff: Backoff(base: .seconds(-1))),
      Faulty("backoff max", "infinite", backoff: Backoff(max: infinity)),
      Faulty("backoff ratio", "negative", backoff: Backoff(ratio: -2)),
      Faulty("backoff jitter", "more than 1", backoff: Backoff(jitter: 1.5)),
    ])
  func times(faulty: Faulty) throws {
    func isNamed(_ error: SpecError?) -> Bool {
      guard case .badNumber("faulty", faulty.field, _, _) = error else { return false }
      return error?.description.hasPrefix("faulty: \(faulty.field) ") == true
    }
    let error = #expect(throws: SpecError.self) {
      try SupervisorSpec(id: "root", strategy: .oneForOne, children: [faulty.spec])
    }
    #expect(isNamed(error), "\(String(describing: error))")
    try Stage.play(seeds: 1) { stage in
      let run = try stage.run([])
      let refused = #expect(throws: ChildError.self) { try run.start(faulty.spec) }
      guard case .invalidSpec(let inner) = refused else {
        Issue.record("\(String(describing: refused))")
        return
      }
      #expect(isNamed(inner))
      #expect(try run.counts() == [0, 0, 0, 0])
    }
  }

  /// Mutant: job-times-unchecked.
  @Test("a job whose deadline is not positive, or whose grace is negative, is refused by its name and the field")
  func jobTimes() throws {
    try Stage.play(seeds: 1) { stage in
      let pool = JobPool(clock: stage.simulation.clock.supervision, spawner: stage.simulation.executor.spawner) { _ in }
      let faulty: [(field: String, deadline: Duration?, grace: Duration)] = [
        ("deadline", .zero, .seconds(1)), ("deadline", .seconds(-1), .seconds(1)),
        ("grace", nil, .nanoseconds(-1)), ("grace", .seconds(1), .seconds(-1)),
      ]
      for each in faulty {
        let error = #expect(throws: JobError.self) {
          try stage.ask {
            _ = try await pool.start(id: "faulty", deadline: each.deadline, grace: each.grace) { _ in }
          }
        }
        #expect(error?.description.hasPrefix("job faulty: \(each.field) ") == true)
      }
      let left = try stage.ask { await pool.snapshot() }
      #expect(left.isEmpty)
    }
  }

  /// Mutants: duplicate-ids-accepted, duplicate-start-accepted.
  @Test("an id that is used twice is refused by its name, also by request and by a reload")
  func duplicateIDs() throws {
    try Stage.play(seeds: 1) { stage in
      let puppet = stage.puppet("twice")
      #expect(throws: SpecError.duplicateChild(id: "twice", supervisor: "root")) {
        try SupervisorSpec(id: "root", strategy: .oneForOne, children: [puppet.spec(), puppet.spec()])
      }
      let run = try stage.run([puppet.spec()])
      #expect(throws: ChildError.alreadyStarted(id: "twice", generation: 1)) { try run.start(puppet.spec()) }
      #expect(puppet.current == 1)
    }
  }

  /// Mutant: escalation-unchecked.
  @Test("an intensity that the delays never reach within the period is refused, by the name of the child")
  func neverEscalates() throws {
    let slow = Backoff(base: .seconds(10), ratio: 1, max: .seconds(10), jitter: 0)
    let child = ChildSpec(id: "slow", backoff: slow) { $0.ready() }
    func make(_ intensity: Int, _ period: Duration) throws {
      _ = try SupervisorSpec(
        id: "root", strategy: .oneForOne, intensity: intensity, period: period, backoff: .immediate, children: [child])
    }
    try make(6, .seconds(60))
    #expect(
      throws: SpecError.neverEscalates(child: "slow", intensity: 7, period: .seconds(60), needed: .seconds(70))
    ) { try make(7, .seconds(60)) }
    // Intensity without a period.
    #expect(throws: SpecError.self) { try make(1, .zero) }
  }

  /// Mutants: duplicate-start-accepted, restart-of-running.
  @Test("a child that starts itself a second time is refused, and goes on")
  func startsItselfTwice() throws {
    try Stage.play { stage in
      let answers = Locked<[ChildError]>([])
      let ref = Ref<Supervisor>("inner")
      let selfish = ChildSpec(id: "selfish", shutdown: .grace(.seconds(1))) { context in
        context.ready()
        context.ready()
        guard let inner = ref.current else { return }
        let second = ChildSpec(id: "selfish") { $0.ready() }
        for _ in 1...2 {
          do throws(ChildError) { try await inner.startChild(second) } catch { answers.withLock { $0.append(error) } }
          do throws(ChildError) { try await inner.restartChild("selfish") } catch {
            answers.withLock { $0.append(error) }
          }
        }
        try await context.clock.sleep(for: .seconds(1000))
      }
      let run = try stage.run([
        ChildSpec.supervisor(id: "inner", ref: ref) { _ in
          try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [selfish])
        }
      ])
      let started = ChildError.alreadyStarted(id: "selfish", generation: 1)
      #expect(answers.withLock { $0 } == [started, .running(id: "selfish"), started, .running(id: "selfish")])
      #expect(stage.told.filter { if case .ready("inner/selfish", _, _) = $0 { true } else { false } }.count == 1)
      #expect(try run.counts() == [1, 1, 1, 0])
    }
  }

  /// Mutant: grace-ignored.
  @Test("a child that waits for its own start, or for its own end, is given up in time, and harms only itself")
  func waitsForItself() throws {
    try Stage.play { stage in
      let ref = Ref<Supervisor>("inner")
      let other = stage.puppet("other")
      let waiting = ChildSpec(id: "waiting", shutdown: .grace(.seconds(1)), startTimeout: .seconds(2)) { context in
        if context.generation == 1 { try await ref.current?.terminateChild("waiting") }
        context.ready()
        try await context.clock.sleep(for: .seconds(1000))
      }
      let run = try stage.run([
        ChildSpec.supervisor(id: "inner", ref: ref) { _ in
          try SupervisorSpec(id: "inner", strategy: .oneForOne, children: [waiting, other.spec()])
        }
      ])
      #expect(other.current == nil)
      try stage.pass(.seconds(1))
      #expect(other.current == 1)
      let inner = try ref.get()
      #expect(try stage.ask { try await inner.whichChild("waiting") }.state == .ended)
      _ = try stage.ask { try await inner.restartChild("waiting").generation }
      try run.end()
    }
  }

  /// Mutant: ref-after-the-end.
  @Test("a reference that is used after the end of its supervisor says so; between two starts it says that too")
  func refAfterTheEnd() throws {
    try Stage.play { stage in
      let puppet = stage.puppet("a")
      let ref = Ref<Int>("a")
      let child = ChildSpec.instance(
        id: "a", ref: ref, shutdown: .grace(.seconds(1)), make: { Int($0.generation) },
        run: { _, context in try await puppet.body(context) })
      #expect(throws: RefError(id: "a", isFinal: false)) { try ref.get() }
      let run = try stage.run(
        [child], backoff: Backoff(base: .seconds(1), ratio: 1, max: .seconds(1), jitter: 0))
      #expect(try ref.get() == 1)
      try puppet.end(.abnormal, on: stage)
      #expect(throws: RefError(id: "a", isFinal: false)) { try ref.get() }
      try stage.pass(.seconds(1))
      #expect(try ref.get() == 2)
      try run.end()
      #expect(throws: RefError(id: "a", isFinal: true)) { try ref.get() }
      #expect(RefError(id: "a", isFinal: true).description == "a is not running: its supervisor has stopped")
    }
  }

  /// Mutants: first-start-retried, window-counts-one-more.
  @Test("a factory that throws every time fails the first start, and spends the budget of a restart")
  func factoryThrows() throws {
    try Stage.play { stage in
      let calls = Locked(0)
      let ref = Ref<Int>("a")
      let good = Locked(false)
      let child = ChildSpec.instance(
        id: "a", ref: ref, shutdown: .grace(.seconds(1)),
        make: { _ in
          calls.withLock { $0 += 1 }
          guard good.withLock({ $0 }) else { throw ScriptedFailure("no factory today") }
          return 1
        },
        run: { _, context in
          context.ready()
          throw ScriptedFailure("no work either")
        })
      let first = try stage.run([child], intensity: 3)
      #expect(first.error?.description == "a could not be started: no factory today")
      #expect(calls.withLock { $0 } == 1)
      good.withLock { $0 = true }
      calls.withLock { $0 = 0 }
      let second = try stage.run([child], intensity: 3)
      #expect(second.escalatedBecauseOf == "a")
      #expect(calls.withLock { $0 } == 4)
      #expect(second.error?.underlying as? ScriptedFailure == ScriptedFailure("no work either"))
      #expect(ref.current == nil)
    }
  }

  /// Mutants: start-timeout-ignored, heartbeat-ignored.
  @Test("a child that is never ready, and one that falls silent, are stopped in time and count as failed")
  func silence() throws {
    try Stage.play { stage in
      let mute = stage.puppet("mute", life: [.untilStopped])
      let first = try stage.run([mute.spec(startTimeout: .seconds(2))])
      try stage.pass(.seconds(2))
      #expect(first.error?.description == "mute could not be started: it was not ready after 2s")
      let silent = stage.puppet("silent")
      let second = try stage.run([silent.spec(heartbeat: .seconds(3))], intensity: 1, period: .seconds(10))
      try stage.pass(.seconds(3))
      #expect(silent.current == 2)
      #expect(stage.told.contains(.unresponsive(id: "silent", generation: 1, after: .seconds(3))))
      try stage.pass(.seconds(3))
      #expect(second.escalatedBecauseOf == "silent")
    }
  }

  /// Mutant: orphans-unlimited.
  @Test("deaf children are given up only so often: then the supervisor is")
  func tooManyOrphans() throws {
    try Stage.play(seeds: 1) { stage in
      let deaf = stage.puppet("deaf", life: [.ready, .hang])
      let run = try stage.run([deaf.spec(shutdown: .atOnce)], intensity: 0)
      for count in 1...Defaults.orphanLimit {
        try run.terminate("deaf")
        try run.restart("deaf")
        #expect(deaf.script.running.count == count + 1)
      }
      #expect(run.result == nil)
      try run.terminate("deaf")
      #expect(
        run.error?.description == "deaf cannot be kept running: more than 100 abandoned children are still running")
      #expect(run.report?.unstopped.count == Defaults.orphanLimit + 1)
      deaf.script.release()
      try stage.settle()
    }
  }
}
