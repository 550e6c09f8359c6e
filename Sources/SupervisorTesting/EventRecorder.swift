import Supervision

/// Collects events, and lets a test wait for what it needs to see.
public final class EventRecorder<Event: Sendable>: Sendable {
  /// A test that waits.
  private struct Watcher {
    /// Its number.
    let id: UInt64
    /// Whether what it waits for is there.
    let isSatisfied: @Sendable ([Event]) -> Bool
    /// What lets it go.
    let continuation: CheckedContinuation<[Event], Never>
  }

  /// What the lock protects.
  private struct State {
    /// All events so far.
    var events: [Event] = []
    /// Those who wait.
    var watchers: [Watcher] = []
    /// The number of the next one.
    var nextID: UInt64 = 0
  }

  /// The state.
  private let state = Locked(State())

  /// Makes a recorder without events.
  public init() {}

  /// All events so far.
  public var all: [Event] { state.withLock { $0.events } }

  /// The events from this position on.
  public func suffix(from start: Int) -> [Event] { state.withLock { Array($0.events.dropFirst(start)) } }

  /// Adds an event.
  public func record(_ event: Event) {
    let (events, satisfied) = state.withLock { state -> ([Event], [Watcher]) in
      state.events.append(event)
      let events = state.events
      let satisfied = state.watchers.filter { $0.isSatisfied(events) }
      state.watchers.removeAll { $0.isSatisfied(events) }
      return (events, satisfied)
    }
    for watcher in satisfied { watcher.continuation.resume(returning: events) }
  }

  /// Waits until the events satisfy a condition, and returns them. A cancelled task, such as that of a test over its
  /// time limit, gets what there is.
  @discardableResult
  public func wait(until isSatisfied: @escaping @Sendable ([Event]) -> Bool) async -> [Event] {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let events = state.withLock { state -> [Event]? in
          if Task.isCancelled || isSatisfied(state.events) { return state.events }
          state.watchers.append(Watcher(id: id, isSatisfied: isSatisfied, continuation: continuation))
          return nil
        }
        if let events { continuation.resume(returning: events) }
      }
    } onCancel: {
      let (watcher, events) = state.withLock { state -> (Watcher?, [Event]) in
        guard let index = state.watchers.firstIndex(where: { $0.id == id }) else { return (nil, []) }
        return (state.watchers.remove(at: index), state.events)
      }
      watcher?.continuation.resume(returning: events)
    }
  }

  /// Waits for an event that satisfies a condition.
  public func waitFor(_ isWanted: @escaping @Sendable (Event) -> Bool) async {
    await wait { $0.contains(where: isWanted) }
  }
}
