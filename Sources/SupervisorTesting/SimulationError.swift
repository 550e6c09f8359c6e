/// Why a simulation did not come to its end. Each says the seed that shows it again.
public enum SimulationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Nothing can run and nobody sleeps, but the simulation has not ended: somebody waits for what never comes, or for a
  /// task that has escaped the executor.
  case stuck(seed: UInt64, steps: Int)
  /// It ran this many steps without coming to rest.
  case runaway(seed: UInt64, steps: Int)
  /// Tasks had escaped the executor and came back: the seed alone does not decide the order.
  case strayed(seed: UInt64, jobs: Int)
  /// Scripted children saw what must never be.
  case violated(seed: UInt64, [String])

  /// For people.
  public var description: String {
    switch self {
    case .stuck(let seed, let steps):
      "seed \(seed): stuck after \(steps) steps: nothing can run, nobody sleeps, and the end has not come"
    case .runaway(let seed, let steps): "seed \(seed): no rest after \(steps) steps"
    case .strayed(let seed, let jobs):
      "seed \(seed): \(jobs) jobs came from other threads: start tasks through the simulation, not with Task {}"
    case .violated(let seed, let texts): "seed \(seed): \(texts.joined(separator: "; "))"
    }
  }
}
