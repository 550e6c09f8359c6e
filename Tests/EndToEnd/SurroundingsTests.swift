import Glibc
import Testing

@Suite("Surroundings", .serialized, .timeLimit(.minutes(5)))
struct SurroundingsTests {
  /// `retraind` behind a shell that redirects.
  private func shell(_ world: World, _ redirection: String, _ arguments: [String]) throws -> Child {
    let words = try ["-c", "exec \"$0\" \"$@\" \(redirection)", Binaries.retraind] + arguments
    return try world.start("/bin/sh", words)
  }

  @Test("A daemon whose standard descriptors are closed writes into none of its own files")
  func closedDescriptors() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try shell(world, "<&- >&- 2>&-", ["run", "--state-dir", world.state])
      try await waitUntil("the status") { Files.exists(world.statePath("status.json")) || daemon.end != nil }
      #expect(Files.text(world.statePath("retraind.lock")) == "\(daemon.pid)\n")
      #expect(try await world.status()["pid"].count == Int(daemon.pid))
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(Files.text(world.statePath("retraind.lock")) == "\(daemon.pid)\n")
      #expect(world.logLines.last?.contains("stopped") == true)
    }
  }

  @Test("A command whose output cannot be written fails, and one whose reader left does not")
  func impossibleOutput() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      for redirection in [">/dev/full", ">&-"] {
        for arguments in [
          ["history", "--state-dir", world.state], ["version"], ["check", "--state-dir", world.state],
        ] {
          let child = try shell(world, redirection, arguments)
          #expect(try await child.waitForEnd() == .exit(3), "\(redirection) \(arguments)")
          #expect(child.error.contains("standard output cannot be written"), "\(child.error)")
        }
      }
      let pipe = try world.start(
        "/bin/sh", ["-c", "\"$0\" \"$@\"; echo $? >&2", try Binaries.retraind, "history", "--state-dir", world.state])
      #expect(try await pipe.waitForEnd() == .exit(0))
      #expect(pipe.error == "0\n")
      let left = try world.start(
        "/bin/sh",
        ["-c", "{ \"$0\" \"$@\"; echo $? >&2; } | true", try Binaries.retraind, "history", "--state-dir", world.state])
      #expect(try await left.waitForEnd() == .exit(0))
      #expect(left.error == "0\n")
    }
  }

  @Test("Where it cannot say that a cycle was recorded it says so where it can, with the id", arguments: [false, true])
  func recordedUnheard(json: Bool) async throws {
    try await World.with(nil) { world in
      let arguments = ["record", "--model", "a:7b", "--accepted", "9", "--rejected", "1", "--state-dir", world.state]
      let child = try shell(world, ">/dev/full", arguments + (json ? ["--json"] : []))
      #expect(try await child.waitForEnd() == .exit(3))
      let ids = try world.query(["id"], "FROM learning_stats").map { $0[0] ?? "" }
      #expect(ids.count == 1)
      #expect(child.error.contains("WAS recorded, as \(ids.first ?? "-")"), "\(child.error)")
    }
  }

  /// Root may start as many processes as there is room for: another user is needed.
  private static let mayBeNobody = geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0

  @Test("Where no thread can be started it says so and ends instead of hanging", .enabled(if: mayBeNobody))
  func fewThreads() async throws {
    try await World.with(nil) { world in
      chmod(world.directory, 0o755)
      chmod(world.state, 0o777)
      let program = world.path("retraind")
      let copy = try world.start("/bin/sh", ["-c", "cp \"$0\" \"$1\"", Binaries.retraind, program])
      #expect(try await copy.waitForEnd() == .exit(0))
      for limit in [1, 3] {
        for arguments in [["run"], ["check"], ["record", "--model", "a:7b", "--accepted", "1", "--rejected", "1"]] {
          let child = try world.start(
            "/usr/bin/setpriv",
            [
              "--reuid=61234", "--clear-groups", "/bin/sh", "-c",
              "ulimit -u \(limit) 2>/dev/null || exec prlimit --nproc=\(limit) \"$0\" \"$@\"; exec \"$0\" \"$@\"",
              program,
            ] + arguments + ["--state-dir", world.state])
          let end = try await child.waitForEnd()
          // A check may get along with few.
          if arguments == ["check"], limit > 1, end != .exit(75) { continue }
          #expect(end == .exit(75), "\(limit) \(arguments): \(child.error)")
          #expect(child.error.contains("ulimit -u") || child.error.contains("could not be started"), "\(child.error)")
          #expect(arguments != ["run"] || child.error.contains("CRITICAL - Not started: "), "\(child.error)")
        }
      }
    }
  }

  @Test("With too few descriptors to work with it says so at once instead of hanging")
  func fewDescriptors() async throws {
    try await World.with { world in
      try await world.seed(["psa-engine:latest"])
      for limit in [12, 15, 17] {
        for arguments in [["retrain", "psa-engine:latest", "--wait"], ["run"], ["check"]] {
          let words = try ["-c", "ulimit -n \(limit); exec \"$0\" \"$@\"", Binaries.retraind] + arguments
          let child = try world.start("/bin/sh", words + ["--state-dir", world.state])
          #expect(try await child.waitForEnd() == .exit(75), "\(limit) \(arguments): \(child.error)")
          #expect(child.error.contains("only \(limit) files"), "\(child.error)")
        }
      }
      let words = try ["-c", "ulimit -n 17; exec \"$0\" \"$@\"", Binaries.retraind, "check", "--dry-run"]
      let look = try world.start("/bin/sh", words + ["--state-dir", world.state])
      #expect(try await look.waitForEnd() == .exit(2), "\(look.error)")
    }
  }

  @Test("Without any option everything lies at its default place below the working directory")
  func defaults() async throws {
    try await World.with { world in
      let daemon = try world.start(Binaries.retraind, ["run"])
      let log = world.path("logs/model_retrainer.log")
      try await waitUntil("the start") { Files.text(log).contains("monitor started") || daemon.end != nil }
      for arguments in [
        ["record", "--model", "a:7b", "--accepted", "9", "--rejected", "1"], ["status"], ["history"],
        ["check", "--json"],
      ] {
        let child = try world.start(Binaries.retraind, arguments)
        let end = try await child.waitForEnd()
        #expect(end == .exit(arguments[0] == "check" ? 1 : 0), "\(arguments): \(child.error)")
      }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      for name in ["data/retraind.db", "data/status.json", "logs/model_retrainer.log"] {
        #expect(Files.exists(world.path(name)), "\(name)")
      }
      var status = stat()
      #expect(stat(world.path("data/retraind.db"), &status) == 0)
      #expect(status.st_mode & 0o077 == 0, "judgements are nobody else's business")
    }
  }

  @Test(
    "A state directory may have any name of any length",
    arguments: ["with space/and ünïcödé", String(repeating: "long-", count: 40), "$(touch pwned)/'quoted\"", "rel"])
  func places(name: String) async throws {
    try await World.with(nil) { world in
      let place = name == "rel" ? "rel" : world.path(name)
      let files = world.path(name)
      let daemon = try world.retraind(["run"], state: place)
      try await waitUntil("the start") { Files.exists("\(files)/status.json") || daemon.end != nil }
      let status = try await world.run(["status", "--json"], state: place)
      #expect(try status.json()["pid"].count == Int(daemon.pid), "\(daemon.error) \(status.error)")
      let second = try await world.run(["run"], state: place)
      #expect(second.code == 75, "\(second.error)")
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(!Files.exists(world.path("pwned")))
    }
  }

  @Test("TERM in the first moment, blocked by whoever starts it, ends it with 0 once it has started")
  func firstMoment() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      for _ in 0..<5 {
        let daemon = try world.retraind(["run"])
        daemon.send(SIGTERM)
        #expect(try await daemon.waitForEnd() == .exit(0), "\(daemon.error)")
      }
    }
  }
}
