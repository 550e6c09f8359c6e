import Supervision
import SupervisionTesting

/// What can be seen from the events alone, whatever the model says.
extension Course {
  /// Whether specifications were replaced: what holds is then no longer known from the events alone.
  private var isReloaded: Bool { simulation.told.contains { if case .reloaded = $0 { true } else { false } } }

  /// The ids of children that somebody wanted to add.
  private var added: Set<String> {
    Set(requests.compactMap { if case .start(let spec) = $0 { spec.id } else { nil } })
  }

  /// Checks the intensity, that nothing is started once it stops, and the order of the stop.
  func audit() throws {
    let isReloaded = isReloaded
    var restarts: [Duration] = []
    var (isStopping, hasEscalated) = (false, false)
    /// The order of the children that were there from the beginning, and only once.
    let order = tree.spec.children.map(\.id).filter { !added.contains($0) }
    var lastAsked = Int.max
    /// Those that are starting, and when that is too long.
    var starting: [String: Duration] = [:]
    /// Who was silent for too long, a moment ago.
    var silent: String?
    for entry in simulation.events {
      guard case .supervisor(let event) = entry.content else { continue }
      defer { silent = if case .unresponsive(let id, _, _) = event { id } else { nil } }
      switch event {
      case .terminated(_, _, _, .some), .startFailed(_, _, _, .some):
        restarts = restarts.filter { entry.time - $0 <= tree.spec.period } + [entry.time]
        try demand(isReloaded || restarts.count <= tree.spec.intensity, "more restarts than the intensity allows")
      case .escalated: hasEscalated = true
      case .supervisorStopping: isStopping = true
      case .started(let id, _):
        starting[id] = entry.time
        try demand(!isStopping, "started while it stops: \(event)")
      case .restarting(let id, _, _):
        starting[id] = entry.time
        try demand(!isStopping, "started while it stops: \(event)")
      case .ready(let id, _, _): starting[id] = nil
      case .stopping(let id, _) where isStopping:
        // Its own start timeout or heartbeat asks whenever it is over.
        if isReloaded || silent == id { continue }
        if let since = starting[id], startTimeouts(of: id).contains(entry.time - since) { continue }
        guard let position = order.firstIndex(of: id) else { continue }
        try demand(position < lastAsked, "\(id) is stopped out of order")
        lastAsked = position
      case .terminated, .startFailed, .declined, .unresponsive, .stopping, .stopped, .abandoned, .orphanEnded,
        .supervisorReady, .autoShutdown, .reloaded, .supervisorStopped, .jobStarted, .jobCancelled, .jobEnded:
        break
      }
    }
    if case .failure(.escalated)? = ends.all.first { try demand(hasEscalated, "gave up without saying so") }
  }

  /// How long a child of an id, or one after the other of it, may take to be ready.
  private func startTimeouts(of id: String) -> Set<Duration> {
    Set(tree.spec.children.filter { $0.id == id }.map(\.startTimeout))
  }

  /// The kinds of events that must not be rare.
  static let allKinds = [
    "restarted", "retried", "ended for good", "declined", "abandoned", "late orphan", "escalated", "unresponsive",
    "first start failed", "stopped while starting", "threw at the stop", "unstopped", "bystander", "significant",
    "reloaded", "added", "terminated", "brought back", "deleted", "refused",
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
      case .declined: kinds.insert("declined")
      case .unresponsive: kinds.insert("unresponsive")
      case .abandoned: kinds.insert("abandoned")
      case .orphanEnded where !isStopping: kinds.insert("late orphan")
      case .escalated: kinds.insert("escalated")
      case .autoShutdown: kinds.insert("significant")
      case .reloaded: kinds.insert("reloaded")
      case .supervisorReady: isReady = true
      case .supervisorStopping:
        isStopping = true
        if !isReady { kinds.insert("stopped while starting") }
      case .stopping where !isStopping: kinds.insert("bystander")
      case .supervisorStopped(_, let report):
        if !report.failures.isEmpty { kinds.insert("threw at the stop") }
        if !report.unstopped.isEmpty { kinds.insert("unstopped") }
      case .started, .ready, .restarting, .startFailed, .stopping, .stopped, .orphanEnded, .jobStarted, .jobCancelled,
        .jobEnded:
        break
      }
    }
    if case .failure(.startFailed)? = ends.all.first { kinds.insert("first start failed") }
    for answer in answers.all {
      switch requests[answer.number] {
      case .start where answer.text.hasPrefix("started"): kinds.insert("added")
      case .restart where answer.text.hasPrefix("started"): kinds.insert("brought back")
      case .terminate where answer.text == "done": kinds.insert("terminated")
      case .delete where answer.text == "done": kinds.insert("deleted")
      case .start, .restart, .terminate, .delete: kinds.insert("refused")
      case .reload: break
      }
    }
    return kinds
  }
}
