import Rules
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct EvidenceTests {
  /// A row at `noon`, and what becomes of it: evidence or the reason why not.
  struct Case: Sendable, CustomTestStringConvertible {
    /// What is special about it.
    var testDescription: String
    /// The row; its id and timestamp are added unless it has its own.
    var row: CycleRow
    /// The evidence; nil where it is left out.
    var evidence: Evidence?
    /// Why it is left out.
    var why: Exclusion?

    init(_ text: String, _ row: CycleRow, is evidence: Evidence) {
      (testDescription, self.row, self.evidence) = (text, row, evidence)
    }

    init(_ text: String, _ row: CycleRow, isOutFor why: Exclusion) {
      (testDescription, self.row, self.why) = (text, row, why)
    }
  }

  static func row(
    total: Int64? = nil, accepted: Int64? = nil, rejected: Int64? = nil, edited: Int64? = nil, rate: Double? = nil,
    at timestamp: Timestamp? = noon
  ) -> CycleRow {
    CycleRow(
      id: "x", timestamp: timestamp, totalEvents: total, accepted: accepted, rejected: rejected, edited: edited,
      acceptRate: rate)
  }

  static let cases: [Case] = [
    Case(
      "the longest id",
      CycleRow(id: String(repeating: "i", count: RuleBounds.longestLabel), timestamp: noon, acceptRate: 0.5),
      is: .uncounted(rate: 0.5)),
    Case(
      "a longer id",
      CycleRow(id: String(repeating: "i", count: RuleBounds.longestLabel + 1), timestamp: noon, acceptRate: 0.5),
      isOutFor: .idTooLong),
    Case("counts", row(accepted: 3, rejected: 1, edited: 2), is: .counted(accepted: 3, rejected: 1, edited: 2)),
    Case("counts win over the rate", row(accepted: 3, rejected: 1, rate: 0.1), is: counted(3, 1)),
    Case("a true zero", row(accepted: 0, rejected: 4, rate: 0), is: counted(0, 4)),
    Case("counts sum above total", row(total: 5, accepted: 4, rejected: 4), is: counted(4, 4)),
    Case("largest counts", row(accepted: .max, rejected: .max), is: counted(.max, .max)),
    Case("rate alone", row(rate: 0.25), is: .uncounted(rate: 0.25)),
    Case("rate and total", row(total: 9, rate: 0), is: .uncounted(rate: 0)),
    Case("rate of 0 alone", row(rate: 0), is: .uncounted(rate: 0)),
    Case("negative zero", row(rate: -0.0), is: .uncounted(rate: 0)),
    Case("rate of 1", row(rate: 1), is: .uncounted(rate: 1)),
    Case("least rate", row(rate: .leastNonzeroMagnitude), is: .uncounted(rate: .leastNonzeroMagnitude)),
    Case("default total of 0 beside a rate", row(total: 0, rate: 0.8), is: .uncounted(rate: 0.8)),
    Case("rejected missing, rate there", row(accepted: 3, rate: 0.5), is: .uncounted(rate: 0.5)),
    Case("accepted missing, rate there", row(rejected: 3, rate: 0.5), is: .uncounted(rate: 0.5)),
    Case("exactly 5 minutes ahead", row(rate: 0.5, at: noon.adding(.minutes(5))), is: .uncounted(rate: 0.5)),
    Case("edits only", row(total: 7, accepted: 0, rejected: 0, edited: 7, rate: 0), isOutFor: .noJudgement),
    Case("no judgement beats any rate", row(accepted: 0, rejected: 0, rate: 0.9), isOutFor: .noJudgement),
    Case("nothing at all", row(), isOutFor: .noJudgement),
    Case("accepted alone", row(accepted: 3), isOutFor: .noJudgement),
    Case("rejected alone", row(rejected: 3), isOutFor: .noJudgement),
    Case("edits alone", row(edited: 3), isOutFor: .noJudgement),
    Case("0 of no events", row(total: 0, rate: 0), isOutFor: .noJudgement),
    Case("0 without a rejection", row(rejected: 0, rate: 0), isOutFor: .noJudgement),
    Case("NaN", row(rate: .nan), isOutFor: .rateNotANumber),
    Case("NaN beside counts", row(accepted: 3, rejected: 1, rate: .signalingNaN), isOutFor: .rateNotANumber),
    Case("infinity", row(rate: .infinity), isOutFor: .rateOutOfRange),
    Case("minus infinity", row(rate: -.infinity), isOutFor: .rateOutOfRange),
    Case("per cent", row(rate: 60), isOutFor: .rateOutOfRange),
    Case("just above 1", row(rate: 1.0.nextUp), isOutFor: .rateOutOfRange),
    Case("just below 0", row(rate: -.leastNonzeroMagnitude), isOutFor: .rateOutOfRange),
    Case("bad rate beside counts", row(accepted: 3, rejected: 1, rate: 1.5), isOutFor: .rateOutOfRange),
    Case("bad rate without judgement", row(accepted: 0, rejected: 0, rate: 7), isOutFor: .rateOutOfRange),
    Case("accepted above total", row(total: 3, accepted: 4, rejected: 0), isOutFor: .acceptedAboveTotal),
    Case("accepted above total of 0", row(total: 0, accepted: 1, rate: 0.5), isOutFor: .acceptedAboveTotal),
    Case("negative accepted", row(accepted: -1, rejected: 2), isOutFor: .negativeCount),
    Case("negative rejected", row(accepted: 2, rejected: .min), isOutFor: .negativeCount),
    Case("negative edited", row(accepted: 2, rejected: 2, edited: -2), isOutFor: .negativeCount),
    Case("negative total", row(total: -1, rate: 0.5), isOutFor: .negativeCount),
    Case("no timestamp", row(rate: .nan, at: nil), isOutFor: .noTimestamp),
    Case("from the future", row(rate: .nan, at: noon.adding(.microseconds(300_000_001))), isOutFor: .fromTheFuture),
    Case("from the far future", row(rate: 0.5, at: Timestamp(microseconds: .max)), isOutFor: .fromTheFuture),
  ]

  @Test(arguments: cases)
  func judgesARow(example: Case) {
    let result = Evidence.collect(rows: [example.row], windowStart: nil, now: noon)
    #expect(result.usable.map(\.evidence) == (example.evidence.map { [$0] } ?? []))
    #expect(result.leftOut.map(\.why) == (example.why.map { [$0] } ?? []))
    if case .uncounted(let rate)? = result.usable.first?.evidence { #expect(rate.sign == .plus) }
  }

  @Test func ordersNewestFirstWhateverCame() {
    var rows = steadyRows(40, accepted: 1, rejected: 1)
    rows += (0..<5).map { CycleRow(id: "tie\($0)", timestamp: noon, acceptRate: 0.5) }
    rows += (0..<5).map { CycleRow(id: "bad\($0)", timestamp: noon.adding(.hours(-$0)), acceptRate: .nan) }
    rows += (0..<3).map { CycleRow(id: "none\($0)") }
    let expected = Evidence.collect(rows: rows, windowStart: nil, now: noon)
    #expect(expected.usable.prefix(6).map(\.id) == ["tie4", "tie3", "tie2", "tie1", "tie0", "c0"])
    #expect(expected.usable.dropFirst(5).map(\.id) == (0..<40).map { "c\($0)" })
    #expect(expected.leftOut.map(\.id) == ["bad0", "bad1", "bad2", "bad3", "bad4", "none2", "none1", "none0"])
    var random = SeededGenerator(seed: 2)
    for _ in 0..<50 {
      rows.shuffle(using: &random)
      #expect(Evidence.collect(rows: rows, windowStart: nil, now: noon) == expected)
    }
  }

  /// On both sides of the number of rows from which ids are hashed.
  @Test(arguments: [Int64(2), 15, 16, 17, 100])
  func firstOfDuplicatesWins(count: Int64) {
    let first = steadyRows(count - 1, accepted: 3, rejected: 1)
    let again = CycleRow(id: "c0", timestamp: noon, accepted: 0, rejected: 9)
    let result = Evidence.collect(rows: first + [again], windowStart: nil, now: noon)
    #expect(result.usable.count == Int(count) - 1)
    #expect(result.usable.allSatisfy { $0.evidence == counted(3, 1) })
    #expect(result.leftOut == [LeftOutRow(id: "c0", timestamp: noon, why: .duplicate)])
  }

  @Test func rowsWithoutAnIdAreNotTheSame() {
    let rows = [CycleRow(id: "", timestamp: noon, acceptRate: 0.5), CycleRow(id: "", timestamp: noon, acceptRate: 0.7)]
    #expect(Evidence.collect(rows: rows, windowStart: nil, now: noon).usable.count == 2)
  }

  @Test(
    arguments: [
      (60, 60, true), (61, 60, false), (0, 0, true), (nil, 0, true), (-5, 0, true), (Int64.max, 0, true),
      (Int64.min, 0, true), (366 * 24 * 60, 366 * 24 * 60, true), (366 * 24 * 60, 366 * 24 * 60 - 1, false),
      (366 * 24 * 60 + 1, 0, true), (nil, -1, false),
    ] as [(Int64?, Int64, Bool)])
  func aCycleBelongsToTheVersionThatItBeganUnder(window: Int64?, changeMinutesAgo: Int64, counts: Bool) {
    let row = CycleRow(id: "x", timestamp: noon, windowMinutes: window, accepted: 1, rejected: 1)
    let change = noon.adding(.minutes(-changeMinutesAgo))
    let result = Evidence.collect(rows: [row], windowStart: change, now: noon)
    #expect(result.usable.count == (counts ? 1 : 0))
    #expect(result.leftOut.map(\.why) == (counts ? [] : [.beforeModelChange]))
  }

  @Test func theBeginOfTimeDoesNotOverflow() {
    let first = Timestamp(microseconds: .min)
    let row = CycleRow(id: "x", timestamp: first, windowMinutes: 60, acceptRate: 0.5)
    let result = Evidence.collect(rows: [row], windowStart: first, now: Timestamp(microseconds: .max))
    #expect(result.usable.map(\.start) == [first])
    #expect(Evidence.collect(rows: [row], windowStart: nil, now: first).usable.count == 1)
  }

  @Test func aChangeFromAWrongClockIsForgotten() {
    let rows = steadyRows(3, accepted: 1, rejected: 1)
    let ahead = noon.adding(.minutes(5))
    #expect(Evidence.collect(rows: rows, windowStart: ahead, now: noon).usable.isEmpty)
    let farAhead = ahead.adding(.microseconds(1))
    #expect(Evidence.collect(rows: rows, windowStart: farAhead, now: noon).usable.count == 3)
  }

  @Test func everyExclusionHasItsOwnWords() {
    #expect(Set(Exclusion.allCases.map(\.phrase)).count == Exclusion.allCases.count)
  }
}
