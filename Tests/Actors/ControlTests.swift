import CShims
import Glibc
import Journal
import Rules
import Stores
import TestSupport
import Testing

@testable import Actors
@testable import Platform

/// The control socket of a whole monitor, over a real socket.
@Suite("Control", .timeLimit(.minutes(5)))
struct ControlTests {
  /// Sends a request and collects the replies.
  private func ask(_ bench: MonitorBench, _ line: String) -> Task<[ControlReply], any Error> {
    Task { [path = bench.paths.socket] in
      try await onOwnThread(name: "client") {
        var replies: [ControlReply] = []
        try UnixSocketClient.request(path: path, line: line) { text in
          if let reply = try? JSON.decode(ControlReply.self, from: text) { replies.append(reply) }
        }
        return replies
      }
    }
  }

  @Test("answers the status, a run with its progress, and what it does not understand")
  func requests() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .hold(gate, bytes: 7))
    let monitor = try await bench.start(mode: .daemon)
    let status = try await ask(bench, JSON.encode(ControlRequest(.status))).value
    #expect(status.last?.status?.state == "running")
    let garbled = try await ask(bench, "{").value
    #expect(garbled.last?.exitCode == 64)

    let run = try ask(bench, JSON.encode(ControlRequest(.retrain, model: "m", waits: true)))
    await bench.server.calls.waitFor { $0 == "pull m" }
    bench.clock.advance(by: RetrainMonitor.progressInterval)
    gate.open()
    let replies = try await run.value
    #expect(replies.last?.run?.state == "succeeded")
    #expect(replies.dropLast().allSatisfy { $0.progress?.model == "m" })
    await monitor.stop()
  }

  @Test("a stop answers who waits for a run before the socket goes")
  func stopAnswers() async throws {
    let bench = try MonitorBench()
    bench.server.script("m", .hold(Gate(), bytes: 7))
    let monitor = try await bench.start(mode: .daemon)
    let run = try ask(bench, JSON.encode(ControlRequest(.retrain, model: "m", waits: true)))
    await bench.server.calls.waitFor { $0 == "pull m" }
    try await monitor.tree.handover.ends.waitForWaiters(1)
    await monitor.stop()
    let reply = try #require(try await run.value.last)
    #expect(reply.run?.state == "interrupted")
    #expect(reply.run?.error?.contains("resumed at the next start") == true)
  }

  @Test("one too many who waits is told so, and the status still gets in")
  func placesForWaiting() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .hold(gate, bytes: 7))
    let monitor = try await bench.start(mode: .daemon)
    let line = try JSON.encode(ControlRequest(.retrain, model: "m", waits: true))
    // Raw ones: a thread for each would be most of those that may block at once.
    let waiting = (0..<ControlServer.maximumWaiting).map { _ in
      let number = retraind_unix_socket()
      #expect(retraind_unix_connect(number, bench.paths.socket) == 0)
      #expect(SocketLineWriter.send(line, to: number) == 0)
      return number
    }
    defer { for number in waiting { close(number) } }
    try await monitor.tree.handover.ends.waitForWaiters(ControlServer.maximumWaiting)
    let refused = try await ask(bench, line).value.last
    #expect(refused?.error == "too many are waiting: ask without --wait")
    #expect(refused?.exitCode == 75)
    let check = try await ask(bench, JSON.encode(ControlRequest(.check, waits: true))).value.last
    #expect(check?.error == "too many are waiting: ask with --no-wait")
    #expect(try await ask(bench, JSON.encode(ControlRequest(.status))).value.last?.status?.state == "running")
    #expect(try await ask(bench, JSON.encode(ControlRequest(.retrain, model: "m"))).value.last?.run?.isJoined == true)
    gate.open()
    // The end of a connection comes when its place is free again.
    let answered = try await onOwnThread(name: "readers") {
      waiting.count { number in
        var reader = SocketLineReader(maximumLine: 65_536)
        var last = ""
        while case .line(let line) = reader.next(from: number, until: .now().advanced(by: comesWithin)) { last = line }
        return last.contains("succeeded")
      }
    }
    #expect(answered == waiting.count)
    #expect(try await ask(bench, JSON.encode(ControlRequest(.check, waits: true))).value.last?.checks != nil)
    await monitor.stop()
  }

  @Test("a client that leaves takes its wait with it")
  func clientLeaves() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .hold(gate, bytes: 7))
    let monitor = try await bench.start(mode: .daemon)
    let line = try JSON.encode(ControlRequest(.retrain, model: "m", waits: true))
    let ends = monitor.tree.handover.ends
    // It never gives up: it leaves when its wait is known to have begun.
    let client = try LeavingClient(path: bench.paths.socket, line: line)
    try await ends.waitForWaiters(1)
    client.leave()
    #expect(try await comes { ends.blockUntil(waiting: { $0 == 0 }, atMost: $0) })
    await bench.server.calls.waitFor { $0 == "pull m" }
    #expect(await monitor.status().lane.running?.model == "m")
    gate.open()
    await monitor.stop()
  }

  @Test("what a check found of very many models comes in several lines, none of them too long, and none is lost")
  func manyModels() async throws {
    let bench = try MonitorBench()
    let count = 3 * ControlReply.maximumWeight
    let monitor = try await bench.start(mode: .daemon)
    await bench.logged("Check 1: ")
    bench.stats.replace((0..<count).map { ModelRows(model: "m\($0)", rows: [], hasMore: false) })
    let replies = try await ask(bench, JSON.encode(ControlRequest(.check, isDryRun: true))).value
    #expect(replies.count > 2)
    #expect(replies.dropLast().allSatisfy { $0.isPart == true })
    #expect(replies.last?.isFinal == true)
    #expect(Set(replies.flatMap { $0.checks ?? [] }.map(\.model)).count == count)
    await monitor.stop()
  }

  @Test("a socket whose file was removed is there again after a reload, and who waits at the old one is answered")
  func removedSocket() async throws {
    let bench = try MonitorBench()
    let gate = Gate()
    bench.server.script("m", .hold(gate, bytes: 7))
    let monitor = try await bench.start(mode: .daemon)
    let run = try ask(bench, JSON.encode(ControlRequest(.retrain, model: "m", waits: true)))
    await bench.server.calls.waitFor { $0 == "pull m" }
    try await monitor.tree.handover.ends.waitForWaiters(1)
    #expect(unlink(bench.paths.socket) == 0)
    _ = await monitor.reload()
    // Without a reloader nothing is read, but the socket is looked after by the dump.
    await monitor.dumpStatus()
    #expect(bench.lines("had been removed; it is there again").count == 1)
    #expect(try await ask(bench, JSON.encode(ControlRequest(.status))).value.last?.status?.state == "running")
    gate.open()
    #expect(try await run.value.last?.run?.state == "succeeded")
    await monitor.dumpStatus()
    #expect(bench.lines("had been removed").count == 1)
    await monitor.stop()
    #expect(access(bench.paths.socket, F_OK) != 0)
  }

  @Test("where the socket cannot be opened nothing is checked, resumed or recorded")
  func noSocket() async throws {
    let bench = try MonitorBench()
    let first = try UnixListener(path: bench.paths.socket)
    try await bench.addCycles("m")
    await #expect(throws: SocketFailure.self) { try await bench.start(mode: .daemon) }
    #expect(bench.server.calls.all.isEmpty)
    let journal = try await Journal.open(path: bench.paths.database, readOnly: true)
    #expect(try await journal.latestDecisions(limit: 1).isEmpty)
    #expect(first.isInPlace)
    first.remove()
    let monitor = try await bench.start(mode: .daemon)
    await monitor.stop()
  }

  @Test("what the record command refuses is refused on the socket, too")
  func refusedCycles() async throws {
    let bench = try MonitorBench()
    let monitor = try await bench.start(mode: .daemon)
    func cycle(_ change: (inout ControlRequest.Cycle) -> Void) -> ControlRequest.Cycle {
      var cycle = ControlRequest.Cycle()
      (cycle.model, cycle.accepted, cycle.rejected) = ("m", 1, 1)
      change(&cycle)
      return cycle
    }
    let refused = [
      cycle { $0.accepted = -1 }, cycle { $0.rejected = .max }, cycle { $0.edited = -1 }, cycle { $0.accepted = nil },
      cycle { $0.acceptRate = 0.5 }, cycle { $0.windowMinutes = -1 }, cycle { $0.id = "a\u{1b}[2J" },
      cycle { $0.modelVersion = String(repeating: "v", count: 513) },
      cycle { $0.microseconds = bench.now.microseconds + 600_000_000 },
      cycle { ($0.accepted, $0.rejected, $0.acceptRate) = (nil, nil, 1.5) },
    ]
    for cycle in refused {
      let reply = try await ask(bench, JSON.encode(ControlRequest(.record, cycle: cycle))).value.last
      #expect(reply?.recorded == nil, "\(cycle)")
      #expect(reply?.exitCode == 64, "\(cycle)")
    }
    #expect(
      try await ask(bench, JSON.encode(ControlRequest(.record, cycle: cycle { _ in }))).value.last?.recorded != nil)
    await monitor.stop()
  }

  @Test("one reload after another: what was read last is in force")
  func reloadsInOrder() async throws {
    let bench = try MonitorBench()
    let count = Guarded(0)
    let gate = Gate()
    let asked = EventRecorder<Int>()
    let monitor = try await bench.start(
      reloader: {
        let number = count.change { count in
          count += 1
          return count
        }
        asked.record(number)
        if number == 1 { _ = await gate.wait() }
        return (Settings(interval: .seconds(120 * number)), "file \(number)")
      })
    let first = Task { await monitor.reload() }
    await asked.waitFor { $0 == 1 }
    let second = Task { await monitor.reload() }
    gate.open()
    let changes = (first: await first.value.changes, second: await second.value.changes)
    #expect(changes.first.count == 1)
    #expect(changes.first.first?.contains("2m") == true)
    #expect(changes.second.first?.contains("4m") == true)
    #expect(monitor.settings.interval == .seconds(240))
    let status = await monitor.status()
    #expect(status.configuration.reloads == 2)
    #expect(status.configuration.file == "file 2")
    await monitor.stop()
  }

  @Test("a refused reload keeps the old configuration and says why")
  func refusedReload() async throws {
    struct Bad: Error, CustomStringConvertible { var description: String { "line 3: threshold 40" } }
    let bench = try MonitorBench()
    let monitor = try await bench.start(Settings(model: "m"), reloader: { throw Bad() })
    #expect(await monitor.reload().error == "line 3: threshold 40")
    #expect(monitor.settings.model == "m")
    #expect(await monitor.status().configuration.lastReloadError == "line 3: threshold 40")
    await monitor.stop()
    let embedded = try await bench.start()
    #expect(await embedded.reload().error?.contains("started by a program") == true)
    await embedded.stop()
  }
}

/// A client that asks, reads nothing, and leaves when it is told to.
private struct LeavingClient: ~Copyable {
  struct NotConnected: Error {}
  private let socket: Descriptor

  init(path: String, line: String) throws {
    guard let socket = Descriptor(retraind_unix_socket()) else { throw NotConnected() }
    let isConnected = try UnixSocketPath.with(path) { retraind_unix_connect(socket.number, $0) == 0 }
    guard isConnected, SocketLineWriter.send(line, to: socket.number) == 0 else { throw NotConnected() }
    self.socket = socket
  }

  /// Its connection goes with it.
  consuming func leave() {}
}
