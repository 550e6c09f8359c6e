import Testing

@testable import Supervision

/// Events as lines of a log.
@Suite(.timeLimit(.minutes(5))) struct EventDescriptionTests {
  @Test("format_log: each event is one line that names who, which start, what and what next")
  func lines() {
    let fault = Fault(Broken("line one\nline two"))
    let cause = EscalationCause.restarts(intensity: 5, period: .seconds(60), last: .failed(fault))
    let golden: [(SupervisorEvent, String)] = [
      (.started(id: "a", generation: 1), "a#1 started"),
      (.ready(id: "a", generation: 1, after: .milliseconds(250)), "a#1 is ready after 250ms"),
      (
        .terminated(id: "a", generation: 1, outcome: .failed(fault), restartIn: .milliseconds(1_500)),
        "a#1 ended: line one line two; restarts in 1.5s"
      ),
      (
        .terminated(id: "a", generation: 1, outcome: .failed(Fault(Broken("no such file."))), restartIn: nil),
        "a#1 ended: no such file; not started again"
      ),
      (
        .terminated(id: "a", generation: 1, outcome: .normal, restartIn: nil),
        "a#1 ended: it ended by itself; not started again"
      ),
      (
        .startFailed(id: "a", generation: 2, reason: .timedOut(after: .seconds(30)), retryIn: .seconds(2)),
        "a#2 did not start: it was not ready after 30s; next try in 2s"
      ),
      (.restarting(id: "a", generation: 2, restarts: 1), "a#2 restarted (restart 1)"),
      (.stopping(id: "a", generation: 2), "a#2 is asked to stop"),
      (.stopped(id: "a", generation: 2, fault: nil), "a#2 stopped"),
      (.stopped(id: "a", generation: 2, fault: fault), "a#2 stopped with an error: line one line two"),
      (
        .abandoned(id: "a", generation: 2, waited: .seconds(5)),
        "a#2 did not stop within 5s: abandoned, its effects are refused"
      ),
      (.orphanEnded(id: "a", generation: 2, age: .seconds(120)), "a#2 ended after all, 2m after it was abandoned"),
      (.supervisorReady(supervisor: "root", children: 1), "root is ready (1 child)"),
      (
        .escalated(supervisor: "root", child: "a", generation: 7, cause: cause),
        "root gives up because of a#7: more than 5 restarts within 1m; the last time: line one line two"
      ),
      (.supervisorStopping(supervisor: "root"), "root is stopping"),
      (.supervisorStopped(supervisor: "root", report: StopReport()), "root stopped: 0 stopped"),
      (.jobStarted(id: "pull", generation: 3, deadline: .seconds(600)), "job pull#3 started, at most 10m"),
      (.jobCancelled(id: "pull", generation: 3, cause: .deadline), "job pull#3 is cancelled: it reached its deadline"),
      (
        .jobEnded(id: "pull", generation: 3, outcome: .deadlineExceeded, age: .milliseconds(600_040)),
        "job pull#3 was ended by its deadline after 600.04s"
      ),
    ]
    for (event, line) in golden { #expect("\(event)" == line) }
  }

  @Test("a long error is cut")
  func cut() {
    let fault = Fault(Broken(String(repeating: "x", count: 10_000)))
    #expect(fault.description.count == Defaults.errorTextLimit + 1)
    #expect(fault.description.hasSuffix("…"))
  }
}
