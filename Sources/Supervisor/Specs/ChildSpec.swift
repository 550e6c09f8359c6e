/// When a child that has ended is started again.
public enum RestartType: String, Sendable, Hashable, CaseIterable {
  /// Always, also after a normal end.
  case permanent
  /// Only after a failure.
  case transient
  /// Never; the child is forgotten when it ends.
  case temporary
}

/// What a child is.
public enum ChildKind: String, Sendable, Hashable, CaseIterable {
  /// It does work.
  case worker
  /// It supervises others.
  case supervisor
}

/// How a child is stopped. Its task is cancelled in each case.
public enum Shutdown: Sendable, Hashable {
  /// It has this long to end; then it is abandoned.
  case grace(Duration)
  /// It is abandoned at once: nobody waits for it.
  case atOnce
  /// It is waited for without a limit: for a child that bounds its own stop, such as a nested supervisor.
  case infinity
}

/// What a supervisor needs to know of a child.
public struct ChildSpec: Sendable {
  /// What a child runs.
  public typealias Body = @Sendable (ChildContext) async throws -> Void

  /// Unique among the children of a supervisor.
  public let id: String
  /// What it is.
  public let kind: ChildKind
  /// When it is started again.
  public let restart: RestartType
  /// Whether its end by itself may end the supervisor, as `SupervisorSpec.autoShutdown` says.
  public let significant: Bool
  /// How it is stopped.
  public let shutdown: Shutdown
  /// How long it may take until `ready()`.
  public let startTimeout: Duration
  /// How long it may be silent once it is ready; then it is stopped, and counts as failed. nil: as long as it likes.
  public let heartbeat: Duration?
  /// The delays before its restarts; nil for the supervisor's.
  public let backoff: Backoff?
  /// What it runs, once for each start.
  public let body: Body

  /// Makes a child of a closure that runs for as long as the child lives.
  ///
  /// It must call `ready()` within the start timeout. Only where it is not permanent may it instead return without
  /// having done so: a short task that is done. It must end when its task is cancelled, by returning or by throwing.
  ///
  /// - Parameters:
  ///   - shutdown: how it is stopped; nil: a worker as `Defaults.shutdown` says, a supervisor without a limit.
  public init(
    id: String, kind: ChildKind = .worker, restart: RestartType = .permanent, significant: Bool = false,
    shutdown: Shutdown? = nil, startTimeout: Duration? = nil, heartbeat: Duration? = nil, backoff: Backoff? = nil,
    body: @escaping Body
  ) {
    self.id = id
    self.kind = kind
    self.restart = restart
    self.significant = significant
    self.shutdown = shutdown ?? (kind == .worker ? Defaults.shutdown : Defaults.supervisorShutdown)
    self.startTimeout = startTimeout ?? (kind == .worker ? Defaults.startTimeout : Defaults.supervisorStartTimeout)
    self.heartbeat = heartbeat
    self.backoff = backoff
    self.body = body
  }

  /// Makes a child that has a fresh instance in each start, which others reach through a reference.
  ///
  /// - Parameters:
  ///   - ref: set after `make` and before `run`, cleared when `run` ends.
  ///   - make: builds the instance of a start.
  ///   - run: runs it for as long as it lives; calls `ready()`.
  public static func instance<I: Sendable>(
    id: String, ref: Ref<I>, restart: RestartType = .permanent, significant: Bool = false, shutdown: Shutdown? = nil,
    startTimeout: Duration? = nil, heartbeat: Duration? = nil, backoff: Backoff? = nil,
    make: @escaping @Sendable (ChildContext) async throws -> I,
    run: @escaping @Sendable (I, ChildContext) async throws -> Void
  ) -> ChildSpec {
    ChildSpec(
      id: id, restart: restart, significant: significant, shutdown: shutdown, startTimeout: startTimeout,
      heartbeat: heartbeat, backoff: backoff
    ) { context in
      let instance = try await make(context)
      // Abandoned while it was being made: a newer one may be at work already.
      guard context.isCurrent else { throw CancellationError() }
      ref.set(instance, for: context)
      defer { ref.clear(for: context) }
      try await run(instance, context)
    }
  }

  /// The same under another id.
  func named(_ id: String) -> ChildSpec {
    ChildSpec(
      id: id, kind: kind, restart: restart, significant: significant, shutdown: shutdown, startTimeout: startTimeout,
      heartbeat: heartbeat, backoff: backoff, body: body)
  }
}
