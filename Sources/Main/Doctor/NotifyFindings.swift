import Actors
import Platform

/// Where people are to be told, and are not.
enum NotifyFindings {
  /// What is so.
  ///
  /// - Parameters:
  ///   - sinks: as the daemon knows them, or the journal.
  ///   - programs: why programs cannot be started, by the sinks' names.
  static func of(_ sinks: [StatusReport.Sink], programs: [String: String]) -> [Finding] {
    sinks.flatMap { sink in
      // What the configuration does not name any more is not meant to be told.
      sink.state == "removed" ? [] : [standing(sink, programs[sink.name]), dead(sink)].compactMap { $0 }
    }
  }

  /// Whether it can be told anything now.
  private static func standing(_ sink: StatusReport.Sink, _ program: String?) -> Finding? {
    let waiting = sink.pending == 0 ? "" : "; \(notices(sink.pending)) \(sink.pending == 1 ? "waits" : "wait")"
    if sink.state == "gone" {
      return Finding(
        .warning, .notify, "\(sink.name) is not told any more: its receiver is gone", why: sink.problem,
        type: "retraind reload")
    }
    if let problem = sink.state == "unusable" ? sink.problem : program {
      return Finding(
        .warning, .notify, "\(sink.name) is not told: it cannot be used\(waiting)", why: problem, type: test)
    }
    guard sink.state == "waiting" else { return nil }
    return Finding(
      .warning, .notify, "\(sink.name) was not told at the last try\(waiting)", why: sink.lastFailure, type: test)
  }

  /// What it will never be told.
  private static func dead(_ sink: StatusReport.Sink) -> Finding? {
    guard sink.dead > 0 else { return nil }
    // Times of one form are in order as texts are: what has been told since works again.
    var isOver = false
    if let told = sink.lastDelivery, let failed = sink.lastFailureAt { isOver = told > failed }
    return Finding(
      isOver ? .note : .warning, .notify,
      "\(notices(sink.dead)) for \(sink.name) \(sink.dead == 1 ? "was" : "were") given up",
      why: sink.deadWhy, type: isOver ? "retraind history --notices" : test)
  }

  /// Tries every sink.
  private static let test = "retraind notify-test"

  private static func notices(_ count: Int) -> String { "\(count) notice\(count == 1 ? "" : "s")" }
}

/// Looks for the programs of sinks.
enum NotifyPrograms {
  /// What the doctor wants to know of the sinks.
  static func facts(_ settings: Settings, path: String?) -> NotifyFacts {
    var facts = NotifyFacts(settings: settings)
    for (sink, problem) in problems(settings, path) { facts.programs[sink] = problem }
    return facts
  }

  /// What a person should know of the configuration.
  static func warnings(_ settings: Settings, path: String?) -> [ConfigWarning] {
    problems(settings, path).map { sink, problem in
      ConfigWarning(field: "notify.\(sink).program", message: "\(problem); until then nobody is told there")
    }
  }

  private static func problems(_ settings: Settings, _ path: String?) -> [(sink: String, problem: String)] {
    settings.notify.compactMap { sink in
      guard case .command(let command) = sink.way else { return nil }
      return ProgramSearch.problem(of: command.program, path: path).map { (sink.name, $0.description) }
    }
  }
}
