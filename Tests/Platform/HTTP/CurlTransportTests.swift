import Dispatch
import Glibc
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(5))) struct CurlTransportTests {
  let transport = CurlTransport()

  /// The failure of a request; nil where it succeeds.
  func failure(_ request: HTTPRequest) async -> HTTPFailure? {
    do throws(HTTPFailure) {
      _ = try await transport.collect(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func carriesMethodHeadersAndBody() async throws {
    let server = ScriptedServer { connection in
      guard let request = connection.readRequest() else { return }
      connection.answer(request, status: "201 Created", headers: "X-Thing:  a b \r\nX-Empty:\r\n")
    }
    let response = try await transport.collect(
      HTTPRequest(
        .patch, server.url + "/a?b=c",
        headers: [HTTPHeader("Content-Type", "application/json"), HTTPHeader("X-E", "")],
        body: Array("{\"ä\":1}".utf8)))
    let echoed = String(decoding: response.body, as: UTF8.self)
    #expect(response.status == 201)
    #expect(response.header("x-thing") == "a b")
    #expect(response.header("x-empty") == "")
    #expect(echoed.hasPrefix("PATCH /a?b=c HTTP/1.1\r\n"))
    #expect(echoed.contains("\r\nContent-Type: application/json\r\n"))
    #expect(echoed.contains("\r\nX-E:"))
    #expect(!echoed.contains("Expect:"))
    #expect(echoed.hasSuffix("{\"ä\":1}"))
  }

  @Test(arguments: [
    (HTTPMethod.get, "GET"), (.post, "POST"), (.put, "PUT"), (.delete, "DELETE"), (.head, "HEAD"),
  ])
  func sendsEveryMethodWithoutABody(method: HTTPMethod, word: String) async throws {
    let seen = Guarded("")
    let server = ScriptedServer { connection in
      guard let request = connection.readRequest() else { return }
      seen.withLock { $0 = request }
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }
    let response = try await transport.collect(HTTPRequest(method, server.url + "/x"))
    #expect(response.status == 200)
    let request = seen.withLock { $0 }
    #expect(request.hasPrefix("\(word) /x HTTP/1.1\r\n"))
    #expect(!request.contains("Content-Type"))
    #expect(request.contains("Content-Length: 0") == (method == .post || method == .put))
  }

  @Test func carriesALargeBodyBothWays() async throws {
    let server = ScriptedServer { connection in
      guard let request = connection.readRequest() else { return }
      connection.answer(String(request.drop { $0 != "x" }))
    }
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
    let response = try await transport.collect(HTTPRequest(.post, server.url, body: body))
    #expect(response.body == body)
  }

  @Test func handsOutPiecesInOrderAsTheyCome() async throws {
    let first = HTTPEvent()
    let seen = DispatchSemaphore(value: 0)
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
      // The second piece is sent after the first was seen: a transport that gathers the body would hang here.
      seen.wait()
      connection.write("3\r\ntwo\r\n0\r\n\r\n")
    }
    let pieces = Guarded("")
    async let response = transport.send(HTTPRequest(.get, server.url)) { piece in
      pieces.withLock { $0 += String(decoding: piece, as: UTF8.self) }
      first.tell()
    }
    await first.wait()
    #expect(pieces.withLock { $0 } == "one")
    seen.signal()
    #expect(try await response.status == 200)
    #expect(pieces.withLock { $0 } == "onetwo")
  }

  @Test func nobodyListens() async {
    let server = ScriptedServer { _ in }
    let url = server.url
    server.stop()
    let failure = await failure(HTTPRequest(.get, url))
    #expect(failure?.kind == .unreachable)
    #expect(failure?.description.contains(url) == true)
  }

  @Test func anAnswerThatDoesNotBeginTimesOut() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.waitForEnd()
    }
    let start = ContinuousClock.now
    let failure = await failure(HTTPRequest(.get, server.url, timeouts: HTTPTimeouts(firstByte: .milliseconds(150))))
    #expect(failure?.kind == .firstByteTimeout)
    #expect(failure?.description.contains("0.15 s") == true)
    #expect(start.duration(to: .now) >= .milliseconds(150))
  }

  @Test func anAnswerThatStandsStillTimesOut() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      connection.waitForEnd()
    }
    let timeouts = HTTPTimeouts(firstByte: .seconds(20), stall: .milliseconds(150), total: nil)
    #expect(await failure(HTTPRequest(.get, server.url, timeouts: timeouts))?.kind == .stalled)
  }

  @Test func theTotalEndsAnAnswerThatTrickles() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      connection.trickle("1\r\nx\r\n", everyMilliseconds: 20)
    }
    let timeouts = HTTPTimeouts(stall: .seconds(20), total: .milliseconds(250))
    #expect(await failure(HTTPRequest(.get, server.url, timeouts: timeouts))?.kind == .totalTimeout)
  }

  @Test func aConnectionThatIsNotAcceptedTimesOut() async {
    // A listener with a full backlog drops further SYNs, as a dead host does.
    let full = FullBacklog()
    let timeouts = HTTPTimeouts(connect: .milliseconds(200), firstByte: .seconds(20), total: .seconds(20))
    let failure = await failure(HTTPRequest(.get, full.url, timeouts: timeouts))
    #expect(failure?.kind == .connectTimeout)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
    "",
  ])
  func anAnswerThatEndsEarlyIsTruncated(answer: String) async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write(answer)
    }
    let failure = await failure(HTTPRequest(.post, server.url, body: [1]))
    #expect(failure?.kind == .truncated)
  }

  @Test(arguments: [true, false])
  func aBodyBeyondTheBoundIsRefused(announced: Bool) async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      if announced {
        connection.answer(String(repeating: "x", count: 1001))
      } else {
        connection.write("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 1001))
      }
    }
    let failure = await failure(HTTPRequest(.get, server.url, maximumBody: 1000))
    #expect(failure?.kind == .tooLarge)
  }

  @Test func aBodyAtTheBoundIsTaken() async throws {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.answer(String(repeating: "x", count: 1000))
    }
    #expect(try await transport.collect(HTTPRequest(.get, server.url, maximumBody: 1000)).body.count == 1000)
  }

  @Test func aHeadWithoutEndIsRefused() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\n")
      for _ in 0..<40 { connection.write("X-Long: " + String(repeating: "h", count: 9000) + "\r\n") }
      connection.waitForEnd()
    }
    let kind = await failure(HTTPRequest(.get, server.url))?.kind
    // libcurl has a bound of its own, which newer versions reach first.
    #expect(kind == .tooLarge || kind == .truncated || kind == .other)
  }

  @Test func aLineOfTheHeadWithoutEndIsNoWantOfMemory() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nX-Long: " + String(repeating: "x", count: 250_000))
      connection.waitForEnd()
    }
    defer { server.stop() }
    let failure = await failure(HTTPRequest(.get, server.url))
    #expect(failure?.kind == .tooLarge)
    #expect(failure?.description.contains("in the head of the answer") == true)
  }

  @Test func cancellingClosesTheConnection() async {
    let begun = HTTPEvent()
    let closed = HTTPEvent()
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
      connection.waitForEnd()
      closed.tell()
    }
    let transport = transport
    let url = server.url
    let task = Task { () async -> HTTPFailure.Kind? in
      do throws(HTTPFailure) {
        _ = try await transport.send(HTTPRequest(.get, url, timeouts: .none)) { _ in begun.tell() }
        return nil
      } catch {
        return error.kind
      }
    }
    await begun.wait()
    task.cancel()
    #expect(await task.value == .cancelled)
    await closed.wait()
    withExtendedLifetime(server) {}
  }

  @Test func aTaskThatIsCancelledAlreadySendsNothing() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.answer("")
    }
    let transport = transport
    let url = server.url
    let gate = HTTPEvent()
    let task = Task { () async -> HTTPFailure.Kind? in
      await gate.wait()
      do throws(HTTPFailure) {
        _ = try await transport.collect(HTTPRequest(.get, url))
        return nil
      } catch {
        return error.kind
      }
    }
    task.cancel()
    gate.tell()
    #expect(await task.value == .cancelled)
    #expect(server.connections == 0)
  }

  @Test func aHundredAtOnce() async throws {
    let server = ScriptedServer { connection in
      while let request = connection.readRequest() { connection.answer(String(request.prefix { !$0.isNewline })) }
    }
    let url = server.url
    let transport = transport
    let right = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<100 {
        group.addTask {
          let response = try? await transport.collect(HTTPRequest(.get, "\(url)/\(number)"))
          return response.map { String(decoding: $0.body, as: UTF8.self) } == "GET /\(number) HTTP/1.1"
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(right == 100)
  }

  @Test func aHundredCancelledAtOnceAllEnd() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.waitForEnd()
    }
    let url = server.url
    let transport = transport
    let tasks = (0..<100).map { number in
      Task { () async -> HTTPFailure.Kind? in
        do throws(HTTPFailure) {
          _ = try await transport.collect(HTTPRequest(.get, "\(url)/\(number)", timeouts: .none))
          return nil
        } catch {
          return error.kind
        }
      }
    }
    for task in tasks { task.cancel() }
    for task in tasks { #expect(await task.value == .cancelled) }
    withExtendedLifetime(server) {}
  }

  @Test func aConnectionIsUsedAgain() async throws {
    let server = ScriptedServer { connection in
      while connection.readRequest() != nil { connection.answer("\(connection.number)") }
    }
    for _ in 0..<5 {
      #expect(try await transport.collect(HTTPRequest(.get, server.url)).body == Array("0".utf8))
    }
    #expect(server.connections == 1)
  }

  @Test func aRedirectIsAnAnswerUnlessAsked() async throws {
    let server = ScriptedServer { connection in
      while let request = connection.readRequest() {
        if request.hasPrefix("GET /old") {
          connection.answer("moved", status: "302 Found", headers: "Location: /new\r\n")
        } else {
          connection.answer("here")
        }
      }
    }
    let plain = try await transport.collect(HTTPRequest(.get, server.url + "/old"))
    #expect(plain.status == 302)
    #expect(plain.header("Location") == "/new")
    let followed = try await transport.collect(HTTPRequest(.get, server.url + "/old", maximumRedirects: 3))
    #expect(followed.status == 200)
    #expect(followed.body == Array("here".utf8))
    #expect(followed.header("Location") == nil)
  }

  @Test(arguments: [
    "", "ollama", "ftp://127.0.0.1/", "http://", "http:///x", "http://a b/", "http://h\r\nX: y/", "http://h:99999/",
    "file:///etc/passwd", "http://[::1/", "http://h\\@evil/",
  ])
  func anUnusableURLIsRefused(url: String) async {
    #expect(await failure(HTTPRequest(.get, url))?.kind == .invalidURL)
  }

  @Test func aHeaderCannotSmuggleAnother() async {
    let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: [HTTPHeader("X", "a\r\nY: b")])
    #expect(await failure(request)?.kind == .other)
    let name = HTTPRequest(.get, "http://127.0.0.1:1/", headers: [HTTPHeader("X: a\r\nY", "b")])
    #expect(await failure(name)?.kind == .other)
  }

  @Test func somethingThatSpeaksNoHTTPIsAFailure() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("SSH-2.0-OpenSSH_9.2\r\n")
    }
    #expect(await failure(HTTPRequest(.get, server.url)) != nil)
  }

  @Test func tlsToAServerThatSpeaksNone() async {
    let server = ScriptedServer { connection in
      connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
      connection.waitForEnd()
    }
    let failure = await failure(HTTPRequest(.get, "https://127.0.0.1:\(server.port)/"))
    #expect(failure?.kind == .tls)
  }

  @Test func failuresShowNoSecrets() async {
    let server = ScriptedServer { _ in }
    let port = server.port
    server.stop()
    let failure = await failure(HTTPRequest(.get, "http://me:geheim@127.0.0.1:\(port)/p?key=geheim"))
    #expect(failure?.description.contains("geheim") == false)
    #expect(failure?.description.contains("127.0.0.1:\(port)/p") == true)
  }

  @Test func aMissingLibrarySaysWhatToInstall() {
    guard case .failure(let failure) = CurlLibrary.load(["libretraind-no-such.so.9"]) else {
      Issue.record("loaded a library that does not exist")
      return
    }
    #expect(failure.description.contains("apt install libcurl4"))
  }

  @Test(arguments: [
    ("http://localhost:1/", true), ("http://127.9.9.9/", true), ("https://[::1]:1/x", true),
    ("http://u:p@127.0.0.1/", true), ("http://127.evil.example/", false), ("http://127.0.0.1.evil/", false),
    ("https://x.supabase.co/", false), ("http://LOCALHOST/", true),
  ])
  func noProxyStandsBeforeThisMachine(url: String, isLoopback: Bool) {
    #expect(HTTPAddress(url)?.isLoopback == isLoopback)
    #expect((HTTPProxy.url("http://p:1").chosen(for: url) == nil) == isLoopback)
  }
}

/// A listener whose queue of connections is full.
private final class FullBacklog {
  let url: String
  private var sockets: [Int32] = []

  init() {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    sockets.append(listener)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let all = sockets.count
    var fillers: [Int32] = []
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(all == 1 && bind(listener, $0, length) == 0 && listen(listener, 0) == 0)
        getsockname(listener, $0, &length)
        for _ in 0..<8 {
          let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
          _ = connect(filler, $0, length)
          fillers.append(filler)
        }
      }
    }
    sockets += fillers
    url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
  }

  deinit { for socket in sockets { close(socket) } }
}
