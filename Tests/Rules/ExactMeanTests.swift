import TestSupport
import Testing

@testable import Rules

@Suite(.timeLimit(.minutes(5))) struct ExactMeanTests {
  /// Windows whose mean is exactly 0.6, built from pieces that balance; naive sums of doubles get many of them wrong.
  static let pieces: [[Evidence]] = [
    [counted(6, 4)], [counted(3, 2)], [counted(600, 400)], [.uncounted(rate: 0.6)],
    [counted(6, 4), .uncounted(rate: 0.6)],
    [counted(1, 1), counted(7, 3)],
    [.uncounted(rate: 0.55), .uncounted(rate: 0.65)],
    // 1/3 + 13/15 = 6/5, and 2/7 + 32/35 = 6/5: denominators that no decimal has.
    [counted(1, 2), counted(13, 2)],
    [counted(2, 5), counted(32, 3)],
    [counted(6_000_000_000_000_000_000, 4_000_000_000_000_000_000)],
  ]

  @Test(arguments: pieces.indices)
  func aWindowAtTheThresholdIsNotBelowItForAnyLength(piece: Int) {
    // Every length for the mix of counts and bare rates; for the others as many as keep the test quick.
    let lengths = piece == 4 ? Array(1...1000) : Array(1...60) + [250, 998, 1000]
    let piece = Self.pieces[piece]
    for length in lengths where length.isMultiple(of: piece.count) {
      let window = Array(repeating: piece, count: length / piece.count).flatMap { $0 }
      #expect(ExactMean(window).position(relativeTo: 0.6) == .equal, "length \(length)")
    }
  }

  @Test(arguments: [0.1, 0.2, 0.3, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95, 1, 0.333, 1e-9])
  func bareRatesAtAnyThreshold(threshold: Double) {
    for length in 1...100 {
      let at = Array(repeating: Evidence.uncounted(rate: threshold), count: length)
      #expect(ExactMean(at).position(relativeTo: threshold) == .equal)
      #expect(ExactMean([.uncounted(rate: threshold.nextDown)] + at).position(relativeTo: threshold) == .below)
      if threshold < 1 {
        #expect(ExactMean([.uncounted(rate: threshold.nextUp)] + at).position(relativeTo: threshold) == .above)
      }
    }
  }

  /// One judgement in 10^18 decides.
  @Test(arguments: [1, 5, 10, 100, 1000])
  func theLeastDifferenceIsSeen(length: Int) {
    let most: Int64 = 1_000_000_000_000_000_000
    let others = Array(repeating: counted(6, 4), count: length - 1)
    #expect(ExactMean(others + [counted(most / 10 * 6 - 1, most / 10 * 4 + 1)]).position(relativeTo: 0.6) == .below)
    #expect(ExactMean(others + [counted(most / 10 * 6, most / 10 * 4)]).position(relativeTo: 0.6) == .equal)
    #expect(ExactMean(others + [counted(most / 10 * 6 + 1, most / 10 * 4 - 1)]).position(relativeTo: 0.6) == .above)
  }

  @Test func theLargestCountsDoNotOverflow() {
    let half = Array(repeating: counted(.max, .max), count: 1000)
    #expect(ExactMean(half).position(relativeTo: 0.5) == .equal)
    #expect(ExactMean(half + [counted(.max - 1, .max)]).position(relativeTo: 0.5) == .below)
    #expect(ExactMean(half + [counted(.max, .max - 1)]).position(relativeTo: 0.5) == .above)
    #expect(ExactMean([counted(.max, 0)]).position(relativeTo: 1) == .equal)
    #expect(ExactMean([counted(0, .max)]).position(relativeTo: 0) == .equal)
    #expect(ExactMean(half).approximate == 0.5)
  }

  /// Near the tie, with denominators that share nothing: the longest numbers that come up.
  @Test func manyLargePrimeDenominators() {
    var window: [Evidence] = []
    for index in 0..<60 {
      let judged = Int64.max - Int64(2 * index)
      window += [counted(judged / 2, judged - judged / 2), counted(judged - judged / 2, judged / 2)]
    }
    #expect(ExactMean(window).position(relativeTo: 0.5) == .equal)
    #expect(ExactMean(window + [counted(.max / 2, .max - .max / 2)]).position(relativeTo: 0.5) == .below)
  }

  @Test func tinyDecimalsDecideExactly() {
    let at = Array(repeating: counted(1, 1), count: 9)
    let tiny = Double.leastNonzeroMagnitude
    #expect(ExactMean(at + [counted(1, 0), .uncounted(rate: tiny)]).position(relativeTo: 0.5) == .above)
    #expect(ExactMean(at + [counted(1, 0), .uncounted(rate: 0)]).position(relativeTo: 0.5) == .equal)
    #expect(ExactMean([.uncounted(rate: tiny)]).position(relativeTo: tiny) == .equal)
    #expect(ExactMean([.uncounted(rate: 0), .uncounted(rate: tiny)]).position(relativeTo: tiny) == .below)
  }

  @Test(arguments: [
    (Double.nan, ExactMean.Position.above), (-.infinity, .above), (-0.1, .above), (0, .above), (.infinity, .below),
    (1.0.nextUp, .below), (60, .below), (1, .below), (.leastNonzeroMagnitude, .above),
  ])
  func hostileThresholds(threshold: Double, expected: ExactMean.Position) {
    #expect(ExactMean([counted(1, 1)]).position(relativeTo: threshold) == expected)
    #expect(ExactMean([]).position(relativeTo: threshold) == .above)
  }

  @Test func noEvidenceHasNoMean() {
    #expect(ExactMean([]).approximate == nil)
    #expect(ExactMean([]).position(relativeTo: 0.6) == .above)
  }

  /// What no row can become must not trap either.
  @Test func evidenceThatNoCollectionMakes() {
    let odd: [Evidence] = [counted(0, 0), counted(.min, .min), .uncounted(rate: .nan), .uncounted(rate: -1e300)]
    for item in odd {
      for threshold in [0, 0.5, 1] { #expect(ExactMean([item]).position(relativeTo: threshold) != .above) }
    }
  }

  /// Random windows, most of them near the tie, against plain arithmetic; each of the two exact ways by itself, too.
  @Test(arguments: 0..<8)
  func agreesWithPlainArithmetic(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var ties = 0
    for _ in 0..<60 {
      let places = Int.random(in: 1...4, using: &random)
      let unit = (0..<places).reduce(1) { power, _ in power * 10 }
      let goal = Int.random(in: 0...unit, using: &random)
      let isBalanced = Bool.random(using: &random)
      let threshold = try #require(Double("\(goal)e-\(places)"))
      var window: [Evidence] = []
      var fractions: [(numerator: String, denominator: String)] = []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // A pair that balances around the goal, or nearly.
        let free = Int64(random.next() >> UInt64.random(in: 1...62, using: &random)) | 1
        let part = free / Int64(unit) + 1
        let judged = isBalanced ? part * Int64(unit) : free
        let middle = isBalanced ? part * Int64(goal) : Int64(Double(judged) * threshold)
        let nudges = isBalanced ? [-1, 1] : [Int64.random(in: -1...1, using: &random), 0]
        for nudge in nudges {
          let accepted = min(max(middle.addingReportingOverflow(nudge).partialValue, 0), judged)
          window.append(counted(accepted, judged - accepted))
          fractions.append((String(accepted), String(judged)))
        }
        if !isBalanced {
          let digits = min(max(goal * 1000 + Int.random(in: -1...1, using: &random), 0), 10_000_000)
          let rate = min(try #require(Double("\(digits)e-\(places + 3)")), 1)
          window.append(.uncounted(rate: rate))
          fractions.append(
            rate == 1 ? ("1", "1") : (String(digits), ReferenceRational.power(ofTen: places + 3)))
        }
        if Bool.random(using: &random) {
          window.append(.uncounted(rate: threshold))
          fractions.append((String(goal), ReferenceRational.power(ofTen: places)))
        }
      }
      let order = ReferenceRational.compare(
        meanOf: fractions, goal: (String(goal), ReferenceRational.power(ofTen: places)))
      let expected: ExactMean.Position = order < 0 ? .below : order > 0 ? .above : .equal
      if order == 0 { ties += 1 }
      #expect(ExactMean(window).position(relativeTo: threshold) == expected, "\(window) beside \(threshold)")
      let decimal = try #require(ShortestDecimal(threshold))
      #expect(ExactComparison.largePosition(of: window, relativeTo: decimal) == expected)
      if let small = ExactComparison.smallPosition(of: window, relativeTo: decimal) { #expect(small == expected) }
    }
    #expect(ties > 0)
  }

  /// The quick way in doubles, where it decides, decides as the whole numbers do.
  @Test func theQuickWayIsNeverWrong() throws {
    var random = SeededGenerator(seed: 99)
    for _ in 0..<3000 {
      let threshold = Double(Int.random(in: 1...99, using: &random)) / 100
      let window = (0..<Int.random(in: 1...8, using: &random)).map { _ -> Evidence in
        let judged = Int64.random(in: 1...30, using: &random)
        let accepted = Int64.random(in: 0...judged, using: &random)
        return Int.random(in: 0..<4, using: &random) == 0
          ? .uncounted(rate: Double(accepted) / Double(judged)) : counted(accepted, judged - accepted)
      }
      let decimal = try #require(ShortestDecimal(threshold))
      #expect(
        ExactMean(window).position(relativeTo: threshold)
          == ExactComparison.largePosition(of: window, relativeTo: decimal))
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct ShownMeanTests {
  @Test(
    "a mean is shown as people write it",
    arguments: [
      ([(4, 6), (4, 6), (4, 6)], 0.4), ([(9, 1), (8, 2), (7, 3)], 0.8), ([(1, 2), (1, 2), (1, 2)], 0.333333333333),
    ])
  func shown(counts: [(Int64, Int64)], mean: Double) {
    let now = Timestamp(microseconds: 1_000_000_000_000)
    let rows = counts.enumerated().map { index, count in
      CycleRow(id: "\(index)", timestamp: now, accepted: count.0, rejected: count.1)
    }
    let evaluation = MeanRule.evaluate(rows: rows, model: "m", settings: RuleSettings(), windowStart: nil, now: now)
    #expect(evaluation.average == mean)
  }
}
