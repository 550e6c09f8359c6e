/// What a pool needs to know: one template for all of its children, which are started with an argument.
public struct PoolSpec<Argument: Sendable>: Sendable {
  /// What a child of the pool runs.
  public typealias Body = @Sendable (Argument, ChildContext) async throws -> Void

  /// The pool's name, for events and messages.
  public let id: String
  /// When a child is started again, with the argument that it had. A temporary one and its argument are forgotten.
  public let restart: RestartType
  /// How a child is stopped. When the pool stops, all have this grace together.
  public let shutdown: Shutdown
  /// How long a child may take until `ready()`.
  public let startTimeout: Duration
  /// How long a child may be silent once it is ready; nil: as long as it likes.
  public let heartbeat: Duration?
  /// What the machine takes.
  let core: CoreSpec
  /// What a child runs, once for each start.
  let body: Body

  /// Makes a specification.
  ///
  /// - Throws: `SpecError` for an empty id, for numbers that make no sense, and for delays so long that a child which
  ///   fails at every start would never escalate.
  public init(
    id: String, restart: RestartType = .temporary, intensity: Int = Defaults.intensity,
    period: Duration = Defaults.period, backoff: Backoff = Defaults.backoff,
    healthyAfter: Duration = Defaults.healthyAfter, shutdown: Shutdown = Defaults.shutdown,
    startTimeout: Duration = Defaults.startTimeout, heartbeat: Duration? = nil, body: @escaping Body
  ) throws(SpecError) {
    self.id = id
    self.restart = restart
    self.shutdown = shutdown
    self.startTimeout = startTimeout
    self.heartbeat = heartbeat
    self.body = body
    core = CoreSpec(
      id: id, isPool: true,
      rules: SupervisorRules(
        strategy: .oneForOne, autoShutdown: .never, intensity: intensity, period: period, backoff: backoff,
        healthyAfter: healthyAfter),
      children: [])
    guard !id.isEmpty else { throw .emptyID(position: nil) }
    try core.rules.validate(owner: id)
    try core.rules.validate(template(id: id) { _ in }, supervisor: id)
  }

  /// The specification of the child with an argument.
  func child(_ argument: Argument) -> ChildSpec {
    // The machine names it by its number.
    template(id: "") { [body] context in try await body(argument, context) }
  }

  /// A child of the pool.
  private func template(id: String, body: @escaping ChildSpec.Body) -> ChildSpec {
    ChildSpec(
      id: id, restart: restart, shutdown: shutdown, startTimeout: startTimeout, heartbeat: heartbeat, body: body)
  }
}
