/// Whether the task whose child has just ended goes on with the child's next start, and with which.
///
/// It is there while the end is handled on that very task, and nowhere else: the code of a child that somebody asked
/// for, or whose delay is over, must not run in the place of whoever had it started.
struct Succession {
  /// A task that can be used again.
  struct Predecessor {
    /// The child.
    let key: ChildKey
    /// Its task.
    let task: Task<Void, Never>
    /// The place of a further start on it.
    let series: TaskSeries
  }

  /// The task that can be used again; nil where there is none, or it is taken.
  private var predecessor: Predecessor?
  /// The start that it goes on with.
  var successor: Incarnation?

  /// There is no task to be used again.
  init() {}

  /// The task of a start that has ended. One that is cancelled is of no use: that cannot be undone.
  init(of ended: Supervisor.Running, _ series: TaskSeries) {
    guard !ended.task.isCancelled else { return }
    predecessor = Predecessor(key: ended.incarnation.key, task: ended.task, series: series)
  }

  /// Takes the task, where it is this child's.
  mutating func take(for key: ChildKey) -> Predecessor? {
    guard let found = predecessor, found.key == key else { return nil }
    predecessor = nil
    return found
  }
}

/// The place of a start among those that one task runs, one after the other, without a way through its executor.
struct TaskSeries {
  /// How many there were before.
  private var count: Int32 = 0
  /// When the task went on for the first time, in nanoseconds on the supervisor's clock.
  private var begin: Int64 = 0

  /// The place of a further one; nil where it would be one too many, see `Defaults.seriesLimit`.
  func next(on clock: SupervisionClock) -> TaskSeries? {
    var next = self
    if count == 0 { next.begin = clock.now().inNanoseconds }
    if count < Defaults.seriesLimit {
      next.count += 1
    } else if clock.now().inNanoseconds - begin >= Defaults.seriesTime.inNanoseconds {
      return nil
    }
    return next
  }
}
