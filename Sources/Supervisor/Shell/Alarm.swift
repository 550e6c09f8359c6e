/// The one timer of an actor: wakes it at the earliest of its deadlines.
///
/// It is moved only to an earlier time. Where the earliest deadline has gone away it goes off once for nothing, which
/// is cheaper than a new task for each child that got ready.
struct Alarm {
  /// When it goes off; nil where it is not set.
  private var armed: Duration?
  /// The task that sleeps.
  private var task: Task<Void, Never>?

  /// Sees to it that `fire` is called at the deadline, or earlier, with the time that it was set for.
  mutating func set(
    for deadline: Duration?, clock: SupervisionClock, spawner: TaskSpawner,
    fire: @escaping @Sendable (Duration) async -> Void
  ) {
    guard let deadline else { return }
    if let armed, armed <= deadline { return }
    task?.cancel()
    armed = deadline
    task = spawner.spawn("alarm") {
      do { try await clock.sleep(until: deadline) } catch { return }
      await fire(deadline)
    }
  }

  /// Notes that it went off. A task that was replaced in the same moment changes nothing.
  mutating func wentOff(setFor deadline: Duration) {
    guard armed == deadline else { return }
    armed = nil
    task = nil
  }

  /// Turns it off.
  mutating func cancel() {
    task?.cancel()
    task = nil
    armed = nil
  }
}
