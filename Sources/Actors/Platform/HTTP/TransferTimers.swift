/// Watches over the four timeouts of one request. Told what happened and when; says when to look again.
struct TransferTimers: Sendable {
  /// Where the request is.
  private enum Phase {
    /// Looking up the name, connecting, agreeing on TLS.
    case connecting
    /// Sending and waiting for the head of the answer.
    case waiting
    /// The answer has begun.
    case receiving
  }

  /// The limits.
  let timeouts: HTTPTimeouts
  /// When the request began.
  let start: ContinuousClock.Instant
  /// Where it is.
  private var phase = Phase.connecting
  /// When something last happened in this phase.
  private var lastActivity: ContinuousClock.Instant

  /// Starts all of them.
  init(_ timeouts: HTTPTimeouts, start: ContinuousClock.Instant) {
    self.timeouts = timeouts
    self.start = start
    lastActivity = start
  }

  /// True until the connection is ready.
  var isConnecting: Bool { phase == .connecting }

  /// True once the answer has begun.
  var isReceiving: Bool { phase == .receiving }

  /// The connection is ready.
  mutating func onConnected(at now: ContinuousClock.Instant) {
    guard phase == .connecting else { return }
    phase = .waiting
    lastActivity = now
  }

  /// A piece of the request left.
  mutating func onSent(at now: ContinuousClock.Instant) {
    onConnected(at: now)
    if phase == .waiting { lastActivity = now }
  }

  /// A piece of the answer, head or body, arrived.
  mutating func onReceived(at now: ContinuousClock.Instant) {
    phase = .receiving
    lastActivity = now
  }

  /// When the next limit is reached; nil without limits.
  var deadline: ContinuousClock.Instant? {
    switch (phaseDeadline, totalDeadline) {
    case (let phase?, let total?): min(phase, total)
    case (let phase, let total): phase ?? total
    }
  }

  /// The limit that has been reached, if any. The nearer one wins.
  func expired(at now: ContinuousClock.Instant) -> HTTPFailure.Kind? {
    guard let deadline, now >= deadline else { return nil }
    if let phaseDeadline, phaseDeadline == deadline { return kind }
    return .totalTimeout
  }

  /// When the limit of this phase is reached.
  private var phaseDeadline: ContinuousClock.Instant? {
    switch phase {
    case .connecting: timeouts.connect.map { start.advanced(by: $0) }
    case .waiting: timeouts.firstByte.map { lastActivity.advanced(by: $0) }
    case .receiving: timeouts.stall.map { lastActivity.advanced(by: $0) }
    }
  }

  /// When the limit of the whole is reached.
  private var totalDeadline: ContinuousClock.Instant? { timeouts.total.map { start.advanced(by: $0) } }

  /// What it is called when this phase takes too long.
  private var kind: HTTPFailure.Kind {
    switch phase {
    case .connecting: .connectTimeout
    case .waiting: .firstByteTimeout
    case .receiving: .stalled
    }
  }
}
