#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Finds out when a daemon is ready: by its `READY=1`, as systemd would, or by the line in its log.
struct Readiness: ~Copyable {
  /// The datagram socket that `NOTIFY_SOCKET` names.
  private let socket: Int32
  /// Its path.
  let path: String

  /// Longest wait for a start.
  static let limit: Duration = .seconds(30)
  /// How long `READY=1` may come after the log line before the line is taken instead.
  static let notifyGrace: Duration = .seconds(1)
  /// What the log of either daemon says at start.
  static let logLine = "monitor started"

  /// Binds a socket in a directory.
  init(in directory: String) throws(Failure) {
    path = directory + "/notify.sock"
    unlink(path)
    #if canImport(Glibc)
      socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
      socket = Darwin.socket(AF_UNIX, SOCK_DGRAM, 0)
    #endif
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw Failure("\(path) is too long for a socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw Failure("cannot bind \(path): \(errorText())") }
  }

  deinit {
    close(socket)
    unlink(path)
  }

  /// How a daemon showed that it is ready.
  enum Sign: String {
    /// `READY=1` on the socket.
    case notify = "READY=1"
    /// The line in the log.
    case log = "log line"
  }

  /// Waits until the child is ready; its start counts from before the spawn.
  func wait(for child: ChildProcess, log: String, expectsNotify: Bool) throws(Failure) -> (took: Duration, by: Sign) {
    let end = child.begin + Self.limit
    var logged: ContinuousClock.Instant?
    while ContinuousClock.now < end {
      if hasReady() { return (child.begin.duration(to: .now), .notify) }
      if logged == nil, contents(of: log).contains(Self.logLine) { logged = .now }
      if let logged, !expectsNotify || logged.duration(to: .now) > Self.notifyGrace {
        return (child.begin.duration(to: logged), .log)
      }
      guard kill(child.pid, 0) == 0 else { break }
    }
    _ = try? child.stop()
    throw Failure("process \(child.pid) did not become ready within \(Self.limit)\n\(child.shownErrors)")
  }

  /// Waits a millisecond at most; true where a datagram that says READY=1 came.
  private func hasReady() -> Bool {
    var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, 1) > 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(socket, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    return String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").contains("READY=1")
  }
}
