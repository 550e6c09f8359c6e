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
      case .note(let text):
        inputs.append(Int(text).map { .request($0, requests[$0]) } ?? .stop)
      case .child(.beat(let id, let generation)): inputs.append(.beat(id: id, generation: generation))
      case .child(.ready(let id, let generation)): inputs.append(.ready(id: id, generation: generation))
      case .child(.ended(let id, let generation, let end)):
        let exit: ReferenceModel.Exit =
          switch end {
          case .returned: .returned
          case .declined: .declined
          case .shutDown: .shutDown
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
    let seen = try simulation.now {
      (await supervisor.snapshot(), await supervisor.countChildren(), await supervisor.whichChildren())
    }
    guard let (snapshot, counts, infos) = seen else { return try demand(false, "no snapshot") }
    let isAsExpected =
      snapshot.children.count == model.children.count
      && zip(snapshot.children, model.children).allSatisfy { shown, child in
        shown.id == child.id && shown.state == child.shown && shown.generation == child.generation
          && shown.restarts == max(child.starts, 1) - 1 && shown.since == child.since
          && shown.lastFailure == child.lastFailure && shown.age == model.now - child.since
      }
    try demand(isAsExpected, "shown: \(snapshot.children)\nexpected: \(model.children)")
    let there = model.isOver ? [] : model.children
    try demand(infos.map(\.id) == there.reversed().map(\.id), "listed: \(infos)")
    try demand(counts.specs == there.count && counts.active == there.filter(\.isRunning).count, "counted: \(counts)")
    let answered = answers.all
    let areAnswered =
      answered.count == model.answers.count && answered.allSatisfy { model.answers[$0.number] == $0.text }
    try demand(areAnswered, "answered: \(answered)\nexpected: \(model.answers)")
    let areOrphans =
      snapshot.orphans.count == model.orphans.count
      && zip(snapshot.orphans, model.orphans).allSatisfy {
        $0.id == $1.id && $0.generation == $1.generation && $0.age == model.now - $1.since
      }
    try demand(areOrphans, "orphans: \(snapshot.orphans)\nexpected: \(model.orphans)")
    let state: SupervisorState =
      if model.isOver { .stopped } else if model.cause != nil { .stopping } else if model.wasReady { .running } else {
        .starting
      }
    try demand(snapshot.state == state, "the supervisor is \(snapshot.state), expected \(state)")
    try demand(ends.all.isEmpty != model.isOver, "the run has \(ends.all.isEmpty ? "not " : "")ended")
    switch (ends.all.first, model.cause) {
    case (nil, _), (.success, .requested), (.success, .significant): break
    case (.failure(.startFailed(let child, _, _)), .startFailed(let expected)) where child == expected: break
    case (.failure(.escalated(let child, _, _)), .escalated(let expected)) where child == expected: break
    case (let end?, let cause): try demand(false, "ended with \(end), expected \(String(describing: cause))")
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

extension SupervisorEvent {
  /// After what delay a child is restarted, where this tells of one that is.
  var restartDelay: Duration? {
    switch self {
    case .terminated(_, _, _, let delay), .startFailed(_, _, _, let delay): delay
    default: nil
    }
  }
}
