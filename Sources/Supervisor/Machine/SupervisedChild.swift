/// What the state machine knows of a child.
struct SupervisedChild: Sendable {
  /// What a child is doing.
  enum State: Sendable, Equatable {
    /// Not running; to be started when its turn comes.
    case down
    /// Started, not ready.
    case starting
    /// Ready.
    case ready
    /// Its task is cancelled.
    case stopping(Why)
    /// Failed; the next start comes when its delay is over.
    case waiting
    /// Not running, and not started again unless somebody asks for it or a walk comes by.
    case done
  }

  /// Why a child is being stopped.
  enum Why: Sendable, Equatable {
    /// The supervisor stops, or another child is restarted.
    case asked
    /// Somebody asked for this child to be terminated.
    case terminated
    /// It was not ready in time.
    case startTimeout
    /// It gave no sign of life.
    case unresponsive
  }

  /// Its number: the order of its start, never given again; 0 for a vacant slot.
  let number: UInt64
  /// What it is. A reload replaces it.
  var spec: ChildSpec
  /// Where it is in its delays.
  var backoff = BackoffSchedule()
  /// What it is doing.
  private(set) var state = State.down
  /// Since when.
  private(set) var since = Duration.zero
  /// Which of its deadlines counts: grows with each change of state.
  private(set) var stamp: UInt32
  /// How often it was started.
  var starts: UInt32 = 0
  /// The number of its latest start.
  var generation: UInt64
  /// True once a start was completed: from then on a failed start is tried again.
  var hasStarted = false
  /// True where it was added while the supervisor ran: its first start fails only itself.
  let isDynamic: Bool
  /// True while it is started because somebody asked for it: that start fails only itself.
  var isStartedByHand = false
  /// Its latest failure.
  var lastFailure: ChildOutcome?

  /// A child that was never started.
  init(_ spec: ChildSpec, number: UInt64, isDynamic: Bool, generation: UInt64, stamp: UInt32) {
    self.spec = spec
    self.number = number
    self.isDynamic = isDynamic
    self.generation = generation
    self.stamp = stamp
  }

  /// What a vacant slot holds.
  static func vacant(stamp: UInt32) -> SupervisedChild {
    SupervisedChild(nobody, number: 0, isDynamic: false, generation: 0, stamp: stamp)
  }

  /// The specification in a vacant slot.
  private static let nobody = ChildSpec(id: "") { _ in }

  /// Its id.
  var id: String { spec.id }

  /// How often it was started again.
  var restarts: Int { Int(max(starts, 1) - 1) }

  /// True where its task is ours and has not ended.
  var isRunning: Bool {
    switch state {
    case .starting, .ready, .stopping: true
    case .down, .waiting, .done: false
    }
  }

  /// True where it runs or is to run, and its end could end the supervisor.
  var isActivelySignificant: Bool { spec.significant && state != .done }

  /// Changes the state; a deadline of the old one no longer counts.
  mutating func enter(_ state: State, now: Duration) {
    self.state = state
    since = now
    stamp &+= 1
  }

  /// Being stopped, it is now to be down for another reason; its deadline stays.
  mutating func turnStop(into why: Why) {
    guard case .stopping(let before) = state, before != .terminated else { return }
    state = .stopping(why)
  }

  /// Not running, it is to be started when its turn comes.
  mutating func turnBack() {
    guard state == .done else { return }
    state = .down
  }

  /// The state as others see it.
  var publicState: ChildState {
    switch state {
    case .down: .down
    case .starting: .starting
    case .ready: .ready
    case .stopping: .stopping
    case .waiting: .restarting
    case .done: .ended
    }
  }
}
