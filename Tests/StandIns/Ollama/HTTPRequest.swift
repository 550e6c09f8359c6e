/// A request as it came.
struct HTTPRequest: Sendable {
  /// The longest head that is read.
  static let maxHead = 64 << 10
  /// The longest body that is read.
  static let maxBody = 512 << 10

  /// `POST`.
  var method: String
  /// `/api/pull`, without a query.
  var path: String
  /// Header fields; names in lower case.
  var headers: [String: String]
  /// The body.
  var body: String

  /// Reads the next request of a connection; nil where none comes any more.
  static func next(on connection: inout Connection) -> HTTPRequest? {
    var bytes: [UInt8] = []
    var request: HTTPRequest?
    var wanted = 0
    while true {
      bytes += connection.takeUnread()
      if request == nil, let end = endOfHead(bytes) {
        guard let head = head(bytes[..<end]) else { return nil }
        request = head
        bytes.removeFirst(end + 4)
        wanted = head.headers["content-length"].flatMap { Int($0) } ?? 0
        guard (0...maxBody).contains(wanted) else { return nil }
        if head.headers["expect"]?.lowercased() == "100-continue", bytes.count < wanted {
          guard connection.send("HTTP/1.1 100 Continue\r\n\r\n") else { return nil }
        }
      }
      if var request, bytes.count >= wanted {
        request.body = String(decoding: bytes[..<wanted], as: UTF8.self)
        connection.putBack(bytes[wanted...])
        return request
      }
      guard request != nil || bytes.count <= maxHead, connection.wait(until: nil) else { return nil }
    }
  }

  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    return (0...(bytes.count - 4)).first {
      bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
    }
  }

  private static func head(_ bytes: ArraySlice<UInt8>) -> HTTPRequest? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    guard let words = lines.first?.split(separator: " "), words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return HTTPRequest(
      method: String(words[0]), path: String(words[1].prefix { $0 != "?" }), headers: headers, body: "")
  }

  /// True where the name in `Host` is one that a server on a loopback address answers to.
  var isForLocalHost: Bool {
    guard var host = headers["host"]?.lowercased() else { return true }
    if host.hasPrefix("[") { return true }
    if let colon = host.lastIndex(of: ":") { host = String(host[..<colon]) }
    return host.isEmpty || host == "localhost" || host.allSatisfy { $0.isNumber || $0 == "." }
      || [".localhost", ".local", ".internal"].contains { host.hasSuffix($0) }
  }

  /// True where the connection ends after the answer.
  var closes: Bool { headers["connection"]?.lowercased() == "close" }
}

/// An answer that is not a stream.
struct HTTPAnswer: Sendable {
  /// Go's server sends longer bodies in chunks.
  static let maxPlainBody = 2048

  /// Status code.
  var status: Int
  /// Content type; empty where there is none.
  var contentType: String
  /// The body.
  var body: String

  /// Head and body as they go over the wire.
  func text(to request: HTTPRequest) -> String {
    var head = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
    if !contentType.isEmpty { head += "Content-Type: \(contentType)\r\n" }
    head += "Date: \(WallClock.httpDate)\r\n"
    if request.closes { head += "Connection: close\r\n" }
    let length = body.utf8.count
    if length <= Self.maxPlainBody || request.method == "HEAD" {
      return head + "Content-Length: \(length)\r\n\r\n" + (request.method == "HEAD" ? "" : body)
    }
    return head + "Transfer-Encoding: chunked\r\n\r\n" + Self.chunk(body) + "0\r\n\r\n"
  }

  /// One chunk.
  static func chunk(_ text: String) -> String {
    String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n"
  }

  /// The words for a status code.
  static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    default: "Internal Server Error"
    }
  }
}
