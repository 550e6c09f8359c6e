import Glibc
import PostgRESTStandIn
import Testing

/// Disks that are full, read-only, damaged or copied, and locks that do not work.
@Suite("Disks and locks", .serialized, .timeLimit(.minutes(5)))
struct DiskTests {
  /// Whether this user may mount, and enter another process's mounts.
  private static let mayMount =
    geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0 && access("/usr/bin/nsenter", X_OK) == 0

  /// Starts the daemon on a state directory that is a file system of its own.
  ///
  /// - Parameter mount: a shell command that mounts `$1`.
  private func daemon(_ world: World, mounted mount: String) async throws -> Child {
    let script = "\(mount) || exit 99; shift; exec \"$@\""
    let words = try ["-m", "/bin/sh", "-c", script, "sh", world.state, Binaries.retraind, "run"]
    let child = try world.start("/usr/bin/unshare", words + ["--state-dir", world.state])
    let log = inside(child, world, "model_retrainer.log")
    try await waitUntil("the start") { Files.text(log).contains("monitor started") || child.end != nil }
    if let end = child.end { throw HarnessFailure("it ended: \(end): \(child.error)") }
    return child
  }

  /// A file of the state directory as the daemon sees it.
  private func inside(_ child: Child, _ world: World, _ name: String) -> String {
    "/proc/\(child.pid)/root\(world.statePath(name))"
  }

  /// Runs a program among the daemon's mounts.
  private func run(_ child: Child, _ world: World, _ words: [String]) async throws -> Finished {
    let command = try world.start("/usr/bin/nsenter", ["-t", "\(child.pid)", "-m"] + words)
    return Finished(end: try await command.waitForEnd(), output: command.output, error: command.error)
  }

  /// Runs `retraind` among the daemon's mounts.
  private func retraind(_ child: Child, _ world: World, _ arguments: [String]) async throws -> Finished {
    try await run(child, world, [try Binaries.retraind] + arguments + ["--state-dir", world.state])
  }

  /// Adds a cycle through the daemon.
  private func record(_ child: Child, _ world: World, _ accepted: Int) async throws -> Finished {
    try await retraind(
      child, world, ["record", "--model", "a:7b", "--accepted", "\(accepted)", "--rejected", "\(100 - accepted)"])
  }

  @Test(
    "A disk that is full: nothing is acted upon, it says so, and goes on when there is room", .enabled(if: mayMount))
  func full() async throws {
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      let daemon = try await daemon(world, mounted: "mount -t tmpfs -o size=4m,mode=700 retraind \"$1\"")
      let filling = try await run(
        daemon, world, ["/bin/sh", "-c", "head -c 8m /dev/zero >\"$0\"/fill; true", world.state])
      #expect(filling.code == 0)
      let refused = try await record(daemon, world, 20)
      #expect(refused.code != 0)
      #expect(refused.error.contains("no space"), "\(refused.error)")
      let status = try await retraind(daemon, world, ["status", "--json"])
      #expect(status.code == 0, "\(status.error)")
      #expect(try status.json()["journal"]["unwritable"].text?.contains("no space") == true, "\(status.output)")
      #expect(try world.standIn?.count("pull-start") == 0)
      #expect(daemon.end == nil)

      unlink(inside(daemon, world, "fill"))
      for accepted in World.declining {
        let recorded = try await record(daemon, world, accepted)
        #expect(recorded.code == 0, "\(recorded.error)")
      }
      let check = try await retraind(daemon, world, ["check", "--json"])
      #expect(check.code == 2, "\(check.error)")
      #expect(try check.json()[0]["action"].text == "succeeded", "\(check.output)")
      let runs = try await retraind(daemon, world, ["history", "--runs", "--json"])
      #expect(try runs.json().elements.count == 1)
      #expect(try world.standIn?.count("pull-start") == 1)
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("A state directory that is mounted read-only: the daemon says so, and ends with 77", .enabled(if: mayMount))
  func readOnly() async throws {
    try await World.with { world in
      try await world.seed(["a:7b"])
      let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" || exit 99; shift; exec \"$@\""
      let words = try ["-m", "/bin/sh", "-c", script, "sh", world.state, Binaries.retraind, "run"]
      let child = try world.start("/usr/bin/unshare", words + ["--state-dir", world.state])
      #expect(try await child.waitForEnd() == .exit(77), "\(child.error)")
      #expect(child.error.contains(world.state), "\(child.error)")
      #expect(child.error.lowercased().contains("read-only"), "\(child.error)")
    }
  }

  @Test("A file whose tables are damaged: it says how to rescue what is in it, and leaves it alone")
  func damaged() async throws {
    try await World.with { world in
      try await world.seed(["a:7b"])
      // Every page but the first, so that it opens.
      let size = Files.bytes(world.databasePath).count
      var bytes = Files.bytes(world.databasePath)
      for index in 4096..<size { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
      try Files.write(bytes: bytes, to: world.databasePath)
      let finished = try await world.run(["check"])
      #expect(finished.code == 3, "\(finished.end): \(finished.error)")
      #expect(finished.error.contains("recover"), "\(finished.error)")
      #expect(Files.bytes(world.databasePath) == bytes)
    }
  }

  @Test("A file of a newer version is refused and left alone")
  func newer() async throws {
    try await World.with { world in
      try await world.seed(["a:7b"])
      try world.execute("PRAGMA user_version = 4711")
      let before = Files.bytes(world.databasePath)
      for arguments in [["run"], ["check"], ["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"]] {
        let finished = try await world.run(arguments)
        #expect(finished.code == (arguments == ["run"] ? 78 : 3), "\(arguments): \(finished.end): \(finished.error)")
        #expect(finished.error.contains("newer"), "\(finished.error)")
      }
      #expect(Files.bytes(world.databasePath) == before)
    }
  }

  @Test("A state directory that was copied with an event on its way: both deliver it, and it is there once")
  func copied() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    let environment = ["SUPABASE_URL": store.url, "SUPABASE_SERVICE_ROLE_KEY": StandInProject.secretKey]
    try await World.with(["--models", "a:7b", "--changing"]) { world in
      // Recorded while the store is not the one: the event waits.
      try await world.seed(["a:7b"])
      try world.execute("DROP TABLE system_events; DROP TABLE learning_events")
      let first = try await world.daemon()
      try await world.waitForRun("succeeded", model: "a:7b")
      first.send(SIGTERM)
      #expect(try await first.waitForEnd() == .exit(0))
      #expect(try world.count("FROM retraind_outbox WHERE state != 'delivered'") == 1)
      let copy = world.path("copy")
      let copying = try world.start("/bin/cp", ["-a", world.state, copy])
      #expect(try await copying.waitForEnd() == .exit(0))

      let one = try world.retraind(["run"], environment)
      let other = try world.retraind(["run"], state: copy, environment)
      for state in [world.state, copy] {
        try await waitUntil("the delivery from \(state)") {
          try world.count("FROM retraind_outbox WHERE state != 'delivered'", state: state) == 0
        }
      }
      #expect(store.rows("system_events").count == 1)
      for daemon in [one, other] {
        daemon.send(SIGTERM)
        #expect(try await daemon.waitForEnd() == .exit(0), "\(daemon.error)")
      }
      #expect(try await world.standIn?.judge(in: world).overlaps == 0)
    }
  }

  /// A library that lets no file be locked, as a file system over a network may: it is loaded before the C library.
  private static let noLocks = """
    #include <errno.h>
    #include <stdarg.h>
    #include <fcntl.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int flock(int file, int operation) { errno = ENOLCK; return -1; }
    static int control(int file, int command, void *argument) {
      if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) { errno = ENOLCK; return -1; }
      return syscall(SYS_fcntl, file, command, argument);
    }
    #define FORWARD va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest); \\
      return control(file, command, argument);
    int fcntl(int file, int command, ...) { FORWARD }
    int fcntl64(int file, int command, ...) { FORWARD }
    """

  /// The compiler that Swift itself needs.
  private static let compiler = ["/usr/bin/clang", "/usr/bin/cc", "/opt/swift/usr/bin/clang"].first { Files.exists($0) }

  @Test(
    "A file system that knows no locks: it says so and what to do, and does not work without",
    .enabled(if: compiler != nil),
    arguments: [["run"], ["check"], ["record", "--model", "m", "--accepted", "1", "--rejected", "0"]])
  func noLocks(arguments: [String]) async throws {
    try await World.with { world in
      try Files.write(Self.noLocks, to: world.path("locks.c"))
      let library = world.path("locks.so")
      let compiling = try world.start(Self.compiler ?? "", ["-shared", "-fPIC", "-o", library, world.path("locks.c")])
      #expect(try await compiling.waitForEnd() == .exit(0), "\(compiling.error)")
      let finished = try await world.run(arguments, ["LD_PRELOAD": library])
      // SQLite itself does not tell that from somebody else's lock.
      #expect(finished.code == (arguments[0] == "record" ? 75 : 78), "\(finished.end): \(finished.error)")
      #expect(finished.error.contains("file system has no locks"), "\(finished.error)")
      #expect(try world.standIn?.count("pull-start") == 0)
    }
  }
}
