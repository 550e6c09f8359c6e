/// The queue of one sink: what a try means for the message and for those behind it. A message waits for the one before
/// it, so that people read things in the order in which they happened.
struct SinkLane: Sendable {
  /// Ceiling of the first pause; each failure doubles it.
  static let firstRetry = Duration.seconds(5)
  /// Highest ceiling.
  static let longestRetry = Duration.seconds(3600)
  /// Shortest pause that is our own choice.
  static let leastRetry = Duration.milliseconds(250)
  /// Age at which a message is given up.
  static let longestAge = Duration.seconds(72 * 3600)
  /// Tries in a row that must have failed by then: a clock that jumped ahead gives nothing up.
  static let leastFailures = 8
  /// Times in a row that a receiver may say "at once" before our own pauses count.
  static let wishesForNoPause = 3

  /// What is to be written of a message.
  enum Settlement: Sendable, Equatable {
    /// It has arrived.
    case delivered
    /// It is tried again after this pause.
    case retry(after: Duration, error: String)
    /// It is given up.
    case dead(why: String)
    /// It and everything behind it is given up.
    case closed(why: String)
  }

  /// Tries that failed in a row.
  private(set) var failures = 0
  /// Why the sink takes nothing any more; nil where it does.
  private(set) var gone: String?
  /// Until when it is left alone.
  private var notBefore: Duration?
  /// Pauses of zero in a row that it asked for.
  private var hurries = 0

  /// How long it is to be left alone; zero where it may be asked now.
  func pause(now: Duration) -> Duration { notBefore.map { max($0 - now, .zero) } ?? .zero }

  /// A message was tried.
  ///
  /// - Parameters:
  ///   - attempts: tries of this message before this one.
  ///   - age: time since it came about, by the wall clock.
  ///   - chance: 0 to 1.
  mutating func onAttempt(
    _ attempt: DeliveryAttempt, attempts: Int, age: Duration, now: Duration, chance: Double
  ) -> Settlement {
    switch attempt {
    case .delivered:
      failures = 0
      hurries = 0
      notBefore = nil
      return .delivered
    case .refused(let why):
      // The sink is there: what is wrong is wrong with this message, or for a person to put right.
      failures = 0
      notBefore = nil
      return .dead(why: why)
    case .gone(let why):
      gone = why
      return .closed(why: why)
    case .failed(let why, let wish):
      let pause = pause(after: max(failures, attempts), wish: wish, chance: chance)
      failures += 1
      notBefore = now + pause
      if age >= Self.longestAge, failures >= Self.leastFailures {
        return .dead(why: "\(attempts + 1) tries failed in \(Self.longestAge.inWords): \(why)")
      }
      return .retry(after: pause, error: why)
    }
  }

  /// What came of a try could not be written down.
  mutating func onJournalTrouble(now: Duration, pause: Duration) { notBefore = now + pause }

  /// Somebody has put something right: it is asked at once, whatever it said.
  mutating func onReload() { self = SinkLane() }

  private mutating func pause(after failures: Int, wish: Duration?, chance: Double) -> Duration {
    if let wish {
      hurries = wish > .zero ? 0 : hurries + 1
      if hurries <= Self.wishesForNoPause { return wish }
    }
    var ceiling = Self.firstRetry
    for _ in 0..<min(failures, 16) { ceiling = min(ceiling * 2, Self.longestRetry) }
    return max(ceiling * chance, Self.leastRetry)
  }
}
