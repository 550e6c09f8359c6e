import Supervision
import Synchronization

/// Many children that do nothing.
struct Population: Sendable {
  /// How the children come under their supervisor.
  let kind: Kind
  /// How many there are.
  let children: Int

  /// Prints bytes of memory for each child.
  func memory(body: @escaping PoolSpec<Int>.Body) async throws {
    try await Tree(kind, children: 100, body: body).stop()
    try await Task.sleep(for: .milliseconds(100))
    guard let before = Memory.read() else { throw Refusal(text: "this system does not tell of memory") }
    let tree = try await Tree(kind, children: children, body: body)
    try await Task.sleep(for: .milliseconds(500))
    guard let after = Memory.read() else { return }
    figure("resident", Double(after.resident - before.resident) / Double(children))
    figure("dirty", Double(after.dirty - before.dirty) / Double(children))
    try await tree.stop()
  }

  /// Prints how long the start and the stop of all take.
  func startAndStop() async throws {
    try await Tree(kind, children: 1000, body: idleBody).stop()
    let begin = nanoseconds()
    let tree = try await Tree(kind, children: children, body: idleBody)
    let ready = nanoseconds()
    try await tree.stop()
    figure("start_ms", Double(ready - begin) / 1e6)
    figure("stop_ms", Double(nanoseconds() - ready) / 1e6)
  }

  /// Prints how long snapshots take, and restarts while one snapshot follows the other.
  func snapshots(runs: Int) async throws {
    let tree = try await Tree(kind, children: children, body: idleBody)
    var times: [Int64] = []
    for _ in 0..<runs {
      let begin = nanoseconds()
      guard await tree.snapshot().children.count == children else { throw Refusal(text: "children missing") }
      times.append(nanoseconds() - begin)
    }
    quantiles("which", times)
    times = []
    for _ in 0..<runs {
      let begin = nanoseconds()
      guard await tree.count().active == children else { throw Refusal(text: "children missing") }
      times.append(nanoseconds() - begin)
    }
    quantiles("count", times)
    try await tree.stop()
    let (during, _) = try await Restarts(kind: kind, children: children).batch(runs, pause: .milliseconds(1)) {
      while !Task.isCancelled { _ = await $0.snapshot() }
    }
    quantiles("during", during)
  }

  /// Says that all are ready, and sleeps until somebody ends the process.
  func idle() async throws {
    let tree = try await Tree(kind, children: children, body: idleBody)
    figure("ready", 1)
    _ = await tree.running.value
  }

  /// Says that it is ready, and sleeps without a supervisor: what the language costs by itself.
  func bare() async {
    let parking = Parking()
    // One sleep that ended, as any program has: it brings up the timers of the runtime.
    try? await Task.sleep(for: .milliseconds(1))
    figure("ready", 1)
    await parking.wait()
  }

  /// Says that all have failed and wait for their next start, and sleeps until somebody ends the process.
  func delayed() async throws {
    let delay = Duration.seconds(600)
    // Longer than all delays together: otherwise the specification is refused as one that never escalates.
    let tree = try await Tree(
      kind, children: children, intensity: children + 1, period: delay * (children + 2),
      backoff: Backoff(base: delay, ratio: 1, max: delay, jitter: 0)
    ) { _, context in
      context.ready()
      throw Boom()
    }
    while await tree.snapshot().children.contains(where: { $0.state != .restarting }) {
      try await Task.sleep(for: .milliseconds(50))
    }
    figure("ready", 1)
    _ = await tree.running.value
  }
}
