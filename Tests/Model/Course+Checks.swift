import Supervision
import SupervisionTesting

/// What is held against the model, and what is checked without it.
extension Course {
  /// Reads on in the trace: what reached the supervisor, and what it told.
  mutating func follow() throws {
    let entries = simulation.trace.suffix(from: read)
    read += entries.count
    for entry in entries {
      switch entry.content {
      case .note: inputs.append(.stop)
      case .child(.ready(let id, let generation)): inputs.append(.ready(id: id, generation: generation))
      case .child(.ended(let id, let generation, let end)):
        let exit: ReferenceModel.Exit =
          switch end {
          case .returned: .returned
          case .cancelled: .cancelled
          case .failed(let text): .threw(Fault(ScriptedFailure(text)))
          }
        inputs.append(.ended(id: id, generation: generation, exit: exit))
      case .child(.began(let id, let generation)):
        // One that was given up before its task began may come late.
        let isLate = model.orphans.contains { $0.id == id && $0.generation == generation }
        let newest = model.position(id).map { model.children[$0].generation }
        try demand(newest == generation || isLate, "\(id) began start \(generation) out of turn")
      case .child(.violation(let id, let text)): try demand(false, "\(id): \(text)")
      case .child(.step): break
      case .supervisor(let event): try match(event)
      }
    }
  }

  /// Holds an event against what is expected next.
  private mutating func match(_ event: SupervisorEvent) throws {
    while model.expected.isEmpty, !inputs.isEmpty { model.take(inputs.removeFirst()) }
    guard let next = model.expected.first else { return try demand(false, "told for no reason: \(event)") }
    model.expected.removeFirst()
    switch next {
    case .exactly(let expected): try demand(expected == event, "told: \(event)\nexpected: \(expected)")
    case .restart(let id, let generation, let outcome, let range):
      guard let delay = event.restartDelay, event == model.ending(id, generation, outcome, delay: delay) else {
        return try demand(false, "told: \(event)\nexpected: \(next)")
      }
      try demand(range.contains(delay), "restart of \(id) in \(delay), expected \(range)")
      model.adopt(id, delay: delay)
    case .finished(let stopped, let failures, let unstopped):
      guard case .supervisorStopped(tree.spec.id, let report) = event else {
        return try demand(false, "told: \(event)\nexpected: \(next)")
      }
      try demand(report.stopped == stopped, "stopped: \(report.stopped), expected \(stopped)")
      try demand(report.failures.map(\.id) == failures, "failed: \(report.failures), expected \(failures)")
      let left = report.unstopped.map { "\($0.id)#\($0.generation)" }
      try demand(left == unstopped, "unstopped: \(left), expected \(unstopped)")
    }
  }

  /// Holds what the supervisor shows and how it ended against the model.
  mutating func compare() throws {
    let supervisor = supervisor
    guard let snapshot = try simulation.now({ await supervisor.snapshot() }) else {
      return try demand(false, "no snapshot")
    }
    let shown = snapshot.children.map {
      "\($0.id) \($0.state) \($0.generation) \($0.restarts) \($0.since) \($0.lastError ?? "-")"
    }
    let expected = model.children.filter { !($0.state == .over && $0.spec.restart == .temporary) }.map {
      let error = $0.lastFailure?.description ?? "-"
      return "\($0.spec.id) \($0.shown) \($0.generation) \($0.restarts) \($0.since) \(error)"
    }
    try demand(shown == expected, "shown: \(shown)\nexpected: \(expected)")
    let orphans = snapshot.orphans.map { "\($0.id)#\($0.generation)" }
    try demand(orphans == model.orphans.map { "\($0.id)#\($0.generation)" }, "orphans: \(orphans)")
    let state: SupervisorState =
      if model.isOver { .stopped } else if model.cause != nil { .stopping } else if model.wasReady { .running } else {
        .starting
      }
    try demand(snapshot.state == state, "the supervisor is \(snapshot.state), expected \(state)")
    try demand(ends.all.isEmpty != model.isOver, "the run has \(ends.all.isEmpty ? "not " : "")ended")
    switch (ends.all.first, model.cause) {
    case (nil, _), (.success, .requested): break
    case (.failure(.startFailed(let child, _, _)), .startFailed(let expected)) where child == expected: break
    case (.failure(.escalated(let child, _, _)), .escalated(let expected)) where child == expected: break
    case (let end?, let cause): try demand(false, "ended with \(end), expected \(String(describing: cause))")
    }
  }

  /// What can be seen from the events alone, whatever the model says.
  func audit() throws {
    var restarts: [Duration] = []
    var (isStopping, hasEscalated) = (false, false)
    var lastAsked = Int.max
    /// Those that are starting, and since when.
    var starting: [String: Duration] = [:]
    for entry in simulation.events {
      guard case .supervisor(let event) = entry.content else { continue }
      switch event {
      case .terminated(_, _, _, .some), .startFailed(_, _, _, .some):
        restarts = restarts.filter { entry.time - $0 <= tree.spec.period } + [entry.time]
        try demand(restarts.count <= tree.spec.intensity, "more restarts than the intensity allows")
      case .escalated: hasEscalated = true
      case .supervisorStopping:
        isStopping = true
        lastAsked = Int.max
      case .started(let id, _), .restarting(let id, _, _):
        starting[id] = entry.time
        try demand(!isStopping, "started while it stops: \(event)")
      case .ready(let id, _, _): starting[id] = nil
      case .stopping(let id, _) where isStopping:
        guard let position = tree.spec.children.firstIndex(where: { $0.id == id }) else { continue }
        // Its own start timeout asks whenever it is over.
        if let since = starting[id], entry.time - since == tree.spec.children[position].startTimeout { continue }
        try demand(position < lastAsked, "\(id) is stopped out of order")
        lastAsked = position
      case .terminated, .startFailed, .stopping, .stopped, .abandoned, .orphanEnded, .supervisorReady,
        .supervisorStopped, .jobStarted, .jobCancelled, .jobEnded:
        break
      }
    }
    if case .failure(.escalated)? = ends.all.first {
      try demand(hasEscalated, "gave up without saying so")
    }
  }
}

extension ReferenceModel.Child {
  /// What a snapshot says of its state.
  var shown: ChildState {
    switch state {
    case .down: .down
    case .starting: .starting
    case .ready: .ready
    case .stopping: .stopping
    case .waiting: .restarting
    case .over: .ended
    }
  }
}

extension Course {
  /// The kinds of events that must not be rare.
  static let allKinds = [
    "restarted", "retried", "ended for good", "abandoned", "late orphan", "escalated", "first start failed",
    "stopped while starting", "threw at the stop", "unstopped", "bystander",
  ]

  /// The kinds of events in this course.
  var kinds: Set<String> {
    var kinds: Set<String> = []
    var (isReady, isStopping) = (false, false)
    for event in simulation.told {
      switch event {
      case .terminated(_, _, _, .some): kinds.insert("restarted")
      case .terminated(_, _, _, nil): kinds.insert("ended for good")
      case .startFailed(_, _, _, .some): kinds.insert("retried")
      case .startFailed(_, _, _, nil): break
      case .abandoned: kinds.insert("abandoned")
      case .orphanEnded where !isStopping: kinds.insert("late orphan")
      case .escalated: kinds.insert("escalated")
      case .supervisorReady: isReady = true
      case .supervisorStopping:
        isStopping = true
        if !isReady { kinds.insert("stopped while starting") }
      case .stopping where !isStopping: kinds.insert("bystander")
      case .supervisorStopped(_, let report):
        if !report.failures.isEmpty { kinds.insert("threw at the stop") }
        if !report.unstopped.isEmpty { kinds.insert("unstopped") }
      case .started, .ready, .restarting, .stopping, .stopped, .orphanEnded, .jobStarted, .jobCancelled, .jobEnded:
        break
      }
    }
    if case .failure(.startFailed)? = ends.all.first { kinds.insert("first start failed") }
    return kinds
  }
}

extension SupervisorEvent {
  /// After what delay a child is restarted, where this tells of one that is.
  var restartDelay: Duration? {
    switch self {
    case .terminated(_, _, _, let delay), .startFailed(_, _, _, let delay): delay
    default: nil
    }
  }
}
