public import Supervision

/// A child that plays a script, one list of steps for each start, and tells a trace what it does.
///
/// Where a start begins while an earlier one still runs that has not been fenced, the trace gets a violation: a
/// simulation then fails, whatever else it finds.
public final class ScriptedChild: Sendable {
  /// One step of a start. A script that comes to its end returns, or, where the start was asked to stop, throws
  /// `CancellationError`.
  public enum Step: Sendable, Hashable {
    /// Tells the supervisor that the start is complete.
    case ready
    /// Gives a sign of life.
    case beat
    /// Ends by saying that there is nothing to do.
    case decline
    /// Waits until it is asked to stop.
    case untilStopped
    /// Carries out what `tell` says, one after another, until it is asked to stop.
    case obey
    /// Works for this long; asked to stop it ends at once.
    case work(Duration)
    /// Works for this long, deaf to being asked to stop.
    case linger(Duration)
    /// Hangs, deaf to being asked to stop, until `release`.
    case hang
    /// Notes something in the trace.
    case note(String)
    /// Ends with an error.
    case fail(String)
    /// Ends with `CancellationError`, asked to stop or not.
    case cancel
    /// Ends with `ChildShutdown`, asked to stop or not.
    case shutDown
    /// Ends by returning, asked to stop or not.
    case finish
  }

  /// A start that runs.
  private struct Performance {
    /// Its context.
    let context: ChildContext
    /// What it was told.
    let inbox = StepInbox()
    /// What it hangs at.
    let gate = Gate()
  }

  /// What the lock protects.
  private struct State {
    /// The starts that run, by their place among all starts: generations begin again in a fresh subtree.
    var running: [Int: Performance] = [:]
    /// The newest start that was not given up before it began.
    var newest = -1
    /// How many starts there were.
    var starts = 0

    /// Those that run, oldest first.
    var inOrder: [Performance] { running.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// Its id.
  public let id: String
  /// The steps of each start; the last list serves all later starts.
  private let starts: [[Step]]
  /// Measures its work.
  private let clock: VirtualClock
  /// Is told what it does.
  private let trace: Trace
  /// The state.
  private let state = Locked(State())

  /// Makes a child.
  ///
  /// - Parameter starts: the steps of each start; the last list serves all later starts, and where there is none the
  ///   child is ready at once and runs until it is asked to stop.
  public init(_ id: String, clock: VirtualClock, trace: Trace, starts: [[Step]] = []) {
    self.id = id
    self.clock = clock
    self.trace = trace
    self.starts = starts.isEmpty ? [[.ready, .untilStopped]] : starts
  }

  /// The generations that run, fenced ones too, oldest first.
  public var running: [UInt64] { state.withLock { $0.inOrder.map(\.context.generation) } }

  /// Those of them that have not been fenced: never more than one.
  public var current: [UInt64] {
    state.withLock { $0.inOrder }.filter(\.context.isCurrent).map(\.context.generation)
  }

  /// Tells a start what to do next, which it does where its script says `obey`.
  ///
  /// - Parameter generation: which start; nil for the newest.
  /// - Returns: false where that start does not run, or holds as much already as it can.
  @discardableResult
  public func tell(_ step: Step, generation: UInt64? = nil) -> Bool {
    let inbox = state.withLock { state -> StepInbox? in
      guard let generation else { return state.running[state.newest]?.inbox }
      return state.inOrder.last { $0.context.generation == generation }?.inbox
    }
    return inbox?.tell(step) ?? false
  }

  /// Lets a start go on that hangs, now or later.
  ///
  /// - Parameter generation: which start; nil for all that run.
  public func release(generation: UInt64? = nil) {
    let gates = state.withLock { $0.inOrder }
      .filter { $0.context.generation == generation ?? $0.context.generation }.map(\.gate)
    for gate in gates { gate.open() }
  }

  /// What a supervisor runs.
  public var body: ChildSpec.Body {
    { context in try await self.perform(context) }
  }

  /// Plays one start.
  private func perform(_ context: ChildContext) async throws {
    let (place, performance, steps) = begin(context)
    let end = await play(steps, performance)
    state.withLock { $0.running[place] = nil }
    record(.ended(id: id, generation: context.generation, end: end))
    // Nothing waits between the entry and the end of the task: the trace has the ends in the order in which they come.
    switch end {
    case .returned, .declined: return
    case .shutDown: throw ChildShutdown()
    case .cancelled: throw CancellationError()
    case .failed(let text): throw ScriptedFailure(text)
    }
  }

  /// Notes a start, and what is wrong with it.
  private func begin(_ context: ChildContext) -> (place: Int, Performance, [Step]) {
    let performance = Performance(context: context)
    // One that was given up before its task began comes late, and is harmless: whatever it does is refused.
    let isCurrent = context.isCurrent
    let others = current
    let (place, steps) = state.withLock { state -> (Int, [Step]) in
      let place = state.starts
      state.starts += 1
      state.running[place] = performance
      if isCurrent { state.newest = place }
      return (place, starts[min(place, starts.count - 1)])
    }
    record(.began(id: id, generation: context.generation))
    for other in others where isCurrent {
      record(.violation(id: id, text: "starts \(other) and \(context.generation) are both at work"))
    }
    return (place, performance, steps)
  }

  /// Carries out steps until one of them is an end.
  private func play(_ steps: [Step], _ performance: Performance) async -> ChildEnd {
    for step in steps {
      if case .obey = step {
        while let told = await performance.inbox.next() {
          if let end = await carryOut(told, performance) { return end }
        }
      } else if let end = await carryOut(step, performance) {
        return end
      }
    }
    return Task.isCancelled ? .cancelled : .returned
  }

  /// Carries out one step; how the start ends, where it does.
  private func carryOut(_ step: Step, _ performance: Performance) async -> ChildEnd? {
    let generation = performance.context.generation
    switch step {
    case .ready:
      record(.ready(id: id, generation: generation))
      performance.context.ready()
    case .beat:
      record(.beat(id: id, generation: generation))
      performance.context.beat()
    case .decline:
      performance.context.decline()
      return .declined
    case .untilStopped, .obey: await performance.inbox.waitForStop()
    case .work(let duration):
      do { try await clock.sleep(until: clock.now.advanced(by: duration)) } catch { return .cancelled }
    case .linger(let duration): await clock.sleepDeaf(for: duration)
    case .hang: await performance.gate.pass()
    case .note(let text): record(.step(id: id, generation: generation, text: text))
    case .fail(let text): return .failed(text)
    case .cancel: return .cancelled
    case .shutDown: return .shutDown
    case .finish: return .returned
    }
    return nil
  }

  /// Tells the trace.
  private func record(_ event: ChildEvent) {
    trace.record(TraceEntry(time: clock.now.offset, .child(event)))
  }
}
