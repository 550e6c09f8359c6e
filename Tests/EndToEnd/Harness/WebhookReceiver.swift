import Glibc
import Platform

/// Receives webhooks on 127.0.0.1 and answers as it is told, path by path: one thread, one request a connection.
final class WebhookReceiver: Sendable {
  /// What it answers.
  enum Answer: Sendable {
    /// This status with these headers.
    case status(Int, [String: String] = [:])
    /// Nothing at all, until the sender goes away.
    case silence
  }

  /// A request that came.
  struct Call: Sendable {
    /// Its path.
    var path: String
    /// Its headers, names in lower case.
    var headers: [String: String]
    /// Its body.
    var body: String

    /// The value of `webhook-id`.
    var id: String { headers["webhook-id"] ?? "" }
    /// The body as JSON.
    func json() throws -> JSONValue { try JSONValue(parsing: body) }
  }

  private struct State {
    var plays: [String: [Answer]] = [:]
    var calls: [Call] = []
    var isStopped = false
  }
  private let state = Guarded(State())
  private let listener: Int32
  /// Where it listens.
  let port: UInt16

  /// What a URL of it begins with.
  var url: String { "http://127.0.0.1:\(port)" }

  /// Listens on a free port of loopback, until it is dropped.
  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw HarnessFailure("no port for a receiver: \(errno)") }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    let state = state
    Self.thread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, !state.withLock({ $0.isStopped }) else {
          if connection >= 0 { close(connection) }
          return
        }
        Self.thread {
          Self.serve(connection, state)
          close(connection)
        }
      }
    }
  }

  deinit {
    state.withLock { $0.isStopped = true }
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// What the next requests for a path are answered with; then it is 204.
  func play(_ path: String, _ answers: Answer...) { state.withLock { $0.plays[path, default: []] += answers } }

  /// Requests so far; for one path, or for all.
  func calls(_ path: String? = nil) -> [Call] {
    state.withLock { state in state.calls.filter { path == nil || $0.path == path } }
  }

  /// Types of the messages that came for a path.
  func types(_ path: String) throws -> [String] { try calls(path).map { try $0.json()["type"].text ?? "" } }

  private static func serve(_ connection: Int32, _ state: Guarded<State>) {
    guard let call = read(connection) else { return }
    let answer = state.withLock { state -> Answer in
      state.calls.append(call)
      guard state.plays[call.path]?.isEmpty == false else { return .status(204) }
      return state.plays[call.path]?.removeFirst() ?? .status(204)
    }
    switch answer {
    case .silence:
      var buffer = [UInt8](repeating: 0, count: 4096)
      while recv(connection, &buffer, buffer.count, 0) > 0 {}
    case .status(let status, let headers):
      var text = "HTTP/1.1 \(status) x\r\nContent-Length: 0\r\nConnection: close\r\n"
      for (name, value) in headers { text += "\(name): \(value)\r\n" }
      let bytes = Array((text + "\r\n").utf8)
      _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
  }

  private static func read(_ connection: Int32) -> Call? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
      let lines = text[..<end.lowerBound].split(separator: "\r\n")
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
      }
      let body = text[end.upperBound...]
      guard body.utf8.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { continue }
      let words = lines.first?.split(separator: " ") ?? []
      return Call(path: words.count > 1 ? String(words[1]) : "", headers: headers, body: String(body))
    }
  }

  private static func thread(_ body: @escaping @Sendable () -> Void) {
    Task.detached { try? await onOwnThread(name: "receiver") { body() } }
  }
}

/// A secret and what it makes of a message, computed by a program that is not ours.
struct WebhookCheck: Sendable {
  /// The secret as its file has it.
  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  /// The same key in hexadecimal digits.
  private static let key = "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0"

  /// Writes the secret's file into a world and returns its path.
  static func place(in world: World, _ name: String = "secret") throws -> String {
    let path = world.path(name)
    try Files.write(secret + "\n", to: path)
    chmod(path, 0o600)
    return path
  }

  /// The signature that a call must have, by `openssl`.
  static func signature(of call: WebhookReceiver.Call, in world: World) async throws -> String {
    let (message, code) = (world.path("message"), world.path("code"))
    try Files.write("\(call.id).\(call.headers["webhook-timestamp"] ?? "").\(call.body)", to: message)
    let sign = try world.start(
      "/usr/bin/openssl",
      ["dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:\(key)", "-binary", "-out", code, message])
    guard try await sign.waitForEnd() == .exit(0) else { throw HarnessFailure("openssl does not sign: \(sign.error)") }
    let print = try world.start("/usr/bin/openssl", ["base64", "-A", "-in", code])
    guard try await print.waitForEnd() == .exit(0) else { throw HarnessFailure("openssl: \(print.error)") }
    return "v1," + print.output.filter { !$0.isWhitespace }
  }
}
