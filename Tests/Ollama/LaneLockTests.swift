import Testing

@testable import Ollama

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct LaneLockTests {
  @Test(arguments: [
    "http://127.0.0.1:11434", "http://127.0.0.1:11434/", "127.0.0.1:11434", "localhost", "LOCALHOST:11434", ":11434",
    "",
    "0.0.0.0", "[::1]:11434", "[::]", " \"127.0.0.1:11434\" ", "HTTP://user:secret@localhost:11434", "127.0.0.1:99999",
    "127.0.1.1:11434", "localhost.:11434", "'localhost'", "::1",
  ]) func spellingsOfThisMachine(endpoint: String) {
    #expect(LaneLockDirectory.normalised(endpoint) == "http://127.0.0.1:11434")
  }

  @Test(arguments: [
    ("http://127.0.0.1", "http://127.0.0.1:80"), ("https://Models.Example", "https://models.example:443"),
    ("gpu1", "http://gpu1:11434"), ("http://gpu1:8080/ollama/", "http://gpu1:8080/ollama"),
    ("[fe80::1]:5000", "http://fe80::1:5000"), ("127.0.0.1:11435", "http://127.0.0.1:11435"),
  ]) func otherServers(endpoint: String, expected: String) {
    #expect(LaneLockDirectory.normalised(endpoint) == expected)
  }

  @Test func hashIsFNV1a() {
    #expect(LaneLockDirectory.fnv1a("") == 0xcbf2_9ce4_8422_2325)
    #expect(LaneLockDirectory.fnv1a("a") == 0xaf63_dc4c_8601_ec8c)
    #expect(LaneLockDirectory.fnv1a("foobar") == 0x8594_4171_f739_67e8)
    let name = LaneLockDirectory.fileName(endpoint: "localhost")
    #expect(name.hasPrefix("retraind-lane-") && name.hasSuffix(".lock"))
    #expect(name.utf8.count == "retraind-lane-".utf8.count + 16 + ".lock".utf8.count)
    #expect(name != LaneLockDirectory.fileName(endpoint: "localhost:11435"))
  }

  @Test func placeOfTheLock() throws {
    var template = Array("/tmp/retraind-lane-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let scratch = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { rmdir(scratch) }
    let none: (String) -> String? = { _ in nil }
    let runtime: (String) -> String? = { $0 == "XDG_RUNTIME_DIR" ? "\(scratch)/" : nil }
    #expect(LaneLockDirectory.path(hostWide: scratch, environment: none) == scratch)
    #expect(LaneLockDirectory.path(hostWide: "/no/such", environment: runtime) == scratch)
    #expect(LaneLockDirectory.path(hostWide: "/no/such", environment: none) == "/tmp")
    #expect(LaneLockDirectory.path(hostWide: "/no/such", environment: { _ in "relative" }) == "/tmp")
    let path = LaneLockDirectory.laneLockPath(endpoint: "localhost", environment: none)
    #expect(path.hasSuffix("/" + LaneLockDirectory.fileName(endpoint: "http://127.0.0.1:11434/")))
  }
}
