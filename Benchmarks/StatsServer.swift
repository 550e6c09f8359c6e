import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A stand-in for the data API and for the model server, on 127.0.0.1: every read of `learning_stats` gets five healthy
/// cycles, every pull is done at once and changes nothing.
final class StatsServer: Sendable {
  /// The port that it listens on.
  let port: UInt16
  /// The listening socket.
  private let listener: Int32
  /// Requests answered so far.
  private let answered = Atomic<Int>(0)
  /// Pulls asked for so far.
  private let pulled = Atomic<Int>(0)

  /// Connections that may wait to be accepted.
  static let backlog: Int32 = 16
  /// Longest request that is read.
  static let requestLimit = 64 * 1024

  /// Requests answered so far.
  var requests: Int { answered.load(ordering: .acquiring) }
  /// Pulls asked for so far.
  var pulls: Int { pulled.load(ordering: .acquiring) }
  /// What a client is given as the project's URL.
  var url: String { "http://127.0.0.1:\(port)" }

  /// Listens on a free port and answers on a thread of its own until the process ends.
  init() throws(Failure) {
    #if canImport(Glibc)
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, Self.backlog) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw Failure("cannot listen on 127.0.0.1: \(errorText())") }
    port = UInt16(bigEndian: address.sin_port)
    try start()
  }

  private func start() throws(Failure) {
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    let context = Unmanaged.passRetained(self).toOpaque()
    // Signals are the main thread's: an alarm here would not interrupt its wait.
    var all = sigset_t()
    var old = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    #if canImport(Glibc)
      let code = pthread_create(&thread, nil, { serve($0) }, context)
    #else
      let code = pthread_create(&thread, nil, { serve($0) }, context)
    #endif
    guard code == 0 else { throw Failure("cannot start a thread: \(String(cString: strerror(code)))") }
  }

  /// Accepts and answers, one connection after the other.
  fileprivate func run() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { continue }
      var patience = timeval(tv_sec: 2, tv_usec: 0)
      setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      answer(connection)
      close(connection)
    }
  }

  private func answer(_ connection: Int32) {
    var request = ""
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !Self.isComplete(request) {
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0, request.utf8.count < Self.requestLimit else { return }
      request += String(decoding: chunk[..<count], as: UTF8.self)
    }
    if request.hasPrefix("POST /api/pull ") { pulled.add(1, ordering: .releasing) }
    let (status, body) = answer(to: request)
    let reply = """
      HTTP/1.1 \(status)\r
      Content-Type: application/json; charset=utf-8\r
      Content-Range: 0-\(SeededStore.cyclesPerModel - 1)/*\r
      Content-Length: \(body.utf8.count)\r
      Connection: close\r
      \r
      \(body)
      """
    var bytes = Array(reply.utf8)
    if send(connection, &bytes, bytes.count, 0) == bytes.count { answered.add(1, ordering: .releasing) }
  }

  /// True once the head is there, and as much after it as it says.
  private static func isComplete(_ request: String) -> Bool {
    let lines = request.split(separator: "\r\n", omittingEmptySubsequences: false)
    guard let end = lines.firstIndex(of: ""), end + 1 < lines.count else { return false }
    let length = lines[..<end].first { $0.lowercased().hasPrefix("content-length:") }
      .flatMap { Int($0.split(separator: " ").last ?? "") }
    return lines[(end + 1)...].joined(separator: "\r\n").utf8.count >= length ?? 0
  }

  /// Status and body for a request, of which the head is enough to know what is wanted.
  private func answer(to request: String) -> (status: String, body: String) {
    switch request.prefix(while: { !$0.isNewline }).split(separator: " ").dropLast().joined(separator: " ") {
    case "GET /api/version": ("200 OK", #"{"version":"0.12.6"}"#)
    case "GET /api/tags":
      (
        "200 OK",
        """
        {"models":[{"name":"bench:0","model":"bench:0","modified_at":"2026-11-23T00:00:00Z","size":1000,\
        "digest":"\(String(repeating: "0a", count: 32))","details":{}}]}
        """
      )
    case "POST /api/pull": ("200 OK", "{\"status\":\"pulling manifest\"}\n{\"status\":\"success\"}\n")
    case let other where other.hasPrefix("POST /api/") || other.hasPrefix("DELETE /api/"): ("200 OK", "")
    case let other where other.hasPrefix("GET "): ("200 OK", rows())
    default: ("201 Created", "")
    }
  }

  private func rows() -> String {
    let now = time(nil)
    let (total, accepted) = (SeededStore.judged, SeededStore.healthy)
    let rate = Double(accepted) / Double(total)
    let rows = (0..<SeededStore.cyclesPerModel).map { cycle in
      """
      {"id":\(cycle + 1),"timestamp":"\(SeededStore.stamp(now - (1 + cycle) * 3600).dropLast())+00:00",\
      "window_minutes":60,"total_events":\(total),"accepted":\(accepted),\
      "rejected":\(total - accepted),"edited":0,"accept_rate":\(rate)}
      """
    }
    return "[" + rows.joined(separator: ",") + "]"
  }
}

/// The thread's body; a global function, so that it belongs to no actor.
private func serve(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context { Unmanaged<StatsServer>.fromOpaque(context).takeUnretainedValue().run() }
  return nil
}
