public import Supervision

/// A clock that stands still until a test or a simulation advances it.
///
/// Sleepers are registered, so that a test waits for them by count or by time instead of guessing when everybody has
/// got to sleep.
public final class VirtualClock: Clock, Sendable {
  /// A moment of the clock: a duration since its start.
  public struct Instant: InstantProtocol, Sendable {
    /// The time since the clock's start.
    public let offset: Duration

    /// The moment at this time since the clock's start.
    public init(_ offset: Duration) { self.offset = offset }

    /// A later moment.
    public func advanced(by duration: Duration) -> Instant { Instant(offset + duration) }

    /// The time to another moment.
    public func duration(to other: Instant) -> Duration { other.offset - offset }

    /// Whether a moment is earlier.
    public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  /// Somebody who sleeps.
  private struct Sleeper {
    /// In the order in which they began.
    let id: UInt64
    /// When it wakes.
    let deadline: Duration
    /// What wakes it; true: cancelled.
    let continuation: CheckedContinuation<Bool, Never>
  }

  /// A test that waits for sleepers.
  private struct Watcher {
    /// Its number.
    let id: UInt64
    /// Whether what it waits for is there, given the deadlines of the sleepers.
    let isSatisfied: @Sendable ([Duration]) -> Bool
    /// What lets it go.
    let continuation: CheckedContinuation<Void, Never>
  }

  /// What the lock protects.
  private struct State {
    /// The time.
    var now = Duration.zero
    /// The id of the next sleeper or watcher.
    var nextID: UInt64 = 0
    /// Those who sleep.
    var sleepers: [Sleeper] = []
    /// Those who wait for sleepers.
    var watchers: [Watcher] = []

    /// Takes the sleepers out that are due, in the order of their deadlines, then of their beginning.
    mutating func takeDue() -> [Sleeper] {
      let due = sleepers.filter { $0.deadline <= now }
      sleepers.removeAll { $0.deadline <= now }
      return due.sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
    }

    /// Takes the watchers out that have what they wait for.
    mutating func takeSatisfied() -> [CheckedContinuation<Void, Never>] {
      let deadlines = sleepers.map(\.deadline)
      let satisfied = watchers.filter { $0.isSatisfied(deadlines) }.map(\.continuation)
      watchers.removeAll { $0.isSatisfied(deadlines) }
      return satisfied
    }
  }

  /// The state.
  private let state = Locked(State())

  /// Makes a clock that stands at zero.
  public init() {}

  /// The clock as supervisors take it; its origin is the moment at which the clock stands now.
  public var supervision: SupervisionClock { SupervisionClock(self) }

  /// The moment at which the clock stands.
  public var now: Instant { Instant(state.withLock { $0.now }) }

  /// The clock is exact.
  public var minimumResolution: Duration { .nanoseconds(1) }

  /// How many sleep.
  public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

  /// When those who sleep wake, earliest first.
  public var deadlines: [Duration] { state.withLock { $0.sleepers.map(\.deadline).sorted() } }

  /// Sleeps until the clock was advanced to the deadline; one that is not in the future returns at once.
  ///
  /// - Throws: `CancellationError` where the task is cancelled.
  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let id = newID()
    let wasCancelled = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        let (answer, watchers) = state.withLock { state -> (Bool?, [CheckedContinuation<Void, Never>]) in
          // The flag is set before the handler runs, and the handler takes this lock: one of the two sees the other.
          if Task.isCancelled { return (true, []) }
          if deadline.offset <= state.now { return (false, []) }
          state.sleepers.append(Sleeper(id: id, deadline: deadline.offset, continuation: continuation))
          return (nil, state.takeSatisfied())
        }
        if let answer { continuation.resume(returning: answer) }
        for watcher in watchers { watcher.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
        return state.sleepers.remove(at: index)
      }
      sleeper?.continuation.resume(returning: true)
    }
    if wasCancelled { throw CancellationError() }
  }

  /// Sleeps until the clock was advanced by a duration, also where the task is cancelled: for a double of what cannot be
  /// cancelled.
  public func sleepDeaf(for duration: Duration) async {
    let id = newID()
    _ = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
      let watchers = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
        guard duration > .zero else { return nil }
        state.sleepers.append(Sleeper(id: id, deadline: state.now + duration, continuation: continuation))
        return state.takeSatisfied()
      }
      if watchers == nil { continuation.resume(returning: false) }
      for watcher in watchers ?? [] { watcher.resume() }
    }
  }

  /// Moves the clock on, and wakes those who are due in the order of their deadlines, then of their beginning. It never
  /// goes back: a duration that is not positive only wakes nobody.
  public func advance(by duration: Duration) {
    let due = state.withLock { state -> [Sleeper] in
      state.now += max(.zero, duration)
      return state.takeDue()
    }
    for sleeper in due { sleeper.continuation.resume(returning: false) }
  }

  /// Moves the clock on to the earliest deadline, and wakes those who are due. False where nobody sleeps.
  @discardableResult
  public func advanceToNextSleeper() -> Bool {
    let due = state.withLock { state -> [Sleeper] in
      guard let next = state.sleepers.map(\.deadline).min() else { return [] }
      state.now = max(state.now, next)
      return state.takeDue()
    }
    for sleeper in due { sleeper.continuation.resume(returning: false) }
    return !due.isEmpty
  }

  /// Waits until at least this many sleep.
  public func waitForSleepers(_ count: Int) async {
    await wait { $0.count >= count }
  }

  /// Waits until somebody sleeps who wakes at this time since the clock's start, or before it.
  public func waitForSleeper(dueBy deadline: Duration) async {
    await wait { $0.contains { $0 <= deadline } }
  }

  /// Waits for a state of the sleepers' deadlines. A cancelled task, as of a test over its time limit, leaves.
  private func wait(_ isSatisfied: @escaping @Sendable ([Duration]) -> Bool) async {
    let id = newID()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isThere = state.withLock { state -> Bool in
          if Task.isCancelled || isSatisfied(state.sleepers.map(\.deadline)) { return true }
          state.watchers.append(Watcher(id: id, isSatisfied: isSatisfied, continuation: continuation))
          return false
        }
        if isThere { continuation.resume() }
      }
    } onCancel: {
      let watcher = state.withLock { state -> Watcher? in
        guard let index = state.watchers.firstIndex(where: { $0.id == id }) else { return nil }
        return state.watchers.remove(at: index)
      }
      watcher?.continuation.resume()
    }
  }

  /// The id of a new sleeper or watcher.
  private func newID() -> UInt64 {
    state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
  }
}
