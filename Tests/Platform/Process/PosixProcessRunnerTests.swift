import Glibc
import Platform
import Synchronization
import Testing

/// Runs a line of shell.
func shell(
  _ script: String, grace: Duration = .seconds(10), kept: Int = 65_536,
  onOutput: @escaping @Sendable (ProcessOutput) -> Void = { _ in }
) async throws -> ProcessResult {
  let command = ProcessCommand(program: "/bin/sh", arguments: ["-c", script], grace: grace, keptOutput: kept)
  return try await PosixProcessRunner().run(command, onOutput: onOutput)
}

/// Runs a line of shell and cancels it as soon as it has said something.
func shellCancelledWhenReady(_ script: String, grace: Duration) async throws -> ProcessResult {
  let (ready, said) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  let run = Task { try await shell(script, grace: grace) { _ in said.yield() } }
  for await _ in ready { break }
  run.cancel()
  return try await run.value
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// True where a process lives; a zombie does not.
func isAlive(_ process: pid_t) -> Bool {
  guard let stat = try? contents(of: "/proc/\(process)/stat"), let name = stat.lastIndex(of: ")") else { return false }
  return !["Z", "X"].contains(stat[stat.index(after: name)...].split(separator: " ").first ?? "X")
}

@Suite(.timeLimit(.minutes(5))) struct PosixProcessRunnerTests {
  @Test(arguments: [0, 1, 2, 7, 75, 126, 127, 128, 143, 255] as [Int32]) func exitCodes(code: Int32) async throws {
    let result = try await shell("exit \(code)")
    #expect(result.ending == .exited(code: code))
    #expect(!result.wasTerminated)
  }

  @Test(arguments: [SIGTERM, SIGKILL, SIGHUP, SIGUSR1]) func signalDeath(signal: Int32) async throws {
    let result = try await shell("kill -\(signal) $$")
    #expect(result.ending == .signalled(signal: signal))
    #expect(!result.wasTerminated)
  }

  @Test func streamsAreApartAndInOrder() async throws {
    let pieces = Guarded<(out: [UInt8], error: [UInt8])>(([], []))
    let result = try await shell("echo one; echo two >&2; echo three") { piece in
      pieces.withLock {
        switch piece {
        case .standardOutput(let bytes): $0.out += bytes
        case .standardError(let bytes): $0.error += bytes
        }
      }
    }
    #expect(text(result.standardOutput) == "one\nthree\n")
    #expect(text(result.standardError) == "two\n")
    #expect(pieces.withLock { text($0.out) + text($0.error) } == "one\nthree\ntwo\n")
  }

  @Test func argumentsAreNotForAShell() async throws {
    let words = ["$HOME", "a b", "", "*", "é\n'\"", "; exit 3"]
    let result = try await PosixProcessRunner().run(
      ProcessCommand(program: "printf", arguments: ["<%s>"] + words), onOutput: { _ in })
    #expect(text(result.standardOutput) == words.map { "<\($0)>" }.joined())
  }

  @Test func directoryAndEnvironment() async throws {
    let scratch = try ScratchDirectory()
    let result = try await PosixProcessRunner().run(
      ProcessCommand(
        program: "/bin/sh", arguments: ["-c", "pwd; env"], environment: ["ONLY": "this", "PATH": "/usr/bin:/bin"],
        directory: scratch.path),
      onOutput: { _ in })
    let lines = text(result.standardOutput).split(separator: "\n")
    #expect(lines.first.map { String($0) } == scratch.path)
    #expect(lines.contains("ONLY=this"))
    #expect(!lines.contains { $0.hasPrefix("HOME=") })
  }

  @Test func aMebibyteOnStandardErrorIsDrainedAndBounded() async throws {
    let count = Atomic<Int>(0)
    let result = try await shell("head -c 1048576 /dev/zero >&2; printf end >&2", kept: 1000) { piece in
      if case .standardError(let bytes) = piece { count.add(bytes.count, ordering: .relaxed) }
    }
    #expect(result.ending == .exited(code: 0))
    #expect(count.load(ordering: .relaxed) == 1_048_579)
    #expect(result.standardError.count == 1000)
    #expect(text(Array(result.standardError.suffix(3))) == "end")
  }

  @Test func deafChildIsKilledAfterTheGrace() async throws {
    let result = try await shellCancelledWhenReady(
      "trap '' TERM; echo ready; sleep 60; echo no", grace: .milliseconds(50))
    #expect(result.ending == .signalled(signal: SIGKILL))
    #expect(result.wasTerminated)
    #expect(text(result.standardOutput) == "ready\n")
  }

  @Test func politeChildEndsInItsOwnWay() async throws {
    let result = try await shellCancelledWhenReady(
      "trap 'echo bye; exit 9' TERM; echo ready; sleep 60 & wait", grace: .seconds(50))
    #expect(result.ending == .exited(code: 9))
    #expect(result.wasTerminated)
    #expect(text(result.standardOutput) == "ready\nbye\n")
  }

  @Test func stoppedChildIsWokenToDie() async throws {
    let result = try await shellCancelledWhenReady("echo ready; kill -STOP $$; echo no", grace: .seconds(50))
    #expect(result.ending == .signalled(signal: SIGTERM))
    #expect(result.wasTerminated)
  }

  @Test func grandchildDoesNotOutliveItsLeader() async throws {
    let result = try await shell("trap '' TERM HUP; sleep 60 >/dev/null 2>&1 & echo $!")
    let grandchild = try #require(pid_t(text(result.standardOutput).dropLast()))
    #expect(!isAlive(grandchild))
    #expect(kill(-result.processID, 0) != 0 || !isAlive(result.processID))
  }

  @Test func cancellationReachesTheWholeGroup() async throws {
    let pids = Guarded<[UInt8]>([])
    let (ready, said) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let run = Task {
      try await shell("sleep 60 & sleep 60 & echo $!; wait", grace: .seconds(50)) { piece in
        if case .standardOutput(let bytes) = piece { pids.withLock { $0 += bytes } }
        said.yield()
      }
    }
    for await _ in ready { break }
    run.cancel()
    let result = try await run.value
    #expect(result.ending == .signalled(signal: SIGTERM))
    let grandchild = try #require(pid_t(text(pids.withLock { $0 }).dropLast()))
    #expect(!isAlive(grandchild))
  }

  @Test func grandchildOutsideTheGroupDelaysByTheBoundOnly() async throws {
    let clock = ContinuousClock()
    let start = clock.now
    // It holds the pipe for ten minutes: alive at the end, it was not waited for.
    let result = try await shell("setsid sh -c 'echo $$; exec sleep 600' & while ! kill -0 $! ; do :; done; sleep 0.2")
    let took = start.duration(to: clock.now)
    let escaped = try #require(pid_t(text(result.standardOutput).dropLast()))
    #expect(isAlive(escaped), "it left the group before the end, so that nothing of ours may touch it")
    kill(escaped, SIGKILL)
    #expect(result.ending == .exited(code: 0))
    #expect(took >= .milliseconds(500))
  }

  @Test func childThatClosesItsOutputIsWaitedFor() async throws {
    let result = try await shell("exec >&- 2>&-; sleep 0.1; exit 4")
    #expect(result.ending == .exited(code: 4))
  }

  @Test func cancelledBeforeTheStartStartsNothing() async throws {
    let scratch = try ScratchDirectory()
    let run = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await shell("touch \(scratch.file("ran"))")
    }
    await #expect { try await run.value } throws: { ($0 as? ProcessFailure)?.code == ECANCELED }
    #expect(access(scratch.file("ran"), F_OK) != 0)
  }

  @Test func cancellationAtAnyInstantLeavesNothing() async throws {
    for yields in 0..<60 {
      let run = Task { try await shell("sleep 60", grace: .seconds(50)) }
      // house-rules: allow yielding-test: nothing is waited for, it spreads the instants of the cancellation
      for _ in 0..<yields * 20 { await Task.yield() }
      run.cancel()
      do {
        let result = try await run.value
        #expect(result.wasTerminated)
        #expect(result.ending == .signalled(signal: SIGTERM))
        #expect(!isAlive(result.processID))
      } catch let failure as ProcessFailure {
        #expect(failure.code == ECANCELED)
      }
    }
  }
}
