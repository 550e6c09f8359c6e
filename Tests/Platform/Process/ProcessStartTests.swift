import Glibc
import TestSupport
import Testing

@testable import Platform

/// What a child is started with, and what is said where it cannot be.
@Suite(.timeLimit(.minutes(5))) struct ProcessStartTests {
  private func failure(_ command: ProcessCommand) async -> ProcessFailure? {
    do {
      _ = try await PosixProcessRunner().run(command, onOutput: { _ in })
      return nil
    } catch {
      return error
    }
  }

  @Test func missingProgram() async throws {
    let failure = try #require(await failure(ProcessCommand(program: "no-such-ollama")))
    #expect(failure.code == ENOENT)
    #expect(failure.description.contains("no-such-ollama was not found in PATH ("))
    #expect(failure.description.contains("install it"))
  }

  @Test func missingFile() async throws {
    let failure = try #require(await failure(ProcessCommand(program: "/nowhere/ollama")))
    #expect(failure.code == ENOENT)
    #expect(failure.description.contains("/nowhere/ollama"))
  }

  @Test func fileThatIsNoProgram() async throws {
    let scratch = try ScratchDirectory()
    let plain = try scratch.make("plain", "hello", mode: 0o644)
    #expect(await failure(ProcessCommand(program: plain))?.code == EACCES)
    let found = await failure(ProcessCommand(program: "plain", environment: ["PATH": "/nowhere::\(scratch.path)"]))
    #expect(found?.code == EACCES)
    #expect(found?.description.contains("chmod +x") == true)
    let orphan = try scratch.make("orphan", "#!/no/such/interpreter\n", mode: 0o755)
    let failure = await failure(ProcessCommand(program: orphan))
    #expect(failure?.code == ENOENT)
    #expect(failure?.description.contains("interpreter") == true)
  }

  @Test func missingDirectory() async {
    let failure = await failure(ProcessCommand(program: "/bin/true", directory: "/no/such/place"))
    #expect(failure?.description.contains("/no/such/place") == true)
  }

  @Test func charactersThatWouldCutAWord() async {
    #expect(await failure(ProcessCommand(program: "/bin/true", arguments: ["a\0b"]))?.code == EINVAL)
    #expect(await failure(ProcessCommand(program: "/bin/true", environment: ["A=B": "c"]))?.code == EINVAL)
    #expect(await failure(ProcessCommand(program: ""))?.code == ENOENT)
  }

  @Test func workingDirectoryNeverDecidesWhatRuns() async throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.make("tool", "#!/bin/sh\n", mode: 0o755)
    let command = ProcessCommand(program: "tool", environment: ["PATH": ".:"], directory: scratch.path)
    #expect(await failure(command)?.code == ENOENT)
  }

  /// In a process of its own, whose signals are in the worst state that a parent can leave.
  @Test func childStartsClean() async {
    await #expect(processExitsWith: .success) {
      SignalMask.blockDaemonSignals()
      for ignored in [SIGUSR2, SIGPIPE, SIGCHLD, SIGQUIT] { signal(ignored, SIG_IGN) }
      for _ in 0..<20 { _ = open("/dev/null", O_RDONLY) }
      setenv("NOTIFY_SOCKET", "/run/x", 1)
      setenv("WATCHDOG_USEC", "1", 1)
      setenv("WATCHDOG_PID", "1", 1)
      setenv("LISTEN_FDS", "1", 1)
      setenv("WATCH", "stays", 1)
      let result = try await shell(
        "grep Sig /proc/self/status; echo in $(readlink /proc/self/fd/0); ls /proc/self/fd; env")
      let lines = text(result.standardOutput).split(separator: "\n").map { String($0) }
      #expect(lines.contains("SigBlk:\t0000000000000000"))
      let ignored = try #require(lines.first { $0.hasPrefix("SigIgn:\t") }).dropFirst("SigIgn:\t".count)
      // The C library leaves its own two, 32 and 33, ignored in whatever it spawns.
      #expect(try #require(UInt64(ignored, radix: 16)) & ~(0b11 << 31) == 0)
      #expect(lines.contains("in /dev/null"))
      #expect(Set(lines.compactMap { Int($0) }) == [0, 1, 2, 3], "3 is what ls itself reads")
      #expect(lines.contains("WATCH=stays"))
      #expect(!lines.contains { $0.hasPrefix("NOTIFY_SOCKET") || $0.hasPrefix("WATCHDOG_") || $0.hasPrefix("LISTEN_") })
      #expect(result.ending == .exited(code: 0))
    }
  }

  /// In a process of its own, so that nobody else's descriptors are counted.
  @Test func twoHundredRunsLeaveNoDescriptor() async {
    await #expect(processExitsWith: .success) {
      _ = try await shell("true")
      // A run's thread lets go of its last descriptors just after it has answered, and before it is counted as ended.
      #expect(await OwnThread.waitForOneOff(atMost: 0, within: comesWithin))
      let before = try descriptorCount()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<200 {
          if number >= 8 { try await group.next() }
          group.addTask {
            let run = Task { try? await shell(number % 3 == 0 ? "sleep 60" : "echo out; echo err >&2; exit 1") }
            if number % 3 == 0 { run.cancel() }
            _ = await run.value
            _ = try? await PosixProcessRunner().run(ProcessCommand(program: "/nowhere"), onOutput: { _ in })
          }
        }
        try await group.waitForAll()
      }
      #expect(await OwnThread.waitForOneOff(atMost: 0, within: comesWithin))
      #expect(try descriptorCount() == before)
    }
  }
}

/// Descriptors of this process.
func descriptorCount() throws -> Int {
  guard let directory = opendir("/proc/self/fd") else { throw ScratchFailure() }
  defer { closedir(directory) }
  var count = 0
  while readdir(directory) != nil { count += 1 }
  return count
}
