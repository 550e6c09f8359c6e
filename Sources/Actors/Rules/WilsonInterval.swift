/// Wilson's score interval for a proportion.
public enum WilsonInterval {
  /// The interval for k accepted of n judged; nil where n is not positive or k lies outside 0...n.
  ///
  /// - Parameters:
  ///   - accepted: k; a double, as the sum of a window may exceed 64 bits.
  ///   - judged: n.
  ///   - z: standard normal quantile; 95 % two-sided without it.
  public static func of(accepted: Double, judged: Double, z: Double = RuleBounds.z95) -> ClosedRange<Double>? {
    guard judged > 0, judged.isFinite, accepted >= 0, accepted <= judged else { return nil }
    let rate = accepted / judged
    let spread = z * z / judged
    let centre = (rate + spread / 2) / (1 + spread)
    let half = z / (1 + spread) * (rate * (1 - rate) / judged + spread / (4 * judged)).squareRoot()
    // At the ends the interval reaches 0 and 1 exactly; rounding would miss them.
    let lower = accepted == 0 ? 0 : max(0, centre - half)
    let upper = accepted == judged ? 1 : min(1, centre + half)
    guard lower <= upper else { return nil }
    return lower...upper
  }
}
