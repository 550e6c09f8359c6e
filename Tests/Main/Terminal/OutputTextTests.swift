import Testing

@testable import Main

@Suite("how runs are told", .timeLimit(.minutes(5)))
struct RunWordsTests {
  @Test("each word once")
  func once() {
    #expect(RunWords.outcome(state: "rolledBack", result: "rolled back") == "rolled back")
    #expect(RunWords.outcome(state: "succeeded", result: "updated") == "succeeded, updated")
    #expect(RunWords.outcome(state: "timedOut", result: nil, error: "not finished") == "timed out, not finished")
    #expect(RunWords.origin(kind: "rollback", trigger: "rollback") == "rollback")
    #expect(RunWords.origin(kind: "pull", trigger: "manual") == "pull, manual")
  }

  @Test(
    "words for a shell",
    arguments: [("/tmp/a-b.c", "/tmp/a-b.c"), ("it's", #"'it'\''s'"#), ("", "''"), ("a b", "'a b'")])
  func shell(word: String, quoted: String) { #expect(ProgramPath.quoted(word) == quoted) }
}

@Suite("text on its way to a terminal", .timeLimit(.minutes(5)))
struct OutputTextTests {
  @Test("what a terminal acts upon is escaped as JSON does it")
  func escapes() {
    let hostile = "a\u{1B}]0;t\u{07}\u{0}b\rc\u{9B}2J\u{7F}\u{202E}d\u{2066}"
    for keepsColor in [false, true] {
      #expect(
        OutputText.escaped(hostile, keepsColor: keepsColor)
          == #"a\u001b]0;t\u0007\u0000b\u000dc\u009b2J\u007f\u202ed\u2066"#)
    }
  }

  @Test("the program's own colours stay where there is colour, other sequences never")
  func colours() {
    let painted = "\u{1B}[31m✘ bad\u{1B}[0m"
    #expect(OutputText.escaped(painted, keepsColor: true) == painted)
    #expect(OutputText.escaped(painted, keepsColor: false) == #"\u001b[31m✘ bad\u001b[0m"#)
    #expect(OutputText.escaped("\u{1B}[2J\u{1B}", keepsColor: true) == #"\u001b[2J\u001b"#)
  }

  @Test("plain text, line ends and every language stay as they are")
  func plain() {
    for text in ["", "two\nlines\t", "✔ größer → 日本語 العربية 🙂", "e\u{301}"] {
      #expect(OutputText.escaped(text, keepsColor: false) == text)
    }
    #expect(OutputText.oneLine("a\nb") == #"a\nb"#)
    #expect(String(repeating: "n", count: 200).shownName.count == 81)
    #expect("a\u{1B}\nb".shownText == "a\u{FFFD}\u{FFFD}b")
  }
}
