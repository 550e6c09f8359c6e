import Supervision
import SupervisionTesting
import Testing

/// Something that runs on a stage, and has to have ended when the case is over.
protocol Ending: Sendable {
  /// True once it has ended.
  var hasEnded: Bool { get }
  /// Asks it to end.
  func stop()
}

/// A supervisor or a pool that runs on a stage.
final class Run<Subject: Sendable>: Sendable {
  /// The supervisor or the pool.
  let subject: Subject
  /// Where it runs.
  let stage: Stage
  /// Asks it to end.
  private let onStop: @Sendable () -> Void
  /// How it ended.
  private let outcome = Locked<Result<StopReport, SupervisorError>?>(nil)

  /// Makes the run of a supervisor or a pool.
  init(_ subject: Subject, on stage: Stage, stop: @escaping @Sendable () -> Void) {
    onStop = stop
    self.subject = subject
    self.stage = stage
  }

  /// How it ended; nil where it has not.
  var result: Result<StopReport, SupervisorError>? { outcome.withLock { $0 } }

  /// What became of the children; nil where it has not ended.
  var report: StopReport? {
    switch result {
    case .success(let report): report
    case .failure(let error): error.report
    case nil: nil
    }
  }

  /// Why it could not go on; nil where it goes on, or ended as it should.
  var error: SupervisorError? { if case .failure(let error) = result { error } else { nil } }

  /// The child because of which it gave up; nil where it did not.
  var escalatedBecauseOf: String? { if case .escalated(let child, _, _) = error { child } else { nil } }

  /// Notes how it ended.
  func note(_ result: Result<StopReport, SupervisorError>) { outcome.withLock { $0 = result } }
}

extension Run: Ending {
  /// True once it has ended.
  var hasEnded: Bool { result != nil }

  /// Asks it to end.
  func stop() { onStop() }

  /// Asks it to end and lets everything come to rest; what became of the children, where it ended as it should.
  @discardableResult
  func end() throws -> StopReport {
    stop()
    try stage.settle()
    guard let result else { throw Unanswered() }
    return try result.get()
  }
}

extension Run<Supervisor> {
  /// The supervisor.
  var supervisor: Supervisor { subject }

  /// The children in the order of their start: `a#1 ready`.
  func list() throws -> [String] {
    try stage.ask { await self.supervisor.whichChildren() }.reversed().map { "\($0.id)#\($0.generation) \($0.state)" }
  }

  /// Specifications, running children, supervisors and workers.
  func counts() throws -> [Int] {
    let counts = try stage.ask { await self.supervisor.countChildren() }
    return [counts.specs, counts.active, counts.supervisors, counts.workers]
  }

  /// Starts a child that gets ready, or fails, or declines, at once.
  @discardableResult
  func start(_ spec: ChildSpec) throws -> StartedChild { try stage.ask { try await self.supervisor.startChild(spec) } }

  /// Terminates a child that ends at once.
  func terminate(_ id: String) throws { try stage.ask { try await self.supervisor.terminateChild(id) } }

  /// Starts a child again that gets ready, or fails, or declines, at once.
  @discardableResult
  func restart(_ id: String) throws -> StartedChild { try stage.ask { try await self.supervisor.restartChild(id) } }

  /// Forgets a child.
  func delete(_ id: String) throws { try stage.ask { try await self.supervisor.deleteChild(id) } }

  /// Gives the supervisor another specification.
  func reload(_ spec: SupervisorSpec) throws { try stage.ask { try await self.supervisor.reload(spec) } }
}

extension Run<ChildPool<String>> {
  /// The pool.
  var pool: ChildPool<String> { subject }

  /// The children in the order of their start: `1#1 ready`.
  func list() throws -> [String] {
    try stage.ask { await self.pool.whichChildren() }.reversed().map { "\($0.id)#\($0.generation) \($0.state)" }
  }

  /// Specifications, running children, supervisors and workers.
  func counts() throws -> [Int] {
    let counts = try stage.ask { await self.pool.countChildren() }
    return [counts.specs, counts.active, counts.supervisors, counts.workers]
  }

  /// Starts a child that gets ready, or fails, or declines, at once.
  @discardableResult
  func start(_ puppet: Puppet) throws -> (child: PoolChild, start: StartedChild) {
    try stage.ask { try await self.pool.startChild(puppet.id) }
  }

  /// Terminates a child that ends at once.
  func terminate(_ child: PoolChild) throws { try stage.ask { try await self.pool.terminateChild(child) } }
}
