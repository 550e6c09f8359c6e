/// New specifications in place of the old ones, as OTP's code change: nothing is started or stopped by it.
extension SupervisorStateMachine {
  /// Somebody replaces the specifications. Where anything is wrong with them the old ones stay in force.
  ///
  /// Children are matched by id. New ones are added and do not run; those that are not in it any more stay as they are.
  mutating func onReload(_ spec: SupervisorSpec, now: Duration, _ actions: inout [Action]) throws(SpecError) {
    guard spec.id == id else { throw .otherSupervisor(running: id, given: spec.id) }
    if case .finished = phase { throw .hasStopped(supervisor: id) }
    let new = spec.core.rules
    let given = Set(spec.children.map(\.id))
    // Those that the new rules hold for as well, though the specification does not name them.
    for key in children.keys where !given.contains(children[key].id) {
      try new.validate(children[key].spec, supervisor: id)
    }
    rules = new
    intensity.change(intensity: new.intensity, period: new.period)
    for child in spec.children {
      if let key = children.find(child.id) {
        children[key].spec = child
      } else {
        let key = add(child, isDynamic: false)
        // It is there to be restarted: a start of it that fails is that of a restart.
        children[key].hasStarted = true
        enter(key, .done, now: now)
      }
    }
    recountSignificant()
    supervisorCount = children.keys.count { children[$0].spec.kind == .supervisor }
    actions.append(.emit(.reloaded(supervisor: id)))
  }

  /// Counts the significant children anew.
  mutating func recountSignificant() {
    significantCount = children.keys.count { children[$0].isActivelySignificant }
  }
}
