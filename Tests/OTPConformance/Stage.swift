import Supervision
import SupervisionTesting
import Testing

/// Where a case is played: supervisors and children under one seed, on a clock that only the case moves.
///
/// Nothing is awaited in a case. It starts something, lets everything come to rest, and looks: a request that is not
/// answered, or a child that is not ready, is seen at once.
struct Stage: Sendable {
  /// The tasks, the time and the trace.
  let simulation: Simulation
  /// What was begun on it.
  private let runs = Locked<[any Ending]>([])

  /// Plays a case in several interleavings, and looks after each that nothing is left over: two starts of a child at
  /// work at once, a run that does not end, somebody who sleeps, a task.
  ///
  /// - Parameter seeds: how many interleavings.
  static func play(seeds: UInt64 = 5, _ body: (Stage) throws -> Void) throws {
    for seed in 1...seeds {
      let stage = Stage(simulation: Simulation(seed: seed))
      try body(stage)
      try stage.strike()
    }
  }

  /// Makes the stage of one interleaving.
  private init(simulation: Simulation) {
    self.simulation = simulation
  }

  /// What supervisors have told so far.
  var told: [SupervisorEvent] { simulation.told }

  /// The same in words, for the events that begin so.
  func told(of id: String) -> [String] {
    told.map(\.description).filter { $0.hasPrefix("\(id)#") || $0.hasPrefix("\(id) ") }
  }

  // MARK: Children

  /// Makes a child.
  ///
  /// - Parameter life: what a start does once it may begin.
  func puppet(_ id: String, life: [ScriptedChild.Step] = [.ready, .obey]) -> Puppet {
    Puppet(simulation.child(id, starts: [life]))
  }

  /// Makes children.
  func puppets(_ ids: String...) -> [Puppet] { ids.map { puppet($0) } }

  // MARK: Supervisors

  /// Runs a supervisor, until everything has come to rest.
  func run(_ spec: SupervisorSpec) throws -> Run<Supervisor> {
    let supervisor = simulation.supervisor(spec)
    return try begin(supervisor, stop: { supervisor.stop() }) { () throws(SupervisorError) in try await supervisor.run()
    }
  }

  /// Runs a supervisor of children without delays, as OTP has none.
  func run(
    _ children: [ChildSpec], _ strategy: Strategy = .oneForOne, autoShutdown: AutoShutdown = .never,
    intensity: Int = 3, period: Duration = .seconds(5), backoff: Backoff = .immediate
  ) throws -> Run<Supervisor> {
    try run(
      SupervisorSpec(
        id: "root", strategy: strategy, autoShutdown: autoShutdown, intensity: intensity, period: period,
        backoff: backoff, children: children))
  }

  /// Runs a pool of these children, each started by its id.
  func pool(
    _ puppets: [Puppet], restart: RestartType = .temporary, intensity: Int = 3, period: Duration = .seconds(5),
    backoff: Backoff = .immediate, shutdown: Shutdown = .grace(.seconds(2))
  ) throws -> Run<ChildPool<String>> {
    let byID = Dictionary(uniqueKeysWithValues: puppets.map { ($0.id, $0) })
    let spec = try PoolSpec<String>(
      id: "pool", restart: restart, intensity: intensity, period: period, backoff: backoff, shutdown: shutdown
    ) { id, context in
      guard let puppet = byID[id] else { throw ScriptedFailure("nobody is called \(id)") }
      try await puppet.body(context)
    }
    return try pool(spec)
  }

  /// Runs a pool, until everything has come to rest.
  func pool<Argument: Sendable>(_ spec: PoolSpec<Argument>) throws -> Run<ChildPool<Argument>> {
    let pool = ChildPool(
      spec, clock: simulation.clock.supervision, seed: simulation.seed, spawner: simulation.executor.spawner,
      events: { [trace = simulation.trace, clock = simulation.clock] in
        trace.record(TraceEntry(time: clock.now.offset, .supervisor($0)))
      })
    return try begin(pool, stop: { pool.stop() }) { () throws(SupervisorError) in try await pool.run() }
  }

  /// Begins a run.
  private func begin<Subject: Sendable>(
    _ subject: Subject, stop: @escaping @Sendable () -> Void,
    _ body: @escaping @Sendable () async throws(SupervisorError) -> StopReport
  ) throws -> Run<Subject> {
    let run = Run(subject, on: self, stop: stop)
    simulation.spawn("run") {
      do throws(SupervisorError) { run.note(.success(try await body())) } catch { run.note(.failure(error)) }
    }
    runs.withLock { $0.append(run) }
    try simulation.settle()
    return run
  }

  // MARK: Requests and time

  /// Asks for something that needs no time.
  ///
  /// - Throws: what the request throws, or `Unanswered`.
  func ask<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let answer = try simulation.now { () -> Result<Value, any Error> in
      do { return .success(try await body()) } catch { return .failure(error) }
    }
    guard let answer else { throw Unanswered() }
    return try answer.get()
  }

  /// Asks for something that may need time.
  func begin<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Answer<Value> {
    let answer = Answer<Value>()
    simulation.spawn("request") {
      do { answer.set(.success(try await body())) } catch { answer.set(.failure(error)) }
    }
    try simulation.settle()
    return answer
  }

  /// Lets everything come to rest; time stands still.
  func settle() throws { try simulation.settle() }

  /// Lets time pass, sleeper by sleeper.
  func pass(_ duration: Duration) throws {
    try simulation.settle()
    let end = simulation.clock.now.offset + duration
    while let next = simulation.clock.deadlines.first, next <= end {
      simulation.clock.advance(by: next - simulation.clock.now.offset)
      try simulation.settle()
    }
    simulation.clock.advance(by: end - simulation.clock.now.offset)
    try simulation.settle()
  }

  /// Lets time pass until the run has ended, and tells how long that took; nil where it did not end by itself.
  func passUntilEnd(of run: Run<Supervisor>, atMost limit: Int = 1000) throws -> Duration? {
    try simulation.settle()
    let begin = simulation.clock.now.offset
    for _ in 0..<limit where run.result == nil {
      guard simulation.clock.advanceToNextSleeper() else { return nil }
      try simulation.settle()
    }
    return run.result == nil ? nil : simulation.clock.now.offset - begin
  }

  /// Looks that nothing is left over.
  private func strike() throws {
    for run in runs.withLock({ $0 }) where !run.hasEnded {
      run.stop()
      try simulation.settle()
      #expect(run.hasEnded, "seed \(simulation.seed): a run does not end")
    }
    #expect(simulation.violations == [], "seed \(simulation.seed)")
    #expect(simulation.clock.sleeperCount == 0, "seed \(simulation.seed): somebody sleeps")
  }
}

/// A request was not answered though everything had come to rest.
struct Unanswered: Error {}

/// The answer to a request, once it has come.
final class Answer<Value: Sendable>: Sendable {
  /// The answer.
  private let value = Locked<Result<Value, any Error>?>(nil)

  /// The answer; nil where it has not come.
  var result: Result<Value, any Error>? { value.withLock { $0 } }

  /// True once it has come.
  var hasCome: Bool { result != nil }

  /// Notes the answer.
  func set(_ result: Result<Value, any Error>) { value.withLock { $0 = result } }

  /// The answer.
  func get() throws -> Value {
    guard let result else { throw Unanswered() }
    return try result.get()
  }
}
