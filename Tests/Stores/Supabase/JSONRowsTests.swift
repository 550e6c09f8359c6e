import Platform
import PostgRESTStandIn
import Testing

@testable import Stores

@Suite("Rows in JSON", .timeLimit(.minutes(5)))
struct JSONRowsTests {
  private func read(_ text: String, _ columns: [String]) throws -> [[SQLiteValue]] {
    try JSONRows.read(Array(text.utf8), columns: columns)
  }

  @Test("what a real server wrote is read as it was meant")
  func recorded() throws {
    let body = PostgRESTRecordings.shared["all types, asc"].body
    let rows = try read(
      body, ["id", "timestamp", "local_ts", "accept_rate", "accept_rate_n", "big", "metadata", "none"])
    #expect(rows.count == 6)
    #expect(rows[0][4] == .real(0.9))
    #expect(rows[0][5] == .integer(9_007_199_254_740_993))
    #expect(rows[1][5] == .integer(.max))
    #expect(rows[2][3].real?.isNaN == true)
    #expect(rows[3][3] == .null)
    #expect(rows[4][3].real == .infinity)
    #expect(rows[4][1] == .text("infinity"))
    #expect(rows[5][1] == .text("2026-01-05T00:00:00.12345+00:00"))
    #expect(rows[5][3] == .real(1e-10))
    #expect(rows[5][4] == .real(99.9999))
    #expect(rows.allSatisfy { $0[6] == .null && $0[7] == .null })
  }

  @Test("an answer that is cut off anywhere is called so, and never read")
  func everyPrefix() throws {
    let body = Array(PostgRESTRecordings.shared["all types, asc"].body.utf8)
    for count in 0..<body.count {
      #expect(throws: JSONRows.Problem.cutOff, "after \(count) bytes") {
        try JSONRows.read(Array(body[..<count]), columns: ["id", "metadata", "accept_rate"])
      }
    }
  }

  @Test(
    "what is no array of objects is called so",
    arguments: [
      "<html></html>", "{}", "null", "[1]", "[[]]", "[{}] x", "[{},]", #"[{"a" 1}]"#, #"[{"a":}]"#, "[{\"a\":-x}]",
    ])
  func notRows(text: String) {
    #expect(throws: JSONRows.Problem.notRows) { try read(text, ["a"]) }
  }

  @Test("escapes, half characters and keys with escapes")
  func escapes() throws {
    let rows = try read(
      #"[{"a":"x\n\"\\\/\u00e9\ud83d\ude42","\u0062":"y"},{"a":"\ud83d!","b":null}]"#, ["a", "b"])
    #expect(rows == [[.text("x\n\"\\/é🙂"), .text("y")], [.text("\u{FFFD}!"), .null]])
  }

  @Test("numbers at the limits are exact or the nearest")
  func numbers() throws {
    let rows = try read(
      "[{\"a\":-9223372036854775808},{\"a\":9223372036854775808},{\"a\":0.1},{\"a\":-0.0},{\"a\":1e400},"
        + "{\"a\":0.30000000000000004},{\"a\":123456789.123456},{\"a\":true},{\"a\":false}]", ["a"])
    #expect(
      rows.map { $0[0] } == [
        .integer(.min), .real(9.223372036854775808e18), .real(0.1), .real(-0.0), .real(.infinity),
        .real(0.30000000000000004), .real(123456789.123456), .integer(1), .integer(0),
      ])
  }

  @Test("of ten thousand columns those that are wanted are found, wherever they stand")
  func tenThousandColumns() throws {
    let columns = (0..<10_000).map { "\"column_\($0)\":[{\"x\":\"}]\"},\($0)]" }.joined(separator: ",")
    let rows = try read("[{\"id\":1,\(columns),\"accepted\":7}]", ["accepted", "id"])
    #expect(rows == [[.integer(7), .integer(1)]])
    #expect(try JSONRows.columns(ofFirstRowIn: Array("[{\(columns)}]".utf8))?.count == 10_000)
  }

  @Test("nesting without end is refused before it costs anything")
  func depth() {
    #expect(throws: JSONRows.Problem.notRows) {
      try read("[{\"a\":" + String(repeating: "[", count: 100_000), ["b"])
    }
  }
}
