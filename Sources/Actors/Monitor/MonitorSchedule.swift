/// When to check: every interval on a clock that counts suspend, first at the start, missed checks never caught up.
///
/// Times are durations since an arbitrary origin of the monotonic clock; `wall` is microseconds since 1970. The
/// comparison of both finds a jump of the wall clock, after which stamps cannot be compared with it for a moment.
struct MonitorSchedule: Sendable {
  /// A step of the wall clock against the monotonic one that counts as a jump.
  static let jump = Duration.seconds(60)
  /// How long the evaluation after a jump waits.
  static let holdAfterJump = Duration.seconds(60)

  /// Shortest time between two checks: a program that asks for less gets this.
  static let shortestInterval = Duration.seconds(1)

  /// Time until a check that failed is repeated; twice as long after each further failure.
  static let firstRepeat = Duration.seconds(60)
  /// The longest such time.
  static let longestRepeat = Duration.seconds(900)

  /// What to do now.
  enum Action: Sendable, Hashable {
    /// Nothing is due before this time.
    case wait(until: Duration)
    /// A check of every model is due; its number counts from 1.
    case check(number: Int)
    /// The last check failed, or could not see what has come since: check every model again.
    case again
    /// Failed runs may be tried again: check the models that have one.
    case retry
    /// The wall clock jumped by this much: wait until then.
    case hold(until: Duration, jump: Duration)
  }

  /// Time between two checks.
  private(set) var interval: Duration
  /// Checks so far.
  private(set) var checks = 0
  /// When the next check is due.
  private(set) var nextCheck: Duration
  /// When the earliest failed run may be tried again.
  private(set) var nextRetry: Duration?
  /// When a check that failed is repeated; nil where none did.
  private(set) var nextRepeat: Duration?
  /// Whether evidence has come that the last check could not see.
  private var hasNews = false
  /// Checks of every model that failed in a row.
  private var failures = 0
  /// No scheduled evaluation before this time.
  private var heldUntil: Duration?
  /// Both clocks when they were last compared.
  private var seen: (monotonic: Duration, wall: Int64)

  /// A schedule whose first check is due now.
  init(interval: Duration, now: Duration, wall: Int64) {
    self.interval = max(interval, Self.shortestInterval)
    nextCheck = now
    seen = (now, wall)
  }

  /// What is due.
  mutating func onWake(now: Duration, wall: Int64) -> Action {
    let elapsed = now - seen.monotonic
    let difference = Duration.microseconds(wall - seen.wall) - elapsed
    seen = (now, wall)
    if difference > Self.jump || difference < .zero - Self.jump {
      let until = now + Self.holdAfterJump
      heldUntil = until
      return .hold(until: until, jump: difference)
    }
    if let held = heldUntil {
      guard now >= held else { return .wait(until: held) }
      heldUntil = nil
    }
    if now >= nextCheck {
      checks += 1
      let missed = (now - nextCheck) / interval
      nextCheck += interval * (Int(missed.rounded(.down)) + 1)
      nextRetry = nil
      nextRepeat = nil
      hasNews = false
      return .check(number: checks)
    }
    if hasNews {
      hasNews = false
      return .again
    }
    if let again = nextRepeat, now >= again {
      nextRepeat = nil
      return .again
    }
    if let retry = nextRetry, now >= retry {
      nextRetry = nil
      return .retry
    }
    return .wait(until: min(nextCheck, nextRetry ?? nextCheck, nextRepeat ?? nextCheck))
  }

  /// A check failed because the store or the journal did: it is repeated soon, and not only an interval later.
  ///
  /// - Returns: the time until then.
  mutating func onCheckFailed(now: Duration) -> Duration {
    let pause = min(Self.longestRepeat, Self.firstRepeat * (1 << min(failures, 10)))
    failures += 1
    let due = now + pause
    nextRepeat = min(nextRepeat ?? due, due)
    return min(nextRepeat ?? due, nextCheck) - now
  }

  /// Evidence has come that should have been there before: what the last check made of less is repeated at once. The
  /// first check sees it anyway.
  mutating func onNews() { hasNews = checks > 0 }

  /// A check of every model worked: nothing is to be repeated.
  mutating func onCheckDone() {
    failures = 0
    nextRepeat = nil
  }

  /// The earliest failed run can be tried again after `delay`; a later one does not replace an earlier.
  mutating func onRetryKnown(after delay: Duration, now: Duration) {
    let due = now + max(delay, .zero)
    nextRetry = min(nextRetry ?? due, due)
  }

  /// A new interval keeps the phase: it counts from the last check.
  mutating func onInterval(_ wanted: Duration, now: Duration) {
    let new = max(wanted, Self.shortestInterval)
    guard new != interval else { return }
    if checks > 0 {
      nextCheck = max(nextCheck - interval + new, now)
    }
    interval = new
  }
}
