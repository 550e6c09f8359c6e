import Platform
import Rules
import Supervision
import TestSupport
import Testing

@testable import Actors

/// Programs that tell people: what they get, how long they have, and what their end means.
@Suite("Programs that tell", .timeLimit(.minutes(5)))
struct CommandNotifierTests {
  static let message = NoticeMessage(
    id: "id", kind: "degraded", type: "model.degraded", model: "a\u{0}b", text: "t\u{0}", details: "{}",
    at: Timestamp(microseconds: 0))

  /// Ends as it is told, or when it is cancelled.
  final class Runner: ProcessRunner {
    let commands = EventRecorder<ProcessCommand>()
    let result: ProcessResult?
    let gate = Gate()

    init(_ ending: ProcessResult.Ending?, error: String = "") {
      result = ending.map {
        ProcessResult(
          ending: $0, processID: 1, standardOutput: [], standardError: Array(error.utf8), wasTerminated: false)
      }
    }

    func run(
      _ command: ProcessCommand, onOutput: @escaping @Sendable (ProcessOutput) -> Void
    ) async throws(ProcessFailure) -> ProcessResult {
      commands.record(command)
      if let result { return result }
      _ = await gate.wait()
      return ProcessResult(
        ending: .signalled(signal: 15), processID: 1, standardOutput: [], standardError: [], wasTerminated: true)
    }
  }

  private func notifier(_ runner: Runner, clock: ManualClock = ManualClock()) -> CommandNotifier {
    CommandNotifier(
      CommandSettings(program: "p", arguments: ["$x"]), timeout: .seconds(15),
      environment: ["A": "b", "SUPABASE_SERVICE_ROLE_KEY": "k", "SUPABASE_ANON_KEY": "k"], runner: runner,
      clock: SupervisionClock(clock))
  }

  @Test("it gets the message in its environment, without our keys and without what no variable can hold")
  func environment() async throws {
    let runner = Runner(.exited(code: 0))
    #expect(await notifier(runner).deliver(Self.message) == .delivered("p exited with 0"))
    let command = try #require(runner.commands.all.first)
    #expect(command.program == "p" && command.arguments == ["$x"])
    #expect(
      command.environment == [
        "A": "b", "RETRAIND_EVENT": "degraded", "RETRAIND_EVENT_ID": "id", "RETRAIND_MODEL": "a\u{FFFD}b",
        "RETRAIND_TEXT": "t\u{FFFD}", "RETRAIND_PAYLOAD": Self.message.payload,
      ])
  }

  @Test("an end that is not 0 is a failure, with the last of its words")
  func failures() async {
    #expect(
      await notifier(Runner(.exited(code: 3), error: "first\nlast\n")).deliver(Self.message)
        == .failed("p exited with 3: last"))
    #expect(
      await notifier(Runner(.signalled(signal: 9))).deliver(Self.message) == .failed("p was ended by signal 9"))
  }

  @Test("at its deadline it is ended, and that is what is said")
  func deadline() async {
    let clock = ManualClock()
    let runner = Runner(nil)
    let notifier = notifier(runner, clock: clock)
    async let attempt = notifier.deliver(Self.message)
    await runner.commands.wait { !$0.isEmpty }
    await clock.waitForSleeper(dueBy: .seconds(15))
    clock.advance(by: .seconds(15))
    #expect(await attempt == .failed("p did not end within 15 seconds, and was ended"))
  }

  @Test("a stop ends it, too, and says nothing of a deadline")
  func stop() async {
    let runner = Runner(nil)
    let notifier = notifier(runner)
    let attempt = Task { await notifier.deliver(Self.message) }
    await runner.commands.wait { !$0.isEmpty }
    attempt.cancel()
    #expect(await attempt.value == .failed("p was ended before it was done"))
  }
}
