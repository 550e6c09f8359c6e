import Supervision
import SupervisionTesting

/// What chance makes of a seed: a supervisor, how its children behave, and what is asked of it later.
struct RandomTree {
  /// Where it happens.
  let simulation: Simulation
  /// The children, former ones of the same id too.
  var children: [ScriptedChild] = []
  /// Whether children fail often.
  let failsOften: Bool
  /// Whether the end of significant children ends the supervisor.
  let autoShutdown: AutoShutdown
  /// The supervisor.
  private(set) var spec: SupervisorSpec

  /// Makes a tree.
  init(in simulation: Simulation, _ random: inout SeededGenerator) throws {
    self.simulation = simulation
    failsOften = Int.random(in: 0..<4, using: &random) == 0
    autoShutdown = Self.pick([.never, .never, .anySignificant, .allSignificant], &random)
    spec = try SupervisorSpec(id: "root", strategy: .oneForOne, children: [])
    var specs: [ChildSpec] = []
    for index in 0..<Int.random(in: 0...5, using: &random) { specs.append(child("c\(index)", &random)) }
    spec = try supervisor(specs, &random)
  }

  /// A supervisor of children.
  func supervisor(_ children: [ChildSpec], _ random: inout SeededGenerator) throws -> SupervisorSpec {
    try SupervisorSpec(
      id: "root", strategy: Self.pick([.oneForOne, .oneForAll, .restForOne], &random), autoShutdown: autoShutdown,
      intensity: Int.random(in: 0...4, using: &random), period: .seconds(Int.random(in: 20...60, using: &random)),
      backoff: Self.backoff(&random), healthyAfter: .seconds(Int.random(in: 0...10, using: &random)),
      children: children)
  }

  /// A new child of an id.
  mutating func child(_ id: String, _ random: inout SeededGenerator) -> ChildSpec {
    let starts = (0..<Int.random(in: 1...4, using: &random)).map { start in
      // A first start that fails is the end of it all: rarely, then.
      Self.start(variety: start == 0 ? (failsOften ? 40 : 200) : (failsOften ? 10 : 20), &random)
    }
    let child = simulation.child(id, starts: starts)
    children.append(child)
    return spec(of: child, &random)
  }

  /// A specification of a child.
  func spec(of child: ScriptedChild, _ random: inout SeededGenerator) -> ChildSpec {
    let restart: RestartType = Self.pick([.permanent, .permanent, .transient, .temporary], &random)
    let maySignify = autoShutdown != .never && restart != .permanent
    return ChildSpec(
      id: child.id, restart: restart, significant: maySignify && Bool.random(using: &random),
      shutdown: Self.pick([.grace(.seconds(1)), .grace(.seconds(3)), .grace(.zero), .atOnce, .infinity], &random),
      // Some are long beside the window of restarts.
      startTimeout: .seconds(Int.random(in: Bool.random(using: &random) ? 1...6 : 10...40, using: &random)),
      heartbeat: Self.pick([nil, nil, nil, .seconds(2), .seconds(5), .seconds(25)], &random),
      backoff: Self.pick([nil, nil, Backoff.none, Self.backoff(&random)], &random), body: child.body)
  }

  /// Something to ask of the supervisor, about children that there are and others.
  mutating func request(_ model: ReferenceModel, _ random: inout SeededGenerator) throws -> ReferenceModel.Request {
    var id = "c\(Int.random(in: 0..<7, using: &random))"
    // What can be brought back or forgotten is rare: it is looked for.
    if Bool.random(using: &random), let idle = model.children.last(where: { !$0.isRunning }) { id = idle.id }
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<3: return .start(child(id, &random))
    case 3..<6: return .terminate(id)
    case 6..<8: return .restart(id)
    case 8..<10: return .delete(id)
    default:
      var specs: [ChildSpec] = []
      for child in model.children where Int.random(in: 0..<5, using: &random) != 0 {
        guard let newest = children.last(where: { $0.id == child.id }) else { continue }
        specs.append(spec(of: newest, &random))
      }
      if model.position(id) == nil { specs.append(child(id, &random)) }
      return .reload(try supervisor(specs, &random))
    }
  }

  /// What one start does: obedient in between, with something to begin and something to end with.
  private static func start(variety: Int, _ random: inout SeededGenerator) -> [ScriptedChild.Step] {
    let begin: [ScriptedChild.Step] =
      switch Int.random(in: 0..<variety, using: &random) {
      case 0: [.fail("before ready")]
      case 1: pick([[.finish], [.decline], [.shutDown]], &random)
      case 2: [.cancel]
      case 3: [.ready, .fail("after ready")]
      case 4: pick([[.ready, .finish], [.ready, .shutDown]], &random)
      case 5: [.hang, .ready]
      case 6, 7: []
      default: [.ready]
      }
    let end: [ScriptedChild.Step] = pick(
      [[], [], [], [], [.finish], [.fail("late")], [.hang], [.hang, .fail("later")], [.shutDown]], &random)
    return begin + [.obey] + end
  }

  /// Some delays.
  private static func backoff(_ random: inout SeededGenerator) -> Backoff {
    Backoff(
      base: .milliseconds(pick([0, 0, 250, 1_000], &random)), ratio: pick([1, 2], &random), max: .seconds(4),
      jitter: pick([0, 0.5], &random))
  }

  /// One of several.
  static func pick<Value>(_ values: [Value], _ random: inout SeededGenerator) -> Value {
    values[Int.random(in: 0..<values.count, using: &random)]
  }
}
