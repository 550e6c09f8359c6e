/// What holds for all children of a supervisor, and what a reload may change.
struct SupervisorRules: Sendable {
  /// What else is restarted with a child.
  let strategy: Strategy
  /// Whether the end of significant children ends the supervisor.
  let autoShutdown: AutoShutdown
  /// How many restarts fit into `period`.
  let intensity: Int
  /// The window in which restarts are counted.
  let period: Duration
  /// The delays between restarts, where a child has none of its own.
  let backoff: Backoff
  /// How long a child must have been ready for its backoff to begin again at the base.
  let healthyAfter: Duration

  /// Refuses numbers that make no sense.
  func validate(owner: String) throws(SpecError) {
    guard (0...Defaults.largestIntensity).contains(intensity) else {
      throw .badNumber(
        owner: owner, field: "intensity", value: "\(intensity)", allowed: "0 to \(Defaults.largestIntensity)")
    }
    try Self.check(period, "period", of: owner, zeroAllowed: false)
    try Self.check(healthyAfter, "healthyAfter", of: owner, zeroAllowed: true)
    try Self.check(backoff, of: owner)
  }

  /// Refuses a child that cannot work under these rules.
  func validate(_ child: ChildSpec, supervisor: String) throws(SpecError) {
    try Self.check(child.startTimeout, "startTimeout", of: child.id, zeroAllowed: false)
    if case .grace(let grace) = child.shutdown {
      try Self.check(grace, "shutdown grace", of: child.id, zeroAllowed: true)
    }
    if let heartbeat = child.heartbeat { try Self.check(heartbeat, "heartbeat", of: child.id, zeroAllowed: false) }
    if let own = child.backoff { try Self.check(own, of: child.id) }
    if child.significant {
      guard child.restart != .permanent else { throw .significantPermanent(child: child.id) }
      guard autoShutdown != .never else { throw .significantInVain(child: child.id, supervisor: supervisor) }
    }
    if child.restart != .temporary { try checkEscalation(of: child) }
  }

  /// Refuses a child that cannot work under these rules, or has no id.
  func validate(dynamic child: ChildSpec, supervisor: String) throws(SpecError) {
    guard !child.id.isEmpty else { throw .emptyID(position: nil) }
    try validate(child, supervisor: supervisor)
  }

  /// A child that fails at once at every start must spend the intensity within the period, whatever the jitter.
  private func checkEscalation(of child: ChildSpec) throws(SpecError) {
    let needed = (child.backoff ?? backoff).longest(restarts: intensity)
    guard needed <= period else {
      throw .neverEscalates(child: child.id, intensity: intensity, period: period, needed: needed)
    }
  }

  /// Refuses delays that make no sense.
  private static func check(_ backoff: Backoff, of owner: String) throws(SpecError) {
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
  private static func check(
    _ value: Duration, _ field: String, of owner: String, zeroAllowed: Bool
  ) throws(SpecError) {
    guard value <= Defaults.longestDuration, zeroAllowed ? value >= .zero : value > .zero else {
      throw .badNumber(
        owner: owner, field: field, value: value.short,
        allowed: "\(zeroAllowed ? "0" : "more than 0") to \(Defaults.longestDuration.short)")
    }
  }
}
