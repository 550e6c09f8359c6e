@testable import Supervision

/// An error that a test child throws.
struct Broken: Error, CustomStringConvertible {
  /// What it says.
  let description: String

  /// Makes an error.
  init(_ description: String = "broken") { self.description = description }
}

/// Drives the state machine of a supervisor through virtual time, and keeps what it says.
struct MachineBench {
  /// The machine under test.
  var machine: SupervisorStateMachine
  /// The time.
  private(set) var now = Duration.zero
  /// What was spawned, cancelled and let go, in words: `+a1`, `-a`, `.a`.
  private(set) var log: [String] = []
  /// What was told.
  private(set) var events: [SupervisorEvent] = []
  /// How the run ended.
  private(set) var result: Result<StopReport, SupervisorError>?
  /// True once it said that all are ready.
  private(set) var isReady = false

  /// Makes a bench for a specification.
  init(_ spec: SupervisorSpec, seed: UInt64 = 1) {
    machine = SupervisorStateMachine(spec, seed: seed)
  }

  /// Begins the run.
  mutating func run() { take(machine.onRun(now: now)) }

  /// Begins the run and lets every child be ready.
  mutating func runUntilReady() {
    run()
    for index in machine.children.indices { ready(index) }
    log = []
    events = []
  }

  /// A child says that it is ready.
  mutating func ready(_ child: Int, generation: UInt64? = nil) {
    take(machine.onReady(child: child, generation: generation ?? self.generation(child), now: now))
  }

  /// A child throws.
  mutating func fail(_ child: Int, generation: UInt64? = nil, _ error: any Error = Broken()) {
    let generation = generation ?? self.generation(child)
    take(machine.onEnded(child: child, generation: generation, exit: .threw(error), now: now))
  }

  /// A child returns.
  mutating func finish(_ child: Int, generation: UInt64? = nil) {
    let generation = generation ?? self.generation(child)
    take(machine.onEnded(child: child, generation: generation, exit: .returned, now: now))
  }

  /// Somebody asks for the stop.
  mutating func stop() { take(machine.onStop(now: now)) }

  /// Lets time pass, without anything being due before the end of it.
  mutating func advance(by duration: Duration) {
    now += duration
    take(machine.onAlarm(now: now))
  }

  /// When something is due next.
  var nextDeadline: Duration? {
    var copy = machine
    return copy.nextDeadline()
  }

  /// Goes to the next deadline, if there is one.
  mutating func advanceToNextDeadline() {
    guard let deadline = nextDeadline else { return }
    now = max(now, deadline)
    take(machine.onAlarm(now: now))
  }

  /// Forgets the log so far.
  mutating func clear() {
    log = []
    events = []
  }

  /// The generation of a child.
  func generation(_ child: Int) -> UInt64 { machine.children[child].generation }

  /// What a child is doing.
  func state(_ child: Int) -> ChildState { machine.children[child].publicState }

  /// Keeps what the machine says.
  private mutating func take(_ actions: [SupervisorStateMachine.Action]) {
    for action in actions {
      switch action {
      case .spawn(let child, let generation): log.append("+\(machine.children[child].id)\(generation)")
      case .cancel(let child): log.append("-\(machine.children[child].id)")
      case .release(let child): log.append(".\(machine.children[child].id)")
      case .forget(let child): log.append("x\(machine.children[child].id)")
      case .emit(let event): events.append(event)
      case .becameReady: isReady = true
      case .finish(let result): self.result = result
      }
    }
  }
}

/// A child specification that is never run.
func child(
  _ id: String, restart: RestartType = .permanent, shutdown: Shutdown = .grace(.seconds(5)),
  startTimeout: Duration = .seconds(30), backoff: Backoff? = nil
) -> ChildSpec {
  ChildSpec(id: id, restart: restart, shutdown: shutdown, startTimeout: startTimeout, backoff: backoff) { _ in }
}

/// A specification with delays of 1, 2, 4, 8 and 8 seconds without jitter, and room for five restarts in a minute.
func spec(
  _ strategy: Strategy, intensity: Int = 5, period: Duration = .seconds(60),
  backoff: Backoff = Backoff(base: .seconds(1), ratio: 2, max: .seconds(8), jitter: 0),
  healthyAfter: Duration = .seconds(10), _ children: [ChildSpec]
) throws(SpecError) -> SupervisorSpec {
  try SupervisorSpec(
    id: "root", strategy: strategy, intensity: intensity, period: period, backoff: backoff,
    healthyAfter: healthyAfter, children: children)
}
