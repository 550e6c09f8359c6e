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
  /// Ends of runs that are remembered for those who ask late.
  static let rememberedEnds = 64
  /// Callers that may wait for ends at once.
  static let maximumWaiters = 1024

  let journal: Journal
  let pool: JobPool
  let parts: Parts
  let settings: SettingsBox
  let handover: LaneHandover
  let outbox: Wakeup
  /// Tells the monitor that a failed run can be tried again, in so much time.
  let onRetryKnown: @Sendable (Duration) async -> Void

  var lane = RetrainLane()
  let wakeup = Wakeup()
  var isDraining = false
  private var waiters: [String: [CheckedContinuation<RunEnd, Never>]] = [:]
  private var ends: [RunEnd] = []
  private var randomness: SplitMix64

  /// A fresh incarnation; it does nothing before `run`.
  init(
    journal: Journal, pool: JobPool, parts: Parts, settings: SettingsBox, handover: LaneHandover, outbox: Wakeup,
    generation: UInt64, onRetryKnown: @escaping @Sendable (Duration) async -> Void
  ) {
    self.journal = journal
    self.pool = pool
    self.parts = parts
    self.settings = settings
    self.handover = handover
    self.outbox = outbox
    self.onRetryKnown = onRetryKnown
    randomness = SplitMix64(seed: parts.seed &+ generation)
  }

  /// Consumes the lane until the task is cancelled, then journals what was running as interrupted.
  func run(_ context: ChildContext) async throws {
    try await rebuild()
    context.ready()
    while !Task.isCancelled {
      if let entry = lane.takeNext() {
        await perform(entry)
      } else {
        await wakeup.wait()
      }
    }
    isDraining = true
    for entry in lane.waiting { answer(RunEnd(run: entry.run, state: .interrupted, result: nil, error: Self.stopping)) }
  }

  static let stopping = "retraind is stopping; the run is resumed at the next start"

  /// Takes a request: records event and run, then queues it.
  ///
  /// - Throws: `RunRefusal` where it cannot be recorded; nothing is done then.
  public func request(_ request: RunRequest) async throws(RunRefusal) -> RunTicket {
    guard !isDraining else { throw RunRefusal(description: "retraind is stopping: ask again after the restart") }
    let run = parts.identifiers.next()
    switch lane.onRequest(run: run, model: request.model) {
    case .joined(let other): return RunTicket(run: other, isJoined: true)
    case .refused:
      throw RunRefusal(description: "\(RetrainLane.capacity) runs are waiting already: wait until some have ended")
    case .admitted: break
    }
    do {
      try await record(request, run: run)
    } catch {
      _ = lane.onWithdrawn(run: run)
      // Whoever was recorded behind it meanwhile is first now.
      wakeup.poke()
      let refusal = RunRefusal(description: "the run for \(request.model) could not be recorded: \(error)")
      answer(RunEnd(run: run, state: .failed, result: nil, error: refusal.description))
      throw refusal
    }
    lane.onRecorded(run: run)
    outbox.poke()
    wakeup.poke()
    return RunTicket(run: run, isJoined: false)
  }

  /// Queues a failed run again, as another attempt of the same run.
  func retry(_ run: String, model: String) async throws(RunRefusal) -> RunTicket {
    guard !isDraining else { throw RunRefusal(description: "retraind is stopping: ask again after the restart") }
    switch lane.onRequest(run: run, model: model) {
    case .joined(let other): return RunTicket(run: other, isJoined: true)
    case .refused: throw RunRefusal(description: "\(RetrainLane.capacity) runs are waiting already")
    case .admitted: break
    }
    do {
      try await reopen(run, model: model)
    } catch {
      _ = lane.onWithdrawn(run: run)
      // Whoever was recorded behind it meanwhile is first now.
      wakeup.poke()
      let refusal = RunRefusal(description: "run \(run) could not be taken up again: \(error)")
      answer(RunEnd(run: run, state: .failed, result: nil, error: refusal.description))
      throw refusal
    }
    lane.onRecorded(run: run)
    wakeup.poke()
    return RunTicket(run: run, isJoined: false)
  }

  /// The end of the run's current attempt; returns at once where it has ended.
  public func end(of run: String) async -> RunEnd {
    if let end = ends.last(where: { $0.run == run }), lane.running?.run != run,
      !lane.waiting.contains(where: { $0.run == run })
    {
      return end
    }
    guard lane.running?.run == run || lane.waiting.contains(where: { $0.run == run }), waiters.count < Self.maximumWaiters
    else {
      let row = try? await journal.run(run)
      return RunEnd(run: run, state: row?.state ?? .failed, result: row?.result, error: row?.error)
    }
    return await withCheckedContinuation { waiters[run, default: []].append($0) }
  }

  /// Models that left the configuration: what waits for them is cancelled, what runs goes on.
  func onModelsRemoved(_ models: Set<String>) async {
    for entry in lane.onModelsRemoved({ models.contains($0) }) {
      await cancelWaiting(entry)
      answer(RunEnd(run: entry.run, state: .cancelled, result: nil, error: "its model left the configuration"))
    }
  }

  /// A number in 0..<1 for jitter.
  func jitter() -> Double { Double.random(in: 0..<1, using: &randomness) }

  /// Tells everybody who waits for the run, and remembers its end.
  func answer(_ end: RunEnd) {
    ends.removeAll { $0.run == end.run }
    ends.append(end)
    if ends.count > Self.rememberedEnds { ends.removeFirst() }
    for waiter in waiters.removeValue(forKey: end.run) ?? [] { waiter.resume(returning: end) }
  }
}
