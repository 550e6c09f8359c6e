import Testing

@testable import Platform

/// A proxy that is in the way. No name is looked up: the host of each request is the proxy's to find.
@Suite(.timeLimit(.minutes(5))) struct CurlProxyTests {
  private static let url = "https://project.example/secret-path"

  private func result(
    _ variables: [String: String], _ url: String = url, timeouts: HTTPTimeouts = HTTPTimeouts()
  ) async -> Result<HTTPResponse, HTTPFailure> {
    do throws(HTTPFailure) {
      let transport = CurlTransport(HTTPNetwork(environment: variables))
      return .success(try await transport.collect(HTTPRequest(.post, url, body: [1], timeouts: timeouts)))
    } catch {
      return .failure(error)
    }
  }

  /// What every failure of a proxy says, and what none shows.
  private func expectWords(
    _ result: Result<HTTPResponse, HTTPFailure>, _ words: String, of variable: String = "https_proxy",
    _ location: SourceLocation = #_sourceLocation
  ) {
    guard case .failure(let failure) = result else {
      Issue.record("\(result)", sourceLocation: location)
      return
    }
    #expect(failure.kind == .proxy, "\(failure)", sourceLocation: location)
    #expect(failure.description.contains(words), "\(failure)", sourceLocation: location)
    #expect(
      failure.description.hasSuffix("; correct or unset \(variable), or add project.example to no_proxy"), "\(failure)",
      sourceLocation: location)
    #expect(!failure.description.contains("geheim"), "\(failure)", sourceLocation: location)
    #expect(failure.reason?.contains("secret-path") == false, "\(failure)", sourceLocation: location)
  }

  @Test(
    "a proxy that refuses is named, without its password",
    arguments: [
      ("407 Proxy Authentication Required", "password that it knows (407)"), ("502 Bad Gateway", "answers 502"),
    ]
  )
  func refused(status: String, words: String) async {
    let asked = Guarded("")
    let server = ScriptedServer { connection in
      asked.withLock { $0 = connection.readRequest() ?? "" }
      connection.answer("<html>", status: status, headers: "Proxy-Authenticate: Basic realm=\"x\"\r\n")
    }
    let answer = await result(["https_proxy": "http://me:geheim@127.0.0.1:\(server.port)"])
    expectWords(answer, words)
    expectWords(answer, "the proxy http://127.0.0.1:\(server.port) of https_proxy")
    #expect(asked.withLock { $0 }.hasPrefix("CONNECT project.example:443 "))
  }

  @Test("nobody answers at the proxy")
  func dead() async {
    let server = ScriptedServer { _ in }
    let port = server.port
    server.stop()
    let proxy = "me:geheim@127.0.0.1:\(port)"
    expectWords(
      await result(["ALL_PROXY": proxy]), "nobody answers at the proxy http://127.0.0.1:\(port) of ALL_PROXY",
      of: "ALL_PROXY")
  }

  @Test("a proxy that closes the connection has let nothing through")
  func closes() async {
    let server = ScriptedServer { connection in _ = connection.readRequest() }
    expectWords(await result(["https_proxy": "http://127.0.0.1:\(server.port)"]), "closes the connection before")
  }

  @Test(
    "an address that is none does not show its password",
    arguments: ["http://me:geheim@a b:1", "x://me:geheim@h:1", "http://me:1/geheim@h:1"])
  func unusable(proxy: String) async {
    expectWords(await result(["HTTPS_PROXY": proxy]), " of HTTPS_PROXY", of: "HTTPS_PROXY")
  }

  @Test("a proxy of another kind")
  func otherKind() async {
    let server = ScriptedServer { connection in
      connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
      connection.waitForEnd()
    }
    expectWords(
      await result(["https_proxy": "socks5h://127.0.0.1:\(server.port)"]),
      "the proxy socks5h://127.0.0.1:\(server.port) of https_proxy does not reach the host")
  }

  @Test("plain HTTP goes through http_proxy, and 407 is the proxy's answer, not the host's")
  func plain() async throws {
    let server = ScriptedServer { connection in
      guard let request = connection.readRequest() else { return }
      let isAsked = request.hasPrefix("POST http://project.example/a ")
      connection.answer(isAsked ? "here" : "", status: isAsked ? "200 OK" : "407 Proxy Authentication Required")
    }
    let variables = ["http_proxy": "http://127.0.0.1:\(server.port)", "HTTP_PROXY": "http://127.0.0.1:1"]
    #expect(try await result(variables, "http://project.example/a").get().body == Array("here".utf8))
    expectWords(await result(variables, "http://project.example/b"), "(407)", of: "http_proxy")
  }

  @Test("what goes wrong behind a proxy that did its part is not the proxy's")
  func behind() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 Connection established\r\n\r\n")
      connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
      connection.waitForEnd()
    }
    guard case .failure(let failure) = await result(["https_proxy": "http://127.0.0.1:\(server.port)"]) else {
      Issue.record("an answer")
      return
    }
    #expect(failure.kind == .tls)
    #expect(!failure.description.contains("proxy"))
  }

  @Test("the proxy's word is no beginning of the answer: the time for the connection still counts")
  func hangsBehind() async {
    let server = ScriptedServer { connection in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 Connection established\r\n\r\n")
      connection.waitForEnd()
    }
    let timeouts = HTTPTimeouts(connect: .milliseconds(300), firstByte: nil, stall: .seconds(60), total: .seconds(60))
    let answer = await result(["https_proxy": "http://127.0.0.1:\(server.port)"], timeouts: timeouts)
    guard case .failure(let failure) = answer else {
      Issue.record("an answer")
      return
    }
    #expect(failure.kind == .connectTimeout)
    #expect(failure.description.contains("through the proxy http://127.0.0.1:\(server.port) of https_proxy;"))
  }

  @Test(
    "which variable names the proxy",
    arguments: [
      (["https_proxy": "a", "HTTPS_PROXY": "b", "all_proxy": "c"], "https://h.example/", "https_proxy"),
      (["https_proxy": "", "HTTPS_PROXY": "b", "all_proxy": "c"], "https://h.example/", "HTTPS_PROXY"),
      (["http_proxy": "a", "ALL_PROXY": "c"], "https://h.example/", "ALL_PROXY"),
      (["HTTP_PROXY": "a"], "http://h.example/", nil), (["https_proxy": "a"], "http://h.example/", nil),
      (["https_proxy": "a"], "https://127.0.0.1/", nil),
    ] as [([String: String], String, String?)])
  func variables(environment: [String: String], url: String, variable: String?) {
    #expect(HTTPNetwork(environment: environment).proxy.chosen(for: url)?.variable == variable)
  }

  @Test(
    "which hosts are exceptions",
    arguments: [
      ("h.example", true), ("x, .example", true), ("example", true), ("*", true), ("H.Example", true), ("ample", false),
      ("", false), ("x.h.example", false), ("10.0.0.0/8", false),
    ])
  func exceptions(list: String, isException: Bool) {
    let proxy = HTTPNetwork(environment: ["https_proxy": "p", "NO_PROXY": list]).proxy.chosen(for: "https://h.example/")
    #expect(proxy?.isPassedBy == isException)
  }

  @Test("what prints a network prints no password")
  func printing() {
    let network = HTTPNetwork(environment: ["https_proxy": "http://me:geheim@h:1"])
    var dumped = ""
    dump(network, to: &dumped)
    #expect(!"\(network)\(String(reflecting: network))\(dumped)".contains("geheim"))
  }
}
