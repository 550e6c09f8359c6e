import Glibc
import Testing

@testable import Platform

/// Connections that were kept and die between two requests. libcurl sends a request again by itself where a connection
/// that it had used before breaks off without a word: what writes must not be sent twice by that.
@Suite("Kept connections that die", .timeLimit(.minutes(5)))
struct DeadConnectionTests {
  private let transport = CurlTransport()

  /// How a connection ends.
  enum End: CaseIterable, Sendable {
    /// As it should.
    case closed
    /// At once, as a firewall or a process that was killed ends it.
    case reset

    func apply(to connection: ScriptedServer.Connection) {
      guard self == .reset else { return }
      // The server closes it as it should; this takes its peer away before that.
      var none = sockaddr()
      none.sa_family = sa_family_t(AF_UNSPEC)
      connect(connection.socket, &none, socklen_t(MemoryLayout<sockaddr>.size))
    }
  }

  private func write(_ method: HTTPMethod, _ server: ScriptedServer) -> HTTPRequest {
    HTTPRequest(method, server.url + "/row", body: Array(#"[{"a":1}]"#.utf8))
  }

  @Test(
    "a write that was done, on a connection that then breaks off, is not sent again",
    arguments: [HTTPMethod.post, .patch], End.allCases)
  func doneThenGone(method: HTTPMethod, end: End) async throws {
    let written = Guarded(0)
    let server = ScriptedServer { connection in
      while let request = connection.readRequest() {
        guard request.hasPrefix(method.rawValue) else {
          connection.answer("[]")
          continue
        }
        let count = written.withLock { count in
          count += 1
          return count
        }
        guard count == 1 else {
          connection.answer("", status: "201 Created")
          continue
        }
        end.apply(to: connection)
        return
      }
    }
    // A connection that is kept.
    _ = try await transport.collect(HTTPRequest(.get, server.url))
    do throws(HTTPFailure) {
      _ = try await transport.collect(write(method, server))
      Issue.record("it was answered")
    } catch {
      // Whoever wrote it has to look whether it was done.
      #expect(error.kind == .truncated, "\(error)")
    }
    #expect(written.withLock { $0 } == 1)
  }

  @Test(
    "a write after the kept connection was closed, unseen or in that moment, is sent once and answered",
    arguments: End.allCases)
  func goneBefore(end: End) async throws {
    let written = Guarded(0)
    let server = ScriptedServer { connection in
      while true {
        if connection.number == 0 {
          guard connection.readRequest() != nil else { return }
          connection.answer("[]")
          // Whatever comes next is not read any more.
          end.apply(to: connection)
          return
        }
        guard connection.readRequest() != nil else { return }
        written.withLock { $0 += 1 }
        connection.answer("", status: "201 Created")
      }
    }
    _ = try await transport.collect(HTTPRequest(.get, server.url))
    #expect(try await transport.collect(write(.post, server)).status == 201)
    #expect(written.withLock { $0 } == 1)
  }

  @Test("a read is sent again: nothing changes by that", arguments: End.allCases)
  func read(end: End) async throws {
    let server = ScriptedServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.answer("\(connection.number)")
      guard connection.number == 0 else { return connection.waitForEnd() }
      guard connection.readRequest() != nil else { return }
      end.apply(to: connection)
    }
    _ = try await transport.collect(HTTPRequest(.get, server.url))
    #expect(try await transport.collect(HTTPRequest(.get, server.url)).body == Array("1".utf8))
  }
}
