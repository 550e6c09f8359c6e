/// The only place of this module that makes unstructured tasks: children, jobs and the alarms of their supervisors.
///
/// They are unstructured because a group waits for all of its tasks, and a child that ignores cancellation must not
/// hold up its supervisor. Each is in a table that a snapshot lists, until it ends.
public struct TaskSpawner: Sendable {
  /// Where the tasks run; nil for the global executor. A simulation brings its own here.
  private let executor: (any TaskExecutor)?

  /// Makes a spawner.
  public init(executor: (any TaskExecutor)? = nil) {
    self.executor = executor
  }

  /// Starts a task. All have one priority, so that none starves another that waits for it.
  func spawn(_ name: String, _ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    Task.detached(name: name, executorPreference: executor, priority: .medium, operation: body)
  }

  /// Starts the task of a child, which tells its end to the incarnation, and goes on with the next one where it gets it.
  ///
  /// A task keeps the frames of its functions for as long as it lives: nothing is done here that needs no waiting.
  /// A name is copied into each task: the children of a pool, which have numbers only, go without.
  func spawn(_ first: Incarnation, isNamed: Bool) -> Task<Void, Never> {
    Task.detached(name: isNamed ? first.id : nil, executorPreference: executor, priority: .medium) {
      var incarnation = first
      while let body = incarnation.takeBody() {
        let next: Incarnation?
        do {
          try await body(ChildContext(incarnation))
          next = incarnation.ended(nil)
        } catch {
          next = incarnation.ended(error)
        }
        guard let next else { return }
        incarnation = next
      }
    }
  }
}
