/// Children that supervise others: a nested supervisor, or a pool.
extension ChildSpec {
  /// Makes a nested supervisor: a fresh one in each start, ready when all of its children are.
  ///
  /// It measures with the same clock, tells its events to the same place under the path of its ids, and spawns as its
  /// parent does. Where its restarts do not help, or a significant child ended, it ends with `ChildOutcome.shutdown`: a
  /// transient one is then not started again, only a permanent one is.
  ///
  /// - Parameters:
  ///   - ref: resolves to the supervisor of the current start.
  ///   - spec: builds the specification of a start. An error of it is a failed start; nil declines to start.
  public static func supervisor(
    id: String, restart: RestartType = .permanent, significant: Bool = false,
    shutdown: Shutdown = Defaults.supervisorShutdown, startTimeout: Duration = Defaults.supervisorStartTimeout,
    backoff: Backoff? = nil, ref: Ref<Supervisor>? = nil,
    spec: @escaping @Sendable (ChildContext) async throws -> SupervisorSpec?
  ) -> ChildSpec {
    ChildSpec(
      id: id, kind: .supervisor, restart: restart, significant: significant, shutdown: shutdown,
      startTimeout: startTimeout, backoff: backoff
    ) { context in
      guard let built = try await spec(context) else { return context.decline() }
      let inner = Supervisor(built.core, under: context)
      try await run(inner, as: inner, ref, context)
    }
  }

  /// Makes a pool of like children that are started with an argument, as OTP's `simple_one_for_one`.
  ///
  /// - Parameters:
  ///   - ref: resolves to the pool of the current start; each starts empty.
  ///   - pool: what the pool's children are.
  public static func pool<Argument: Sendable>(
    id: String, restart: RestartType = .permanent, significant: Bool = false,
    shutdown: Shutdown = Defaults.supervisorShutdown, backoff: Backoff? = nil, ref: Ref<ChildPool<Argument>>,
    pool: PoolSpec<Argument>
  ) -> ChildSpec {
    ChildSpec(
      id: id, kind: .supervisor, restart: restart, significant: significant, shutdown: shutdown, backoff: backoff
    ) { context in
      let inner = Supervisor(pool.core, under: context)
      try await run(inner, as: ChildPool(pool, core: inner), ref, context)
    }
  }

  /// Runs a nested supervisor as the child of this context, and tells the parent how it ended.
  private static func run<Published: Sendable>(
    _ inner: Supervisor, as published: Published, _ ref: Ref<Published>?, _ context: ChildContext
  ) async throws {
    guard context.isCurrent else { throw CancellationError() }
    context.attach(inner)
    ref?.set(published, for: context)
    defer { ref?.clear(for: context) }
    let end: SubtreeEnd
    do throws(SupervisorError) {
      end = SubtreeEnd(report: try await inner.run(), error: nil)
    } catch {
      end = SubtreeEnd(report: error.report, error: error)
    }
    throw end
  }
}

/// How a nested supervisor ended, thrown to its parent's shell.
struct SubtreeEnd: Error {
  /// What became of its children.
  let report: StopReport
  /// Why it could not go on; nil where it was asked to stop, or a significant child ended.
  let error: SupervisorError?
}
