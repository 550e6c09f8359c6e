import CShims
import Glibc
import TestSupport
import Testing

@testable import Platform

/// Asks and collects the answer, on a thread of its own.
private func ask(_ path: String, _ line: String, timeout: Duration? = .seconds(30)) async throws -> [String] {
  try await onOwnThread(name: "client") {
    var lines: [String] = []
    try UnixSocketClient.request(path: path, line: line, timeout: timeout) { lines.append($0) }
    return lines
  }
}

/// What kind of failure asking comes to.
private func kindOfFailure(_ path: String, _ line: String = "x", timeout: Duration? = .seconds(30)) async
  -> SocketFailure.Kind?
{
  do {
    _ = try await ask(path, line, timeout: timeout)
    return nil
  } catch {
    return (error as? SocketFailure)?.kind
  }
}

/// A connection of our own, as raw as can be.
private func rawConnection(_ path: String) throws -> Int32 {
  // Close-on-exec: processes that other tests start would keep it open.
  let number = retraind_unix_socket()
  guard retraind_unix_connect(number, path) == 0 else { throw ScratchFailure() }
  return number
}

/// Everything that comes until the other end closes.
private func readAll(_ number: Int32) -> String {
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = read(number, &buffer, buffer.count)
    if count <= 0 { return text(all) }
    all += buffer.prefix(count)
  }
}

@Suite(.timeLimit(.minutes(5))) struct UnixSocketTests {
  private let echo: UnixSocketServer.Handler = { request, connection in
    for part in request.split(separator: ",", omittingEmptySubsequences: false) { connection.send(line: String(part)) }
  }

  @Test func severalLinesAnswerOneRequest() async throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(path: scratch.file("s"), handler: echo)
    #expect(try await ask(server.path, "one,zwei é,,four") == ["one", "zwei é", "", "four"])
    #expect(try await ask(server.path, "again") == ["again"])
    #expect(permissions(of: server.path) == 0o600)
    server.stop()
    #expect(access(server.path, F_OK) != 0)
    #expect(await kindOfFailure(server.path) == .notRunning)
  }

  @Test func answerMayComeLaterFromATask() async throws {
    let scratch = try ScratchDirectory()
    let events = EventRecorder<String>()
    let server = try UnixSocketServer(path: scratch.file("s")) { request, connection in
      Task {
        await events.waitFor { $0 == "answer" }
        connection.send(line: "late \(request)")
      }
      events.record("asked")
    }
    async let answer = ask(server.path, "x")
    await events.waitFor { $0 == "asked" }
    events.record("answer")
    #expect(try await answer == ["late x"])
    #expect(try await comes { server.blockUntil(connections: { $0 == 0 }, atMost: $0) })
  }

  @Test func manyAskAtOnce() async throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(path: scratch.file("s"), handler: echo)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        if number >= 8 { try await group.next() }
        group.addTask {
          let answer = try await ask(server.path, "a\(number),b")
          #expect(answer == ["a\(number)", "b"])
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func aDeepDirectoryWorks() async throws {
    let scratch = try ScratchDirectory()
    var path = scratch.path
    for _ in 0..<10 {
      path += "/" + String(repeating: "d", count: 30)
      mkdir(path, 0o700)
    }
    path += "/control.sock"
    let server = try UnixSocketServer(path: path, handler: echo)
    #expect(try await ask(path, "deep") == ["deep"])
    #expect(permissions(of: path) == 0o600)
    #expect(throws: SocketFailure.self) { try UnixSocketServer(path: path, handler: echo) }
    server.stop()
    #expect(access(path, F_OK) != 0)
    do {
      _ = try UnixSocketServer(path: scratch.file(String(repeating: "n", count: 200)), handler: echo)
      Issue.record("a name that fits nowhere was taken")
    } catch {
      #expect(error.kind == .pathTooLong)
      #expect(error.description.contains("107"))
    }
  }

  @Test func strangersAreTurnedAway() async throws {
    let scratch = try ScratchDirectory()
    let asked = Guarded<[UInt32]>([])
    let server = try UnixSocketServer(
      path: scratch.file("s"),
      mayEnter: { user in
        asked.withLock { $0.append(user) }
        return false
      },
      requestBound: .seconds(10), handler: { _, _ in Issue.record("a stranger got in") })
    #expect(
      try await ask(server.path, "x")
        == ["{\"error\":\"this socket is for the user whom the daemon runs as, and for root\"}"])
    #expect(asked.withLock { $0 } == [geteuid()])
  }

  @Test func requestsAreBounded() async throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(path: scratch.file("s")) { $1.send(line: "\($0.utf8.count)") }
    let bound = UnixSocketServer.maximumRequest
    #expect(try await ask(server.path, String(repeating: "a", count: bound)) == ["\(bound)"])
    let tooLong = ["{\"error\":\"a request has at most \(bound) bytes\"}"]
    #expect(try await ask(server.path, String(repeating: "a", count: bound + 1)) == tooLong)
    #expect(try await ask(server.path, String(repeating: "a", count: 3_000_000)) == tooLong)
    #expect(try await ask(server.path, "still there") == ["11"])
  }

  @Test func rawClients() throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(path: scratch.file("s")) { $1.send(line: "<\($0)>") }
    for (sent, expected) in [
      ("a\nb\n", "<a>\n"), ("a\r\n", "<a>\n"), ("no end", "<no end>\n"), ("\n", "<>\n"), ("", ""),
    ] {
      let number = try rawConnection(server.path)
      _ = write(number, sent, sent.utf8.count)
      shutdown(number, Int32(SHUT_WR))
      #expect(readAll(number) == expected)
      close(number)
    }
    let number = try rawConnection(server.path)
    _ = write(number, [0xFF, 0xFE, 0x0A] as [UInt8], 3)
    #expect(readAll(number) == "{\"error\":\"a request has to be UTF-8\"}\n")
    close(number)
  }

  @Test func whoSaysNothingIsNotWaitedFor() throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(
      path: scratch.file("s"), mayEnter: { _ in true }, requestBound: .milliseconds(50), handler: echo)
    let number = try rawConnection(server.path)
    _ = write(number, "half", 4)
    #expect(readAll(number) == "{\"error\":\"no request came in time\"}\n")
    close(number)
  }

  @Test func oneTooManyIsToldSo() async throws {
    let scratch = try ScratchDirectory()
    let held = Guarded<[UnixConnection]>([])
    let server = try UnixSocketServer(path: scratch.file("s")) { request, connection in
      connection.send(line: request)
      if request == "hold" { held.change { $0.append(connection) } }
    }
    // Raw ones: a thread for each would be more than may block at once.
    let holders = try (0..<UnixSocketServer.maximumConnections).map { _ in
      let number = try rawConnection(server.path)
      #expect(write(number, "hold\n", 5) == 5)
      return number
    }
    #expect(
      try await comes { held.wait(atMost: $0) { $0.count < UnixSocketServer.maximumConnections ? nil : true } ?? false }
    )
    #expect(server.connections == UnixSocketServer.maximumConnections)
    #expect(
      try await ask(server.path, "x")
        == ["{\"error\":\"64 connections are open already; try again in a moment\"}"])
    held.withLock { $0.removeLast() }.close()
    #expect(
      try await comes { server.blockUntil(connections: { $0 < UnixSocketServer.maximumConnections }, atMost: $0) })
    #expect(try await ask(server.path, "x") == ["x"])
    held.withLock { $0 = [] }
    for holder in holders {
      #expect(readAll(holder) == "hold\n")
      close(holder)
    }
  }

  @Test func stopEndsEverybody() async throws {
    let scratch = try ScratchDirectory()
    let held = Guarded<[UnixConnection]>([])
    let server = try UnixSocketServer(
      path: scratch.file("s"), mayEnter: { _ in true }, requestBound: .seconds(60)
    ) { request, connection in
      connection.send(line: request)
      held.change { $0.append(connection) }
    }
    let holder = Task { try await ask(server.path, "hold", timeout: nil) }
    #expect(try await comes { held.wait(atMost: $0) { $0.isEmpty ? nil : true } ?? false })
    let silent = try rawConnection(server.path)
    #expect(try await comes { server.blockUntil(connections: { $0 >= 2 }, atMost: $0) })
    server.stop()
    #expect(try await holder.value == ["hold"])
    #expect(readAll(silent) == "")
    close(silent)
    let connection = try #require(held.withLock { $0.first })
    #expect(!connection.isOpen)
    #expect(!connection.send(line: "x"))
    server.stop()
  }

  @Test func aClientThatLeavesIsNoticed() async throws {
    let scratch = try ScratchDirectory()
    let held = Guarded<[UnixConnection]>([])
    let server = try UnixSocketServer(path: scratch.file("s")) { _, connection in
      held.change { $0.append(connection) }
    }
    let number = try rawConnection(server.path)
    _ = write(number, "x\n", 2)
    #expect(try await comes { held.wait(atMost: $0) { $0.isEmpty ? nil : true } ?? false })
    let connection = try #require(held.withLock { $0.first })
    #expect(connection.isOpen)
    #expect(connection.peerUser == geteuid())
    close(number)
    // A process that is being started by another test may hold a copy of the socket for a moment.
    #expect(
      try await comes { limit in
        var hangUp = pollfd(fd: connection.socket.number, events: 0, revents: 0)
        return poll(&hangUp, 1, Int32(limit.wholeMilliseconds)) == 1
      })
    #expect(!connection.isOpen)
    #expect(!connection.send(line: "x"))
  }

  @Test func silentServerTimesOut() async throws {
    let scratch = try ScratchDirectory()
    let held = Guarded<[UnixConnection]>([])
    let server = try UnixSocketServer(path: scratch.file("s")) { _, connection in
      held.withLock { $0.append(connection) }
    }
    #expect(await kindOfFailure(server.path, timeout: .milliseconds(30)) == .timedOut)
    let mute = try UnixSocketServer(path: scratch.file("m")) { _, _ in }
    #expect(await kindOfFailure(mute.path) == .closed)
  }

  @Test func aNewlineCannotMakeASecondLine() async throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(path: scratch.file("s")) { $1.send(line: "\($0)\nmore") }
    #expect(try await ask(server.path, "a\nb") == ["a b more"])
  }
}

@Suite(.timeLimit(.minutes(5))) struct UnixListenerTests {
  private func kind(_ path: String) -> SocketFailure.Kind? {
    do {
      _ = try UnixSocketServer(path: path) { _, _ in }
      return nil
    } catch {
      return error.kind
    }
  }

  @Test func aLiveSocketIsNotTaken() async throws {
    let scratch = try ScratchDirectory()
    let server = try UnixSocketServer(path: scratch.file("s")) { $1.send(line: $0) }
    #expect(kind(server.path) == .inUse)
    #expect(try await ask(server.path, "unharmed") == ["unharmed"])
  }

  @Test func aStaleSocketIsReplaced() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.file("s")
    // As a daemon that was killed leaves it: bound, and nobody there.
    let number = retraind_unix_socket()
    #expect(retraind_unix_bind(number, path) == 0)
    close(number)
    #expect(await kindOfFailure(path) == .notRunning)
    let server = try UnixSocketServer(path: path) { $1.send(line: $0) }
    #expect(try await ask(path, "new") == ["new"])
    server.stop()
  }

  @Test func otherFilesAreLeftAlone() throws {
    let scratch = try ScratchDirectory()
    let file = try scratch.make("s", "precious")
    #expect(kind(file) == .inUse)
    #expect(try contents(of: file) == "precious")
    #expect(kind(scratch.file("no/such")) == .system)
    #expect(kind("") == .system)
  }

  @Test func stopLeavesTheFileOfASuccessor() async throws {
    let scratch = try ScratchDirectory()
    let old = try UnixSocketServer(path: scratch.file("s")) { $1.send(line: "old") }
    unlink(old.path)
    let new = try UnixSocketServer(path: old.path) { $1.send(line: "new") }
    old.stop()
    #expect(try await ask(new.path, "x") == ["new"])
  }
}
