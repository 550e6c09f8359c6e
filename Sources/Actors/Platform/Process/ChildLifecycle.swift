/// Decides what happens to a child's process group: no clock, no call to the system.
///
/// `running → (terminating →) (killed →) draining → finished`. The end is the end of the group's leader; a grandchild
/// that holds a pipe open delays it by `drainBound` at most.
struct ChildLifecycle: Sendable, Hashable {
  /// How long output is still read once the leader has ended, where somebody else holds the pipe open.
  static let drainBound: Duration = .milliseconds(500)

  /// What to do to the group.
  enum Action: Sendable, Hashable {
    /// Nothing yet.
    case none
    /// SIGTERM, and SIGCONT so that a stopped process sees it.
    case terminate
    /// SIGKILL.
    case kill
    /// SIGKILL, and only then reap the leader: until it is reaped its id cannot be another group's.
    case killAndReap
    /// Close the pipes and hand over the result.
    case finish
  }

  /// Where the child is in its life.
  private enum Phase: Sendable, Hashable {
    /// Nobody asked it to end.
    case running
    /// It was asked to; SIGKILL at this moment.
    case terminating(killAt: MonotonicMoment)
    /// SIGKILL was sent.
    case killed
    /// The leader has ended; output is read until its end or this moment.
    case draining(until: MonotonicMoment)
    /// All done.
    case finished
  }

  /// Time from SIGTERM to SIGKILL.
  let grace: Duration
  /// Where the child is in its life.
  private var phase: Phase = .running
  /// True where we asked it to end while it ran.
  private(set) var wasTerminated = false
  /// True once both streams have ended.
  private var outputEnded = false

  /// A child that has just started.
  init(grace: Duration) { self.grace = grace }

  /// True once the result can be handed over.
  var isFinished: Bool { phase == .finished }
  /// True from the leader's end on.
  var hasEnded: Bool {
    switch phase {
    case .draining, .finished: true
    case .running, .terminating, .killed: false
    }
  }
  /// When `onTime` wants to be called; nil for never.
  var deadline: MonotonicMoment? {
    switch phase {
    case .terminating(let moment), .draining(let moment): moment
    case .running, .killed, .finished: nil
    }
  }

  /// Somebody wants it to end.
  mutating func onCancel(now: MonotonicMoment) -> Action {
    guard case .running = phase else { return .none }
    wasTerminated = true
    if grace <= .zero {
      phase = .killed
      return .kill
    }
    phase = .terminating(killAt: now.advanced(by: grace))
    return .terminate
  }

  /// The leader has ended and is not reaped yet.
  mutating func onLeaderEnded(now: MonotonicMoment) -> Action {
    guard !hasEnded else { return .none }
    phase = .draining(until: now.advanced(by: Self.drainBound))
    return .killAndReap
  }

  /// Both streams have ended. A child may close them and live on.
  mutating func onOutputEnded() -> Action {
    outputEnded = true
    guard case .draining = phase else { return .none }
    phase = .finished
    return .finish
  }

  /// Time went by.
  mutating func onTime(now: MonotonicMoment) -> Action {
    switch phase {
    case .terminating(let moment) where now >= moment:
      phase = .killed
      return .kill
    case .draining(let moment) where now >= moment || outputEnded:
      phase = .finished
      return .finish
    case .running, .terminating, .killed, .draining, .finished: return .none
    }
  }
}
