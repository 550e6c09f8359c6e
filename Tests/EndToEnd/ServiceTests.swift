import Glibc
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
