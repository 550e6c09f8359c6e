#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads files of which a bound is known, so that a wrong path to something huge or endless costs little.
public enum BoundedFile {
  /// Whether there is something at a path.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The first bytes of a regular file. Blocks on the disk.
  ///
  /// - Parameter maximum: bytes that are read at most.
  public static func read(_ path: String, maximum: Int) -> Result<[UInt8], FileFailure> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return .failure(FileFailure(errno, "read", path)) }
    defer { _ = close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .failure(FileFailure(errno, "read", path)) }
    if status.st_mode & S_IFMT == S_IFDIR { return .failure(FileFailure(EISDIR, "read", path)) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(maximum, 65_536))
    while bytes.count < maximum {
      let wanted = min(buffer.count, maximum - bytes.count)
      let count = buffer.withUnsafeMutableBytes { readOnce(descriptor, $0.baseAddress, wanted) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .failure(FileFailure(errno, "read", path)) }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return .success(bytes)
  }

  /// `read(2)`, whose name this type's own function hides.
  private static func readOnce(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, bytes, count)
    #elseif canImport(Musl)
      Musl.read(descriptor, bytes, count)
    #else
      Darwin.read(descriptor, bytes, count)
    #endif
  }
}
