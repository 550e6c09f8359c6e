import Supervision
import Synchronization

/// From a throw until the next start is ready.
struct Restarts: Sendable {
  /// How the children come under their supervisor.
  let kind: Kind
  /// How many there are; the first one fails.
  let children: Int

  /// What the failing child and the one who makes it fail share.
  final class Subject: Sendable {
    /// Where the child of the latest start waits.
    let parking = Mutex<Parking?>(nil)
    /// Where the one who makes it fail waits.
    let observer = Mutex<Parking?>(nil)
    /// Just before the throw.
    let thrown = Atomic<Int64>(0)
    /// Just after `ready()` of the next start.
    let ready = Atomic<Int64>(0)

    /// The child: ready at once, throws when called.
    @Sendable func body(_ context: ChildContext) async throws {
      context.ready()
      ready.store(nanoseconds(), ordering: .relaxed)
      let parking = Parking()
      self.parking.withLock { $0 = parking }
      observer.withLock { $0 }?.call()
      await parking.wait()
      if Task.isCancelled { return }
      thrown.store(nanoseconds(), ordering: .relaxed)
      throw Boom()
    }

    /// Makes the child fail, and waits until it is ready again; gives the time.
    func fail() async -> Int64 {
      let back = Parking()
      observer.withLock { $0 = back }
      parking.withLock { $0.take() }?.call()
      await back.wait()
      return ready.load(ordering: .relaxed) - thrown.load(ordering: .relaxed)
    }
  }

  /// Prints the figures of batches, each under a fresh supervisor; the first one warms up.
  func report(batches: Int, perBatch: Int, pause: Duration) async throws {
    var times: [Int64] = []
    var told: [Int64] = []
    for batch in 0...batches {
      let (latencies, ofEvents) = try await self.batch(perBatch, pause: pause)
      if batch > 0 {
        times += latencies
        told += ofEvents
      }
    }
    quantiles("restart", times)
    if pause > .zero { quantiles("told", told) }
  }

  /// So many failures, one after the other; `beside` runs meanwhile until it is cancelled.
  func batch(
    _ count: Int, pause: Duration, beside: (@Sendable (Tree) async -> Void)? = nil
  ) async throws -> ([Int64], [Int64]) {
    let subject = Subject()
    let tree = try await Tree(kind, children: children) { number, context in
      if number == 1 { try await subject.body(context) } else { await idleBody(number, context) }
    }
    let watcher = beside.map { beside in Task.detached { await beside(tree) } }
    var times: [Int64] = []
    var told: [Int64] = []
    for _ in 0..<count {
      if pause > .zero {
        try await Task.sleep(for: pause)
        if !times.isEmpty {
          told.append(tree.counter.told.load(ordering: .relaxed) - subject.thrown.load(ordering: .relaxed))
        }
      }
      times.append(await subject.fail())
    }
    watcher?.cancel()
    await watcher?.value
    try await tree.stop()
    return (times, told)
  }
}
