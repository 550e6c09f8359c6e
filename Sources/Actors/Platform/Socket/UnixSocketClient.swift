import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A command's end of the control socket.
public enum UnixSocketClient {
  /// Bytes of a line of an answer: the status of very many models is one line.
  public static let maximumLine = 16 << 20

  /// Sends a request and hands over the lines of the answer until the daemon ends it. Blocks: for a program's main
  /// thread or a thread of its own.
  ///
  /// - Parameters:
  ///   - timeout: longest time without a line; nil to wait for as long as it takes.
  ///   - onLine: gets each line as it comes.
  /// - Throws: `SocketFailure`; of kind `notRunning` where nobody listens.
  public static func request(
    path: String, line: String, timeout: Duration? = .seconds(30), onLine: (String) -> Void
  ) throws(SocketFailure) {
    guard let socket = Descriptor(retraind_unix_socket()) else { throw .system(lastError(), "make it", path: path) }
    let number = socket.number
    if let timeout { _ = retraind_set_send_timeout(number, max(1, timeout.wholeMilliseconds)) }
    let code = try UnixSocketPath.with(path) { retraind_unix_connect(number, $0) == 0 ? 0 : lastError() }
    if code != 0 { throw .system(code, "connect", path: path) }
    // A daemon that turns us away answers without reading: its answer is worth more than the broken pipe.
    let sending = SocketLineWriter.send(line, to: number)
    if sending != 0 && sending != EPIPE && sending != ECONNRESET { throw .system(sending, "send", path: path) }
    _ = shutdown(number, Int32(SHUT_WR))
    var reader = SocketLineReader(maximumLine: maximumLine)
    var hasAnswer = false
    while true {
      switch reader.next(from: number, until: timeout.map { .now().advanced(by: $0) }) {
      case .line(let line):
        hasAnswer = true
        onLine(line)
      case .end, .failed(ECONNRESET):
        if hasAnswer { return }
        throw SocketFailure(
          .closed, "socket \(path): the daemon closed the connection without an answer; is it stopping?")
      case .timedOut: throw SocketFailure(.timedOut, "socket \(path): the daemon has not answered in time")
      case .tooLong:
        throw SocketFailure(.lineTooLong, "socket \(path): a line of the answer has over \(maximumLine) bytes")
      case .malformed: throw SocketFailure(.system, "socket \(path): the answer is no UTF-8")
      case .failed(let code): throw .system(code, "read the answer", path: path)
      }
    }
  }
}
