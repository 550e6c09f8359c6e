import Glibc
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct LogLineTests {
  private func line(_ format: LogFormat, _ message: String, _ level: LogLevel = .info) -> String {
    String(decoding: LogLine.bytes(format, level, message, at: 1_795_441_034_915_999), as: UTF8.self)
  }

  /// What stands behind the stamp.
  private func tail(_ message: String) -> String {
    String(line(.text, message).dropFirst("2026-11-23 14:37:14,915".count))
  }

  /// In a process of its own, whose time zone is set before anybody reads it.
  @Test func textIsWhatPythonWrites() async {
    await #expect(processExitsWith: .success) {
      setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1)
      tzset()
      let golden: [(LogLevel, Int64, String)] = [
        (.info, 1_795_441_034_915_999, "2026-11-23 14:37:14,915 - INFO - ✅ Model retrain monitor started\n"),
        (.warning, 1_795_441_034_000_000, "2026-11-23 14:37:14,000 - WARNING - ✅ Model retrain monitor started\n"),
        (.error, 1_784_548_800_007_000, "2026-07-20 14:00:00,007 - ERROR - ✅ Model retrain monitor started\n"),
        (.debug, 0, "1970-01-01 01:00:00,000 - DEBUG - ✅ Model retrain monitor started\n"),
        (.critical, -1, "1970-01-01 00:59:59,999 - CRITICAL - ✅ Model retrain monitor started\n"),
      ]
      for (level, microseconds, expected) in golden {
        let bytes = LogLine.bytes(.text, level, "✅ Model retrain monitor started", at: microseconds)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
      }
    }
  }

  @Test func jsonLine() {
    #expect(
      line(.json, "model \"a\\b\" at 40 %\nnext", .warning)
        == #"{"ts":"2026-11-23T13:37:14.915Z","level":"warning","msg":"model \"a\\b\" at 40 %\nnext"}"# + "\n")
  }

  @Test(arguments: [LogFormat.text, .json]) func aLineIsALine(format: LogFormat) {
    let nasty =
      "evil:7b\n2026-11-23 14:37:14,915 - INFO - fine\r\u{1B}[2J\u{7F}\u{85}\u{2028}\u{2029}\u{202E}\u{0}\u{9B}\t"
    let line = line(format, nasty)
    let harmful = line.dropLast().unicodeScalars.filter {
      $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || (0x2028...0x202E).contains($0.value)
    }
    #expect(harmful.isEmpty)
    #expect(line.hasSuffix("\n"))
    #expect(line.contains(#"evil:7b\n2026-11-23 14:37:14,915 - INFO - fine\r\u001b[2J\u007f\u0085\u2028"#))
  }

  @Test func whatIsHarmlessStays() {
    let text = #"C:\path "quoted" 'é' 日本語 👩‍👩‍👧 100 %"#
    #expect(tail(text) == " - INFO - \(text)\n")
  }

  @Test func lengthIsBounded() {
    let exact = String(repeating: "a", count: 8192)
    #expect(tail(exact) == " - INFO - \(exact)\n")
    #expect(tail(exact + "bcd") == " - INFO - \(exact)… (3 more bytes)\n")
    let wide = String(repeating: "é", count: 5000)
    #expect(tail(wide) == " - INFO - \(wide.prefix(4096))… (1808 more bytes)\n")
    #expect(tail(String(repeating: "\u{1}", count: 100_000)).utf8.count < 8300)
    #expect(tail("") == " - INFO - \n")
  }

  @Test func levels() {
    #expect(LogLevel.allCases.map(\.name) == ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
    #expect(LogLevel(word: "Warning") == .warning)
    #expect(LogLevel(word: "loud") == nil)
    #expect(LogLevel.allCases == LogLevel.allCases.sorted())
  }
}
