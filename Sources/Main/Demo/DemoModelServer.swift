import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A small stand-in for an Ollama server, for `retraind demo` only: one model, one newer version of it in a "registry".
///
/// It listens on 127.0.0.1 at a free port, answers one connection at a time, and ends with the demo.
final class DemoModelServer: Sendable {
  /// Bytes of a request that are read at most.
  static let maximumRequest = 65_536
  /// Pause between two lines of a download, in microseconds.
  static let linePause: UInt32 = 60_000
  /// Size of the pretended weights.
  static let weights: Int64 = 27_360_256
  /// Seconds after which a silent client is given up.
  static let clientTimeout = 10

  /// The port that it listens on.
  let port: UInt16
  private let descriptor: Int32
  private struct State {
    /// Digest by name.
    var tags: [String: String]
    var isStopped = false
  }
  private let state: Guarded<State>
  /// The newest version's digest.
  private let newest = String(repeating: "c0339aec1291c2aa", count: 4)

  /// Starts to listen.
  ///
  /// - Throws: `DemoFailure` where no port can be had.
  init(model: String) throws {
    state = Guarded(State(tags: [model: String(repeating: "736a879a8824fdb3", count: 4)]))
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw DemoFailure("no socket could be opened: \(String(cString: strerror(errno)))") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else {
      close(descriptor)
      throw DemoFailure("no port on 127.0.0.1 could be had: \(String(cString: strerror(errno)))")
    }
    port = UInt16(bigEndian: address.sin_port)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Answers until `stop`; blocks the calling thread.
  func serve() {
    while !state.withLock({ $0.isStopped }) {
      let client = accept(descriptor, nil, nil)
      guard client >= 0 else { break }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      var timeout = timeval(tv_sec: Self.clientTimeout, tv_usec: 0)
      setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      answer(client)
      close(client)
    }
    close(descriptor)
  }

  /// Ends `serve`.
  func stop() {
    state.withLock { $0.isStopped = true }
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private func answer(_ client: Int32) {
    guard let request = DemoRequest.read(from: client, maximum: Self.maximumRequest) else { return }
    let model = request.field("model") ?? ""
    switch (request.method, request.path) {
    case ("GET", "/api/version"): respond(client, json: #"{"version":"demo"}"#)
    case ("GET", "/api/tags"):
      let models = state.withLock { $0.tags }.sorted { $0.key < $1.key }.map {
        #"{"name":"\#($0.key)","model":"\#($0.key)","digest":"\#($0.value)","size":\#(Self.weights)}"#
      }
      respond(client, json: #"{"models":[\#(models.joined(separator: ","))]}"#)
    case ("POST", "/api/pull"): pull(model, client)
    case ("POST", "/api/copy"):
      state.withLock { state in
        if let source = request.field("source"), let digest = state.tags[source] {
          state.tags[request.field("destination") ?? ""] = digest
        }
      }
      respond(client, json: "{}")
    case ("DELETE", "/api/delete"):
      state.withLock { _ = $0.tags.removeValue(forKey: model) }
      respond(client, json: "{}")
    case ("POST", "/api/generate"): respond(client, json: #"{"model":"\#(model)","done":true,"done_reason":"unload"}"#)
    default: respond(client, json: #"{"error":"not part of the demo"}"#, status: "404 Not Found")
    }
  }

  private func pull(_ model: String, _ client: Int32) {
    write(client, "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
    write(client, #"{"status":"pulling manifest"}"# + "\n")
    let layer = "5d8ff0f7e98b68dfb9cffbbf92e01ff6651a47cacc0891c3f90894e2992dd2f0"
    for part in 1...20 {
      usleep(Self.linePause)
      let line = #"{"status":"pulling 5d8ff0f7e98b","digest":"sha256:\#(layer)","total":\#(Self.weights),"completed":"#
      guard write(client, line + "\(Self.weights * Int64(part) / 20)}\n") else { return }
    }
    for status in ["verifying sha256 digest", "writing manifest", "removing unused layers"] {
      write(client, #"{"status":"\#(status)"}"# + "\n")
    }
    state.withLock { $0.tags[model] = newest }
    write(client, #"{"status":"success"}"# + "\n")
  }

  private func respond(_ client: Int32, json: String, status: String = "200 OK") {
    write(
      client,
      "HTTP/1.1 \(status)\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: \(json.utf8.count)\r\n"
        + "Connection: close\r\n\r\n\(json)")
  }

  @discardableResult
  private func write(_ client: Int32, _ text: String) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      // SIGPIPE is blocked: main did so first of all.
      let count = bytes.withUnsafeBytes { send(client, $0.baseAddress, $0.count, 0) }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }
}

/// Why the demo cannot run.
struct DemoFailure: Error, CustomStringConvertible {
  /// For people.
  var description: String
  /// Makes a failure.
  init(_ description: String) { self.description = description }
}

/// A request to the demo's model server.
struct DemoRequest {
  /// `GET`, `POST` ...
  var method: String
  /// The path.
  var path: String
  /// The body.
  var body: String

  /// Reads one request; nil where the client sends none that makes sense.
  static func read(from client: Int32, maximum: Int) -> DemoRequest? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < maximum {
      if let request = parse(bytes) { return request }
      let count = recv(client, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
    return nil
  }

  /// A complete request; nil while bytes are missing.
  static func parse(_ bytes: [UInt8]) -> DemoRequest? {
    let text = String(decoding: bytes, as: UTF8.self)
    // "\r\n" is one Character: split on unicode scalars' text instead.
    let plain = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\r" }))
    let lines = plain.split(separator: "\n", omittingEmptySubsequences: false)
    guard let blank = lines.firstIndex(of: ""), let first = lines.first else { return nil }
    let words = first.split(separator: " ")
    guard words.count >= 2 else { return nil }
    var length = 0
    for line in lines[..<blank] {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "content-length" {
        length = Int(parts[1].drop { $0 == " " }) ?? 0
      }
    }
    let body = lines[(blank + 1)...].joined(separator: "\n")
    guard body.utf8.count >= length else { return nil }
    return DemoRequest(method: String(words[0]), path: String(words[1]), body: body)
  }

  /// A text field of the body, as this program's own client writes it.
  func field(_ name: String) -> String? {
    let compact = body.replacing("\": \"", with: "\":\"")
    guard let start = compact.firstRange(of: "\"\(name)\":\"")?.upperBound else { return nil }
    return String(compact[start...].prefix { $0 != "\"" })
  }
}
