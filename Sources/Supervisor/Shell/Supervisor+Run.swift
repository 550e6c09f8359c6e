/// The run: its begin, its end, and a look at it.
extension Supervisor {
  /// Starts the children in order, each when the one before it is ready, and keeps them running until the stop.
  ///
  /// Cancelling the calling task asks for the stop, as `stop()` does.
  ///
  /// - Returns: what became of the children at the stop.
  /// - Throws: `SupervisorError` where a first start failed or restarts did not help; everything has been stopped.
  public func run() async throws(SupervisorError) -> StopReport {
    let isFirst = await ask { supervisor in
      defer { supervisor.hasRun = true }
      return !supervisor.hasRun
    }
    guard isFirst else { throw .alreadyRun(supervisor: id) }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { post(.run($0)) }
    } onCancel: {
      postLater(.stop)
    }
    return try result.get()
  }

  /// Asks for the stop, and returns at once.
  public func stop() {
    postLater(.stop)
  }

  /// Waits until all children are ready.
  ///
  /// - Throws: `SupervisorError` where the run ends before they are, or the waiting task is cancelled.
  public func waitUntilReady() async throws(SupervisorError) {
    guard let result = await readiness.waitUnlessCancelled() else { throw .waitCancelled(supervisor: id) }
    try result.get()
  }

  /// The supervisor at this moment, with the nested ones that run.
  public func snapshot() async -> SupervisorSnapshot {
    var (snapshot, inner) = await ask { supervisor in
      var inner: [(place: Int, supervisor: Supervisor)] = []
      if !supervisor.subtrees.isEmpty {
        for (place, key) in supervisor.machine.children.keys.enumerated() {
          if let subtree = supervisor.subtrees[key] { inner.append((place, subtree)) }
        }
      }
      return (supervisor.machine.snapshot(now: supervisor.clock.now()), inner)
    }
    for (place, supervisor) in inner { snapshot.children[place].subtree = [await supervisor.snapshot()] }
    inner = []
    return snapshot
  }

  /// Has something looked up with the turn.
  func ask<Value: Sendable>(_ question: @escaping @Sendable (Supervisor) -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      post(.request { continuation.resume(returning: question($0)) })
    }
  }
}
