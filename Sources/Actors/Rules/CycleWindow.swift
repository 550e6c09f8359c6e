/// How long a cycle is whose writer did not say it.
public enum CycleWindow {
  /// Whole minutes, rounded down, so that a cycle which began after the model changed is never taken for an older one.
  ///
  /// - Parameters:
  ///   - end: end of the cycle.
  ///   - previous: end of the model's cycle before it; nil where there is none.
  ///   - changed: when the model last changed; nil where it has not. A change after the end says nothing of the cycle.
  ///   - longest: what is believed at most, and where nothing tells more.
  public static func minutes(end: Timestamp, previous: Timestamp?, changed: Timestamp?, longest: Duration) -> Int64 {
    let most = min(wholeMinutes(longest), RuleBounds.longestCycleMinutes)
    guard let begin = [previous, changed].compactMap({ $0 }).filter({ $0 <= end }).max() else { return most }
    return min(wholeMinutes(end - begin), most)
  }

  /// Rounded down; none for a negative duration.
  private static func wholeMinutes(_ duration: Duration) -> Int64 { max(duration.components.seconds, 0) / 60 }
}
