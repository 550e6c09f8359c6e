import Testing

@testable import Ollama

@Suite(.timeLimit(.minutes(5))) struct OllamaEndpointTests {
  @Test(arguments: [
    ("", "http://127.0.0.1:11434"), ("127.0.0.1", "http://127.0.0.1:11434"),
    ("127.0.0.1:11534", "http://127.0.0.1:11534"), ("http://127.0.0.1:11534", "http://127.0.0.1:11534"),
    ("http://127.0.0.1:11534/", "http://127.0.0.1:11534"), ("localhost:11534", "http://localhost:11534"),
    ("0.0.0.0:11534", "http://127.0.0.1:11534"), (":11534", "http://127.0.0.1:11534"),
    ("\"127.0.0.1:11534\"", "http://127.0.0.1:11534"), (" 127.0.0.1:11534 ", "http://127.0.0.1:11534"),
    ("' 127.0.0.1:11534 '", "http://127.0.0.1:11534"), ("http://127.0.0.1", "http://127.0.0.1:80"),
    ("https://gpu.example", "https://gpu.example:443"), ("[::1]:11534", "http://[::1]:11534"),
    ("[::1]", "http://[::1]:11434"), ("::1", "http://[::1]:11434"), ("[::]:1", "http://[::1]:1"),
    ("[0:0:0:0:0:0:0:1]:5", "http://[::1]:5"), ("0.0.0.0", "http://127.0.0.1:11434"),
    ("127.0.0.1:11534/x", "http://127.0.0.1:11534/x"), ("https://h/a/b/", "https://h:443/a/b"),
    ("GPU.Example:1", "http://gpu.example:1"), ("ollama.com", "https://ollama.com:443"),
    ("fe80::1%eth0", "http://[fe80::1%25eth0]:11434"), ("HTTP://h", "http://h:80"),
  ])
  func everyForm(text: String, url: String) throws {
    let endpoint = try OllamaEndpoint(text)
    #expect(endpoint.url == url)
    #expect(endpoint.warnings.isEmpty)
  }

  @Test(arguments: [
    ("127.0.0.1:99999", 11434), ("127.0.0.1:", 11434), ("h:x", 11434), ("h:-1", 11434), ("h:0", 11434),
    ("http://h:99999", 80), ("h:+5", 11434),
  ])
  func aBadPortIsTheDefaultOneWithAWarning(text: String, port: Int) throws {
    let endpoint = try OllamaEndpoint(text)
    #expect(endpoint.port == port)
    #expect(endpoint.warnings.count == 1)
    #expect(endpoint.warnings.first?.contains("using \(port)") == true)
  }

  @Test(arguments: [
    "ftp://h", "http://user:geheim@h", "h?x=geheim", "a b", "h\r\nX: y", "[::1", "[zz]", "ho$t", "-h", "ä.example",
    "http://[::1]x", "h\\x", "1:2:3", String(repeating: "h", count: 3000),
  ])
  func whatIsNoAddressIsRefusedWithoutShowingSecrets(text: String) {
    do throws(OllamaEndpointFailure) {
      let endpoint = try OllamaEndpoint(text)
      Issue.record("took \(endpoint.url)")
    } catch {
      #expect(!error.description.contains("geheim"))
      #expect(error.description.contains("127.0.0.1:11434"))
      #expect(error.description.utf8.count < 400)
    }
  }

  @Test func oneServerHasOneLock() throws {
    let ways = [
      "", "127.0.0.1", "localhost", "LOCALHOST:11434", "0.0.0.0", "::1", "[::]:11434", "http://127.0.0.1:11434/",
      "127.0.0.2", ":11434",
    ]
    #expect(Set(try ways.map { try OllamaEndpoint($0).normalised }) == ["127.0.0.1:11434"])
    let others = ["127.0.0.1:1", "h", "127.evil.example", "[fe80::1]", "http://localhost", "localhost:11434/x"]
    #expect(Set(try others.map { try OllamaEndpoint($0).normalised }).count == others.count)
    #expect(OllamaEndpoint.standard == (try OllamaEndpoint("")))
  }
}
