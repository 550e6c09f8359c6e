import CShims
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A client's connection to the control socket, as the handler of its request sees it.
///
/// It ends with `close`, or when nobody holds it any more: a handler that answers at once just returns; one that answers
/// later keeps it.
public final class UnixConnection: Sendable {
  /// User id of the client.
  public let peerUser: UInt32
  /// The socket. It is closed when the object goes, never under a thread that uses it.
  let socket: Descriptor
  /// True once `close` was called.
  private let isClosed = Atomic<Bool>(false)
  /// Orders the lines of several writers.
  private let writing = Guarded<Void>(())
  /// Tells the server that the slot is free.
  private let onEnd: @Sendable (ObjectIdentifier) -> Void

  init(socket: consuming Descriptor, peerUser: UInt32, onEnd: @escaping @Sendable (ObjectIdentifier) -> Void) {
    self.socket = socket
    self.peerUser = peerUser
    self.onEnd = onEnd
  }

  deinit {
    close()
    onEnd(ObjectIdentifier(self))
  }

  /// Sends a line. Blocks, at most `UnixSocketServer.sendBound`, where the client does not read.
  ///
  /// - Returns: false where the client has gone or does not read: there is no use in sending more.
  @discardableResult
  public func send(line: String) -> Bool {
    guard isOpen else { return false }
    let code = writing.withLock { _ in SocketLineWriter.send(line, to: socket.number) }
    // Half a line may have gone out: nothing that followed could be read.
    if code != 0 { close() }
    return code == 0
  }

  /// True while neither end has closed it. Asks the system, so that a long answer may stop when nobody waits for it.
  public var isOpen: Bool {
    if isClosed.load(ordering: .acquiring) { return false }
    var entry = pollfd(fd: socket.number, events: 0, revents: 0)
    return poll(&entry, 1, 0) == 0 || entry.revents & Int16(POLLHUP | POLLERR) == 0
  }

  /// Ends the connection; what was sent still arrives.
  public func close() {
    if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
    _ = shutdown(socket.number, Int32(SHUT_RDWR))
  }
}
