#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why the control socket did not do what it was asked.
public struct SocketFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it is, for decisions.
  public enum Kind: Sendable, Hashable {
    /// Nobody listens there.
    case notRunning
    /// Somebody listens there already.
    case inUse
    /// The path does not fit into an address.
    case pathTooLong
    /// The socket may not be used, or the other end is not who it has to be.
    case denied
    /// The other end took too long.
    case timedOut
    /// A line is longer than the bound.
    case lineTooLong
    /// The other end closed the connection before it answered.
    case closed
    /// Something else; the text says what.
    case system
  }
  /// What kind it is.
  public var kind: Kind
  /// For people: what happened, where, what to do.
  public var description: String

  /// Makes a failure.
  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// The failure of a call to the system.
  static func system(_ code: Int32, _ what: String, path: String) -> SocketFailure {
    switch code {
    case ENOENT, ECONNREFUSED: SocketFailure(.notRunning, "socket \(path): nobody listens there; start the daemon")
    case EACCES, EPERM:
      SocketFailure(.denied, "socket \(path): \(what): permission denied; be the user whom the daemon runs as")
    case EADDRINUSE: SocketFailure(.inUse, "socket \(path): another process listens there; stop it first")
    case EAGAIN, ETIMEDOUT: SocketFailure(.timedOut, "socket \(path): \(what): the other end takes too long")
    case EPIPE, ECONNRESET: SocketFailure(.closed, "socket \(path): \(what): the other end closed the connection")
    default: SocketFailure(.system, "socket \(path): \(what): \(SystemError.text(code))")
    }
  }
}
