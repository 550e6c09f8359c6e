import Glibc
import Platform
import Testing

@Suite(.timeLimit(.minutes(5))) struct OrphanSweepTests {
  @Test("an orphan with the owner's mark is ended with its group, another owner's is not")
  func endsOnlyItsOwn() async throws {
    let owner = "/tmp/sweep-test-\(getpid())-\(UInt64.random(in: 0 ... .max)).db"
    // Each child says its id and that of a grandchild that ignores TERM, and waits.
    let script = "trap '' TERM; /bin/sh -c 'trap \"\" TERM; while :; do read x < /dev/zero; done' & echo $$; wait"
    let (lines, said) = AsyncStream<Int32>.makeStream()
    @Sendable func start(_ owner: String) async throws -> ProcessResult {
      let command = ProcessCommand(
        program: "/bin/sh", arguments: ["-c", script],
        environment: ["PATH": "/bin:/usr/bin", OrphanSweep.variable: owner], grace: .zero)
      return try await PosixProcessRunner().run(command) { piece in
        guard case .standardOutput(let bytes) = piece else { return }
        for line in text(bytes).split(separator: "\n") { if let id = Int32(line) { said.yield(id) } }
      }
    }
    let mine = Task { try await start(owner) }
    let other = Task { try await start(owner + ".other") }
    var started: [Int32] = []
    for await id in lines {
      started.append(id)
      if started.count == 2 { break }
    }
    let ended = OrphanSweep.end(owner: owner)
    let result = try await mine.value
    #expect(ended == [result.processID])
    #expect(result.ending == .signalled(signal: SIGKILL))
    #expect(OrphanSweep.end(owner: owner).isEmpty)
    let stranger = try #require(started.first { $0 != result.processID })
    #expect(isAlive(stranger))
    other.cancel()
    _ = try await other.value
  }
}
