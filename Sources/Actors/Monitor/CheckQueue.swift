import Platform
import Stores

/// The checks that somebody asked for, in the order in which they came; each is answered exactly once, whatever becomes
/// of the monitor or of whoever asked.
final class CheckQueue: Sendable {
  /// Checks that may wait or run at once; one more is refused.
  static let capacity = 64

  /// What became of a check.
  typealias Answer = Result<[CheckResult], StoreFailure>

  /// A check that somebody asked for.
  struct Request: Sendable {
    /// Its number.
    var number: UInt64
    /// These models; nil for all.
    var only: Set<String>?
    /// Only evaluate.
    var isDryRun: Bool
  }

  private struct State {
    /// True once nothing is taken any more.
    var isClosed = false
    /// Number of the newest request.
    var requests: UInt64 = 0
    /// Those that have not begun.
    var waiting: [Request] = []
    /// Who waits for an answer, by the request's number: those that have begun are among them.
    var callers: [UInt64: CheckedContinuation<Answer, Never>] = [:]
  }
  private let state = Guarded(State())
  private let wakeup: Wakeup

  /// An empty queue that wakes the loop which answers it.
  init(wakeup: Wakeup) { self.wakeup = wakeup }

  /// Asks for a check and waits for its answer, or until the task is cancelled.
  func ask(only: Set<String>?, isDryRun: Bool) async -> Answer {
    let number = state.withLock { state -> UInt64 in
      state.requests += 1
      return state.requests
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let refusal = state.withLock { state -> StoreFailure? in
          if Task.isCancelled { return Self.cancelled }
          if state.isClosed { return Self.stopping }
          guard state.callers.count < Self.capacity else {
            return StoreFailure("\(Self.capacity) checks are waiting already: try again in a moment")
          }
          state.callers[number] = continuation
          state.waiting.append(Request(number: number, only: only, isDryRun: isDryRun))
          return nil
        }
        if let refusal { continuation.resume(returning: .failure(refusal)) } else { wakeup.poke() }
      }
    } onCancel: {
      let caller = state.withLock { state in
        state.waiting.removeAll { $0.number == number }
        return state.callers.removeValue(forKey: number)
      }
      caller?.resume(returning: .failure(Self.cancelled))
    }
  }

  /// Takes the next check; its caller is still to be answered.
  func next() -> Request? {
    state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
  }

  /// Answers a check; one whose caller has left is nobody's.
  func answer(_ request: Request, _ answer: Answer) {
    state.withLock { $0.callers.removeValue(forKey: request.number) }?.resume(returning: answer)
  }

  /// Takes nothing any more; everybody who waits is told so, a check that runs included.
  func close() {
    let callers = state.withLock { state -> [CheckedContinuation<Answer, Never>] in
      state.isClosed = true
      state.waiting = []
      defer { state.callers = [:] }
      return Array(state.callers.values)
    }
    for caller in callers { caller.resume(returning: .failure(Self.stopping)) }
  }

  private static let stopping = StoreFailure("the monitor is stopping or being restarted: ask again in a moment")
  private static let cancelled = StoreFailure("whoever asked for the check has left")
}
