import Supervision
import SupervisionTesting
import Testing

/// OTP's cases about the text of reports.
@Suite("format", .timeLimit(.minutes(5))) struct FormatTests {
  // Adapted: OTP's report is a map and a format; ours is a value and its description.
  /// Mutant: fault-on-many-lines.
  @Test("format_log_1: each report is one line, that names the child, its start and what comes next")
  func formatLog1() {
    let fault = Fault(ScriptedFailure("two\nlines\r\nand more"))
    let events: [SupervisorEvent: String] = [
      .terminated(id: "web/a", generation: 3, outcome: .failed(fault), restartIn: .milliseconds(250)):
        "web/a#3 ended: two lines and more; restarts in 250ms",
      .terminated(id: "a", generation: 1, outcome: .shutdown, restartIn: nil):
        "a#1 ended: it shut itself down; not started again",
      .startFailed(id: "a", generation: 2, reason: .timedOut(after: .seconds(30)), retryIn: .seconds(90)):
        "a#2 did not start: it was not ready after 30s; next try in 90s",
      .stopped(id: "a", generation: 1, fault: fault): "a#1 stopped with an error: two lines and more",
      .abandoned(id: "a", generation: 1, waited: .seconds(5)):
        "a#1 did not stop within 5s: abandoned, its effects are refused",
      .escalated(
        supervisor: "root", child: "a", generation: 6,
        cause: .restarts(intensity: 5, period: .seconds(60), last: .failed(fault))):
        "root gives up because of a#6: more than 5 restarts within 1m; the last time: two lines and more",
    ]
    for (event, text) in events {
      #expect(event.description == text)
      #expect(!event.description.contains { $0.isNewline })
    }
  }

  // Adapted: OTP's limits of depth and of characters are one bound on the text of an error.
  /// Mutant: fault-without-a-bound.
  @Test("format_log_2: the text of an error is bounded, and says that it was cut")
  func formatLog2() {
    let long = Fault(ScriptedFailure(String(repeating: "é", count: 10_000)))
    #expect(long.description.count == Defaults.errorTextLimit + 1)
    #expect(long.description.hasSuffix("é…"))
    let exact = Fault(ScriptedFailure(String(repeating: "x", count: Defaults.errorTextLimit)))
    #expect(exact.description.count == Defaults.errorTextLimit)
    let event = SupervisorEvent.stopped(id: "a", generation: 1, fault: long)
    #expect(event.description.count < Defaults.errorTextLimit + 50)
  }
}
