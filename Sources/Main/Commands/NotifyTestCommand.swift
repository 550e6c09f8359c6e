import Actors
import Platform

/// `retraind notify-test`: one message to every sink, now.
enum NotifyTestCommand {
  static func run(
    _ loaded: LoadedConfiguration, _ requests: SignalRequests, _ context: ProgramContext
  ) async -> Int32 {
    for warning in loaded.warnings where warning.field.hasPrefix("notify") {
      context.terminal.say("retraind: warning: \(warning)")
    }
    guard !loaded.settings.notify.isEmpty else {
      context.explainFailure(
        "nobody is to be told: \(loaded.file ?? "no configuration file was found, which") names no sink; add notify: "
          + "[ { type: \"command\", program: \"…\" } ], see Docs/notifications.md", code: ExitCode.unavailable)
      return ExitCode.unavailable
    }
    do {
      let entries = try await stopped(by: requests) {
        await NotifyTest.run(loaded.settings, environment: context.environment)
      }
      show(entries, context)
      return entries.allSatisfy(\.delivered) ? ExitCode.success : ExitCode.failure
    } catch {
      return CommandFailure.report(error, context)
    }
  }

  private static func show(_ entries: [NotifyTest.Entry], _ context: ProgramContext) {
    let terminal = context.terminal
    if context.global.json {
      let documents = entries.map { entry in
        JSONText.Value.object([
          ("sink", .text(entry.sink)), ("type", .text(entry.type)), ("delivered", .flag(entry.delivered)),
          ("outcome", .text(entry.outcome)),
        ])
      }
      terminal.print(JSONText.of(.array(documents), isPretty: true))
      return
    }
    for entry in entries {
      let mark = entry.delivered ? terminal.paint("✔ told", .green) : terminal.paint("✘ not told", .red)
      terminal.show("\(mark)  \(entry.sink): \(entry.outcome.shownText)")
    }
  }
}

/// Sinks for people.
enum SinkText {
  static func lines(_ sinks: [StatusReport.Sink], _ terminal: Terminal) -> [String] {
    if sinks.isEmpty { return [] }
    return ["Told (sinks of notices)"]
      + sinks.flatMap { sink -> [String] in
        let last = sink.lastDelivery.map { ", last told \($0)" } ?? ", never told yet"
        var lines = [
          "  \(sink.name): \(sink.state), \(sink.pending) pending, \(sink.delivered) delivered, \(sink.dead) given up\(last)"
        ]
        if let problem = sink.problem { lines.append(terminal.paint("    \(problem.shownText)", .red)) }
        if let why = sink.lastFailure, let at = sink.lastFailureAt {
          let next = sink.nextAttempt.map { "; next try \($0)" } ?? ""
          lines.append(terminal.paint("    last failure \(at): \(why.shownText)\(next)", .yellow))
        }
        if sink.dead > 0, let why = sink.deadWhy, why != sink.lastFailure {
          lines.append(terminal.paint("    given up: \(why.shownText)", .yellow))
        }
        return lines
      }
  }
}
