import Journal
import Ollama
import Platform
import Rules
import Stores
import Supervision

/// Serialises retrains: one consumer takes requests from the lane, so that pulls never overlap, and journals each run.
///
/// Requests may come at any time from anywhere; one for a model that waits or is running joins that run. A fresh
/// incarnation rebuilds the lane from the journal and adopts the job that is still running.
public actor RetrainActor {
  let journal: Journal
  let pool: JobPool
  let parts: Parts
  let settings: SettingsBox
  let handover: LaneHandover
  let outbox: Wakeup
  /// Tells people how runs end.
  let herald: Herald
  /// False for a command that ends soon, after which nobody tries a failed run again by itself.
  let isScheduled: Bool
  /// Tells the monitor that a failed run can be tried again, in so much time.
  let onRetryKnown: @Sendable (Duration) async -> Void

  var lane = RetrainLane()
  /// What the run that has the lane waits for before its job begins, in words.
  var preparation = ""
  /// The run that the journal interrupted and that goes on at once; nil where there is none.
  var resuming: String?
  let wakeup = Wakeup()
  /// True once this incarnation takes nothing any more.
  private var hasEnded = false
  private var randomness: SplitMix64

  /// A fresh incarnation; it does nothing before `run`.
  init(
    journal: Journal, pool: JobPool, parts: Parts, settings: SettingsBox, handover: LaneHandover, outbox: Wakeup,
    herald: Herald, generation: UInt64, isScheduled: Bool = true,
    onRetryKnown: @escaping @Sendable (Duration) async -> Void
  ) {
    self.journal = journal
    self.pool = pool
    self.parts = parts
    self.settings = settings
    self.handover = handover
    self.outbox = outbox
    self.herald = herald
    self.isScheduled = isScheduled
    self.onRetryKnown = onRetryKnown
    randomness = SplitMix64(seed: parts.seed &+ generation)
  }

  /// Consumes the lane until the task is cancelled. Where the daemon stops, what was running is then journalled as
  /// interrupted; otherwise it is left running for the next incarnation.
  func run(_ context: ChildContext) async throws {
    defer { hasEnded = true }
    try await rebuild()
    context.ready()
    if let left = handover.running, !lane.holds(left.run) {
      guard await waitUntilGone(left) else { return }
      handover.onEnded()
    }
    while !Task.isCancelled {
      if let entry = lane.takeNext() {
        await perform(entry)
      } else {
        await wakeup.wait()
      }
    }
  }

  static let stopping = "retraind is stopping; the run is resumed at the next start"

  /// Takes a request: records event and run, then queues it.
  ///
  /// - Throws: `RunRefusal` where it cannot be recorded; nothing is done then.
  public func request(_ request: RunRequest) async throws(RunRefusal) -> RunTicket {
    let run = parts.identifiers.next()
    if let ticket = try admit(run, model: request.model, kind: request.kind) {
      await noteJoin(ticket.run, request.model, request.evaluation, decision: request.decision)
      return ticket
    }
    do {
      try await record(request, run: run)
    } catch {
      throw withdraw(
        run,
        RunRefusal(
          description: "the run for \(request.model) could not be recorded: \(error)",
          isTransient: Patience.isWorthwhile(error)))
    }
    lane.onRecorded(run: run)
    outbox.poke()
    wakeup.poke()
    return RunTicket(run: run, isJoined: false)
  }

  /// Queues a failed run again, as another attempt of the same run.
  func retry(
    _ run: String, model: String, evaluation: Evaluation? = nil, decision: Int64? = nil
  ) async throws(RunRefusal) -> RunTicket {
    if let ticket = try admit(run, model: model, kind: .pull) {
      await noteJoin(ticket.run, model, evaluation, decision: decision)
      return ticket
    }
    do {
      try await reopen(run, model: model)
    } catch {
      throw withdraw(
        run,
        RunRefusal(
          description: "run \(run) could not be taken up again: \(error)", isTransient: Patience.isWorthwhile(error)))
    }
    lane.onRecorded(run: run)
    wakeup.poke()
    return RunTicket(run: run, isJoined: false)
  }

  /// Joins the run that the model's memory takes for open. One that the lane does not hold is taken up where the
  /// journal says that it is open, and forgotten where it is over: no slip may keep a model waiting for ever.
  ///
  /// - Returns: nil where it is over.
  func join(
    _ run: String, model: String, evaluation: Evaluation? = nil, decision: Int64? = nil
  ) async throws -> RunTicket? {
    if let entry = lane.entry(of: model) {
      await noteJoin(entry.run, model, evaluation, decision: decision)
      return RunTicket(run: entry.run, isJoined: true)
    }
    if let row = try await journal.run(run), !row.state.isTerminal {
      if let ticket = try admit(run, model: model, kind: row.kind) {
        await noteJoin(ticket.run, model, evaluation, decision: decision)
        return ticket
      }
      parts.log.warning("Run \(run): it was open but not in the lane; it is taken up.")
      await noteJoin(run, model, evaluation, decision: decision)
      lane.onRecorded(run: run)
      wakeup.poke()
      return RunTicket(run: run, isJoined: true)
    }
    try await journal.updateMemory(of: model) { if $0.activeRun == run { $0.activeRun = nil } }
    return nil
  }

  /// Writes down that a finding joined a run. A refresh answers its evidence, which then does not fire again; a
  /// rollback does not.
  private func noteJoin(_ run: String, _ model: String, _ evaluation: Evaluation?, decision: Int64?) async {
    guard evaluation != nil || decision != nil else { return }
    var change: MemoryChange?
    if let evaluation, let entry = lane.entry(of: model), entry.run == run, entry.isRefresh {
      change = { $0.onJoined(evaluation: evaluation, run: run) }
    }
    do {
      try await journal.join(run: run, model: model, decision: decision, memory: change)
    } catch {
      parts.log.error("Run \(run): that a check of \(model) joined it could not be recorded: \(error)")
    }
  }

  /// True where the run waits or is running.
  func holds(_ run: String) -> Bool { lane.holds(run) }

  /// Models that left the configuration: what waits for them is cancelled, what runs goes on.
  func onModelsRemoved(_ models: Set<String>) async {
    for entry in lane.onModelsRemoved({ models.contains($0) }) {
      do {
        try await cancelWaiting(entry)
        handover.ends.tell(
          RunEnd(run: entry.run, state: .cancelled, result: nil, error: "its model left the configuration"))
      } catch {
        parts.log.error("Run \(entry.run): stays in the lane, its end could not be recorded: \(error)")
        _ = lane.onRequest(
          run: entry.run, model: entry.model, isRefresh: entry.isRefresh, isRecorded: true)
      }
    }
    wakeup.poke()
  }

  /// A number in 0..<1 for jitter.
  func jitter() -> Double { Double.random(in: 0..<1, using: &randomness) }

  /// Gives a run its place in the lane.
  ///
  /// - Returns: the ticket of the run that it joins; nil where it has a place of its own.
  private func admit(_ run: String, model: String, kind: RunKind) throws(RunRefusal) -> RunTicket? {
    guard !handover.isDraining else {
      throw RunRefusal(description: "retraind is stopping: ask again after the restart", isTransient: true)
    }
    guard !hasEnded else {
      throw RunRefusal(description: "the lane is being restarted: ask again in a moment", isTransient: true)
    }
    switch lane.onRequest(run: run, model: model, isRefresh: kind == .pull) {
    case .admitted: return nil
    case .joined(let other): return RunTicket(run: other, isJoined: true)
    case .conflicting(let other):
      let there = kind == .pull ? "a rollback" : "a refresh"
      throw RunRefusal(
        description: "\(there) of \(model) waits or is running (run \(other)): ask again when it has ended; where no "
          + "daemon runs, `retraind check` takes it up again")
    case .refused:
      throw RunRefusal(
        description: "\(RetrainLane.capacity) runs are waiting already: wait until some have ended", isTransient: true)
    }
  }

  /// A run that could not be recorded leaves the lane: those who joined it are told, those behind it move up.
  func withdraw(_ run: String, _ refusal: RunRefusal) -> RunRefusal {
    _ = lane.onWithdrawn(run: run)
    handover.ends.tell(RunEnd(run: run, state: .failed, result: nil, error: refusal.description))
    wakeup.poke()
    return refusal
  }
}
