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

/// What a trap does: it ends the process. Nothing catches it, no supervisor, no sibling; each test is a process.
@Suite(.timeLimit(.minutes(10))) struct TrapTests {
  /// What a child can do that the language does not let it survive.
  enum Trap: String, Sendable, CaseIterable, Codable {
    /// It gives up.
    case fatalError
    /// It breaks its own rules.
    case precondition
    /// It reaches past the end of an array.
    case outOfBounds
    /// It computes more than fits.
    case overflow
    /// It divides by zero.
    case division

    /// Does it.
    func spring() {
      let none = [Int](repeating: 0, count: CommandLine.arguments.isEmpty ? 1 : 0)
      switch self {
      case .fatalError: Swift.fatalError("a trap")
      case .precondition: Swift.precondition(none.count == 1, "a trap")
      case .outOfBounds: print(none[none.count])
      case .overflow: print(Int.max + none.count + 1)
      case .division: print(1 / none.count)
      }
    }
  }

  /// Says something that is there even if the process ends in the next moment.
  @Sendable static func say(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
  }

  /// Runs a child that does something once it is ready, beside a sibling that tells when it is stopped, and says what
  /// the supervisor tells.
  static func supervise(_ act: @escaping @Sendable () throws -> Void) async throws -> StopReport {
    let clock = VirtualClock()
    let sibling = ChildSpec(id: "sibling") { context in
      defer { say("sibling ends") }
      context.ready()
      try await context.clock.sleep(for: .seconds(3600))
    }
    let child = ChildSpec(id: "child", restart: .transient) { context in
      defer { say("child ends") }
      context.ready()
      guard context.generation == 1 else {
        say("child is back")
        return
      }
      say("child acts")
      try act()
    }
    let spec = try SupervisorSpec(
      id: "root", strategy: .oneForOne, autoShutdown: .never, backoff: .immediate, children: [sibling, child])
    let told = EventRecorder<SupervisorEvent>()
    let supervisor = Supervisor(spec: spec, clock: clock.supervision, seed: 1) {
      say("told: \($0)")
      told.record($0)
    }
    let run = Task { try await supervisor.run() }
    await told.waitFor { if case .terminated("child", 2, _, _) = $0 { true } else { false } }
    supervisor.stop()
    return try await run.value
  }

  @Test(
    "a trap in a child ends the process at once: nobody is told, nothing is restarted, no sibling is stopped",
    arguments: Trap.allCases)
  func trap(_ trap: Trap) async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardOutputContent, \.standardErrorContent]
    ) { [trap] in
      _ = try await TrapTests.supervise { trap.spring() }
    }
    let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
    // Whether its start is told in time is chance: another thread may have the turn.
    #expect(output.contains("child acts"))
    #expect(!output.contains("ended"))
    #expect(!output.contains("ends"))
    #expect(!output.contains("stopping"))
    guard case .signal(let number) = result?.exitStatus else {
      Issue.record("\(String(describing: result?.exitStatus))")
      return
    }
    #expect([SIGILL, SIGTRAP, SIGABRT].contains(number))
  }

  @Test("the same child that throws instead is restarted, and the process ends as it wants")
  func thrown() async throws {
    let result = await #expect(processExitsWith: .exitCode(7), observing: [\.standardOutputContent]) {
      let report = try await TrapTests.supervise { throw ScriptedFailure("no trap") }
      exit(report.isClean ? 7 : 1)
    }
    let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
    #expect(output.contains("told: child#1 ended: no trap; restarts in 0ms"))
    #expect(output.contains("child is back"))
    #expect(output.contains("sibling ends"))
  }
}
