import Glibc
import Platform

/// The service manager's end: a socket that the daemon tells how it is.
final class NotifyListener: Sendable {
  /// Its path, for `NOTIFY_SOCKET`.
  let path: String
  private let descriptor: Int32
  /// What has come, one line for each assignment, oldest first.
  private let received = Guarded<[String]>([])

  /// Listens at a path; nil where that is not possible.
  init?(_ path: String) {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
    }
    if !isBound { return nil }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// Everything that has come so far.
  var lines: [String] {
    var bytes = [UInt8](repeating: 0, count: 8192)
    return received.withLock { lines in
      while true {
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return lines }
        lines += String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").map(String.init)
      }
    }
  }
}
