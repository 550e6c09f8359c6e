/// When the outbox asks its store again: pauses grow while it takes nothing, however many events wait.
struct OutboxPace: Sendable {
  /// First and longest pause, and what chance adds to it.
  static let firstRetry = Duration.seconds(1)
  static let longestRetry = Duration.seconds(300)
  static let retrySpread = 0.25

  /// Requests in a row that failed for now.
  private(set) var failures = 0
  private var notBefore: Duration?

  /// True from a request that failed for now to the next that did not.
  var isAway: Bool { failures > 0 }

  /// How long nobody is to be asked; nil where the store may be asked now.
  func pause(now: Duration) -> Duration? { notBefore.flatMap { $0 > now ? $0 - now : nil } }

  /// The store takes nothing for now.
  ///
  /// - Parameters:
  ///   - wanted: how long it wants to be left alone: never shorter than our own pause, never longer than our longest.
  ///     Chance adds to it as to our own: it may have told many daemons the same.
  ///   - chance: 0 to 1.
  mutating func onAway(now: Duration, wanted: Duration?, chance: Double) {
    let own = Self.pause(after: failures, chance: chance)
    failures += 1
    notBefore = now + max(own, min(wanted ?? .zero, Self.longestRetry) * (1 + chance * Self.retrySpread))
  }

  /// It took something, or said what it wants of a person.
  mutating func onAnswered() {
    failures = 0
    notBefore = nil
  }

  /// It is asked now, whatever it said: the last chance before a stop, or somebody has put something right.
  mutating func askNow() { notBefore = nil }

  /// The pause after so many failures.
  static func pause(after failures: Int, chance: Double) -> Duration {
    var pause = firstRetry
    for _ in 0..<min(failures, 16) { pause = min(pause * 2, longestRetry) }
    return pause * (1 + chance * retrySpread)
  }
}
