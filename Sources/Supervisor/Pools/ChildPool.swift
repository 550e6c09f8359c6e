/// A child of a pool, to terminate it by. It stays the same through restarts.
public struct PoolChild: Sendable, Hashable {
  /// Whose child it is.
  private let pool: ObjectIdentifier
  /// Keeps the pool's identity from being given again.
  private let core: Supervisor
  /// Which child.
  let key: ChildKey

  /// Makes the handle of a child.
  init(_ key: ChildKey, of core: Supervisor) {
    self.key = key
    self.core = core
    pool = ObjectIdentifier(core)
  }

  /// Its id within the pool: its number.
  public var id: String { "\(key.number)" }

  /// Whether it is a child of a pool.
  func belongs(to core: Supervisor) -> Bool { self.core === core }

  /// Whether both are the same child.
  public static func == (left: PoolChild, right: PoolChild) -> Bool { left.pool == right.pool && left.key == right.key }

  /// Hashes who it is.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(pool)
    hasher.combine(key)
  }
}

/// Children that are all alike but for an argument, started while it runs: OTP's `simple_one_for_one`.
///
/// A permanent or transient child is started again with its argument; a temporary one is forgotten with it. More
/// restarts than the intensity allows end the pool. When it stops, all children stop together under one deadline. For
/// short tasks with deadlines, which are never restarted, take a `JobPool`.
public final class ChildPool<Argument: Sendable>: Sendable {
  /// What the children are.
  private let spec: PoolSpec<Argument>
  /// Supervises them.
  private let core: Supervisor

  /// Makes the pool that a core runs.
  init(_ spec: PoolSpec<Argument>, core: Supervisor) {
    self.spec = spec
    self.core = core
  }

  /// Makes a pool that is run by itself; under a supervisor take `ChildSpec.pool`.
  ///
  /// - Parameters:
  ///   - seed: of the chance in the delays between restarts.
  ///   - spawner: makes the tasks of the children.
  ///   - events: called for everything that happens, in order, on the thread where it happens; must not block.
  public convenience init(
    _ spec: PoolSpec<Argument>, clock: SupervisionClock, seed: UInt64, spawner: TaskSpawner = TaskSpawner(),
    events: @escaping @Sendable (SupervisorEvent) -> Void
  ) {
    self.init(
      spec,
      core: Supervisor(
        spec.core, clock: clock, seed: seed, spawner: spawner, events: events, own: nil, path: nil))
  }

  /// The pool's id.
  public var id: String { spec.id }

  /// Takes starts until the stop; cancelling the calling task asks for it.
  ///
  /// - Returns: what became of the children at the stop.
  /// - Throws: `SupervisorError` where restarts did not help; everything has been stopped.
  public func run() async throws(SupervisorError) -> StopReport { try await core.run() }

  /// Asks for the stop, and returns at once.
  public func stop() { core.stop() }

  /// Waits until the pool takes starts.
  ///
  /// - Throws: `SupervisorError` where it has stopped, or the waiting task is cancelled.
  public func waitUntilReady() async throws(SupervisorError) { try await core.waitUntilReady() }

  /// Starts a child, and waits until it is ready or declines.
  ///
  /// - Returns: its handle, and what it gave to `ready(_:)`; one that declined is gone.
  /// - Throws: `ChildError` where its start failed, or the pool does not run. Nothing is kept then.
  @discardableResult
  public func startChild(_ argument: Argument) async throws(ChildError) -> (child: PoolChild, start: StartedChild) {
    let child = spec.child(argument)
    let start = try await core.start { $0.onStartChild(child, $1, now: $2, &$3) }
    return (PoolChild(start.key, of: core), start)
  }

  /// Stops a child, and waits until it has ended or was abandoned. One that has ended is fine.
  ///
  /// - Throws: `ChildError` where it is another pool's child, or the pool does not run.
  public func terminateChild(_ child: PoolChild) async throws(ChildError) {
    guard child.belongs(to: core) else { throw .notFound(id: child.id) }
    _ = try await core.request { $0.onTerminateChild(child.key, $1, now: $2, &$3) }.get()
  }

  /// Refused: a child of a pool that has ended is gone, with its argument.
  public func restartChild(_ child: PoolChild) throws(ChildError) {
    throw .notAvailable(operation: "restart", pool: id)
  }

  /// Refused: a child of a pool has no specification of its own.
  public func deleteChild(_ child: PoolChild) throws(ChildError) {
    throw .notAvailable(operation: "delete", pool: id)
  }

  /// The children, newest first; none once the pool has stopped.
  public func whichChildren() async -> [ChildInfo] { await core.whichChildren() }

  /// How many children there are; none once the pool has stopped.
  public func countChildren() async -> ChildCounts { await core.countChildren() }

  /// The pool at this moment.
  public func snapshot() async -> SupervisorSnapshot { await core.snapshot() }
}
