import Glibc
import PostgRESTStandIn
import Testing

@Suite("As a service", .serialized, .timeLimit(.minutes(5)))
struct ServiceTests {
  @Test("the service manager hears READY, STATUS, RELOADING with its time and READY again, and STOPPING")
  func words() async throws {
    try await World.with { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let listener = try #require(NotifyListener(world.path("n")))
      let child = try await world.daemon([], ["NOTIFY_SOCKET": listener.path])
      try await waitUntil("READY") { listener.lines.contains("READY=1") }
      #expect(listener.lines.contains { $0.hasPrefix("STATUS=1 model; next check 20") })
      #expect(!listener.lines.contains("WATCHDOG=1"))

      child.send(SIGHUP)
      try await waitUntil("the reload") { listener.lines.count { $0 == "READY=1" } == 2 }
      let lines = listener.lines
      let reloading = try #require(lines.firstIndex(of: "RELOADING=1"))
      #expect(lines[reloading + 1].hasPrefix("MONOTONIC_USEC="))
      #expect(lines.lastIndex(of: "READY=1").map { $0 > reloading } == true)

      child.send(SIGTERM)
      #expect(try await child.waitForEnd() == .exit(0))
      #expect(listener.lines.contains("STOPPING=1"))
      #expect(listener.lines.contains { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") })
    }
  }

  @Test("a reload that is refused ends with READY too: the old configuration is in force")
  func refusedReload() async throws {
    try await World.with { world in
      let file = try world.configure("{ window: 5 }")
      let listener = try #require(NotifyListener(world.path("n")))
      let child = try await world.daemon(["--config", file], ["NOTIFY_SOCKET": listener.path])
      try await waitUntil("READY") { listener.lines.contains("READY=1") }
      _ = try world.configure("{ window: -5 }")
      child.send(SIGHUP)
      try await waitUntil("the end of the reload") { listener.lines.count { $0 == "READY=1" } == 2 }
      #expect(world.logLines.contains { $0.contains("window") && $0.contains("ERROR") })
    }
  }

  @Test(
    "standard error that is the system's journal gets priorities; the file keeps its format", arguments: [true, false])
  func journal(isJournal: Bool) async throws {
    try await World.with { world in
      let file = try world.configure("{ window: 5 }")
      // A shell inherits the variable whose output was turned elsewhere. The stand-in is the first program, the daemon
      // the second one.
      let stream = world.path(isJournal ? "1-run.err" : "elsewhere")
      try Files.write("", to: stream)
      var information = stat()
      try #require(stat(stream, &information) == 0)
      let variable = "\(information.st_dev):\(information.st_ino)"
      let child = try await world.daemon(["--config", file], ["JOURNAL_STREAM": variable])
      _ = try world.configure("{ window: -5,\n  minStats: -3 }")
      child.send(SIGHUP)
      try await waitUntil("the refusal") { world.logLines.contains { $0.contains("ERROR") } }
      child.send(SIGTERM)
      #expect(try await child.waitForEnd() == .exit(0))
      let lines = child.error.split(separator: "\n")
      #expect(
        world.logLines.contains {
          $0.hasSuffix(" - INFO - ✅ Model retrain monitor started (checking every 60 minutes)")
        })
      if isJournal {
        #expect(child.errorPath == stream)
        #expect(lines.contains("<6>✅ Model retrain monitor started (checking every 60 minutes)"))
        #expect(lines.allSatisfy { $0.hasPrefix("<") }, "\(lines)")
        // Two errors of the configuration in one message.
        let first = try #require(lines.firstIndex { $0.hasPrefix("<3>") && $0.contains("window") })
        #expect(lines[first + 1].hasPrefix("<3>  ") && lines[first + 1].contains("minStats"))
      } else {
        #expect(lines.contains { $0.contains(" - INFO - ✅ Model retrain monitor started") })
      }
    }
  }

  @Test("the key comes as a credential, with the URL alone in the configuration")
  func credential() async throws {
    let store = PostgRESTStandIn()
    defer { store.stop() }
    try await World.with { world in
      mkdir(world.path("credentials"), 0o700)
      try Files.write(StandInProject.secretKey + "\n", to: world.path("credentials/supabase"))
      chmod(world.path("credentials/supabase"), 0o400)
      try world.configure("{ supabase: { url: '\(store.url)' } }")
      let finished = try await world.run(
        ["check", "--dry-run", "--json"], ["CREDENTIALS_DIRECTORY": world.path("credentials")])
      #expect(!finished.error.contains("supabase.key") && !finished.error.contains(StandInProject.secretKey))
      #expect(!store.calls.isEmpty)
      #expect(store.calls.allSatisfy { $0.request.headers["apikey"] == StandInProject.secretKey })
    }
  }

  @Test("a service manager that watches gets signs of life")
  func watchdog() async throws {
    try await World.with { world in
      let listener = try #require(NotifyListener(world.path("n")))
      let child = try await world.daemon(
        [], ["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "300000"])
      try await waitUntil("signs of life") { listener.lines.count { $0 == "WATCHDOG=1" } >= 5 }
      child.send(SIGTERM)
      #expect(try await child.waitForEnd() == .exit(0))
    }
  }
}
