import Testing

@testable import Rules

@Suite(.timeLimit(.minutes(5))) struct MeanRuleTests {
  static func evaluate(
    _ rows: [CycleRow], model: String? = "m:latest", settings: RuleSettings = RuleSettings(),
    windowStart: Timestamp? = nil, now: Timestamp = noon
  ) -> Evaluation {
    MeanRule.evaluate(rows: rows, model: model, settings: settings, windowStart: windowStart, now: now)
  }

  @Test func degraded() {
    let rows: [CycleRow] = [
      .counted(4, 6, hoursAgo: 0), .counted(5, 5, hoursAgo: 1), .counted(4, 6, hoursAgo: 2),
      .counted(40, 60, hoursAgo: 3), .counted(9, 11, hoursAgo: 4), .counted(10, 0, hoursAgo: 5),
    ]
    let result = Self.evaluate(rows)
    #expect(result.verdict == .degraded)
    #expect(result.reason == "mean accept rate 0.430 over the newest 5 cycles is below 0.6")
    #expect(result.model == "m:latest")
    #expect((result.have, result.need) == (5, 3))
    #expect(result.used.map(\.id) == ["c0", "c1", "c2", "c3", "c4"])
    #expect((result.accepted, result.judged) == (62, 150))
    #expect(result.interval == WilsonInterval.of(accepted: 62, judged: 150))
    #expect(abs((result.average ?? 0) - 0.43) < 1e-12)
    #expect(result.threshold == 0.6)
    #expect(result.rule == "mean")
    #expect(result.leftOut.isEmpty)
  }

  @Test func healthyAtTheThresholdForEveryLength() {
    for window in 1...60 {
      let result = Self.evaluate(
        steadyRows(Int64(window), accepted: 6, rejected: 4), settings: RuleSettings(window: window, minStats: 1))
      #expect(result.verdict == .healthy)
      #expect(result.average == 0.6)
      let cycles = window == 1 ? "cycle" : "\(window) cycles"
      #expect(result.reason == "mean accept rate 0.600 over the newest \(cycles) is not below 0.6")
    }
  }

  @Test func theAverageStandsWhereTheVerdictDoes() {
    let billion: Int64 = 1_000_000_000_000_000_000
    let below = Self.evaluate([
      .counted(billion / 10 * 6 - 1, billion / 10 * 4 + 1, hoursAgo: 0), .counted(6, 4, hoursAgo: 1),
      .counted(6, 4, hoursAgo: 2),
    ])
    #expect(below.verdict == .degraded)
    #expect(below.average.map { $0 < 0.6 } == true)
    #expect(below.reason == "mean accept rate 0.5999999999999999 over the newest 3 cycles is below 0.6")
    let above = Self.evaluate([
      .counted(billion / 10 * 6 + 1, billion / 10 * 4 - 1, hoursAgo: 0), .counted(6, 4, hoursAgo: 1),
      .counted(6, 4, hoursAgo: 2),
    ])
    #expect(above.verdict == .healthy)
    #expect(above.average.map { $0 > 0.6 } == true)
  }

  @Test func insufficientTellsWhatWasLeftOut() {
    var rows = steadyRows(2, accepted: 1, rejected: 9)
    #expect(Self.evaluate(rows).verdict == .insufficient)
    #expect(Self.evaluate(rows).reason == "2 of 3 usable cycles")
    rows += [
      .counted(0, 0, hoursAgo: 2), .counted(0, 0, hoursAgo: 3), .counted(-1, 4, hoursAgo: 4),
      CycleRow(id: "n", acceptRate: 0.5), .counted(1, 1, hoursAgo: 0),
    ]
    let result = Self.evaluate(rows)
    #expect(result.verdict == .insufficient)
    #expect(
      result.reason == "2 of 3 usable cycles; left out: 1 without a readable timestamp, 1 with a negative count, "
        + "2 without a judgement, 1 read twice")
    #expect(result.leftOut.count == 5)
    #expect(result.average == 0.1)
  }

  @Test func nothingAtAll() {
    let result = Self.evaluate([])
    #expect(result.verdict == .insufficient)
    #expect(result.average == nil)
    #expect(result.interval == nil)
    #expect(result.reason == "0 of 3 usable cycles")
    #expect(Self.evaluate([], model: nil).verdict == .unattributed)
  }

  /// A cycle with edits only has a rate of 0 in the table: it must neither count nor hide an older one.
  @Test func editsOnlyIsNoAlarm() {
    var rows = steadyRows(3, accepted: 8, rejected: 2, firstHoursAgo: 3)
    for index in 0..<3 {
      rows.append(
        CycleRow(
          id: "e\(index)", timestamp: noon.adding(.hours(-Int64(index))), totalEvents: 4, accepted: 0, rejected: 0,
          edited: 4, acceptRate: 0))
    }
    let result = Self.evaluate(rows)
    #expect(result.verdict == .healthy)
    #expect(result.have == 3)
    #expect(result.leftOut.map(\.why) == [.noJudgement, .noJudgement, .noJudgement])
  }

  @Test func staleFromTheLimitOn() {
    let rows = steadyRows(5, accepted: 1, rejected: 9)
    let settings = RuleSettings(staleAfter: .hours(48))
    let justBefore = noon.adding(.hours(48) - .microseconds(1))
    #expect(Self.evaluate(rows, settings: settings, now: justBefore).verdict == .degraded)
    let stale = Self.evaluate(rows, settings: settings, now: noon.adding(.hours(50)))
    #expect(Self.evaluate(rows, settings: settings, now: noon.adding(.hours(48))).verdict == .stale)
    #expect(stale.verdict == .stale)
    #expect(
      stale.reason == "the newest cycle is 2 d 2 h old: from 2 d on, cycles say nothing of today; "
        + "mean accept rate 0.100 over the newest 5 cycles is below 0.6")
    #expect(stale.average == 0.1)
  }

  @Test(arguments: [nil, ""])
  func unattributedStillComputes(model: String?) {
    let result = Self.evaluate(steadyRows(5, accepted: 1, rejected: 9), model: model)
    #expect(result.verdict == .unattributed)
    #expect(result.model == nil)
    #expect(result.average == 0.1)
    #expect(result.have == 5)
    #expect(result.reason.hasPrefix("the rows name no model and none is configured"))
    #expect(result.reason.hasSuffix("mean accept rate 0.100 over the newest 5 cycles is below 0.6"))
    let healthy = Self.evaluate(steadyRows(5, accepted: 9, rejected: 1), model: model)
    #expect(healthy.verdict == .unattributed)
  }

  @Test func theWindowRestartsAtAChange() {
    let rows = steadyRows(5, accepted: 1, rejected: 9)
    let result = Self.evaluate(rows, windowStart: noon.adding(.hours(-3)))
    #expect(result.used.map(\.id) == ["c0", "c1", "c2"])
    #expect(result.leftOut.map(\.why) == [.beforeModelChange, .beforeModelChange])
    #expect(result.verdict == .degraded)
    #expect(Self.evaluate(rows, windowStart: noon).verdict == .insufficient)
  }

  @Test func bareRatesCountForTheMeanAlone() {
    var rows = (0..<3).map { CycleRow(id: "r\($0)", timestamp: noon.adding(.hours(-Int64($0))), acceptRate: 0.2) }
    #expect(Self.evaluate(rows).interval == nil)
    #expect(Self.evaluate(rows).judged == 0)
    #expect(Self.evaluate(rows).verdict == .degraded)
    rows.append(.counted(3, 1, hoursAgo: 3))
    #expect(Self.evaluate(rows).judged == 4)
    #expect(Self.evaluate(rows).interval == WilsonInterval.of(accepted: 3, judged: 4))
  }

  @Test func theLargestCountsStayNumbers() throws {
    let result = Self.evaluate(steadyRows(5, accepted: .max, rejected: .max))
    #expect((result.accepted, result.judged) == (.max, .max))
    #expect(result.average == 0.5)
    #expect(try #require(result.interval).contains(0.5))
    #expect(result.verdict == .degraded)
  }

  @Test(arguments: [
    (0, 0, 1, 1), (-3, 5, 1, 1), (5, 9, 5, 5), (5, 0, 5, 1), (.max, .max, 5, 10_000), (.min, .min, 1, 1),
  ])
  func parametersThatNoWindowCanHave(window: Int, minStats: Int, have: Int, need: Int) {
    let rows = steadyRows(5, accepted: 1, rejected: 9)
    let result = Self.evaluate(rows, settings: RuleSettings(window: window, minStats: minStats))
    #expect((result.have, result.need) == (have, need))
  }

  @Test(arguments: [Double.nan, -1, 0, 1, 2, .infinity, -.infinity])
  func hostileThresholds(threshold: Double) {
    let settings = RuleSettings(threshold: threshold)
    let result = Self.evaluate(steadyRows(5, accepted: 1, rejected: 9), settings: settings)
    #expect(result.verdict == (threshold >= 1 ? .degraded : .healthy))
    #expect(result.reason.contains(threshold >= 1 ? "is below" : "is not below"))
    #expect(result.average == 0.1)
  }

  @Test func agreesWithTheReference() throws {
    let rows = GoldenData.accepted.indices.map { index in
      CycleRow(
        id: "\(index)", timestamp: noon.adding(.hours(Int64(index) - 100)), accepted: GoldenData.accepted[index],
        rejected: GoldenData.total[index] - GoldenData.accepted[index])
    }
    for golden in GoldenData.means {
      let settings = RuleSettings(window: golden.window)
      let result = Self.evaluate(Array(rows[...golden.afterCycle]), settings: settings)
      #expect(abs(try #require(result.average) - golden.unweighted) < 1e-12)
      #expect(result.verdict == (golden.unweighted < 0.6 ? .degraded : .healthy))
    }
    #expect(GoldenData.means.count == 6)
  }

  @Test func fnv1a() {
    #expect(RuleHash.fnv1a("") == 0xcbf2_9ce4_8422_2325)
    #expect(RuleHash.fnv1a("a") == 0xaf63_dc4c_8601_ec8c)
    #expect(RuleHash.fnv1a("foobar") == 0x8594_4171_f739_67e8)
    #expect(RuleHash.hexadecimal(0xf) == "000000000000000f")
    #expect(RuleHash.hexadecimal(.max) == "ffffffffffffffff")
  }

  /// Everything that changes verdicts changes the hash, and nothing else does.
  @Test func theHashNamesTheRule() {
    let hash = MeanRule(RuleSettings()).hash
    #expect(hash.utf8.count == 16)
    let others = [
      RuleSettings(threshold: 0.6.nextUp), RuleSettings(window: 6), RuleSettings(minStats: 2),
      RuleSettings(rule: "other"), RuleSettings(staleAfter: .hours(1)),
    ]
    #expect(Set(others.map { MeanRule($0).hash } + [hash]).count == 6)
    #expect(MeanRule(RuleSettings(cooldown: .zero, rearm: .always)).hash == hash)
    // Fixed for ever: decisions in journals bear it.
    #expect(hash == "16f66f1cab568e3d")
  }
}
