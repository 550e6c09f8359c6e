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
    /// Ended for good.
    case done
  }

  /// Why a child is being stopped.
  enum Why: Sendable, Equatable {
    /// The supervisor stops, or a child before it is restarted.
    case asked
    /// It was not ready in time.
    case startTimeout
  }

  /// Its id.
  let id: String
  /// When it is started again.
  let restart: RestartType
  /// How it is stopped.
  let shutdown: Shutdown
  /// How long it may take to be ready.
  let startTimeout: Duration
  /// Where it is in its delays.
  var backoff: BackoffSchedule
  /// What it is doing.
  private(set) var state = State.down
  /// Since when.
  private(set) var since = Duration.zero
  /// Which of its deadlines counts: grows with each change of state.
  private(set) var stamp: UInt64 = 0
  /// The number of its latest start.
  var generation: UInt64 = 0
  /// How often it was started again.
  var restarts = 0
  /// True once a start was completed: from then on a failed start is tried again.
  var hasStarted = false
  /// Its latest failure.
  var lastFailure: ChildOutcome?

  /// A child that was never started.
  init(_ spec: ChildSpec, backoff rule: Backoff) {
    id = spec.id
    restart = spec.restart
    shutdown = spec.shutdown
    startTimeout = spec.startTimeout
    backoff = BackoffSchedule(rule)
  }

  /// True where its task is ours and has not ended.
  var isRunning: Bool {
    switch state {
    case .starting, .ready, .stopping: true
    case .down, .waiting, .done: false
    }
  }

  /// Changes the state; a deadline of the old one no longer counts.
  mutating func enter(_ state: State, now: Duration) {
    self.state = state
    since = now
    stamp += 1
  }

  /// Being stopped for its start timeout, it is now to be down for another reason; its deadline stays.
  mutating func turnStopIntoAsked() {
    guard case .stopping = state else { return }
    state = .stopping(.asked)
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
