public import Supervision

/// Supervisors under a seed: every task on one thread in an order that the seed decides, on a clock that moves only
/// when nothing can run. One seed is one course of events, to the last step.
///
/// ```swift
/// let simulation = Simulation(seed: 7)
/// let child = simulation.child("a", starts: [[.ready, .work(.seconds(3)), .fail("boom")], [.ready, .untilStopped]])
/// let spec = try SupervisorSpec(id: "root", strategy: .oneForOne, children: [ChildSpec(id: "a", body: child.body)])
/// let report = try simulation.run { simulation in
///   let supervisor = simulation.supervisor(spec)
///   let run = simulation.spawn("run") { try await supervisor.run() }
///   try await simulation.clock.sleep(for: .seconds(60))
///   supervisor.stop()
///   return try await run.value
/// }
/// ```
///
/// A test that prefers to stand outside calls `spawn`, then `settle` and `clock.advance` in turn. A simulation belongs
/// to one thread at a time; nothing in it may start a `Task {}` of its own, or block.
public final class Simulation: Sendable {
  /// How many steps may follow one another without a rest.
  public static let stepLimit = 1_000_000

  /// Decides the order, and the chance in the delays of its supervisors.
  public let seed: UInt64
  /// The time.
  public let clock: VirtualClock
  /// Runs the tasks.
  public let executor: SeededExecutor
  /// Everything that happened.
  public let trace = Trace()
  /// Tasks that wait for the rest, in the order in which they came.
  private let resting = Locked<[CheckedContinuation<Void, Never>]>([])

  /// Makes a simulation at time zero in which nothing runs.
  ///
  /// - Parameter grain: where another task may get in between.
  public init(seed: UInt64, grain: SeededExecutor.Grain = .hops) {
    self.seed = seed
    clock = VirtualClock()
    executor = SeededExecutor(seed: seed, grain: grain)
  }

  /// What has happened so far.
  public var events: [TraceEntry] { trace.all }

  /// What supervisors have told so far.
  public var told: [SupervisorEvent] {
    trace.all.compactMap { if case .supervisor(let event) = $0.content { event } else { nil } }
  }

  /// What scripted children found that must never be.
  public var violations: [String] {
    trace.all.compactMap {
      guard case .child(.violation(let id, let text)) = $0.content else { return nil }
      return "\(id): \(text)"
    }
  }

  /// Makes a child that plays a script in this simulation.
  public func child(_ id: String, starts: [[ScriptedChild.Step]] = []) -> ScriptedChild {
    ScriptedChild(id, clock: clock, trace: trace, starts: starts)
  }

  /// Makes a supervisor in this simulation; what it tells goes to the trace.
  public func supervisor(_ spec: SupervisorSpec) -> Supervisor {
    Supervisor(
      spec: spec, clock: SupervisionClock(clock), seed: seed, spawner: executor.spawner,
      events: { [trace, clock] in trace.record(TraceEntry(time: clock.now.offset, .supervisor($0))) })
  }

  /// Notes something in the trace.
  public func note(_ text: String) {
    trace.record(TraceEntry(time: clock.now.offset, .note(text)))
  }

  /// Starts a task in this simulation. It runs when the simulation does.
  @discardableResult
  public func spawn<Value: Sendable>(
    _ name: String = "simulated", _ body: @escaping @Sendable () async throws -> Value
  ) -> Task<Value, any Error> {
    Task.detached(name: name, executorPreference: executor, priority: .medium) { try await body() }
  }

  /// Runs what can run, until nothing can. Time stands still.
  ///
  /// - Throws: `SimulationError` where there is no rest, or tasks had escaped.
  public func settle() throws(SimulationError) {
    guard executor.run(atMost: Self.stepLimit) else { throw .runaway(seed: seed, steps: Self.stepLimit) }
    guard executor.strays == 0 else { throw .strayed(seed: seed, jobs: executor.strays) }
  }

  /// Runs a body and everything that comes of it, until the body has ended. Whenever nothing can run, the clock moves on
  /// to the next sleeper.
  ///
  /// - Throws: what the body throws, or `SimulationError`.
  public func run<Value: Sendable>(
    _ body: @escaping @Sendable (Simulation) async throws -> Value
  ) throws -> Value {
    let result = Locked<Result<Value, any Error>?>(nil)
    spawn("simulation") {
      let ended: Result<Value, any Error>
      do { ended = .success(try await body(self)) } catch { ended = .failure(error) }
      result.withLock { $0 = ended }
    }
    var moves = 0
    while true {
      try settle()
      if let ended = result.withLock({ $0 }) {
        let violations = self.violations
        guard violations.isEmpty else { throw SimulationError.violated(seed: seed, violations) }
        return try ended.get()
      }
      moves += 1
      guard moves <= Self.stepLimit else { throw SimulationError.runaway(seed: seed, steps: executor.steps) }
      if letOneGo() { continue }
      guard clock.advanceToNextSleeper() else {
        throw SimulationError.stuck(seed: seed, steps: executor.steps)
      }
    }
  }

  /// Waits until nothing else can run, before time moves on. For the body of `run`.
  public func rest() async {
    await withCheckedContinuation { waiter in resting.withLock { $0.append(waiter) } }
  }

  /// Lets any other task get in between that can run, as a call that takes no time does.
  public func pause() async {
    await Task.yield()
  }

  /// Runs a body in this simulation until it has ended, without moving the clock; nil where it waits for time.
  public func now<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) throws(SimulationError) -> Value? {
    let value = Locked<Value?>(nil)
    spawn("now") {
      let found = await body()
      value.withLock { $0 = found }
    }
    try settle()
    return value.withLock { $0 }
  }

  /// Lets the first task go that waits for the rest. False where none does.
  private func letOneGo() -> Bool {
    let waiter = resting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    waiter?.resume()
    return waiter != nil
  }
}
