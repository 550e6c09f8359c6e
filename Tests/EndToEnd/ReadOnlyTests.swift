import Glibc
import Testing

@Suite("Commands that only read", .serialized, .timeLimit(.minutes(5)))
struct ReadOnlyTests {
  /// Whether this user may mount: the tests of a file system that is read-only need a mount namespace of their own.
  private static let mayMount = geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0

  /// Runs `retraind` where its state directory is mounted read-only.
  private func readOnly(_ world: World, _ state: String, _ arguments: [String]) async throws -> Finished {
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 99; shift; exec \"$@\""
    let words = try ["-m", "/bin/sh", "-c", script, "sh", state, Binaries.retraind] + arguments
    let child = try world.start("/usr/bin/unshare", words + ["--state-dir", state])
    return Finished(end: try await child.waitForEnd(), output: child.output, error: child.error)
  }

  @Test(
    "They read a file system that is mounted read-only, what is in the log beside the file included",
    .enabled(if: mayMount))
  func mounted() async throws {
    try await World.with(nil) { world in
      let state = world.path("a b?#%41ü")
      try await world.record("a:7b", [90, 90, 90], state: state)
      try await world.succeed(["check"], state: state)
      try #require(Files.exists("\(state)/retraind.db-wal"), "a check leaves its decision in the log")
      // With the shared memory beside the file, without it, and without a log.
      for removed in ["", "-shm", "-wal"] {
        // `record` leaves no log behind.
        if removed == "-wal" { try await world.record("a:7b", [90], state: state) }
        if !removed.isEmpty { unlink("\(state)/retraind.db\(removed)") }
        for arguments in [["check", "--dry-run"], ["status"], ["explain"], ["history"]] {
          let finished = try await readOnly(world, state, arguments)
          #expect(finished.code == 0, "\(removed) \(arguments): \(finished.error)")
          #expect(finished.output.contains("a:7b"), "\(removed) \(arguments): \(finished.output)")
        }
      }
    }
  }

  @Test("A check that only evaluates makes no directory, no file and no lock")
  func dryRun() async throws {
    try await World.with(nil) { world in
      let nowhere = world.path("nowhere")
      let empty = try await world.run(["check", "--dry-run", "--json"], state: nowhere)
      #expect(empty.code == 1, "\(empty.error)")
      #expect(!Files.exists(nowhere))
      try await world.seed(["a:7b"])
      let finished = try await world.run(["check", "--dry-run"])
      #expect(finished.code == 2, "\(finished.error)")
      // SQLite itself lays its index beside a file that others may write meanwhile.
      let known: Set = ["retraind.db", "retraind.db-shm", "retraind.db-wal"]
      #expect(known.isSuperset(of: Files.names(in: world.state)))
    }
  }
}
