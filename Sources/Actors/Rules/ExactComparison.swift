/// Compares a mean of rates with a threshold in whole numbers, where doubles cannot tell.
enum ExactComparison {
  /// Where the mean lies; the threshold lies in 0...1 and there is evidence.
  static func position(of evidence: [Evidence], relativeTo threshold: Double) -> ExactMean.Position {
    guard let goal = ShortestDecimal(threshold) else { return .above }
    return smallPosition(of: evidence, relativeTo: goal) ?? largePosition(of: evidence, relativeTo: goal)
  }

  /// A fraction whose parts fit into 64 bits.
  private struct SmallFraction {
    /// The part above the line.
    var numerator: UInt64
    /// The part below it, positive.
    var denominator: UInt64

    /// In lowest terms; a denominator of zero, which no evidence has, counts as the fraction 0.
    init(_ numerator: UInt64, over denominator: UInt64) {
      let divisor = max(greatestCommonDivisor(numerator, denominator), 1)
      self.numerator = denominator == 0 ? 0 : numerator / divisor
      self.denominator = denominator == 0 ? 1 : denominator / divisor
    }

    /// A decimal; nil where its denominator does not fit.
    init?(_ decimal: ShortestDecimal) {
      guard let denominator = decimal.denominator else { return nil }
      self.init(decimal.digits, over: denominator)
    }

    /// A rate; nil where it is a decimal whose denominator does not fit.
    init?(_ evidence: Evidence) {
      switch evidence {
      case .counted(let accepted, let rejected, _):
        let judged = Evidence.judged(accepted: accepted, rejected: rejected)
        self.init(UInt64(clamping: accepted), over: judged)
      case .uncounted(let rate):
        guard let decimal = ShortestDecimal(rate) else { return nil }
        self.init(decimal)
      }
    }
  }

  /// In 128 bits, over the least common denominator; nil where that does not fit. Real windows do.
  static func smallPosition(of evidence: [Evidence], relativeTo goal: ShortestDecimal) -> ExactMean.Position? {
    guard let goal = SmallFraction(goal) else { return nil }
    var numerator: UInt128 = 0
    var denominator: UInt64 = 1
    for item in evidence {
      guard let rate = SmallFraction(item) else { return nil }
      var addend = UInt128(rate.numerator)
      if rate.denominator != denominator {
        let divisor = greatestCommonDivisor(denominator, rate.denominator)
        let factor = rate.denominator / divisor
        let (common, isTooLarge) = denominator.multipliedReportingOverflow(by: factor)
        if isTooLarge { return nil }
        // Both stay below the number of rates times the common denominator, as rates are at most 1.
        addend *= UInt128(denominator / divisor)
        numerator *= UInt128(factor)
        denominator = common
      }
      numerator += addend
    }
    let (left, leftOverflow) = numerator.multipliedReportingOverflow(by: UInt128(goal.denominator))
    let (scaled, scaledOverflow) = UInt128(evidence.count).multipliedReportingOverflow(by: UInt128(goal.numerator))
    let (right, rightOverflow) = scaled.multipliedReportingOverflow(by: UInt128(denominator))
    if leftOverflow || scaledOverflow || rightOverflow { return nil }
    return left < right ? .below : left > right ? .above : .equal
  }

  /// In numbers of any size, for counts near the largest and for decimals of many digits.
  ///
  /// Rates with the same denominator are added first, and all decimals over one power of ten, so that the product of
  /// the denominators stays as short as it can be.
  static func largePosition(of evidence: [Evidence], relativeTo goal: ShortestDecimal) -> ExactMean.Position {
    var numerators: [UInt64: UInt128] = [:]
    var decimals: [ShortestDecimal] = []
    for item in evidence {
      switch item {
      case .counted(let accepted, let rejected, _):
        let judged = Evidence.judged(accepted: accepted, rejected: rejected)
        let rate = SmallFraction(UInt64(clamping: accepted), over: judged)
        numerators[rate.denominator, default: 0] += UInt128(rate.numerator)
      case .uncounted(let rate):
        if let decimal = ShortestDecimal(rate), decimal.digits > 0 { decimals.append(decimal) }
      }
    }

    let scale = decimals.reduce(0) { max($0, $1.scale) }
    var numerator = BigNatural(UInt64(0))
    for decimal in decimals {
      var addend = BigNatural.powerOfTen(scale - decimal.scale)
      addend.multiply(by: decimal.digits)
      numerator += addend
    }
    var denominator = BigNatural.powerOfTen(scale)
    for (divisor, sum) in numerators {
      numerator.multiply(by: divisor)
      numerator += denominator * BigNatural(sum)
      denominator.multiply(by: divisor)
    }

    let left = numerator * BigNatural.powerOfTen(goal.scale)
    denominator.multiply(by: goal.digits)
    denominator.multiply(by: UInt64(evidence.count))
    return left < denominator ? .below : left > denominator ? .above : .equal
  }

  /// Euclid's.
  static func greatestCommonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
    var (left, right) = (first, second)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }
}
