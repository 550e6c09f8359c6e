import Journal
import Platform

/// Tells those who wait how a run's attempt ended.
///
/// It belongs to the daemon, not to an incarnation of the lane: whoever waits goes on waiting while the lane is
/// restarted, and nobody is left behind when the daemon stops.
final class RunEnds: Sendable {
  /// Ends that are remembered for those who ask late.
  static let remembered = 64
  /// Callers that may wait at once; one more is told that it may not.
  static let maximumWaiters = 1024

  private struct Waiter {
    /// The run that it waits for.
    var run: String
    /// Takes the end; nil where the caller was cancelled.
    var continuation: CheckedContinuation<RunEnd?, Never>
  }
  private struct State {
    /// True once the daemon stops: every wait ends at once.
    var isClosed = false
    /// Ends told so far.
    var told: UInt64 = 0
    /// The newest ends with their numbers, oldest first.
    var ends: [(number: UInt64, end: RunEnd)] = []
    /// Who waits, by number.
    var waiters: [UInt64: Waiter] = [:]
    /// Number of the newest waiter.
    var waits: UInt64 = 0
  }
  private let state = Guarded(State())

  /// Ends told so far: taken before looking at the journal, it keeps an end in between from being missed.
  var mark: UInt64 { state.withLock { $0.told } }

  /// Callers that wait now.
  var waiting: Int { state.withLock { $0.waiters.count } }

  /// Blocks until the number of those who wait satisfies a condition, or for the limit: then false. For tests, which call
  /// it on a thread of its own.
  func blockUntil(waiting isThere: (Int) -> Bool, atMost limit: Duration) -> Bool {
    state.wait(atMost: limit) { isThere($0.waiters.count) ? true : nil } ?? false
  }

  /// The newest end of a run that was told after `mark`; nil where there is none, or it is forgotten.
  func end(of run: String, after mark: UInt64 = 0) -> RunEnd? {
    state.withLock { state in state.ends.last { $0.end.run == run && $0.number > mark }?.end }
  }

  /// Tells everybody who waits for the run, and remembers its end.
  func tell(_ end: RunEnd) {
    let waiters = state.change { state -> [Waiter] in
      state.told += 1
      state.ends.removeAll { $0.end.run == end.run }
      state.ends.append((state.told, end))
      if state.ends.count > Self.remembered { state.ends.removeFirst() }
      let waiters = state.waiters.filter { $0.value.run == end.run }
      for number in waiters.keys { state.waiters[number] = nil }
      return Array(waiters.values)
    }
    for waiter in waiters { waiter.continuation.resume(returning: end) }
  }

  /// Waits for an end of the run that is told after `mark`; nil where the task is cancelled first.
  func wait(for run: String, after mark: UInt64) async -> RunEnd? {
    let number = state.withLock { state -> UInt64 in
      state.waits += 1
      return state.waits
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.change { state -> RunEnd?? in
          if let end = state.ends.last(where: { $0.end.run == run && $0.number > mark })?.end { return .some(end) }
          if Task.isCancelled { return .some(nil) }
          if state.isClosed { return Self.stopped(run) }
          guard state.waiters.count < Self.maximumWaiters else {
            return RunEnd(
              run: run, state: .recorded, result: nil,
              error: "\(Self.maximumWaiters) callers wait for runs already: see `retraind history --runs` for its end")
          }
          state.waiters[number] = Waiter(run: run, continuation: continuation)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      state.change { $0.waiters.removeValue(forKey: number) }?.continuation.resume(returning: nil)
    }
  }

  /// The daemon stops: everybody is answered now, and whoever comes later is answered at once.
  func close() {
    let waiters = state.change { state -> [Waiter] in
      state.isClosed = true
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.continuation.resume(returning: Self.stopped(waiter.run)) }
  }

  /// The answer when the daemon stops first.
  private static func stopped(_ run: String) -> RunEnd {
    RunEnd(run: run, state: .interrupted, result: nil, error: RetrainActor.stopping)
  }
}
