import Supervision

/// What a supervisor ought to do, written down as plainly as possible, and not from its code.
///
/// The rules are stated, not walked: after each input `pursue()` looks at all children and does whatever the rules ask
/// for next. What it says is compared, word by word, with what the supervisor tells.
struct ReferenceModel {
  /// What reaches a supervisor.
  enum Input {
    /// A child says that it is ready.
    case ready(id: String, generation: UInt64)
    /// A child gives a sign of life.
    case beat(id: String, generation: UInt64)
    /// A child's task has ended.
    case ended(id: String, generation: UInt64, exit: Exit)
    /// Somebody asks for the stop.
    case stop
    /// Somebody asks for something else, under a number.
    case request(Int, Request)
    /// This is the time now.
    case time(Duration)
  }

  /// What somebody may ask for.
  enum Request {
    /// A new child.
    case start(ChildSpec)
    /// A child is to stop for good.
    case terminate(String)
    /// A child that does not run is to run.
    case restart(String)
    /// A child that does not run is to be forgotten.
    case delete(String)
    /// New specifications.
    case reload(SupervisorSpec)
  }

  /// How a task ended.
  enum Exit: Hashable {
    /// It returned.
    case returned
    /// It returned and said that there was nothing to do.
    case declined
    /// It threw `CancellationError`.
    case cancelled
    /// It threw `ChildShutdown`.
    case shutDown
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
    /// Not started again, unless somebody asks or it comes back with others.
    case over
  }

  /// Why a child was asked to stop.
  enum Why: Hashable {
    /// It has to be down.
    case wanted
    /// Somebody asked for that.
    case terminated
    /// It was not ready in time.
    case late
    /// It gave no sign of life.
    case silent
  }

  /// A child.
  struct Child {
    /// What it was made of.
    var spec: ChildSpec
    /// Its place in the order, never given twice.
    let number: Int
    /// True where it was added while the supervisor ran.
    var isDynamic = false
    /// What it is doing.
    var state = State.down
    /// Since when.
    var since = Duration.zero
    /// The number of its latest start.
    var generation: UInt64 = 0
    /// How often it was started.
    var starts = 0
    /// Whether a start was ever completed.
    var wasReady = false
    /// Whether somebody asked for the present start.
    var isByHand = false
    /// How many delays it has had since its backoff began.
    var delays = 0
    /// Its last sign of life.
    var sign = Duration.zero
    /// When its state is to be looked at again.
    var due: Duration?
    /// Which of two that are due at once comes first.
    var dueOrder = 0
    /// Its latest failure.
    var lastFailure: ChildOutcome?
    /// Who waits for its start, by the numbers of their requests.
    var startWaiters: [Int] = []
    /// Who waits for its stop.
    var stopWaiters: [Int] = []

    /// True where it has a task that is ours.
    var isRunning: Bool {
      switch state {
      case .starting, .ready, .stopping: true
      case .down, .waiting, .over: false
      }
    }

    /// Its id.
    var id: String { spec.id }
  }

  /// A start that was given up.
  struct Orphan: Hashable {
    /// Whose.
    let id: String
    /// Which of those that had this id.
    let number: Int
    /// Which.
    let generation: UInt64
    /// When.
    let since: Duration
  }

  /// Why the supervisor ends.
  enum Cause: Hashable {
    /// It was asked to.
    case requested
    /// A significant child has ended.
    case significant(String)
    /// The first start of a child failed.
    case startFailed(String)
    /// Restarts did not help.
    case escalated(String)
  }

  /// What goes on with all children from one on.
  enum Sweep: Hashable {
    /// They are to be down, because of one that waits for its restart; or because the supervisor ends.
    case falling(from: Int, because: Int?)
    /// They are down until the delay of that one is over. Where some were started meanwhile because somebody asked,
    /// they go down once more before all come back.
    case held(from: Int, because: Int?, mustFallAgain: Bool)
    /// They are started in order, each when those before it have had their turn.
    case rising(next: Int)
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

  /// What it is made of now.
  var spec: SupervisorSpec
  /// The children in the order of their start.
  var children: [Child]
  /// The number of the next child.
  var nextNumber: Int
  /// The time.
  var now = Duration.zero
  /// True from the start of the run.
  var isRun = false
  /// True once all children have had their turn.
  var wasReady = false
  /// What goes on with many children.
  var sweep: Sweep?
  /// True where the one because of which others are down is not wanted any more: they stay down then.
  var isGivenUp = false
  /// Children that somebody wants started, and that a sweep has to come to first.
  var asked: [Int] = []
  /// Why the supervisor ends; nil while it does not.
  var cause: Cause?
  /// True once it has ended.
  var isOver = false
  /// The times of restarts.
  var charges: [Duration] = []
  /// Times in which children hung, which do not count; none overlap.
  var hangs: [ClosedRange<Duration>] = []
  /// What was given up and still runs.
  var orphans: [Orphan] = []
  /// Who stopped while the supervisor ended.
  var stopped: [String] = []
  /// Who threw while the supervisor ended.
  var failures: [String] = []
  /// What is expected to be told and was not.
  var expected: [Expectation] = []
  /// What requests are answered with.
  var answers: [Int: String] = [:]
  /// Orders what is due at once.
  var dueCount = 0

  /// A supervisor that was not run.
  init(_ spec: SupervisorSpec) {
    self.spec = spec
    children = spec.children.enumerated().map { Child(spec: $1, number: $0) }
    nextNumber = children.count
  }

  /// When something is due next.
  var nextDue: Duration? { children.compactMap(\.due).min() }

  // MARK: Inputs

  /// The run begins, maybe with a stop that came before it.
  mutating func run(stopAsked: Bool) {
    isRun = true
    sweep = .rising(next: 0)
    if stopAsked { end(.requested) }
    pursue()
  }

  /// Takes an input.
  mutating func take(_ input: Input) {
    switch input {
    case .ready(let id, let generation): ready(id, generation)
    case .beat(let id, let generation):
      // Signs are kept in nanoseconds.
      let (seconds, attoseconds) = now.components
      let sign = Duration.seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
      if let index = position(id, generation) { children[index].sign = sign }
    case .ended(let id, let generation, let exit): ended(id, generation, exit)
    case .stop: if cause == nil { end(.requested) }
    case .request(let number, let request): take(request, number)
    case .time(let time):
      now = time
      while let index = nextDueChild() { handleDue(index) }
    }
    pursue()
  }

  /// A child says that it is ready.
  private mutating func ready(_ id: String, _ generation: UInt64) {
    guard let index = position(id, generation), children[index].state == .starting else { return }
    tell(.ready(id: id, generation: generation, after: now - children[index].since))
    children[index].wasReady = true
    children[index].isByHand = false
    answerStart(index, "started \(id)#\(generation)")
    enter(.ready, index)
    if let heartbeat = children[index].spec.heartbeat { setDue(index, at: now + heartbeat) }
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
    case .ready: checkSign(index)
    case .down, .over: break
    }
    pursue()
  }

  /// A child ought to have given a sign of life.
  private mutating func checkSign(_ index: Int) {
    guard let heartbeat = children[index].spec.heartbeat else { return }
    let next = max(children[index].sign, children[index].since) + heartbeat
    guard next <= now else { return setDue(index, at: next) }
    if now - children[index].since >= spec.healthyAfter { children[index].delays = 0 }
    tell(.unresponsive(id: children[index].id, generation: children[index].generation, after: heartbeat))
    askToStop(index, .silent)
  }

  // MARK: Small words

  /// The child of an id whose latest start this is.
  func position(_ id: String, _ generation: UInt64) -> Int? {
    position(id).flatMap { children[$0].generation == generation ? $0 : nil }
  }

  /// Where a child is.
  func position(_ id: String) -> Int? { children.firstIndex { $0.id == id } }

  /// Changes the state of a child; what was due for the old one is not any more.
  mutating func enter(_ state: State, _ index: Int) {
    children[index].state = state
    children[index].since = now
    children[index].due = nil
  }

  /// Sets when a child is to be looked at again.
  mutating func setDue(_ index: Int, at time: Duration) {
    dueCount += 1
    children[index].due = time
    children[index].dueOrder = dueCount
  }

  /// Expects an event.
  mutating func tell(_ event: SupervisorEvent) { expected.append(.exactly(event)) }

  /// Answers those who wait for a start.
  mutating func answerStart(_ index: Int, _ answer: String) {
    for number in children[index].startWaiters { answers[number] = answer }
    children[index].startWaiters = []
  }
}
