import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct JournalLineTests {
  private func entries(_ message: String, _ level: LogLevel = .info) -> [String] {
    String(decoding: LogLine.bytes(.journal, level, message, at: 0), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test func everyLevelHasItsPriorityAndNothingElseOfItsOwn() {
    let golden: [(LogLevel, String)] = [
      (.debug, "<7>x"), (.info, "<6>x"), (.warning, "<4>x"), (.error, "<3>x"), (.critical, "<2>x"),
    ]
    #expect(golden.count == LogLevel.allCases.count)
    for (level, line) in golden { #expect(entries("x", level) == [line, ""]) }
  }

  @Test func laterLinesAreIndentedSoThatNoneCanPoseAsAnEntry() {
    #expect(
      entries("a.json5:1:1: x\n<0>forged\r\u{1B}[31m") == ["<6>a.json5:1:1: x", #"<6>  <0>forged\r\u001b[31m"#, ""])
    #expect(entries("x\r\ny") == [#"<6>x\r"#, "<6>  y", ""])
    #expect(entries("") == ["<6>", ""])
    #expect(entries("x\n") == ["<6>x", "<6>  ", ""])
  }

  @Test func linesAndBytesAreBounded() {
    let many = entries((1...40).map { "line \($0)" }.joined(separator: "\n"))
    #expect(many.count == LogLine.maximumJournalLines + 2)
    #expect(many[15] == "<6>  line 16")
    #expect(many[16] == "<6>  … (24 more lines)")
    let atTheBound = entries((1...17).map { "\($0)" }.joined(separator: "\n"))
    #expect(atTheBound.suffix(2) == ["<6>  … (1 more line)", ""])

    let long = entries(String(repeating: "ä", count: 5000))
    #expect(long.count == 2)
    // 4096 characters of two bytes each fit.
    #expect(long[0] == "<6>" + String(repeating: "ä", count: 4096) + "… (1808 more bytes)")
    // Escapes make a text longer; the journal cuts a line at 48 kB.
    let escaped = LogLine.bytes(.journal, .info, String(repeating: "\u{1}", count: 8192), at: 0)
    #expect(escaped.count < LogLine.maximumMessageBytes + 100)
  }

  @Test func theFileKeepsItsFormatWhileStandardErrorSpeaksToTheJournal() throws {
    let scratch = try ScratchDirectory()
    let standardError = open(scratch.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    let log = Log(
      destination: .both(scratch.file("x.log")), level: .info, format: .json, echoFormat: .journal,
      wallClock: WallClock { 0 }, standardError: standardError, retryInterval: .seconds(3600))
    log.info("two\nlines")
    log.error("bad")
    log.close()
    #expect(try contents(of: scratch.file("stderr")) == "<6>two\n<6>  lines\n<3>bad\n")
    #expect(
      try contents(of: scratch.file("x.log")).split(separator: "\n").map { $0.dropFirst(33) } == [
        #""level":"info","msg":"two\nlines"}"#, #""level":"error","msg":"bad"}"#,
      ])
  }

  @Test func aFileThatCannotBeWrittenIsToldInTheJournalsForm() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.make("logs")
    let standardError = open(scratch.file("stderr"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(standardError) }
    let log = Log(
      destination: .both(scratch.file("logs/x.log")), level: .info, format: .text, echoFormat: .journal,
      wallClock: WallClock { 0 }, standardError: standardError, retryInterval: .seconds(3600))
    log.info("first")
    #expect(!log.flush())
    log.close()
    let lines = try contents(of: scratch.file("stderr")).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.contains("<6>first"))
    #expect(
      lines.contains { $0.hasPrefix("<3>retraind: the log ") && $0.contains("cannot be written: Not a directory") })
  }
}
