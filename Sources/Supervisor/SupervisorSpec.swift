/// What else is restarted when a child is.
public enum Strategy: Sendable, Hashable {
  /// Nothing else.
  case oneForOne
  /// The children that were started after it: stopped in reverse, started again in order.
  case restForOne
}

/// What a supervisor needs to know.
public struct SupervisorSpec: Sendable {
  /// The supervisor's name, for events and messages.
  public let id: String
  /// What else is restarted with a child.
  public let strategy: Strategy
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
  /// - Throws: `SpecError` for ids that are empty or used twice, for numbers that make no sense, and for delays so long
  ///   that a child which fails at every start would never escalate.
  public init(
    id: String, strategy: Strategy, intensity: Int = Defaults.intensity, period: Duration = Defaults.period,
    backoff: Backoff = Defaults.backoff, healthyAfter: Duration = Defaults.healthyAfter, children: [ChildSpec]
  ) throws(SpecError) {
    self.id = id
    self.strategy = strategy
    self.intensity = intensity
    self.period = period
    self.backoff = backoff
    self.healthyAfter = healthyAfter
    self.children = children
    try validate()
  }

  /// Refuses what cannot work.
  private func validate() throws(SpecError) {
    guard !id.isEmpty else { throw .emptyID(position: nil) }
    guard (0...Defaults.largestIntensity).contains(intensity) else {
      throw .badNumber(
        owner: id, field: "intensity", value: "\(intensity)", allowed: "0 to \(Defaults.largestIntensity)")
    }
    try check(period, "period", of: id, zeroAllowed: false)
    try check(healthyAfter, "healthyAfter", of: id, zeroAllowed: true)
    try check(backoff, of: id)
    var seen: Set<String> = []
    for (position, child) in children.enumerated() {
      guard !child.id.isEmpty else { throw .emptyID(position: position) }
      guard seen.insert(child.id).inserted else { throw .duplicateChild(id: child.id, supervisor: id) }
      try check(child.startTimeout, "startTimeout", of: child.id, zeroAllowed: false)
      if case .grace(let grace) = child.shutdown { try check(grace, "shutdown grace", of: child.id, zeroAllowed: true) }
      if let own = child.backoff { try check(own, of: child.id) }
      if child.restart != .temporary { try checkEscalation(of: child) }
    }
  }

  /// A child that fails at once at every start must spend the intensity within the period, whatever the jitter.
  private func checkEscalation(of child: ChildSpec) throws(SpecError) {
    let needed = (child.backoff ?? backoff).longest(restarts: intensity)
    guard needed <= period else {
      throw .neverEscalates(child: child.id, intensity: intensity, period: period, needed: needed)
    }
  }

  /// Refuses delays that make no sense.
  private func check(_ backoff: Backoff, of owner: String) throws(SpecError) {
    try check(backoff.base, "backoff base", of: owner, zeroAllowed: true)
    try check(backoff.max, "backoff max", of: owner, zeroAllowed: true)
    guard backoff.max >= backoff.base else {
      throw .badNumber(
        owner: owner, field: "backoff max", value: backoff.max.short,
        allowed: "the base (\(backoff.base.short)) or more")
    }
    guard backoff.ratio.isFinite, backoff.ratio >= 1 else {
      throw .badNumber(owner: owner, field: "backoff ratio", value: "\(backoff.ratio)", allowed: "1 or more")
    }
    guard backoff.jitter.isFinite, (0...1).contains(backoff.jitter) else {
      throw .badNumber(owner: owner, field: "backoff jitter", value: "\(backoff.jitter)", allowed: "0 to 1")
    }
  }

  /// Refuses a duration that makes no sense.
  private func check(_ value: Duration, _ field: String, of owner: String, zeroAllowed: Bool) throws(SpecError) {
    guard value <= Defaults.longestDuration, zeroAllowed ? value >= .zero : value > .zero else {
      throw .badNumber(
        owner: owner, field: field, value: value.short,
        allowed: "\(zeroAllowed ? "0" : "more than 0") to \(Defaults.longestDuration.short)")
    }
  }
}

/// Why a specification is refused.
public enum SpecError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An id is empty: that of the child at this position, or of the supervisor.
  case emptyID(position: Int?)
  /// Two children have the same id.
  case duplicateChild(id: String, supervisor: String)
  /// A number outside what is allowed.
  case badNumber(owner: String, field: String, value: String, allowed: String)
  /// With these delays, `intensity` restarts take longer than `period`: a child could fail for ever unnoticed.
  case neverEscalates(child: String, intensity: Int, period: Duration, needed: Duration)

  /// For people.
  public var description: String {
    switch self {
    case .emptyID(let position):
      "\(position.map { "the child at position \($0)" } ?? "the supervisor") has an empty id: give it a name"
    case .duplicateChild(let id, let supervisor):
      "two children of \(supervisor) have the id \(id): ids must differ"
    case .badNumber(let owner, let field, let value, let allowed):
      "\(owner): \(field) \(value) is out of range; allowed: \(allowed)"
    case .neverEscalates(let child, let intensity, let period, let needed):
      """
      \(child) could never escalate: \(intensity) restarts take up to \(needed.short) with its backoff, but only \
      those within \(period.short) are counted; lengthen the period, or lower the intensity or the backoff
      """
    }
  }
}
