import Supervision
import SupervisionTesting

/// What chance makes of a seed: a supervisor, and how its children behave.
struct RandomTree {
  /// The supervisor.
  let spec: SupervisorSpec
  /// Its children.
  let children: [ScriptedChild]

  /// Makes a tree.
  init(in simulation: Simulation, _ random: inout some RandomNumberGenerator) throws {
    let count = Int.random(in: 0...5, using: &random)
    let intensity = Int.random(in: 0...4, using: &random)
    let failsOften = Int.random(in: 0..<4, using: &random) == 0
    var children: [ScriptedChild] = []
    var specs: [ChildSpec] = []
    for index in 0..<count {
      let starts = (0..<Int.random(in: 1...4, using: &random)).map { start in
        // A first start that fails is the end of it all: rarely, then.
        Self.start(variety: start == 0 ? (failsOften ? 40 : 200) : (failsOften ? 10 : 20), &random)
      }
      let child = simulation.child("c\(index)", starts: starts)
      children.append(child)
      specs.append(
        ChildSpec(
          id: child.id, restart: Self.pick([.permanent, .permanent, .transient, .temporary], &random),
          shutdown: Self.pick([.grace(.seconds(1)), .grace(.seconds(3)), .grace(.zero), .atOnce, .infinity], &random),
          startTimeout: .seconds(Int.random(in: 1...6, using: &random)),
          backoff: Self.pick([nil, nil, Backoff.none, Self.backoff(&random)], &random), body: child.body))
    }
    self.children = children
    spec = try SupervisorSpec(
      id: "root", strategy: Self.pick([.oneForOne, .restForOne], &random), intensity: intensity,
      period: .seconds(Int.random(in: 20...60, using: &random)), backoff: Self.backoff(&random),
      healthyAfter: .seconds(Int.random(in: 0...10, using: &random)), children: specs)
  }

  /// What one start does: obedient in between, with something to begin and something to end with.
  private static func start(
    variety: Int, _ random: inout some RandomNumberGenerator
  ) -> [ScriptedChild.Step] {
    let begin: [ScriptedChild.Step] =
      switch Int.random(in: 0..<variety, using: &random) {
      case 0: [.fail("before ready")]
      case 1: [.finish]
      case 2: [.cancel]
      case 3: [.ready, .fail("after ready")]
      case 4: [.ready, .finish]
      case 5: [.hang, .ready]
      case 6, 7: []
      default: [.ready]
      }
    let end: [ScriptedChild.Step] = pick(
      [[], [], [], [.finish], [.fail("late")], [.hang], [.hang, .fail("later")]], &random)
    return begin + [.obey] + end
  }

  /// Some delays.
  private static func backoff(_ random: inout some RandomNumberGenerator) -> Backoff {
    Backoff(
      base: .milliseconds(pick([0, 0, 250, 1_000], &random)), ratio: pick([1, 2], &random), max: .seconds(4),
      jitter: pick([0, 0.5], &random))
  }

  /// One of several.
  static func pick<Value>(_ values: [Value], _ random: inout some RandomNumberGenerator) -> Value {
    values[Int.random(in: 0..<values.count, using: &random)]
  }
}
