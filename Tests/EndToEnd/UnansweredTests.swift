import CShims
import Glibc
import Testing

@Suite("A daemon that does not answer", .timeLimit(.minutes(1)))
struct UnansweredTests {
  @Test("A daemon without a free connection is busy, which is not the same as not there")
  func busy() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      let sockets = (0..<64).map { _ in retraind_unix_socket() }
      for socket in sockets { #expect(retraind_unix_connect(socket, world.statePath("control.sock")) == 0) }
      let cycle = ["record", "--model", "a:7b", "--accepted", "9", "--rejected", "1"]
      for arguments in [["status"], ["reload"], cycle, ["check"], ["retrain", "a:7b"]] {
        let finished = try await world.run(arguments)
        #expect(finished.code == 75, "\(arguments): \(finished.output)")
        #expect(finished.error.contains("64 connections are open already"), "\(arguments): \(finished.error)")
      }
      for socket in sockets { close(socket) }
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  @Test("A stopped daemon is given up on after 10 s, with its pid and what follows")
  func stopped() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      daemon.send(SIGSTOP)
      let children = try [
        world.retraind(["status"]), world.retraind(["reload"]),
        world.retraind(["record", "--model", "a:7b", "--accepted", "9", "--rejected", "1"]),
      ]
      for child in children {
        #expect(try await child.waitForEnd() == .exit(75), "\(child.error)")
        #expect(child.error.contains("the daemon (pid \(daemon.pid)) does not answer; is it stopped?"))
      }
      #expect(children[0].error.contains("What its journal knows is not shown."))
      daemon.send(SIGCONT)
      #expect(try await world.status()["pid"].count == Int(daemon.pid))
    }
  }

  @Test("A daemon whose standard error nobody reads logs on, and ends at once")
  func unreadStandardError() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let fifo = world.path("fifo")
      #expect(mkfifo(fifo, 0o600) == 0)
      let reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      defer { close(reader) }
      // Full before it starts.
      let writer = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
      let page = [UInt8](repeating: 120, count: 4096)
      while write(writer, page, page.count) > 0 {}
      close(writer)
      let daemon = try world.start(
        "/bin/sh", ["-c", "exec \"$0\" run --state-dir \"$1\" 2>\"$2\"", try Binaries.retraind, world.state, fifo])
      try await waitUntil("the start") { world.logLines.contains { $0.contains("monitor started") } }
      let start = uptime()
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(uptime() - start < 5)
      #expect(world.logLines.last?.contains("stopped") == true)
    }
  }
}
