import Platform
import Supervision

/// Hands messages to a program, in its environment: no shell reads them.
struct CommandNotifier: Notifier {
  /// Bytes of the program's words that are kept, and characters of them that are shown.
  static let keptOutput = 2_048
  static let shownOutput = 200
  /// Time from asking the program to end to ending it.
  static let grace = Duration.seconds(2)
  /// Variables that are not handed on: the program has no use for them, and its words are logged.
  static let withheld: Set<String> = ["SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_KEY"]

  /// The program.
  private let settings: CommandSettings
  /// Time that it has.
  private let timeout: Duration
  /// What it inherits.
  private let environment: [String: String]
  /// Starts it.
  private let runner: any ProcessRunner
  /// The clock of its time.
  private let clock: SupervisionClock

  /// Makes a notifier.
  init(
    _ settings: CommandSettings, timeout: Duration, environment: [String: String], runner: any ProcessRunner,
    clock: SupervisionClock
  ) {
    self.settings = settings
    self.timeout = timeout
    self.environment = environment.filter { !Self.withheld.contains($0.key) }
    self.runner = runner
    self.clock = clock
  }

  /// One run of the program.
  func deliver(_ message: NoticeMessage) async -> DeliveryAttempt {
    var environment = environment
    environment["RETRAIND_EVENT"] = message.kind
    environment["RETRAIND_EVENT_ID"] = message.id
    environment["RETRAIND_MODEL"] = Self.plain(message.model ?? "")
    environment["RETRAIND_TEXT"] = Self.plain(message.text)
    environment["RETRAIND_PAYLOAD"] = message.payload
    let command = ProcessCommand(
      program: settings.program, arguments: settings.arguments, environment: environment, grace: Self.grace,
      keptOutput: Self.keptOutput)
    return await withTaskGroup(of: DeliveryAttempt?.self) { group in
      group.addTask { await run(command) }
      group.addTask {
        // Only the deadline speaks here; a cancelled wait says nothing.
        guard (try? await clock.sleep(for: timeout)) != nil else { return nil }
        return .failed("\(settings.program) did not end within \(timeout.inWords), and was ended")
      }
      var first: DeliveryAttempt?
      for await attempt in group {
        guard let attempt else { continue }
        if first == nil { first = attempt }
        group.cancelAll()
      }
      return first ?? .failed("cancelled")
    }
  }

  private func run(_ command: ProcessCommand) async -> DeliveryAttempt {
    let result: ProcessResult
    do throws(ProcessFailure) {
      result = try await runner.run(command) { _ in }
    } catch {
      return .failed(error.description)
    }
    if result.wasTerminated { return .failed("\(command.program) was ended before it was done") }
    let words = PrintableText.clip(
      String(decoding: result.standardError, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? "",
      to: Self.shownOutput)
    let said = words.isEmpty ? "" : ": \(words)"
    return switch result.ending {
    case .exited(code: 0): .delivered("\(command.program) exited with 0")
    case .exited(let code):
      .failed("\(command.program) exited with \(code)\(said.isEmpty ? ", and said nothing on standard error" : said)")
    case .signalled(let signal): .failed("\(command.program) was ended by signal \(signal)\(said)")
    }
  }

  /// Without the one character that no variable can hold.
  private static func plain(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 }))
  }
}
