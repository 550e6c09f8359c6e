import CShims

/// Paths of sockets that are longer than an address has room for (107 bytes on Linux, 103 on Darwin).
enum UnixSocketPath {
  /// Hands a path that fits to the body: the path itself, or on Linux one through a handle on its directory, so that a
  /// state directory may lie as deep as it likes.
  static func with<Value>(_ path: String, _ body: (String) -> Value) throws(SocketFailure) -> Value {
    let limit = Int(retraind_unix_path_limit())
    // An empty path would be one of Linux's nameless addresses, which anybody may connect to.
    if path.isEmpty || path.utf8.contains(0) {
      throw SocketFailure(.system, "the path of the socket is empty or contains a NUL character")
    }
    if path.utf8.count <= limit { return body(path) }
    #if os(Linux)
      let slash = path.lastIndex(of: "/")
      let directory = slash.map { String(path[...$0]) } ?? "."
      let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
      guard let handle = Descriptor(retraind_open_directory(directory)) else {
        throw .system(lastError(), "open its directory", path: path)
      }
      let short = "/proc/self/fd/\(handle.number)/\(name)"
      if short.utf8.count <= limit { return body(short) }
    #endif
    throw SocketFailure(
      .pathTooLong,
      "socket \(path): its path has \(path.utf8.count) bytes, and \(limit) fit; choose a shorter state directory")
  }
}
