#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A TCP socket that carries one conversation on 127.0.0.1.
struct Connection: ~Copyable {
  /// The most that is kept of what the other side sends unasked.
  static let maxUnread = 1 << 20

  /// Its descriptor.
  let descriptor: Int32
  /// What has arrived and was not used yet.
  private var unread: [UInt8] = []
  private var isOver = false

  /// Takes over a descriptor.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    Self.prepare(descriptor)
  }

  deinit { close(descriptor) }

  /// Connects to a port of 127.0.0.1; nil where nobody listens.
  static func connected(toPort port: UInt16) -> Connection? {
    let descriptor = Loopback.socket()
    guard descriptor >= 0 else { return nil }
    var address = Loopback.address(port: port)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(descriptor)
      return nil
    }
    return Connection(descriptor: descriptor)
  }

  private static func prepare(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    #if !canImport(Glibc)
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
  }

  /// Sends all of it; false where the other side is gone.
  func send(_ text: String) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let sent = bytes.withUnsafeBytes { buffer in
        #if canImport(Glibc)
          Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        #else
          Darwin.send(descriptor, buffer.baseAddress, buffer.count, 0)
        #endif
      }
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { return false }
      bytes = bytes.dropFirst(sent)
    }
    return true
  }

  /// Waits for more bytes, at most until `deadline` (`nil`: without end). False where the other side is gone.
  mutating func wait(until deadline: Instant?) -> Bool {
    while !isOver {
      var entry = pollfd(descriptor: descriptor)
      let left = deadline.map { $0.millisecondsFromNow }
      let ready = poll(&entry, 1, left ?? -1)
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return true }
      if receive() { return true }
    }
    return false
  }

  /// Waits for a moment and takes in what arrives meanwhile. False as soon as the other side is gone.
  mutating func pause(until deadline: Instant) -> Bool {
    repeat {
      guard wait(until: deadline) else { return false }
    } while deadline.millisecondsFromNow > 0
    return true
  }

  /// Takes what has arrived.
  mutating func takeUnread() -> [UInt8] {
    defer { unread = [] }
    return unread
  }

  /// Gives back what belongs to the next request.
  mutating func putBack(_ bytes: some Sequence<UInt8>) {
    unread = Array(bytes) + unread
  }

  private mutating func receive() -> Bool {
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    let count = recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
    if count > 0 {
      unread += piece[..<count]
      isOver = unread.count > Self.maxUnread
      return !isOver
    }
    isOver = count == 0 || (errno != EAGAIN && errno != EINTR)
    return false
  }

  /// True where the other side of a descriptor has closed it.
  static func isGone(_ descriptor: Int32) -> Bool {
    var entry = pollfd(descriptor: descriptor)
    guard poll(&entry, 1, 0) > 0 else { return false }
    if Int32(entry.revents) & (pollfd.hangUp | Int32(POLLHUP) | Int32(POLLERR)) != 0 { return true }
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
  }
}

extension pollfd {
  #if canImport(Glibc)
    /// The other side has closed, even where unread bytes stand before the end: `POLLRDHUP`, which is hidden.
    static let hangUp: Int32 = 0x2000
  #else
    static let hangUp: Int32 = 0
  #endif

  /// Asks for bytes and for the end.
  init(descriptor: Int32) {
    self.init(fd: descriptor, events: Int16(POLLIN | Self.hangUp), revents: 0)
  }
}

/// The only address that is listened on and connected to.
enum Loopback {
  /// A new TCP socket.
  static func socket() -> Int32 {
    #if canImport(Glibc)
      Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      Darwin.socket(AF_INET, SOCK_STREAM, 0)
    #endif
  }

  /// 127.0.0.1 with a port.
  static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  /// Listens on a port, or on a free one for 0; returns the socket and its port.
  static func listen(port: UInt16) throws(StandInFailure) -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket()
    guard descriptor >= 0 else { throw StandInFailure("no socket: \(lastError())") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = address(port: port)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        guard bind(descriptor, generic, length) == 0 else { return false }
        return getsockname(descriptor, generic, &length) == 0
      }
    }
    #if canImport(Glibc)
      let listening = result && Glibc.listen(descriptor, 64) == 0
    #else
      let listening = result && Darwin.listen(descriptor, 64) == 0
    #endif
    guard listening else {
      let why = lastError()
      close(descriptor)
      throw StandInFailure("cannot listen on 127.0.0.1:\(port): \(why)")
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }
}
