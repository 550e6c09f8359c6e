import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The service manager that started this process and wants to hear how it is: systemd, by the protocol of `sd_notify(3)`.
///
/// Each call is one datagram that never waits. One that is lost is lost: the next says what is so then.
public struct NotifySocket: Sendable {
  /// Bytes of a status text that are sent; it is one line for `systemctl status`.
  static let maximumStatusBytes = 512

  /// What there is to say.
  public enum Word: Sendable, Hashable {
    /// Started, or done with a reload, whether the new configuration was taken or refused.
    case ready
    /// A reload begins; microseconds of the system's monotonic clock, without which systemd waits in vain.
    case reloading(monotonicMicroseconds: Int64)
    /// The drain begins.
    case stopping
    /// What it is doing, in one line.
    case status(String)
    /// It makes progress.
    case alive
    /// What it does now may take this much longer, in microseconds.
    case extendTimeout(microseconds: Int64)
    /// Why it could not start: an error number of the system.
    case failed(code: Int32)

    /// The assignment that goes into the datagram.
    var assignment: String {
      switch self {
      case .ready: "READY=1"
      case .reloading(let now): "RELOADING=1\nMONOTONIC_USEC=\(now)"
      case .stopping: "STOPPING=1"
      case .status(let text): "STATUS=\(Self.line(text))"
      case .alive: "WATCHDOG=1"
      case .extendTimeout(let microseconds): "EXTEND_TIMEOUT_USEC=\(microseconds)"
      case .failed(let code): "ERRNO=\(code)"
      }
    }

    /// One line of at most `maximumStatusBytes`: a second one would be another assignment.
    private static func line(_ text: String) -> String {
      var line = ""
      var bytes = 0
      for scalar in text.unicodeScalars {
        let shown: Unicode.Scalar = scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar
        bytes += UTF8.width(shown)
        if bytes > maximumStatusBytes { return line + "…" }
        line.unicodeScalars.append(shown)
      }
      return line
    }
  }

  /// Where it listens: a path, or a name of Linux's own after `@`.
  let address: String
  /// How often it wants to hear that there is progress, at least; nil where it does not watch.
  public let watchdog: Duration?

  /// The service manager that the environment names; nil where it names none.
  ///
  /// - Parameter process: who asks, as the environment may say that somebody else is watched; nil for this process.
  public init?(environment: [String: String], process: Int32? = nil) {
    guard let address = environment["NOTIFY_SOCKET"], address.first == "/" || address.first == "@",
      address.utf8.count > 1
    else { return nil }
    self.address = address
    let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(process ?? getpid())" } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    watchdog = isForUs && microseconds > 0 ? .microseconds(microseconds) : nil
  }

  /// Says something, all of it in one datagram.
  ///
  /// - Returns: false where it did not arrive.
  @discardableResult
  public func tell(_ words: Word...) -> Bool {
    let text = words.map(\.assignment).joined(separator: "\n")
    let bytes = Array(text.utf8)
    return retraind_send_datagram(address, bytes, bytes.count) == 0
  }

  /// The system's monotonic clock now, for `Word.reloading`.
  public static func monotonicMicroseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
  }
}
