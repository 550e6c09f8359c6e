import Platform
import Supervision
import SupervisionTesting
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where a kill is real: work in a process group of its own, run by a child or a job. Real processes, real signals; the
/// deadlines of the supervisors are virtual, only the grace between SIGTERM and SIGKILL is not.
@Suite(.timeLimit(.minutes(10))) struct ProcessGroupTests {
  /// What a child process prints, by lines.
  final class Lines: Sendable {
    /// The lines so far.
    let recorder = EventRecorder<String>()
    /// What has come of the next one.
    private let rest = Locked("")

    /// Takes output.
    func take(_ output: ProcessOutput) {
      guard case .standardOutput(let bytes) = output else { return }
      let lines = rest.withLock { rest in
        rest += String(decoding: bytes, as: UTF8.self)
        var lines = rest.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        rest = lines.removeLast()
        return lines
      }
      for line in lines { recorder.record(line) }
    }

    /// Waits for so many lines: the process ids that it prints.
    func processes(_ count: Int) async -> [pid_t] { await recorder.wait { $0.count >= count }.compactMap { pid_t($0) } }
  }

  /// A shell that is deaf to SIGTERM, with a deaf grandchild in its group; prints both process ids.
  static let deaf = """
    trap '' TERM
    sh -c 'trap "" TERM; echo $$; while :; do sleep 60; done' &
    echo $$
    while :; do sleep 60; done
    """

  /// Runs a shell script in a group of its own.
  static func shell(_ script: String, _ lines: Lines) async throws -> ProcessResult {
    try await PosixProcessRunner().run(
      ProcessCommand(program: "/bin/sh", arguments: ["-c", script], grace: .milliseconds(50)), onOutput: lines.take)
  }

  /// True where a process is there, and no zombie.
  static func isAlive(_ process: pid_t) -> Bool {
    guard kill(process, 0) == 0 else { return false }
    guard let file = fopen("/proc/\(process)/stat", "r") else { return true }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    let count = fread(&buffer, 1, 255, file)
    let text = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.split(separator: ")").last?.split(separator: " ").first.map { $0 != "Z" && $0 != "X" } ?? false
  }

  /// A supervisor that runs, with what it told.
  struct Bench {
    /// The time of the supervisor.
    let clock = VirtualClock()
    /// What it told.
    let told = EventRecorder<SupervisorEvent>()
    /// The supervisor.
    let supervisor: Supervisor
    /// Its run.
    let run: Task<StopReport, any Error>

    /// Runs a supervisor of these children.
    init(_ children: (VirtualClock, EventRecorder<SupervisorEvent>) -> [ChildSpec]) throws {
      let told = self.told
      let spec = try SupervisorSpec(
        id: "root", strategy: .oneForOne, backoff: .immediate, children: children(clock, told))
      let supervisor = Supervisor(spec: spec, clock: clock.supervision, seed: 1) { told.record($0) }
      self.supervisor = supervisor
      run = Task { try await supervisor.run() }
    }
  }

  @Test("a job that is deaf to SIGTERM is killed at its deadline, with its whole group, and its pool goes on")
  func jobAtItsDeadline() async throws {
    let lines = Lines()
    let pools = Locked<JobPool?>(nil)
    let bench = try Bench { clock, told in
      let pool = JobPool(clock: clock.supervision) { told.record($0) }
      pools.withLock { $0 = pool }
      return [ChildSpec(id: "runs", shutdown: .grace(.seconds(60))) { await pool.run($0) }]
    }
    try await bench.supervisor.waitUntilReady()
    let pool = try #require(pools.withLock { $0 })
    let results = EventRecorder<ProcessResult>()
    let job = try await pool.start(id: "pull", deadline: .seconds(60), grace: .seconds(30)) { _ in
      results.record(try await Self.shell(Self.deaf, lines))
    }
    let processes = await lines.processes(2)
    try #require(processes.count == 2)
    #expect(processes.allSatisfy { Self.isAlive($0) })
    bench.clock.advance(by: .seconds(60))
    #expect(await job.outcome() == .deadlineExceeded)
    let result = try #require(await results.wait { !$0.isEmpty }.first)
    #expect(result.wasTerminated)
    #expect(result.ending == .signalled(signal: SIGKILL))
    #expect(!processes.contains { Self.isAlive($0) })
    #expect(kill(-result.processID, 0) != 0 || !Self.isAlive(result.processID))
    #expect(bench.told.all.contains(.jobCancelled(id: "pull", generation: job.generation, cause: .deadline)))
    let next = try await pool.start(id: "pull", deadline: nil, grace: .seconds(1)) { _ in }
    #expect(await next.outcome() == .finished)
    bench.supervisor.stop()
    #expect(try await bench.run.value.isClean)
  }

  @Test("sup_stop_brutal_kill: a deaf process group is dead when its supervisor has stopped, and nothing is left over")
  func stop() async throws {
    let lines = Lines()
    let bench = try Bench { _, _ in
      [
        ChildSpec(id: "group", shutdown: .grace(.seconds(60))) { context in
          context.ready()
          _ = try await Self.shell(Self.deaf, lines)
          throw CancellationError()
        }
      ]
    }
    let processes = await lines.processes(2)
    try #require(processes.count == 2)
    bench.supervisor.stop()
    let report = try await bench.run.value
    #expect(report.stopped == ["group"])
    #expect(report.isClean)
    #expect(!processes.contains { Self.isAlive($0) })
  }

  @Test("a child process that crashes is a failure like any other: the child is started again, in a new process")
  func crash() async throws {
    let lines = Lines()
    let bench = try Bench { _, _ in
      [
        ChildSpec(id: "group", shutdown: .grace(.seconds(60))) { context in
          context.ready()
          let script = context.generation == 1 ? "echo $$; kill -SEGV $$; sleep 60" : "echo $$; sleep 60"
          let result = try await Self.shell(script, lines)
          throw ScriptedFailure("\(result.ending)")
        }
      ]
    }
    let processes = await lines.processes(2)
    try #require(processes.count == 2)
    #expect(processes[0] != processes[1])
    #expect(!Self.isAlive(processes[0]))
    #expect(Self.isAlive(processes[1]))
    let failure = Fault(ScriptedFailure("\(ProcessResult.Ending.signalled(signal: SIGSEGV))"))
    #expect(
      bench.told.all.contains(.terminated(id: "group", generation: 1, outcome: .failed(failure), restartIn: .zero)))
    bench.supervisor.stop()
    _ = try await bench.run.value
    #expect(!Self.isAlive(processes[1]))
  }
}
