import Glibc
import Platform
import Rules
import Testing

@testable import Journal
@testable import Main

@Suite("why a command cannot begin", .timeLimit(.minutes(5)))
struct RefusalTests {
  @Test("a full disk is temporary, and does not promise to go on by itself")
  func fullDisk() {
    let failure = SQLiteFailure(kind: .full, path: "/s/retraind.db", description: "writing goes on by itself then")
    let (code, reason) = StartRefusal.explain(.database(failure))
    #expect(code == 75)
    #expect(reason.hasPrefix("/s/retraind.db: no space left on its disk: free some and start again"))
  }

  @Test("a directory that may not be entered is no missing state")
  func permission() {
    #expect(State.problem(error: EACCES, path: "/s/retraind.db").code == 77)
    #expect(State.problem(error: ENOENT, path: "/s/retraind.db").code == 69)
    #expect(State.problem(error: ENOENT, path: "/s/retraind.db").reason.hasPrefix("no state at /s/retraind.db"))
  }

  @Test("ten left-out rows are shown and the others counted by reason")
  func leftOut() {
    let evaluation = MeanRule.evaluate(
      rows: (0..<300).map { CycleRow(id: "r\($0)", timestamp: $0 < 200 ? Timestamp(microseconds: Int64($0)) : nil) },
      model: "m", settings: RuleSettings(), windowStart: nil, now: Timestamp(microseconds: 1_000))
    let row = DecisionRow(
      at: Timestamp(microseconds: 0), model: "m", evaluation: evaluation, action: "none", why: "")
    let lines = Explanation(row, run: nil).leftOutLines
    #expect(lines.count == 11)
    #expect(
      lines.last
        == "    … and 290 more: no readable timestamp × 100, nothing was accepted or rejected × 190")
  }
}
