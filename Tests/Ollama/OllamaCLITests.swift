import Platform
import TestSupport
import Testing

@testable import Ollama

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct OllamaCLITests {
  func cli(_ runner: ScriptedRunner, host: String? = nil, clock: ManualClock = ManualClock()) -> OllamaCLI {
    OllamaCLI(
      host: host,
      environment: [
        "PATH": "/usr/bin", "NOTIFY_SOCKET": "@x", "SUPABASE_SERVICE_ROLE_KEY": "secret", "CREDENTIALS_DIRECTORY": "/x",
      ], runner: runner, clock: PullClock(clock))
  }

  func pull(_ cli: OllamaCLI, _ model: String = "m") async -> ModelServerFailure? {
    do throws(ModelServerFailure) {
      try await cli.pull(model) { _ in }
      return nil
    } catch {
      return error
    }
  }

  @Test func aRecordedPullTellsItsProgress() async throws {
    let errors = Recording.standardErrors(try Recording.text("S02-normal-cli-notty"))
    let runner = ScriptedRunner(ScriptedRunner.exit(0, err: errors[1]))
    let told = Guarded<[PullProgress]>([])
    try await cli(runner, host: "127.0.0.1:1").pull("big1") { step in told.withLock { $0.append(step) } }
    #expect(
      told.withLock { $0 } == [
        PullProgress(status: "pulling manifest"),
        PullProgress(
          status: "pulling 5d8ff0f7e98b", digest: "5d8ff0f7e98b", completed: 27_000_000, total: 27_000_000),
        PullProgress(status: "pulling ae40a217c1c4", digest: "ae40a217c1c4", completed: 18, total: 18),
        PullProgress(status: "pulling b9b7e76ff9f4", digest: "b9b7e76ff9f4", completed: 153, total: 153),
        PullProgress(status: "verifying sha256 digest"), PullProgress(status: "writing manifest"),
        PullProgress(status: "success"),
      ])
    let command = try #require(runner.commands.first)
    #expect(command.program == "ollama")
    #expect(command.arguments == ["pull", "big1"])
    #expect(command.environment == ["PATH": "/usr/bin", "OLLAMA_HOST": "127.0.0.1:1"])
  }

  @Test func aRecordedBarIsRead() throws {
    let text = Recording.standardErrors(try Recording.text("S25-server-SIGTERM-midpull"))[0]
    let progress = TerminalText.lines(Array(text.utf8)).compactMap(CLIOutput.progress)
    let first = try #require(progress.first { $0.digest != nil })
    #expect(
      first
        == PullProgress(
          status: "pulling 5d8ff0f7e98b", digest: "5d8ff0f7e98b", completed: 11_070_000, total: 27_000_000))
    // The recording ends in the middle of a line.
    let bytes = progress.filter { $0.total > 0 }.map(\.completed)
    #expect(bytes.count == 3)
    #expect(bytes == bytes.sorted())
  }

  @Test(arguments: [
    ("S03-unknown-model", 0, ModelServerFailure.Kind.unknownModel, "file does not exist"),
    ("S04-server-down", 0, .unreachable, "could not connect"), ("S06-500s", 0, .server, "injected 500"),
    ("S05-registry-unreachable", 0, .server, "connection refused"),
    ("S05-registry-unreachable", 3, .server, "no such host"),
  ])
  func recordedFailures(name: String, number: Int, kind: ModelServerFailure.Kind, words: String) async throws {
    let text = Recording.standardErrors(try Recording.text(name))[number]
    let runner = ScriptedRunner(ScriptedRunner.exit(1, err: text))
    let failure = await pull(cli(runner))
    #expect(failure?.kind == kind)
    #expect(failure?.description.contains(words) == true)
    #expect(failure?.description.unicodeScalars.contains { $0.value < 0x20 } == false)
    #expect(runner.commands.count == 1)
  }

  @Test(arguments: [
    ("ollama rm nope", true), ("ollama stop nope", true), ("ollama stop tiny", true), ("ollama cp nope x", false),
    ("ollama cp tiny tiny2", true),
  ])
  func recordedCommands(line: String, succeeds: Bool) async throws {
    let recorded = try #require(Recording.command(line, in: try Recording.text("S29-other-commands")))
    let cli = cli(ScriptedRunner(ScriptedRunner.exit(recorded.code, out: recorded.out, err: recorded.err)))
    let words = line.split(separator: " ").map(String.init)
    var kind: ModelServerFailure.Kind?
    do throws(ModelServerFailure) {
      switch words[1] {
      case "rm": try await cli.delete(words[2])
      case "stop": try await cli.unload(words[2])
      default: try await cli.copy(words[2], to: words[3])
      }
    } catch {
      kind = error.kind
    }
    #expect(kind == (succeeds ? nil : .unknownModel))
  }

  @Test func digestsAreTheIDsOfTheList() async throws {
    let recorded = try #require(Recording.command("ollama list", in: try Recording.text("S29-other-commands")))
    let cli = cli(ScriptedRunner(ScriptedRunner.exit(recorded.code, out: recorded.out)))
    #expect(try await cli.models().count == 5)
    #expect(try await cli.digest(of: "tiny") == ModelDigest(model: "tiny:latest", digest: "69d898dd1d43"))
    #expect(try await cli.digest(of: "localhost:5000/library/tiny")?.digest == "b3721211a3ff")
    #expect(try await cli.digest(of: "nope") == nil)
  }

  @Test func anUnreadableListHasEmptyDigests() {
    #expect(
      CLIOutput.models(in: Array("NAME  SIZE\nm:1   60 KB\nn:2\n".utf8)) == [
        ModelDigest(model: "m:1", digest: ""), ModelDigest(model: "n:2", digest: ""),
      ])
  }

  @Test func aMissingProgramSaysWhatToInstall() async {
    let runner = ScriptedRunner(ScriptedRunner.missing())
    let failure = await pull(cli(runner))
    #expect(failure?.kind == .missingProgram)
    #expect(failure?.description.contains("install Ollama") == true)
  }

  @Test(arguments: [EMFILE, ENFILE, EAGAIN, ENOMEM])
  func aHostThatIsExhaustedIsNotAMissingProgram(code: Int32) async {
    let cli = cli(ScriptedRunner(ScriptedRunner.missing(code: code)))
    let failure = await pull(cli)
    #expect(failure?.kind == .exhausted)
    #expect(failure?.isPermanent == false)
    #expect(failure?.description.contains("install") == false)
    #expect(await !cli.isInstalled())
  }

  @Test func aHangingPullIsEndedAndBegunAgain() async {
    let runner = ScriptedRunner(ScriptedRunner.hang(), ScriptedRunner.exit(0))
    let clock = ManualClock()
    let cli = cli(runner, clock: clock)
    #expect(await clock.drive { await pull(cli) } == nil)
    #expect(runner.commands.count >= 2)
  }

  @Test func aHangingListIsEnded() async {
    let runner = ScriptedRunner(ScriptedRunner.hang())
    let clock = ManualClock()
    let cli = cli(runner, clock: clock)
    async let kind = { () async -> ModelServerFailure.Kind? in
      do throws(ModelServerFailure) {
        _ = try await cli.models()
        return nil
      } catch {
        return error.kind
      }
    }()
    await clock.advanceToNextSleeper()
    #expect(await kind == .stalled)
    #expect(clock.now.offset == OllamaCLI.commandTimeout)
  }

  @Test func aServerThatDiesIsPulledFromAgain() async {
    let runner = ScriptedRunner(
      ScriptedRunner.exit(1, err: "pulling manifest\nError: unexpected EOF\n"),
      ScriptedRunner.exit(1, err: "Error: could not connect to ollama server, run 'ollama serve' to start it\n"),
      ScriptedRunner.exit(0))
    let clock = ManualClock()
    let cli = cli(runner, clock: clock)
    #expect(await clock.drive(within: pause) { await pull(cli) } == nil)
    #expect(runner.commands.count == 3)
  }

  @Test func aCancelledPullIsCancelledWhenItsProcessIsGone() async {
    let cli = cli(ScriptedRunner(ScriptedRunner.hang(err: "pulling manifest\n")))
    let begun = AsyncStream.makeStream(of: Void.self)
    let task = Task { () async -> ModelServerFailure.Kind? in
      do throws(ModelServerFailure) {
        try await cli.pull("m") { _ in begun.continuation.yield() }
        return nil
      } catch {
        return error.kind
      }
    }
    for await _ in begun.stream { break }
    task.cancel()
    #expect(await task.value == .cancelled)
  }

  @Test func aProgramWhoseErrorsNobodyReadsIsAFailure() async throws {
    let recorded = try Recording.text("S30-stderr-closed").split(separator: " ").last { $0.hasPrefix("-") }
    let signal = try #require(recorded.flatMap { Int32($0.dropFirst().filter(\.isNumber)) })
    let failure = await pull(cli(ScriptedRunner(ScriptedRunner.killed(by: signal))))
    #expect(failure?.kind == .server)
    #expect(failure?.isPermanent == false)
    #expect(failure?.description.contains("signal 13") == true, "\(signal)")
  }

  @Test func aSignalFromElsewhereIsAFailure() async {
    let runner = ScriptedRunner(ScriptedRunner.killed(by: 9))
    let failure = await pull(cli(runner))
    #expect(failure?.kind == .server)
    #expect(failure?.description.contains("signal 9") == true)
  }

  @Test func anOptionIsNoModel() async {
    let runner = ScriptedRunner(ScriptedRunner.exit(0))
    #expect(await pull(cli(runner), "--insecure")?.kind == .unknownModel)
    #expect(runner.commands.isEmpty)
  }

  @Test func terminalTextComesInAnyPieces() throws {
    let bytes = Array(Recording.standardErrors(try Recording.text("S02-normal-cli-notty"))[1].utf8)
    let whole = TerminalText.lines(bytes)
    #expect(whole.contains("verifying sha256 digest"))
    for size in [1, 2, 3, 5, 17] {
      var text = TerminalText()
      var lines: [String] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        lines += text.take(bytes[start..<min(start + size, bytes.count)])
      }
      if let last = text.finish() { lines.append(last) }
      #expect(lines == whole)
    }
  }
}
