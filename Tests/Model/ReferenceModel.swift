import Supervision

/// What a supervisor ought to do, written down as plainly as possible, and not from its code.
///
/// The rules are stated, not walked: after each input `pursue()` looks at all children and does whatever the rules ask
/// for next. What it says is compared, word by word, with what the supervisor tells.
struct ReferenceModel {
  /// What reaches a supervisor.
  enum Input: Hashable {
    /// A child says that it is ready.
    case ready(id: String, generation: UInt64)
    /// A child's task has ended.
    case ended(id: String, generation: UInt64, exit: Exit)
    /// Somebody asks for the stop.
    case stop
    /// This is the time now.
    case time(Duration)
  }

  /// How a task ended.
  enum Exit: Hashable {
    /// It returned.
    case returned
    /// It threw `CancellationError`.
    case cancelled
    /// It threw this.
    case threw(Fault)
  }

  /// What a child is doing.
  enum State: Hashable {
    /// Not running, to be started in its turn.
    case down
    /// Started, not ready.
    case starting
    /// Ready.
    case ready
    /// Asked to stop.
    case stopping(Why)
    /// Waiting for its restart.
    case waiting
    /// Never started again.
    case over
  }

  /// Why a child was asked to stop.
  enum Why: Hashable {
    /// It has to be down.
    case wanted
    /// It was not ready in time.
    case late
  }

  /// A child.
  struct Child {
    /// What it was made of.
    let spec: ChildSpec
    /// What it is doing.
    var state = State.down
    /// Since when.
    var since = Duration.zero
    /// The number of its latest start.
    var generation: UInt64 = 0
    /// How often it was started again.
    var restarts = 0
    /// Whether a start was ever completed.
    var wasReady = false
    /// How many delays it has had since its backoff began.
    var delays = 0
    /// When its state is to be looked at again.
    var due: Duration?
    /// Which of two that are due at once comes first.
    var dueOrder = 0
    /// Its latest failure.
    var lastFailure: ChildOutcome?

    /// True where it has a task that is ours.
    var isRunning: Bool {
      switch state {
      case .starting, .ready, .stopping: true
      case .down, .waiting, .over: false
      }
    }
  }

  /// A start that was given up.
  struct Orphan: Hashable {
    /// Whose.
    let id: String
    /// Which.
    let generation: UInt64
    /// When.
    let since: Duration
  }

  /// Why the supervisor ends.
  enum Cause: Hashable {
    /// It was asked to.
    case requested
    /// The first start of a child failed.
    case startFailed(String)
    /// Restarts did not help.
    case escalated(String)
  }

  /// What is expected to be told, in order.
  enum Expectation: Hashable {
    /// Exactly this.
    case exactly(SupervisorEvent)
    /// The end of a child that is restarted after a delay within these bounds.
    case restart(id: String, generation: UInt64, outcome: ChildOutcome, ClosedRange<Duration>)
    /// The end of the run: who stopped, in order; who threw; who still runs.
    case finished(stopped: [String], failures: [String], unstopped: [String])
  }

  /// What it was made of.
  let spec: SupervisorSpec
  /// The children in the order of their start.
  var children: [Child]
  /// The time.
  var now = Duration.zero
  /// True from the start of the run.
  var isRun = false
  /// True once all children have had their turn.
  var wasReady = false
  /// How many have had their first turn.
  var turns = 0
  /// Children from this position on have to be down before anything is started.
  var floor: Int?
  /// Why the supervisor ends; nil while it does not.
  var cause: Cause?
  /// True once it has ended.
  var isOver = false
  /// The times of restarts.
  var charges: [Duration] = []
  /// What was given up and still runs.
  var orphans: [Orphan] = []
  /// Who stopped while the supervisor ended.
  var stopped: [String] = []
  /// Who threw while the supervisor ended.
  var failures: [String] = []
  /// What is expected to be told and was not.
  var expected: [Expectation] = []
  /// Orders what is due at once.
  var dueCount = 0

  /// A supervisor that was not run.
  init(_ spec: SupervisorSpec) {
    self.spec = spec
    children = spec.children.map { Child(spec: $0) }
  }

  /// When something is due next.
  var nextDue: Duration? { children.compactMap(\.due).min() }

  // MARK: Inputs

  /// The run begins, maybe with a stop that came before it.
  mutating func run(stopAsked: Bool) {
    isRun = true
    if stopAsked { end(.requested) }
    pursue()
  }

  /// Takes an input.
  mutating func take(_ input: Input) {
    switch input {
    case .ready(let id, let generation): ready(id, generation)
    case .ended(let id, let generation, let exit): ended(id, generation, exit)
    case .stop: if cause == nil { end(.requested) }
    case .time(let time):
      now = time
      while let index = nextDueChild() { handleDue(index) }
    }
    pursue()
  }

  /// A child says that it is ready.
  private mutating func ready(_ id: String, _ generation: UInt64) {
    guard let index = position(id), children[index].generation == generation, children[index].state == .starting
    else { return }
    tell(.ready(id: id, generation: generation, after: now - children[index].since))
    children[index].wasReady = true
    enter(.ready, index)
  }

  /// A child's task has ended.
  private mutating func ended(_ id: String, _ generation: UInt64, _ exit: Exit) {
    guard let index = position(id), children[index].generation == generation, children[index].isRunning else {
      return orphanEnded(id, generation)
    }
    let child = children[index]
    switch child.state {
    case .stopping(.late) where cause == nil: failStart(index, .timedOut(after: child.spec.startTimeout))
    case .stopping:
      if case .threw(let fault) = exit {
        tell(.stopped(id: id, generation: generation, fault: fault))
        note(id, isFailure: true)
      } else {
        tell(.stopped(id: id, generation: generation, fault: nil))
        note(id, isFailure: false)
      }
      settle(index)
    case .starting:
      switch exit {
      case .threw(let fault): failStart(index, .threw(fault))
      case .cancelled: failStart(index, .threw(Fault(CancellationError())))
      case .returned where child.spec.restart == .permanent: failStart(index, .endedBeforeReady)
      case .returned:
        children[index].wasReady = true
        endForGood(index, .finished)
      }
    case .ready:
      let outcome: ChildOutcome =
        switch exit {
        case .returned: .finished
        case .cancelled: .failed(Fault(CancellationError()))
        case .threw(let fault): .failed(fault)
        }
      if outcome != .finished { children[index].lastFailure = outcome }
      switch child.spec.restart {
      case .temporary: endForGood(index, outcome)
      case .transient where outcome == .finished: endForGood(index, outcome)
      case .transient, .permanent:
        if now - child.since >= spec.healthyAfter { children[index].delays = 0 }
        restart(index, outcome)
      }
    case .down, .waiting, .over: break
    }
  }

  /// A start that was given up has ended.
  private mutating func orphanEnded(_ id: String, _ generation: UInt64) {
    guard let found = orphans.firstIndex(where: { $0.id == id && $0.generation == generation }) else { return }
    tell(.orphanEnded(id: id, generation: generation, age: now - orphans.remove(at: found).since))
  }

  /// The child that is due first.
  private func nextDueChild() -> Int? {
    children.indices.filter { (children[$0].due ?? now + .seconds(1)) <= now }
      .min { (children[$0].due ?? now, children[$0].dueOrder) < (children[$1].due ?? now, children[$1].dueOrder) }
  }

  /// The time of a child has come.
  private mutating func handleDue(_ index: Int) {
    children[index].due = nil
    switch children[index].state {
    case .starting: askToStop(index, .late)
    case .stopping: giveUp(index)
    case .waiting: endWait(index)
    case .down, .ready, .over: break
    }
    pursue()
  }
}
