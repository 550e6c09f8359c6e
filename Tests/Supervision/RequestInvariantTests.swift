import Testing

@testable import Supervision

/// What holds whatever people ask for, in any order: seeded walks with requests.
@Suite(.timeLimit(.minutes(5))) struct RequestInvariantTests {
  /// A random child.
  private func someChild(_ id: String, _ mode: AutoShutdown, _ random: inout SplitMix64) -> ChildSpec {
    let restart = RestartType.allCases[Int.random(in: 0..<3, using: &random)]
    let isSignificant = mode != .never && restart != .permanent && Int.random(in: 0..<6, using: &random) == 0
    return child(
      id, restart: restart, significant: isSignificant,
      shutdown: [.grace(.seconds(2)), .atOnce, .infinity][Int.random(in: 0..<3, using: &random)],
      startTimeout: .seconds(Int.random(in: 1...5, using: &random)),
      heartbeat: Bool.random(using: &random) ? .seconds(Int.random(in: 1...9, using: &random)) : nil)
  }

  /// A random specification.
  private func someSpec(_ random: inout SplitMix64) throws -> SupervisorSpec {
    let mode = AutoShutdown.allCases[Int.random(in: 0..<3, using: &random)]
    let ids = ["a", "b", "c", "d"].filter { _ in Bool.random(using: &random) }
    return try spec(
      Strategy.allCases[Int.random(in: 0..<3, using: &random)], autoShutdown: mode,
      intensity: Int.random(in: 5...60, using: &random), period: .seconds(600),
      backoff: Backoff(base: .milliseconds(Int.random(in: 0...900, using: &random)), ratio: 2, max: .seconds(4)),
      ids.map { someChild($0, mode, &random) })
  }

  @Test("seeded walks with requests: counts are right, nothing is stuck, everybody is answered once", arguments: 0..<40)
  func walks(block: Int) throws {
    for seed in block * 25..<block * 25 + 25 { try walk(seed: UInt64(seed)) }
  }

  /// One walk.
  private func walk(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bench = MachineBench(try someSpec(&random), seed: seed)
    bench.run()
    var tickets: [UInt64] = []
    let stopAt = Int.random(in: 20..<200, using: &random)
    var steps = 0
    while bench.result == nil, steps < 3_000 {
      steps += 1
      if steps >= stopAt, steps % 100 == stopAt % 100 { bench.stop() }
      let id = ["a", "b", "c", "d", "e"][Int.random(in: 0..<5, using: &random)]
      let known = bench.keys.indices.filter { bench.isKnown($0) }
      let some = known.randomElement(using: &random)
      switch Int.random(in: 0..<16, using: &random) {
      case 0..<5: if let some { bench.ready(some) }
      case 5, 6:
        guard let some, [.starting, .ready, .stopping].contains(bench.state(some)) else { break }
        // First starts mostly succeed, or most walks would be over before they began.
        let key = bench.keys[some]
        let isFirst = !bench.machine.children[key].hasStarted && !bench.machine.children[key].isDynamic
        guard !isFirst || bench.state(some) == .stopping || Int.random(in: 0..<20, using: &random) == 0 else { break }
        let exits: [ChildExit] = [
          .threw(Broken()), .returned, .declined, .threw(ChildShutdown()), .threw(CancellationError()),
          .subtree(StopReport(), nil),
        ]
        if let exit = exits.randomElement(using: &random) { bench.end(some, exit) }
      case 7: bench.advance(by: .milliseconds(Int.random(in: 0..<3_000, using: &random)))
      case 8:
        if let some, bench.generation(some) > 1 { bench.end(some, generation: bench.generation(some) - 1, .returned) }
      case 9: tickets.append(bench.startChild(someChild(id, bench.machine.rules.autoShutdown, &random)))
      case 10: tickets.append(bench.terminateChild(id))
      case 11: tickets.append(bench.restartChild(id))
      case 12: _ = bench.deleteChild(id)
      case 13 where Int.random(in: 0..<10, using: &random) == 0: _ = bench.reload(try someSpec(&random))
      default: bench.advanceToNextDeadline()
      }
      check(bench, seed)
    }
    #expect(bench.result != nil, "no end: seed \(seed)")
    #expect(tickets.allSatisfy { bench.answers[$0] != nil }, "unanswered: seed \(seed)")
    #expect(bench.machine.waiters.isEmpty, "seed \(seed)")
    #expect(bench.nextDeadline == nil, "seed \(seed)")
  }

  /// What holds after each step.
  private func check(_ bench: MachineBench, _ seed: UInt64) {
    let machine = bench.machine
    var (running, significant) = (0, 0)
    var states: [ChildState] = []
    for key in machine.children.keys {
      let child = machine.children[key]
      if child.isRunning { running += 1 }
      if child.isActivelySignificant { significant += 1 }
      states.append(child.publicState)
    }
    if running != machine.runningCount || significant != machine.significantCount {
      Issue.record("counts are wrong: seed \(seed)")
    }
    // Whoever waits for something waits for a task or for time.
    let isSettled = states.allSatisfy { $0 == .ended || $0 == .ready }
    let isBusy = running > 0 && states.contains { $0 == .starting || $0 == .stopping }
    if bench.result == nil, !isSettled, !isBusy, bench.nextDeadline == nil {
      Issue.record("stuck in \(states): seed \(seed), \(bench.log.suffix(12))")
    }
    if bench.result == nil, isSettled, !machine.isStopping, machine.walk != nil {
      Issue.record("a walk that goes nowhere: seed \(seed)")
    }
    if isSettled, !machine.waiters.isEmpty { Issue.record("somebody waits for nothing: seed \(seed)") }
  }
}
