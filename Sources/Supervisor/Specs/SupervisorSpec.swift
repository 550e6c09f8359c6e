/// What else is restarted when a child is.
public enum Strategy: String, Sendable, Hashable, CaseIterable {
  /// Nothing else.
  case oneForOne
  /// All children: stopped in reverse, started again in order.
  case oneForAll
  /// The children that were started after it: stopped in reverse, started again in order.
  case restForOne
}

/// Whether the end of significant children ends the supervisor.
public enum AutoShutdown: String, Sendable, Hashable, CaseIterable {
  /// It does not.
  case never
  /// The end of any one does.
  case anySignificant
  /// The end of the last one that is active does.
  case allSignificant
}

/// What a supervisor needs to know.
public struct SupervisorSpec: Sendable {
  /// The supervisor's name, for events and messages.
  public let id: String
  /// What else is restarted with a child.
  public let strategy: Strategy
  /// Whether the end of significant children ends the supervisor.
  public let autoShutdown: AutoShutdown
  /// How many restarts fit into `period`; one more escalates. 0: any restart escalates.
  public let intensity: Int
  /// The window in which restarts are counted.
  public let period: Duration
  /// The delays between restarts, where a child has none of its own.
  public let backoff: Backoff
  /// How long a child must have been ready for its backoff to begin again at the base.
  public let healthyAfter: Duration
  /// The children in the order of their start.
  public let children: [ChildSpec]

  /// Makes a specification.
  ///
  /// - Throws: `SpecError` for ids that are empty or used twice, for numbers that make no sense, for significant
  ///   children that could never matter, and for delays so long that a child which fails at every start would never
  ///   escalate.
  public init(
    id: String, strategy: Strategy, autoShutdown: AutoShutdown = .never, intensity: Int = Defaults.intensity,
    period: Duration = Defaults.period, backoff: Backoff = Defaults.backoff,
    healthyAfter: Duration = Defaults.healthyAfter, children: [ChildSpec]
  ) throws(SpecError) {
    self.id = id
    self.strategy = strategy
    self.autoShutdown = autoShutdown
    self.intensity = intensity
    self.period = period
    self.backoff = backoff
    self.healthyAfter = healthyAfter
    self.children = children
    guard !id.isEmpty else { throw .emptyID(position: nil) }
    let rules = core.rules
    try rules.validate(owner: id)
    var seen: Set<String> = []
    for (position, child) in children.enumerated() {
      guard !child.id.isEmpty else { throw .emptyID(position: position) }
      guard seen.insert(child.id).inserted else { throw .duplicateChild(id: child.id, supervisor: id) }
      try rules.validate(child, supervisor: id)
    }
  }

  /// What the machine takes: it has been checked.
  var core: CoreSpec {
    CoreSpec(
      id: id, isPool: false,
      rules: SupervisorRules(
        strategy: strategy, autoShutdown: autoShutdown, intensity: intensity, period: period, backoff: backoff,
        healthyAfter: healthyAfter),
      children: children)
  }
}

/// What the machine of a supervisor or of a pool begins with.
struct CoreSpec: Sendable {
  /// The name.
  let id: String
  /// Whether the children are instances of one template, which have no names and no order.
  let isPool: Bool
  /// What a reload may change.
  let rules: SupervisorRules
  /// The children in the order of their start.
  let children: [ChildSpec]
}
