/// When a failed run is tried again: after 15 minutes, doubling with each failure, never later than a day.
enum RetrySchedule {
  /// The delay after the end of an attempt.
  ///
  /// - Parameters:
  ///   - failures: attempts that have failed so far; 0 and 1 both give the base.
  ///   - jitter: a random number in 0..<1; what lies outside counts as the nearer end.
  static func delay(failures: Int, jitter: Double) -> Duration {
    // Beyond 2^7 · 15 min the ceiling holds in any case, so that the shift stays small.
    let doublings = min(max(failures, 1), 8) - 1
    let planned = RuleBounds.retryBase * (1 << doublings)
    let share = jitter > 0 ? min(jitter, 1) : 0  // NaN is not above 0.
    return min(planned + planned * (share * RuleBounds.retrySpread), RuleBounds.retryCeiling)
  }
}
