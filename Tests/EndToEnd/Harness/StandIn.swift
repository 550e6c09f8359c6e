import Glibc
import Platform

/// A running stand-in of Ollama.
struct StandIn: Sendable {
  /// Seconds after which it ends by itself, should nobody end it.
  static let lifetime = "110"

  /// An event that it wrote down.
  struct Event: Sendable, Hashable {
    /// `request`, `pull-start`, `pull-end`, `pull-disconnect` ...
    var name: String
    /// Seconds since 1970.
    var time: Double
    /// The model of a pull.
    var model: String
    /// Whatever else it says.
    var fields: JSONValue
  }

  /// Where it listens.
  let port: Int
  /// The log that is judged by.
  let log: String
  /// The process.
  let child: Child
  /// What `OLLAMA_HOST` says.
  var host: String { "http://127.0.0.1:\(port)" }

  /// Starts one in a world.
  static func start(_ arguments: [String], in world: World) async throws -> StandIn {
    let portFile = world.path("port")
    // That of an earlier one says nothing of this one.
    unlink(portFile)
    let log = world.path("ollama.log")
    let child = try world.start(
      Binaries.standIn,
      ["serve", "--port-file", portFile, "--log", log, "--lifetime", lifetime] + arguments)
    let port = try await waitFor("the port of the stand-in") { () throws -> Int? in
      if let end = child.end { throw HarnessFailure("the stand-in ended: \(end): \(child.error)") }
      return Int(Files.text(portFile).split(separator: "\n").first ?? "")
    }
    return StandIn(port: port, log: log, child: child)
  }

  /// What has happened so far.
  func events() throws -> [Event] {
    try Files.lines(log).map { line in
      let fields = try JSONValue(parsing: line)
      return Event(
        name: fields["event"].text ?? "", time: fields["t"].number ?? 0, model: fields["model"].text ?? "",
        fields: fields)
    }
  }

  /// How many events of a name there are.
  func count(_ name: String, model: String? = nil) throws -> Int {
    try events().count { $0.name == name && (model == nil || $0.model == model) }
  }

  /// The models that it has, by name.
  func digests() throws -> [String: String] {
    let tags = try JSONValue(parsing: try get("/api/tags"))
    return Dictionary(
      tags["models"].elements.map { ($0["name"].text ?? "", $0["digest"].text ?? "") }, uniquingKeysWith: { $1 })
  }

  /// The names that runners were loaded under and that still serve.
  func runners() throws -> [String] {
    try JSONValue(parsing: try get("/api/ps"))["models"].elements.compactMap { $0["name"].text }
  }

  /// The body of a GET.
  private func get(_ path: String) throws -> String {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(connection) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    guard isConnected, send(connection, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else {
      throw HarnessFailure("the stand-in does not answer: \(errno)")
    }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      all.append(contentsOf: buffer.prefix(count))
    }
    let text = String(decoding: all, as: UTF8.self)
    guard let head = text.firstRange(of: "\r\n\r\n") else { throw HarnessFailure("no answer to \(path): \(text)") }
    return String(text[head.upperBound...])
  }

  /// What its own judge says of the log.
  struct Verdict: Sendable, Hashable {
    /// Pulls that began.
    var pulls: Int
    /// Pulls that began while another was open.
    var overlaps: Int
    /// What it wrote, for messages.
    var words: String
  }

  /// Has the log judged.
  func judge(in world: World) async throws -> Verdict {
    let child = try world.start(Binaries.standIn, ["judge", "--log", log])
    try await child.waitForEnd()
    let words = child.output + child.error
    guard let match = words.firstMatch(of: #/pulls (\d+), overlaps (\d+)/#), let pulls = Int(match.1),
      let overlaps = Int(match.2)
    else { throw HarnessFailure("the judge does not judge: \(words)") }
    return Verdict(pulls: pulls, overlaps: overlaps, words: words)
  }
}
