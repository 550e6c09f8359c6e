import Testing

@testable import Supervision

/// What holds whatever happens, in any order: seeded walks through the state machine.
@Suite(.timeLimit(.minutes(5))) struct InvariantTests {
  @Test("seeded walks: one start at a time, none after the stop, order kept, and every stop ends", arguments: 0..<300)
  func walk(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let strategy = Strategy.allCases[Int.random(in: 0..<3, using: &random)]
    let count = Int.random(in: 1...5, using: &random)
    let children = (0..<count).map { index in
      child(
        "\(index)-", restart: [.permanent, .transient, .temporary][Int.random(in: 0..<3, using: &random)],
        shutdown: [.grace(.seconds(2)), .atOnce, .grace(.seconds(9))][Int.random(in: 0..<3, using: &random)],
        startTimeout: .seconds(Int.random(in: 1...5, using: &random)))
    }
    let supervised = try spec(
      strategy, intensity: Int.random(in: 3...30, using: &random), period: .seconds(600),
      backoff: Backoff(base: .milliseconds(Int.random(in: 0...900, using: &random)), ratio: 2, max: .seconds(4)),
      children)
    var bench = MachineBench(supervised, seed: UInt64(seed))
    bench.run()
    var generations = Array(repeating: UInt64(0), count: count)
    /// Starts that are neither released nor ended, and those that were given up and run on.
    var (current, orphans): (Set<Int>, [(child: Int, generation: UInt64)]) = ([], [])
    var read = 0
    /// Follows the log.
    func follow() {
      for entry in bench.log[read...] {
        let index = Int(entry.dropFirst().prefix { $0 != "-" }) ?? -1
        switch entry.first {
        case "+":
          #expect(current.insert(index).inserted, "two starts of one child: \(bench.log)")
          generations[index] += 1
          #expect(entry == "+\(index)-\(generations[index])")
          if strategy == .restForOne {
            #expect((index + 1..<count).allSatisfy { !current.contains($0) }, "a later one runs: \(bench.log)")
            let earlier = (0..<index).map { bench.state($0) }
            #expect(earlier.allSatisfy { $0 == .ready || $0 == .ended }, "too early: \(bench.log)")
          }
        case ".":
          #expect(current.remove(index) != nil)
          if bench.machine.orphans.all.contains(where: { $0.id == "\(index)-" && $0.generation == generations[index] })
          {
            orphans.append((index, generations[index]))
          }
        default: break
        }
      }
      read = bench.log.count
    }
    follow()
    let stopAt = Int.random(in: 0..<150, using: &random)
    var steps = 0
    while bench.result == nil, steps < 2_000 {
      steps += 1
      if steps == stopAt {
        bench.stop()
        follow()
        if bench.result != nil { break }
      }
      let index = Int.random(in: 0..<count, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4: if current.contains(index) { bench.ready(index) }
      // First starts mostly succeed, or most walks would be over before they began.
      case 4, 5:
        guard current.contains(index) else { break }
        guard bench.machine.children[bench.keys[index]].hasStarted || Int.random(in: 0..<20, using: &random) == 0 else {
          break
        }
        if Bool.random(using: &random) { bench.fail(index) } else { bench.finish(index) }
      case 6:
        if let orphan = orphans.popLast() { bench.fail(orphan.child, generation: orphan.generation) }
      case 7: bench.advance(by: .milliseconds(Int.random(in: 0..<3_000, using: &random)))
      // Late news of old starts changes nothing.
      case 8: if generations[index] > 1 { bench.ready(index, generation: generations[index] - 1) }
      default: bench.advanceToNextDeadline()
      }
      follow()
      let states = (0..<count).map { bench.state($0) }
      let running = states.indices.filter { [.starting, .ready, .stopping].contains(states[$0]) }
      #expect(Set(running) == current)
      // Whoever waits for something waits for a task or for time: nothing is stuck.
      let isSettled = states.allSatisfy { $0 == .ended || $0 == .ready }
      if bench.result == nil, !bench.machine.isStopping, !isSettled {
        #expect(!current.isEmpty || bench.nextDeadline != nil, "stuck: \(bench.log)")
      }
    }
    #expect(bench.result != nil || stopAt == 0)
    if bench.result != nil {
      #expect(current.isEmpty)
      #expect(bench.nextDeadline == nil)
      #expect(bench.machine.report.unstopped.count == bench.machine.orphans.count)
    }
  }
}
