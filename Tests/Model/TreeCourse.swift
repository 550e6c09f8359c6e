import Supervision
import SupervisionTesting
import Testing

/// Random trees of nested supervisors and pools under random commands: what must hold in them, without a model.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TreeCourseTests {
  @Test("never two starts of a child at work; a stop ends, and leaves nothing but what it lists", arguments: 0..<4)
  func course(part: Int) throws {
    let count = (ModelTests.number("SUPERVISION_SEEDS") ?? UInt64(ModelTests.seeds)) / 5
    let one = ModelTests.number("SUPERVISION_SEED")
    if one != nil, part != 0 { return }
    var (courses, seen) = (0, [String: Int]())
    for seed in one.map({ [$0] }) ?? Array(stride(from: UInt64(part), to: count, by: 4)) {
      do {
        var course = try TreeCourse(seed: seed)
        try course.go()
        courses += 1
        for kind in course.kinds { seen[kind, default: 0] += 1 }
      } catch {
        Issue.record("SUPERVISION_SEED=\(seed) swift test --filter TreeCourseTests\n\(error)")
        return
      }
    }
    print("TreeCourseTests: part \(part): \(courses) seeds; courses with: \(seen.sorted { $0.key < $1.key })")
    guard courses >= 400 else { return }
    for kind in TreeCourse.allKinds { #expect(seen[kind, default: 0] * 50 >= courses, "\(kind) is too rare") }
  }

  @Test("a seed is one course, also where it is run again")
  func replay() throws {
    for seed in 0..<50 as Range<UInt64> {
      let traces = try (0..<2).map { _ in
        var course = try TreeCourse(seed: seed)
        try course.go()
        return course.simulation.events
      }
      #expect(traces[0] == traces[1], "seed \(seed)")
    }
  }
}

/// One seed of a tree.
struct TreeCourse {
  /// A pool, and how it is reached.
  typealias Pool = Ref<ChildPool<Int>>

  /// Where it happens.
  let simulation: Simulation
  /// What chance decides.
  var random: SeededGenerator
  /// All workers, those of pools too.
  let workers = EventRecorder<ScriptedChild>()
  /// All pools.
  var pools: [Pool] = []
  /// How the run ended.
  let ends = EventRecorder<String>()

  /// Begins a course.
  init(seed: UInt64) throws {
    simulation = Simulation(seed: seed)
    random = SeededGenerator(seed: seed &* 2 &+ 1)
  }

  /// Goes through it to its end.
  mutating func go() throws {
    let supervisor = simulation.supervisor(try supervisor("root", depth: 0))
    let ends = ends
    let run = simulation.spawn("run") {
      do { ends.record("\(try await supervisor.run().unstopped.count)") } catch { ends.record("\(error)") }
    }
    for _ in 0..<Int.random(in: 0...40, using: &random) where ends.all.isEmpty { try command() }
    run.cancel()
    for _ in 0..<200 where ends.all.isEmpty {
      try settle()
      if !simulation.clock.advanceToNextSleeper() { for worker in workers.all { worker.release() } }
    }
    try demand(!ends.all.isEmpty, "it does not come to its end")
    // What was given up somewhere in the tree ends now, and all alarms are off.
    for worker in workers.all { worker.release() }
    for _ in 0..<100 where simulation.clock.sleeperCount > 0 {
      try settle()
      simulation.clock.advanceToNextSleeper()
    }
    try settle()
    try demand(workers.all.allSatisfy(\.running.isEmpty), "somebody still runs")
    let snapshot = try simulation.now { await supervisor.snapshot() }
    try demand(
      snapshot?.orphans.isEmpty == true, "listed though it has ended: \(String(describing: snapshot?.orphans))")
  }

  /// One command, and then some steps, or all that there are.
  private mutating func command() throws {
    let worker = workers.all.randomElement(using: &random)
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<3: worker?.tell(.ready)
    case 3..<8: worker?.tell(.fail("told"))
    case 8: worker?.tell(.finish)
    case 9: worker?.tell(.hang)
    case 10..<12: worker?.release()
    case 12..<15: try startInPool()
    default:
      try settle()
      simulation.clock.advanceToNextSleeper()
    }
    if Bool.random(using: &random) { try settle() } else { simulation.executor.run(atMost: 8) }
  }

  /// Starts a child in one of the pools.
  private mutating func startInPool() throws {
    guard let pool = pools.randomElement(using: &random) else { return }
    let argument = workers.all.count
    _ = worker("p\(argument)")
    simulation.spawn("start") { _ = try await pool.get().startChild(argument) }
  }

  /// A supervisor of a few children, some of which are supervisors or pools.
  private mutating func supervisor(_ id: String, depth: Int) throws -> SupervisorSpec {
    var children: [ChildSpec] = []
    for index in 0..<Int.random(in: 0...3, using: &random) {
      let name = "\(id)\(index)"
      switch Int.random(in: 0..<4, using: &random) {
      case 0 where depth < 3:
        let inner = try supervisor(name, depth: depth + 1)
        children.append(.supervisor(id: name, shutdown: shutdown()) { _ in inner })
      case 1:
        let workers = workers
        let pool = Pool(name)
        pools.append(pool)
        let restart = RandomTree.pick([RestartType.permanent, .transient, .temporary], &random)
        children.append(
          .pool(
            id: name, shutdown: shutdown(), ref: pool,
            pool: try PoolSpec(id: name, restart: restart, intensity: 2, backoff: .none, shutdown: .grace(.seconds(1)))
            {
              argument, context in try await workers.all[argument].body(context)
            }))
      default:
        let child = worker(name)
        children.append(ChildSpec(id: name, shutdown: shutdown(), startTimeout: .seconds(5), body: child.body))
      }
    }
    return try SupervisorSpec(
      id: id, strategy: RandomTree.pick(Strategy.allCases, &random), intensity: Int.random(in: 1...3, using: &random),
      backoff: RandomTree.pick([Backoff.none, Backoff(base: .seconds(1), max: .seconds(2))], &random),
      children: children)
  }

  /// A worker.
  private mutating func worker(_ id: String) -> ScriptedChild {
    let ends: [[ScriptedChild.Step]] = [[], [], [.hang], [.fail("late")]]
    let child = simulation.child(id, starts: [[.ready, .obey] + RandomTree.pick(ends, &random)])
    workers.record(child)
    return child
  }

  /// How something is stopped.
  private mutating func shutdown() -> Shutdown {
    RandomTree.pick([.grace(.seconds(3)), .grace(.seconds(1)), .atOnce, .infinity], &random)
  }

  /// The kinds of events that must not be rare.
  static let allKinds = [
    "deep start", "restart", "deep restart", "abandoned", "deep abandoned", "gave up", "deep gave up",
  ]

  /// The kinds of events in this course; deep ones are those of nested supervisors and pools.
  var kinds: Set<String> {
    Set(
      simulation.told.compactMap { event in
        switch event {
        case .started(let id, _): id.contains("/") ? "deep start" : nil
        case .restarting(let id, _, _): id.contains("/") ? "deep restart" : "restart"
        case .abandoned(let id, _, _): id.contains("/") ? "deep abandoned" : "abandoned"
        case .escalated(let supervisor, _, _, _): supervisor == "root" ? "gave up" : "deep gave up"
        default: nil
        }
      })
  }

  /// Lets everything run that can, and looks at it.
  private func settle() throws {
    try simulation.settle()
    try demand(simulation.violations.isEmpty, simulation.violations.joined(separator: "; "))
    for worker in workers.all { try demand(worker.current.count <= 1, "two starts of \(worker.id) are current") }
  }

  /// Something must be so.
  private func demand(_ isSo: Bool, _ text: @autoclosure () -> String) throws {
    guard !isSo else { return }
    throw CourseFailure(text: text(), trace: simulation.events)
  }
}
