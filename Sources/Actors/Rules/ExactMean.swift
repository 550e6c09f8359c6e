/// The unweighted mean of accept rates, compared without rounding: a window of cycles exactly at the threshold is at
/// it, for every length and every mix of denominators.
///
/// Rates with counts are the fraction accepted / (accepted + rejected); bare rates and the threshold are the shortest
/// decimal of their double, so that 0.6 means 6/10.
public struct ExactMean: Sendable {
  /// Where the mean lies.
  public enum Position: Sendable, Hashable {
    /// Strictly below the threshold.
    case below
    /// Exactly at it.
    case equal
    /// Strictly above it.
    case above
  }

  /// What the mean is taken over.
  let evidence: [Evidence]
  /// Sum of the rates in doubles; see `position` for its error.
  private let sum: Double

  /// The mean of some evidence. Counts are not negative and not both zero; rates lie in 0...1.
  public init(_ evidence: [Evidence]) {
    self.evidence = evidence
    var sum = 0.0
    for item in evidence { sum += item.approximateRate }
    self.sum = sum
  }

  /// The mean in doubles, to about 10^-16 times the number of rates; nil where there are none.
  public var approximate: Double? { evidence.isEmpty ? nil : sum / Double(evidence.count) }

  /// Where the mean lies; `above` without evidence or for a threshold that is not a number.
  public func position(relativeTo threshold: Double) -> Position {
    guard !evidence.isEmpty, threshold >= 0 else { return .above }
    guard threshold <= 1 else { return .below }

    // The error of `sum`, with u = 2^-53: two counts as doubles are each off by at most u and their quotient by another
    // u; a bare rate is within u of its shortest decimal (below 2^-1022: within 2^-1074 absolutely). So each of the K
    // terms is off by at most 3.01u of itself, and adding them up puts the sum off by (K - 1)u more. K · threshold is
    // off by at most 2.01u of itself. Both together stay below (K + 3) · 1.01u · (sum + target), which is less than half
    // of what is allowed here: where the difference is larger than that, its sign is right.
    let count = Double(evidence.count)
    let target = count * threshold
    let allowed = (count + 8) * 0x1p-52 * (sum + target) + 0x1p-1000
    if sum + allowed < target { return .below }
    if sum - allowed > target { return .above }
    return ExactComparison.position(of: evidence, relativeTo: threshold)
  }
}

extension Evidence {
  /// The accept rate in doubles.
  public var approximateRate: Double {
    switch self {
    case .counted(let accepted, let rejected, _):
      Double(accepted) / Double(Self.judged(accepted: accepted, rejected: rejected))
    case .uncounted(let rate): rate
    }
  }

  /// accepted + rejected, which two 64-bit signed counts can exceed; a negative count, which no evidence holds, is 0.
  static func judged(accepted: Int64, rejected: Int64) -> UInt64 {
    UInt64(clamping: accepted) + UInt64(clamping: rejected)
  }
}
