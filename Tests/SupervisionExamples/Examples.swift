import Supervision

// The examples of the documentation, as they stand there: `ExampleTests` compares them, and runs them.

func run(_ connect: @escaping @Sendable () async throws -> Void) async throws -> StopReport {
  let listener = ChildSpec(id: "listener") { context in
    try await connect()
    context.ready()
    await context.untilShutdown()
  }
  let spec = try SupervisorSpec(id: "service", strategy: .oneForOne, children: [listener])
  let supervisor = Supervisor(spec: spec, clock: SupervisionClock(ContinuousClock()), seed: 1) { print($0) }
  return try await supervisor.run()
}

func cacheAndReader() throws -> SupervisorSpec {
  let cache = Ref<Cache>("cache")
  return try SupervisorSpec(
    id: "lookup", strategy: .restForOne,
    children: [
      .instance(id: "cache", ref: cache) { _ in
        Cache()
      } run: { _, context in
        context.ready()
        await context.untilShutdown()
      },
      ChildSpec(id: "reader") { context in
        let cache = try cache.get()
        context.ready()
        await cache.fill()
        await context.untilShutdown()
      },
    ])
}

func workers(_ pool: Ref<ChildPool<Int>>) throws -> SupervisorSpec {
  let each = try PoolSpec<Int>(id: "workers", restart: .transient) { number, context in
    context.ready("worker \(number)")
    await context.untilShutdown()
  }
  return try SupervisorSpec(
    id: "service", strategy: .oneForOne, children: [.pool(id: "workers", ref: pool, pool: each)])
}

func reader(_ next: @escaping @Sendable () async throws -> Void) -> ChildSpec {
  ChildSpec(id: "reader", heartbeat: .seconds(30)) { context in
    context.ready()
    while !context.isShuttingDown {
      try await next()
      context.beat()
    }
  }
}

func write(_ line: String, to file: Log, _ context: ChildContext) async throws {
  guard context.isCurrent else { throw CancellationError() }
  try await file.append(line, as: context.generation)
}

/// What the examples look things up in.
actor Cache {
  /// How often it was filled.
  private(set) var fills = 0

  /// Fills it.
  func fill() { fills += 1 }
}

/// What the examples write to: it refuses lines of a generation older than the newest that it has seen.
actor Log {
  /// The lines.
  private(set) var lines: [String] = []
  /// The newest generation that wrote.
  private var newest: UInt64 = 0

  /// Takes a line.
  ///
  /// - Throws: `CancellationError` where a newer generation has written.
  func append(_ line: String, as generation: UInt64) throws {
    guard generation >= newest else { throw CancellationError() }
    newest = generation
    lines.append(line)
  }
}
