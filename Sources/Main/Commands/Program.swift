import Actors
import Platform

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a command works with: words, environment, terminal. Made once, by `main`.
struct ProgramContext: Sendable {
  /// Every variable of the environment.
  var environment: [String: String]
  /// Where it was started.
  var workingDirectory: String
  /// Where it writes.
  var terminal: Terminal
  /// The options that every command knows.
  var global: GlobalOptions

  /// The configuration for an invocation.
  ///
  /// - Throws: `ConfigErrors`, all that is wrong at once.
  func load(_ flags: FlagOverrides) throws(ConfigErrors) -> LoadedConfiguration {
    try ConfigurationLoader.load(
      flags: flags, environment: environment, workingDirectory: workingDirectory, readFile: ConfigurationFile.read)
  }
}

extension ProgramContext {
  /// Where a daemon listens, for a command that it carries out, while the configuration cannot be used: the file may have
  /// been broken since the daemon read it. nil for other commands, and where nobody has listened there.
  func placeOfDaemon(for invocation: Invocation, unusable: ConfigErrors) -> LoadedConfiguration? {
    let mayGoOnAlone: Bool
    switch invocation {
    case .status, .explain, .history, .reload: mayGoOnAlone = true
    case .record, .feedback, .check, .retrain, .rollback: mayGoOnAlone = false
    case .run, .doctor, .checkConfig, .notifyTest, .help, .version, .schema, .demo: return nil
    }
    var flags = invocation.overrides
    flags.config = nil
    let loaded = try? ConfigurationLoader.load(
      flags: flags, environment: environment.filter { $0.key != "RETRAIND_CONFIG" },
      workingDirectory: workingDirectory, readFile: { _ in .absent })
    guard var loaded, access(loaded.paths.socket, F_OK) == 0 else { return nil }
    if !mayGoOnAlone { loaded.unusable = unusable }
    return loaded
  }
}

/// The program from its words to its end; called on the main thread with the daemon's signals blocked.
func runProgram(_ arguments: [String]) -> Never {
  let environment = ProcessEnvironment.current()
  let invocation: Invocation
  do throws(UsageError) {
    invocation = try ArgumentParser.parse(arguments)
  } catch {
    let wantsJSON = arguments.contains("--json")
    let terminal = Terminal(environment: environment, noColor: true)
    terminal.say(
      wantsJSON ? errorDocument(error.message, code: UsageError.exitCode, remedy: error.hint) : error.description)
    endProgram(UsageError.exitCode)
  }
  if case .run = invocation {} else { Heap.keep() }
  let context = ProgramContext(
    environment: environment, workingDirectory: FileManager.default.currentDirectoryPath,
    terminal: Terminal(environment: environment, noColor: invocation.global.noColor), global: invocation.global)
  switch invocation {
  case .help(let options, _):
    let text = options.command.map { HelpText.of($0) } ?? HelpText.top()
    if options.wasAskedFor { context.terminal.print(text) } else { context.terminal.say(text) }
    endProgram(options.wasAskedFor ? ExitCode.success : ExitCode.usage)
  case .version: endProgram(VersionCommand.run(context))
  case .checkConfig(let options, _):
    endProgram(CheckConfigCommand.run(options, flags: invocation.overrides, context))
  case .demo(let options, _):
    let requests = SignalRequests()
    runWithSignals(requests) { await DemoCommand.run(options, context) }
  case .doctor: runDoctor(invocation, context)
  case .schema(let options, _):
    // It helps those whose configuration cannot be used yet, too.
    let loaded = try? context.load(invocation.overrides)
    endProgram(SchemaCommand.run(options, usesSupabase: loaded?.settings.supabase != nil, context))
  case .run, .check, .status, .explain, .history, .record, .feedback, .retrain, .rollback, .reload, .notifyTest:
    runConfigured(invocation, context)
  }
}

/// A command that needs the configuration.
private func runConfigured(_ invocation: Invocation, _ context: ProgramContext) -> Never {
  let loaded: LoadedConfiguration
  do throws(ConfigErrors) {
    loaded = try context.load(invocation.overrides)
  } catch {
    guard let place = context.placeOfDaemon(for: invocation, unusable: error) else {
      context.fail(error.description, code: ExitCode.configuration)
    }
    switch invocation {
    // A reload hears the same from the daemon, which is what counts.
    case .reload: break
    // What needs a daemon says it when one has answered, and fails for it where none does.
    case _ where place.unusable != nil: break
    default: context.terminal.say("retraind: warning: \(error)")
    }
    loaded = place
  }
  if invocation.acts, let problem = DescriptorLimit.problem(limit: DescriptorLimit.raise()) {
    context.fail(problem, code: ExitCode.temporary)
  }
  context.requireThreads(for: invocation)
  let requests = SignalRequests()
  switch invocation {
  case .run:
    DaemonCommand(context: context, loaded: loaded, flags: invocation.overrides, requests: requests).run()
  case .check(let options, _):
    // Most checks need one thread; what needs a monitor leaves it.
    let thread: ThreadExecutor
    do throws(ThreadFailure) {
      thread = try ThreadExecutor(name: "check")
    } catch {
      context.fail(error.description, code: ExitCode.temporary)
    }
    runWithSignals(requests, on: thread) { await CheckCommand.run(options, loaded, requests, context, thread) }
  case .status: runWithSignals(requests) { await StatusCommand.run(loaded, requests, context) }
  case .explain(let options, _): runWithSignals(requests) { await ExplainCommand.run(options, loaded, context) }
  case .history(let options, _): runWithSignals(requests) { await HistoryCommand.run(options, loaded, context) }
  case .record(let options, _): runWithSignals(requests) { await RecordCommand.run(options, loaded, requests, context) }
  case .feedback(let options, _):
    runWithSignals(requests) { await FeedbackCommand.run(options, loaded, requests, context) }
  case .retrain(let options, _):
    runWithSignals(requests) { await ModelRunCommand.run(.retrain, options, loaded, requests, context) }
  case .rollback(let options, _):
    runWithSignals(requests) { await ModelRunCommand.run(.rollback, options, loaded, requests, context) }
  case .notifyTest: runWithSignals(requests) { await NotifyTestCommand.run(loaded, requests, context) }
  case .reload: runWithSignals(requests) { await ReloadCommand.run(loaded, requests, context) }
  case .help, .version, .doctor, .checkConfig, .schema, .demo: endProgram(ExitCode.software)
  }
}

/// `doctor`, also where the configuration cannot be used: then it looks at the places that the rest names.
private func runDoctor(_ invocation: Invocation, _ context: ProgramContext) -> Never {
  var errors: ConfigErrors?
  var loaded: LoadedConfiguration?
  do throws(ConfigErrors) {
    loaded = try context.load(invocation.overrides)
  } catch {
    errors = error
    var flags = invocation.overrides
    flags.config = nil
    let places = context.environment.filter { ["STATE_DIRECTORY", "LOGS_DIRECTORY"].contains($0.key) }
    loaded = try? ConfigurationLoader.load(
      flags: flags, environment: places, workingDirectory: context.workingDirectory, readFile: { _ in .absent })
  }
  guard let loaded else {
    context.fail(errors?.description ?? "the configuration cannot be read", code: ExitCode.configuration)
  }
  context.requireThreads(for: invocation)
  let requests = SignalRequests()
  // It changes nothing: the first request to stop ends it.
  requests.endAtOnce(true)
  runWithSignals(requests) { [errors] in await DoctorCommand.run(loaded, errors, context) }
}

extension ProgramContext {
  /// Ends the program where the system has no threads for it. A check needs one, a daemon says it in its log, and a run
  /// is asked about when it turns out to be one.
  fileprivate func requireThreads(for invocation: Invocation) {
    switch invocation {
    case .run, .check: return
    default: break
    }
    let shortage = ThreadRoom.shortage(own: ThreadRoom.forCommands, mostOfPool: 1)
    if let shortage { fail(shortage.description, code: ExitCode.temporary) }
  }
}

extension Invocation {
  /// Whether it may start a run in this process.
  fileprivate var acts: Bool {
    switch self {
    case .run, .retrain, .rollback: true
    case .check(let options, _): !options.dryRun
    default: false
    }
  }
}

extension ProgramContext {
  /// Says why and ends; with `--json` as a document, so that a script reads one form.
  func fail(_ message: String, code: Int32) -> Never {
    explainFailure(message, code: code)
    endProgram(code)
  }

  /// Says why.
  func explainFailure(_ message: String, code: Int32) {
    terminal.complain(global.json ? errorDocument(message, code: code) : "retraind: \(message)")
  }
}

/// An error as a document.
private func errorDocument(_ message: String, code: Int32, remedy: String? = nil) -> String {
  struct Failure: Encodable {
    var error: String
    var remedy: String?
    var exitCode: Int32
  }
  return (try? JSON.encode(Failure(error: message, remedy: remedy, exitCode: code))) ?? #"{"error":"unknown"}"#
}
