#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Reads the files of a configuration from the disk: bounded, and only what cannot make the daemon wait.
enum ConfigurationFile {
  /// Bytes that are read of a file: one more than is allowed, so that the reader of the text sees that it is too much.
  static let maximumSize = JSON5Scanner.maximumSize + 1
  /// Bytes of one read.
  private static let chunk = 64 * 1024

  /// Reads a file. A pipe or a device is refused: a reload must not wait for whoever writes to it.
  static func read(_ path: String) -> FileReadResult {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      return code == ENOENT || code == ENOTDIR ? .absent : .failed(reason(code))
    }
    defer { _ = close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { return .failed(reason(errno)) }
    switch information.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: return .failed("it is a directory")
    default: return .failed("it is no regular file")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: chunk)
    while bytes.count < maximumSize {
      let wanted = min(chunk, maximumSize - bytes.count)
      let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, wanted) }
      if count < 0 {
        if errno == EINTR { continue }
        return .failed(reason(errno))
      }
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return .contents(bytes, isOpenToAll: information.st_mode & S_IROTH != 0)
  }

  /// `read(2)`, which the method above hides.
  private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, buffer, count)
    #elseif canImport(Musl)
      Musl.read(descriptor, buffer, count)
    #else
      Darwin.read(descriptor, buffer, count)
    #endif
  }

  /// The system's words for an error.
  private static func reason(_ code: Int32) -> String {
    switch code {
    case EACCES, EPERM: "permission denied"
    case EISDIR: "it is a directory"
    case ELOOP: "too many symbolic links"
    case ENAMETOOLONG: "its name is too long"
    case ENXIO, ENODEV: "it is no regular file"
    case EMFILE, ENFILE: "too many files are open"
    case EIO: "the disk reports an error"
    default: "error \(code)"
    }
  }
}
