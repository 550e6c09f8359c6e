import Testing

@testable import Supervision

/// An error that a test child throws.
struct Broken: Error, CustomStringConvertible {
  /// What it says.
  let description: String

  /// Makes an error.
  init(_ description: String = "broken") { self.description = description }
}

/// Drives the state machine of a supervisor through virtual time, and keeps what it says.
///
/// Children are named by their position among all that were ever added, also where they are gone.
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
  /// How requests were answered, by the number of the request.
  private(set) var answers: [UInt64: SupervisorStateMachine.Answer] = [:]
  /// The children that were added.
  private(set) var keys: [ChildKey]
  /// Their ids.
  private var names: [String]
  /// Their latest generations.
  private var generations: [ChildKey: UInt64] = [:]
  /// The number of the next request.
  private var nextTicket: UInt64 = 0
  /// When children last gave a sign of life.
  var signs: [Int: Duration] = [:]

  /// Makes a bench for a specification.
  init(_ spec: SupervisorSpec, seed: UInt64 = 1) { self.init(spec.core, seed: seed) }

  /// Makes a bench for a supervisor or a pool.
  init(_ spec: CoreSpec, seed: UInt64 = 1) {
    let machine = SupervisorStateMachine(spec, seed: seed)
    self.machine = machine
    keys = Array(machine.children.keys)
    names = keys.map { machine.children[$0].id }
  }

  /// Begins the run.
  mutating func run() { input { $0.onRun(now: $1, &$2) } }

  /// Begins the run and lets every child be ready.
  mutating func runUntilReady() {
    run()
    for index in keys.indices { ready(index) }
    clear()
  }

  /// A child says that it is ready.
  mutating func ready(_ child: Int, generation: UInt64? = nil, info: (any Sendable)? = nil) {
    let (key, generation) = (keys[child], generation ?? self.generation(child))
    input { $0.onReady(key, generation: generation, info: info, now: $1, &$2) }
  }

  /// A child ends.
  mutating func end(_ child: Int, generation: UInt64? = nil, _ exit: ChildExit) {
    let (key, generation) = (keys[child], generation ?? self.generation(child))
    input { $0.onEnded(key, generation: generation, exit: exit, now: $1, &$2) }
  }

  /// A child throws.
  mutating func fail(_ child: Int, generation: UInt64? = nil, _ error: any Error = Broken()) {
    end(child, generation: generation, .threw(error))
  }

  /// A child returns.
  mutating func finish(_ child: Int, generation: UInt64? = nil) { end(child, generation: generation, .returned) }

  /// Somebody asks for the stop.
  mutating func stop() { input { $0.onStop(now: $1, &$2) } }

  /// Somebody asks for a child; the number of the request.
  @discardableResult
  mutating func startChild(_ spec: ChildSpec) -> UInt64 { request { $0.onStartChild(spec, $1, now: $2, &$3) } }

  /// Somebody asks for a child's end; the number of the request.
  @discardableResult
  mutating func terminateChild(_ id: String) -> UInt64 { request { $0.onTerminateChild(id, $1, now: $2, &$3) } }

  /// Somebody asks for a child's return; the number of the request.
  @discardableResult
  mutating func restartChild(_ id: String) -> UInt64 { request { $0.onRestartChild(id, $1, now: $2, &$3) } }

  /// Somebody asks for a child to be forgotten; why it was not.
  mutating func deleteChild(_ id: String) -> ChildError? {
    var refused: ChildError?
    input { machine, now, actions in
      do throws(ChildError) { try machine.onDeleteChild(id, now: now, &actions) } catch { refused = error }
    }
    return refused
  }

  /// Somebody replaces the specifications; why they were not.
  mutating func reload(_ spec: SupervisorSpec) -> SpecError? {
    var refused: SpecError?
    input { machine, now, actions in
      do throws(SpecError) { try machine.onReload(spec, now: now, &actions) } catch { refused = error }
    }
    return refused
  }

  /// Lets time pass, without anything being due before the end of it.
  mutating func advance(by duration: Duration) {
    now += duration
    alarm()
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
    alarm()
  }

  /// Forgets the log so far.
  mutating func clear() {
    log = []
    events = []
  }

  /// The generation of a child.
  func generation(_ child: Int) -> UInt64 { generations[keys[child]] ?? 0 }

  /// What a child is doing; `ended` where it is gone.
  func state(_ child: Int) -> ChildState {
    machine.children.contains(keys[child]) ? machine.children[keys[child]].publicState : .ended
  }

  /// Whether a child is still known.
  func isKnown(_ child: Int) -> Bool { machine.children.contains(keys[child]) }

  /// The error that a request was answered with.
  func refusal(_ ticket: UInt64) -> ChildError? {
    if case .failure(let error) = answers[ticket] { error } else { nil }
  }

  /// What a request for a start was answered with.
  func started(_ ticket: UInt64) -> StartedChild? {
    if case .success(let started) = answers[ticket] { started } else { nil }
  }

  /// Time has come.
  private mutating func alarm() {
    let signs = Dictionary(uniqueKeysWithValues: self.signs.map { (keys[$0.key], $0.value) })
    input { $0.onAlarm(now: $1, lastSign: { signs[$0] }, &$2) }
  }

  /// Makes a request.
  private mutating func request(
    _ body: (inout SupervisorStateMachine, UInt64, Duration, inout [SupervisorStateMachine.Action]) -> Void
  ) -> UInt64 {
    let ticket = nextTicket
    nextTicket += 1
    input { body(&$0, ticket, $1, &$2) }
    return ticket
  }

  /// Gives an input, and keeps what the machine says.
  private mutating func input(
    _ body: (inout SupervisorStateMachine, Duration, inout [SupervisorStateMachine.Action]) -> Void
  ) {
    var actions: [SupervisorStateMachine.Action] = []
    body(&machine, now, &actions)
    for key in machine.children.keys where key.number > keys.last?.number ?? 0 {
      keys.append(key)
      names.append(machine.children[key].id)
    }
    for action in actions {
      switch action {
      case .spawn(let key, let generation, let id, _):
        if !keys.contains(key) {
          keys.append(key)
          names.append(id)
        }
        generations[key] = generation
        log.append("+\(name(key))\(generation)")
      case .cancel(let key): log.append("-\(name(key))")
      case .release(let key): log.append(".\(name(key))")
      case .answer(let ticket, let answer):
        #expect(answers.updateValue(answer, forKey: ticket) == nil, "answered twice")
      case .orphanGone(let heir): log.append("!\(heir.path)\(heir.generation)")
      case .emit(let event): events.append(event)
      case .becameReady: isReady = true
      case .finish(let result): self.result = result
      }
    }
  }

  /// The name of a child.
  private func name(_ key: ChildKey) -> String {
    keys.firstIndex(of: key).map { names[$0] } ?? "?"
  }
}

/// A child specification that is never run.
func child(
  _ id: String, restart: RestartType = .permanent, significant: Bool = false,
  shutdown: Shutdown = .grace(.seconds(5)), startTimeout: Duration = .seconds(30), heartbeat: Duration? = nil,
  backoff: Backoff? = nil
) -> ChildSpec {
  ChildSpec(
    id: id, restart: restart, significant: significant, shutdown: shutdown, startTimeout: startTimeout,
    heartbeat: heartbeat, backoff: backoff
  ) { _ in }
}

/// A specification with delays of 1, 2, 4, 8 and 8 seconds without jitter, and room for five restarts in a minute.
func spec(
  _ strategy: Strategy, autoShutdown: AutoShutdown = .never, intensity: Int = 5, period: Duration = .seconds(60),
  backoff: Backoff = Backoff(base: .seconds(1), ratio: 2, max: .seconds(8), jitter: 0),
  healthyAfter: Duration = .seconds(10), _ children: [ChildSpec]
) throws(SpecError) -> SupervisorSpec {
  try SupervisorSpec(
    id: "root", strategy: strategy, autoShutdown: autoShutdown, intensity: intensity, period: period,
    backoff: backoff, healthyAfter: healthyAfter, children: children)
}
