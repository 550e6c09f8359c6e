/// A call of the server, as the stand-in of the program makes it.
struct ServerCall: ~Copyable {
  private var connection: Connection
  private var bytes: [UInt8] = []
  private var body: [UInt8] = []
  private var isChunked = false
  private var length: Int?
  private var isEnded = false

  /// Status code; 0 before the head has come.
  private(set) var status = 0
  /// True after the last byte that was announced; false still, where the connection ends before that.
  private(set) var isComplete = false

  /// Sends a request; nil where nobody listens.
  init?(port: UInt16, method: String, path: String, body: String) {
    guard let connection = Connection.connected(toPort: port) else { return nil }
    let request =
      "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUser-Agent: ollama-stand-in\r\nConnection: close\r\n"
      + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    guard connection.send(request) else { return nil }
    self.connection = connection
    // What a HEAD announces is not sent.
    if method == "HEAD" { length = 0 }
  }

  /// Waits until something came or `deadline` passed; false where no more will come.
  mutating func receive(until deadline: Instant?) -> Bool {
    guard !isEnded, !isComplete else { return false }
    isEnded = !connection.wait(until: deadline)
    bytes += connection.takeUnread()
    if status == 0 { readHead() }
    if status != 0 { readBody() }
    return !isEnded && !isComplete
  }

  /// The lines of the body that are complete; after the end also what is left.
  mutating func takeLines() -> [String] {
    var lines: [String] = []
    while let end = body.firstIndex(of: 10) {
      lines.append(String(decoding: body[..<end], as: UTF8.self))
      body.removeFirst(end + 1)
    }
    if isComplete, !body.isEmpty {
      lines.append(String(decoding: body, as: UTF8.self))
      body = []
    }
    return lines
  }

  /// Makes a call and waits for all of its answer; nil where there was none.
  static func answer(port: UInt16, method: String, path: String, body: String = "") -> (status: Int, body: String)? {
    guard var call = ServerCall(port: port, method: method, path: path, body: body) else { return nil }
    while call.receive(until: nil) {}
    guard call.status != 0 else { return nil }
    return (call.status, call.takeLines().joined(separator: "\n"))
  }

  private mutating func readHead() {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n") else { return }
    let head = text[..<end.lowerBound]
    status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    for line in head.lowercased().split(separator: "\r\n") {
      if line == "transfer-encoding: chunked" { isChunked = true }
      if line.hasPrefix("content-length: "), length == nil { length = Int(line.dropFirst(16)) }
    }
    bytes.removeFirst(head.utf8.count + 4)
  }

  private mutating func readBody() {
    guard isChunked, length == nil else {
      body += bytes
      bytes = []
      isComplete = length.map { body.count >= $0 } ?? isEnded
      return
    }
    while let end = bytes.firstIndex(of: 10), end > 0,
      let size = Int(String(decoding: bytes[..<(end - 1)], as: UTF8.self), radix: 16),
      bytes.count >= end + 1 + size + 2
    {
      body += bytes[(end + 1)..<(end + 1 + size)]
      bytes.removeFirst(end + 1 + size + 2)
      if size == 0 {
        isComplete = true
        return
      }
    }
  }
}
