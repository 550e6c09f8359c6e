/// The delays between restarts: `delay(n) = min(max, base · ratio^n) · (1 + U(0, jitter))`.
public struct Backoff: Sendable, Hashable {
  /// Delay before the first restart.
  public var base: Duration
  /// Factor from one delay to the next.
  public var ratio: Double
  /// Longest delay, before jitter.
  public var max: Duration
  /// Largest share of a delay that chance adds to it, so that many do not return in the same moment.
  public var jitter: Double

  /// Makes the delays.
  public init(
    base: Duration = Defaults.backoffBase, ratio: Double = Defaults.backoffRatio,
    max: Duration = Defaults.backoffMax, jitter: Double = Defaults.backoffJitter
  ) {
    self.base = base
    self.ratio = ratio
    self.max = max
    self.jitter = jitter
  }

  /// No delay at all.
  public static let none = Backoff(base: .zero, ratio: 1, max: .zero, jitter: 0)

  /// No delay at all: a restart is immediate, as in OTP.
  public static let immediate = none

  /// The delay after this one, before jitter.
  func delay(after delay: Duration) -> Duration {
    // Compared as doubles first: the product itself may not fit into a duration.
    guard delay.inSeconds * ratio < max.inSeconds else { return max }
    return min(max, delay * ratio)
  }

  /// The longest that this many restarts in a row can take where each start fails at once.
  func longest(restarts: Int) -> Duration {
    var total = Duration.zero
    var delay = min(base, max)
    for done in 0..<restarts {
      let next = self.delay(after: delay)
      total += delay * (1 + jitter)
      if next == delay {
        // Constant from here on.
        return total + delay * (1 + jitter) * (restarts - done - 1)
      }
      delay = next
    }
    return total
  }
}

/// Where one child is in its delays. The rule is not kept here: a reload may change it.
struct BackoffSchedule: Sendable {
  /// How many delays there were since it began. The delay itself is not kept: after a reload it follows the new rule.
  private var count: UInt32 = 0

  /// Begins at the base.
  init() {}

  /// The next delay by a rule; the one after it is longer.
  mutating func next(_ rule: Backoff, using random: inout SplitMix64) -> Duration {
    var delay = min(rule.base, rule.max)
    for _ in 0..<count {
      let longer = rule.delay(after: delay)
      // Constant from here on.
      guard longer != delay else { break }
      delay = longer
    }
    if count < .max { count += 1 }
    guard rule.jitter > 0, delay > .zero else { return delay }
    return delay * (1 + Double.random(in: 0...rule.jitter, using: &random))
  }

  /// Begins again at the base.
  mutating func reset() {
    count = 0
  }
}

extension Duration {
  /// The duration as a number of seconds.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
