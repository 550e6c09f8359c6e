import Glibc

@testable import Platform

/// A TCP server on loopback whose every connection is played by a closure on a thread of its own.
final class ScriptedServer: Sendable {
  /// One accepted connection. Used by the one thread that plays it.
  struct Connection: Sendable {
    /// Which connection it is, from 0.
    let number: Int
    /// Its socket.
    let socket: Int32

    /// Reads a request: its head, and as much body as it announces. nil at the end of the connection.
    func readRequest() -> String? {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        if let end = Self.headEnd(bytes) {
          let head = String(decoding: bytes[..<end], as: UTF8.self)
          let length =
            head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
          if bytes.count >= end + length { return String(decoding: bytes, as: UTF8.self) }
        }
        let count = read(socket, &buffer, buffer.count)
        guard count > 0 else { return nil }
        bytes += buffer[..<count]
      }
    }

    /// Sends all of a text.
    func write(_ text: String) {
      let bytes = Array(text.utf8)
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return }
        sent += count
      }
    }

    /// Waits until the peer closes.
    func waitForEnd() {
      var buffer = [UInt8](repeating: 0, count: 4096)
      while read(socket, &buffer, buffer.count) > 0 {}
    }

    /// Sends a text over and over until the peer closes.
    func trickle(_ text: String, everyMilliseconds milliseconds: Int32) {
      var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      while poll(&watched, 1, milliseconds) == 0 { write(text) }
    }

    /// Sends a whole answer.
    func answer(_ body: String, status: String = "200 OK", headers: String = "") {
      write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Where the head ends.
    private static func headEnd(_ bytes: [UInt8]) -> Int? {
      guard bytes.count >= 4 else { return nil }
      for index in 0...(bytes.count - 4) where bytes[index..<(index + 4)].elementsEqual([13, 10, 13, 10]) {
        return index + 4
      }
      return nil
    }
  }

  /// The port.
  let port: UInt16
  /// The socket that listens.
  private let listener: Int32
  /// Connections accepted so far.
  private let accepted = Guarded(0)

  /// How many connections came.
  var connections: Int { accepted.withLock { $0 } }

  /// What requests begin with.
  var url: String { "http://127.0.0.1:\(port)" }

  /// Listens on a free port of loopback; `play` is done with a connection when it returns.
  init(_ play: @escaping @Sendable (Connection) -> Void) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(bind(listener, $0, length) == 0 && listen(listener, 512) == 0, "no port for a test server")
        getsockname(listener, $0, &length)
      }
    }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    // Holds the server until `stop`: a test that last names it in a URL still needs it.
    thread { [self] in
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else { return }
        let number = accepted.withLock { count in
          defer { count += 1 }
          return count
        }
        thread {
          play(Connection(number: number, socket: socket))
          shutdown(socket, Int32(SHUT_RDWR))
          close(socket)
        }
      }
    }
  }

  /// Listens no more. The port stays bound, so that nobody else gets it while the test runs.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  deinit { close(listener) }
}

/// An event that a thread tells and a test waits for.
final class HTTPEvent: Sendable {
  /// Who tells, and what is waited for.
  private let stream: AsyncStream<Void>
  /// The other end.
  private let told: AsyncStream<Void>.Continuation

  init() { (stream, told) = AsyncStream.makeStream(of: Void.self) }

  /// Tells.
  func tell() {
    told.yield()
    told.finish()
  }

  /// Waits until it is told.
  func wait() async { for await _ in stream { return } }
}

/// Runs a body on a thread of its own.
private func thread(_ body: @escaping @Sendable () -> Void) {
  final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread: pthread_t = 0
  pthread_create(
    &thread, nil,
    { argument in
      guard let argument else { return nil }
      Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, Unmanaged.passRetained(Start(body)).toOpaque())
  pthread_detach(thread)
}
