/// What people can see of the supervisor.
extension SupervisorStateMachine {
  /// The supervisor at this moment.
  func snapshot(now: Duration) -> SupervisorSnapshot {
    var shown: [ChildSnapshot] = []
    shown.reserveCapacity(children.count)
    for key in children.keys {
      let child = children[key]
      shown.append(
        ChildSnapshot(
          id: child.id, kind: child.spec.kind, state: child.publicState, generation: child.generation,
          restarts: child.restarts, lastFailure: child.lastFailure, since: child.since, age: now - child.since))
    }
    return SupervisorSnapshot(
      id: id, state: publicState, takenAt: now, children: shown,
      orphans: orphans.all.map {
        OrphanSnapshot(id: $0.id, generation: $0.generation, age: now - $0.since)
      })
  }

  /// The children, newest first; none once the supervisor has stopped.
  func whichChildren() -> [ChildInfo] {
    if case .finished = phase { return [] }
    var infos: [ChildInfo] = []
    infos.reserveCapacity(children.count)
    var next = children.last
    while let key = next {
      infos.append(info(key))
      next = children.previous(before: key)
    }
    return infos
  }

  /// A child.
  func whichChild(_ id: String) throws(ChildError) -> ChildInfo { info(try seek(id)) }

  /// A child's specification.
  func childSpec(_ id: String) throws(ChildError) -> ChildSpec { children[try seek(id)].spec }

  /// How many children there are; none once the supervisor has stopped.
  func countChildren() -> ChildCounts {
    if case .finished = phase { return ChildCounts(specs: 0, active: 0, supervisors: 0, workers: 0) }
    return ChildCounts(
      specs: children.count, active: runningCount, supervisors: supervisorCount,
      workers: children.count - supervisorCount)
  }

  /// A child as a list shows it.
  private func info(_ key: ChildKey) -> ChildInfo {
    let child = children[key]
    return ChildInfo(id: child.id, kind: child.spec.kind, state: child.publicState, generation: child.generation)
  }

  /// The child of an id, also while nothing runs.
  private func seek(_ id: String) throws(ChildError) -> ChildKey {
    if case .finished = phase { throw .notRunning(supervisor: self.id, state: .stopped) }
    guard let key = children.find(id) else { throw .notFound(id: id) }
    return key
  }
}
