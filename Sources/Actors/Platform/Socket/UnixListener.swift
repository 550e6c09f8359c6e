import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A socket file that somebody listens on. Until a server accepts, clients wait.
public final class UnixListener: Sendable {
  /// Connections that the kernel holds until they are accepted.
  static let backlog: Int32 = 64

  /// Where it is.
  public let path: String
  /// The listening socket.
  private let socket: Descriptor
  /// Device and number of the file, by which it is known to be still ours.
  private let file: (dev_t, ino_t)?

  /// Listens; an old socket file on which nobody answers is replaced.
  public init(path: String, mode: UInt32 = 0o600) throws(SocketFailure) {
    self.path = path
    try Self.clear(path)
    guard let socket = Descriptor(retraind_unix_socket()) else { throw .system(errno, "make it", path: path) }
    #if os(Linux)
      // The file gets this mode at its birth: there is no moment in which others could connect.
      _ = fchmod(socket.number, mode_t(mode))
    #endif
    let number = socket.number
    let code = try UnixSocketPath.with(path) { retraind_unix_bind(number, $0) == 0 ? 0 : errno }
    if code != 0 { throw Self.bindFailure(code, path) }
    guard chmod(path, mode_t(mode)) == 0, listen(number, Self.backlog) == 0 else {
      let code = errno
      _ = unlink(path)
      throw .system(code, "listen", path: path)
    }
    // A client that goes between poll and accept must not make the accept wait for the next one.
    _ = retraind_set_blocking(number, 0)
    self.socket = socket
    file = Self.identity(path)
  }

  /// The listening socket's descriptor.
  var number: Int32 { socket.number }

  /// Whether the file is still ours: somebody may have removed it, and then no client finds this.
  public var isInPlace: Bool {
    guard let file, let there = Self.identity(path) else { return false }
    return there == file
  }

  /// Removes the file where it is still ours, and lets nobody in any more.
  public func remove() {
    _ = shutdown(number, Int32(SHUT_RDWR))
    if isInPlace { _ = unlink(path) }
  }

  /// Removes an old socket file on which nobody answers.
  private static func clear(_ path: String) throws(SocketFailure) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw SocketFailure(.inUse, "socket \(path): there is a file of another kind; remove it or choose another place")
    }
    guard let probe = Descriptor(retraind_unix_socket()) else { throw .system(errno, "make it", path: path) }
    let number = probe.number
    // A listener whose backlog is full would make this wait: it is somebody.
    _ = retraind_set_blocking(number, 0)
    let code = try UnixSocketPath.with(path) { retraind_unix_connect(number, $0) == 0 ? 0 : errno }
    guard code == ECONNREFUSED else {
      if code == EACCES { throw .system(code, "replace it", path: path) }
      throw SocketFailure(.inUse, "socket \(path): another process listens there; stop it first")
    }
    if unlink(path) != 0 && errno != ENOENT { throw .system(errno, "replace it", path: path) }
  }

  private static func bindFailure(_ code: Int32, _ path: String) -> SocketFailure {
    if code == ENOENT { return SocketFailure(.system, "socket \(path): its directory does not exist; create it") }
    if code == EROFS {
      return SocketFailure(
        .denied, "socket \(path): its file system is mounted read-only; mount it for writing, or choose another place")
    }
    return .system(code, "make it", path: path)
  }

  private static func identity(_ path: String) -> (dev_t, ino_t)? {
    var status = stat()
    return lstat(path, &status) == 0 ? (status.st_dev, status.st_ino) : nil
  }
}
