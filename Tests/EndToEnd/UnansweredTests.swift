import CShims
import Glibc
import Testing

@Suite("A daemon that does not answer", .timeLimit(.minutes(5)))
struct UnansweredTests {
  @Test("A daemon without a free connection is busy, which is not the same as not there")
  func busy() async throws {
    try await World.with(nil) { world in
      try await world.seed(["a:7b"], [90, 90, 90])
      let daemon = try await world.daemon()
      var silence = Silence(path: world.statePath("control.sock"))
      defer { silence.end() }
      let cycle = ["record", "--model", "a:7b", "--accepted", "9", "--rejected", "1"]
      for arguments in [["status"], ["reload"], cycle, ["check"], ["retrain", "a:7b"]] {
        let finished = try await refused(arguments, in: world, by: &silence)
        #expect(finished.code == 75, "\(arguments): \(finished.output)")
        #expect(finished.error.contains("64 connections are open already"), "\(arguments): \(finished.error)")
      }
      silence.end()
      daemon.send(SIGTERM)
      #expect(try await daemon.waitForEnd() == .exit(0))
    }
  }

  /// Runs a command while every connection is taken. The daemon closes silent ones after 10 s, which a slow machine may
  /// need for one command: then the command met a free place, which says nothing, and it is run again.
  private func refused(_ arguments: [String], in world: World, by silence: inout Silence) async throws -> Finished {
    for _ in 0..<Silence.maximumTries {
      silence.fill()
      let finished = try await world.run(arguments)
      if finished.code == 75 || silence.isWhole { return finished }
    }
    throw HarnessFailure("\(arguments): 64 connections never stayed open while it ran")
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
      daemon.send(SIGTERM)
      // One that waited for a reader would never end.
      #expect(try await daemon.waitForEnd() == .exit(0))
      #expect(world.logLines.last?.contains("stopped") == true)
    }
  }
}

/// As many connections as the daemon has room for, which say nothing.
private struct Silence {
  /// How often a command is run again that outlasted the daemon's patience with them.
  static let maximumTries = 20

  private let path: String
  private var sockets: [Int32] = []

  /// Connects to nothing yet.
  init(path: String) { self.path = path }

  /// Opens those that are missing. The daemon takes connections in their order, so a command that comes later finds
  /// them in front of it.
  mutating func fill() {
    sockets.removeAll { socket in
      guard !Self.isOpen(socket) else { return false }
      close(socket)
      return true
    }
    while sockets.count < 64 {
      let socket = retraind_unix_socket()
      #expect(retraind_unix_connect(socket, path) == 0)
      sockets.append(socket)
    }
  }

  /// Whether the daemon has closed none of them.
  var isWhole: Bool { sockets.count == 64 && sockets.allSatisfy { Self.isOpen($0) } }

  /// Closes them.
  mutating func end() {
    for socket in sockets { close(socket) }
    sockets = []
  }

  /// False for one that was told something, which is why it is turned away, or closed.
  private static func isOpen(_ socket: Int32) -> Bool {
    var byte: UInt8 = 0
    return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN
  }
}
