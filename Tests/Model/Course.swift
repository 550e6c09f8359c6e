import Supervision
import SupervisionTesting

/// A course of events that is not as it ought to be.
struct CourseFailure: Error, CustomStringConvertible {
  /// What is wrong.
  let text: String
  /// The last of what happened.
  let trace: [TraceEntry]

  /// For people.
  var description: String {
    ([text, "what happened before:"] + trace.suffix(40).map { "  \($0)" }).joined(separator: "\n")
  }
}

/// One seed: a random tree under random commands, held against the model step by step.
///
/// Commands come while the supervisor is at rest and in the midst of its steps. Time moves at rest alone, so that it is
/// known which came first. The order of what reaches the supervisor is read from the trace: children write there in the
/// very moment in which they post.
struct Course {
  /// How many commands a course has at most.
  static let commandLimit = 60
  /// How many rounds the end may take.
  static let endLimit = 100

  /// Where it happens.
  let simulation: Simulation
  /// Who lives there.
  var tree: RandomTree
  /// What was asked, by number.
  var requests: [ReferenceModel.Request] = []
  /// What came of it.
  let answers = EventRecorder<Answer>()
  /// The supervisor.
  let supervisor: Supervisor
  /// What ought to happen.
  var model: ReferenceModel
  /// What chance decides.
  var random: SeededGenerator
  /// The run.
  let run: Task<StopReport, any Error>
  /// How the run ended.
  let ends = EventRecorder<Result<StopReport, SupervisorError>>()
  /// What reached the supervisor, and the model has not taken yet.
  var inputs: [ReferenceModel.Input] = []
  /// How much of the trace has been read.
  var read = 0

  /// What a request was answered with.
  struct Answer {
    /// The number of the request.
    let number: Int
    /// The answer, in words.
    let text: String
  }

  /// Begins a course.
  init(seed: UInt64) throws {
    simulation = Simulation(seed: seed, grain: .waits)
    random = SeededGenerator(seed: seed &* 2 &+ 1)
    tree = try RandomTree(in: simulation, &random)
    supervisor = simulation.supervisor(tree.spec)
    model = ReferenceModel(tree.spec)
    let (supervisor, ends) = (supervisor, ends)
    run = simulation.spawn("run") {
      do throws(SupervisorError) {
        let report = try await supervisor.run()
        ends.record(.success(report))
        return report
      } catch {
        ends.record(.failure(error))
        throw error
      }
    }
  }

  /// Goes through it to its end.
  mutating func go() throws {
    let isStoppedAtOnce = Int.random(in: 0..<40, using: &random) == 0
    if isStoppedAtOnce { run.cancel() }
    model.run(stopAsked: isStoppedAtOnce)
    // A stop that comes before the run is another matter than one that comes in it: so the run begins first.
    while simulation.events.isEmpty, simulation.executor.runOne() {}
    if Bool.random(using: &random) { try settle() }
    for _ in 0..<Int.random(in: 0...Self.commandLimit, using: &random) where !model.isOver { try command() }
    try end()
    try audit()
  }

  /// One command, and then some steps, or all that there are.
  private mutating func command() throws {
    let child = tree.children.isEmpty ? nil : RandomTree.pick(tree.children, &random)
    switch Int.random(in: 0..<50, using: &random) {
    case 0..<6: child?.tell(.ready)
    case 6..<13: child?.tell(.fail("told"))
    case 13..<16: child?.tell(RandomTree.pick([.finish, .finish, .decline, .shutDown], &random))
    case 16: child?.tell(.cancel)
    case 17: for child in tree.children { child.tell(.beat) }
    case 18..<21: child?.tell(.hang)
    case 21..<25: child?.release()
    case 25: stop()
    case 36..<50: try request()
    case 26..<33:
      try settle()
      try move(to: simulation.clock.deadlines.first)
    default:
      try settle()
      try move(to: simulation.clock.now.offset + .milliseconds(Int.random(in: 0...3_000, using: &random)))
    }
    if Bool.random(using: &random) {
      try settle()
    } else {
      simulation.executor.run(atMost: Int.random(in: 0...6, using: &random))
      try follow()
    }
  }

  /// Asks for something else.
  private mutating func request() throws {
    let request = try tree.request(model, &random)
    let number = requests.count
    requests.append(request)
    let (supervisor, simulation, answers) = (supervisor, simulation, answers)
    simulation.spawn("request") {
      simulation.note("\(number)")
      answers.record(Answer(number: number, text: await Self.ask(request, of: supervisor)))
    }
  }

  /// Asks, and says in words what came of it.
  private static func ask(_ request: ReferenceModel.Request, of supervisor: Supervisor) async -> String {
    do {
      switch request {
      case .start(let spec): return word(try await supervisor.startChild(spec))
      case .restart(let id): return word(try await supervisor.restartChild(id))
      case .terminate(let id): try await supervisor.terminateChild(id)
      case .delete(let id): try await supervisor.deleteChild(id)
      case .reload(let spec): try await supervisor.reload(spec)
      }
      return "done"
    } catch {
      return "\(error)"
    }
  }

  /// What came of a start, in words.
  private static func word(_ started: StartedChild) -> String {
    "\(started.declined ? "declined" : "started") \(started.id)#\(started.generation)"
  }

  /// Asks for the stop.
  private func stop() {
    simulation.note("stop")
    run.cancel()
  }

  /// Moves time, from sleeper to sleeper.
  private mutating func move(to end: Duration?) throws {
    guard let end else { return }
    while true {
      let now = simulation.clock.now.offset
      let next = [simulation.clock.deadlines.first, model.nextDue, end].compactMap { $0 }.min() ?? end
      simulation.clock.advance(by: next - now)
      inputs.append(.time(simulation.clock.now.offset))
      try settle()
      if next >= end { return }
    }
  }

  /// Stops it where it still runs, and lets everybody go.
  private mutating func end() throws {
    try settle()
    if !model.isOver { stop() }
    for _ in 0..<Self.endLimit where ends.all.isEmpty {
      try settle()
      if let deadline = simulation.clock.deadlines.first {
        try move(to: deadline)
      } else {
        for child in tree.children { child.release() }
      }
    }
    try settle()
    try demand(model.isOver && !ends.all.isEmpty, "it does not come to its end")
    try demand(simulation.clock.sleeperCount == 0, "an alarm is left behind")
    // What was given up ends one after the other: after the end of the run they do not come through one door.
    for child in tree.children {
      for generation in child.running {
        try demand(
          model.orphans.contains { $0.id == child.id && $0.generation == generation }, "\(child.id) still runs")
        child.release(generation: generation)
        try settle()
      }
    }
    try demand(tree.children.allSatisfy(\.running.isEmpty), "not everybody has ended")
  }

  /// Lets everything run that can, and holds the whole against the model.
  private mutating func settle() throws {
    try simulation.settle()
    try follow()
    for input in inputs { model.take(input) }
    inputs = []
    try demand(model.expected.isEmpty, "not told: \(model.expected)")
    for child in tree.children { try demand(child.current.count <= 1, "two starts of \(child.id) are current") }
    if let due = model.nextDue {
      let alarm = simulation.clock.deadlines.first
      try demand(
        alarm.map { $0 <= due } ?? false, "due at \(due), but the alarm is set for \(String(describing: alarm))")
    }
    try compare()
  }

  /// Something must be so.
  func demand(_ isSo: Bool, _ text: @autoclosure () -> String) throws {
    guard !isSo else { return }
    throw CourseFailure(text: text(), trace: simulation.events)
  }
}
