#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that readers see whole or not at all: written beside its place, synced, then renamed over it.
public enum AtomicFile {
  /// Replaces the file. Blocks on the disk.
  ///
  /// - Parameter mode: of a new file, less the umask.
  /// - Throws: `FileFailure`.
  public static func write(_ text: String, to path: String, mode: UInt32) throws(FileFailure) {
    let temporary = "\(path).\(getpid()).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
    guard descriptor >= 0 else { throw FileFailure(errno, "written", temporary) }
    var failure: FileFailure?
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write_(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        failure = FileFailure(errno, "written", temporary)
        break
      }
      bytes = bytes.dropFirst(count)
    }
    if failure == nil, fsync(descriptor) != 0 { failure = FileFailure(errno, "written", temporary) }
    _ = close(descriptor)
    if failure == nil, rename(temporary, path) != 0 { failure = FileFailure(errno, "replaced", path) }
    if let failure {
      _ = unlink(temporary)
      throw failure
    }
  }

  /// `write(2)`, whose name this type's own function hides.
  private static func write_(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes, count)
    #else
      Darwin.write(descriptor, bytes, count)
    #endif
  }
}

/// A file that could not be read or written.
public struct FileFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The error number.
  public var code: Int32
  /// The file or directory.
  public var path: String
  /// For people: what, where, why.
  public var description: String

  /// From an error number.
  init(_ code: Int32, _ verb: String, _ path: String) {
    self.code = code
    self.path = path
    description = "\(path) could not be \(verb): \(SystemError.text(code))"
  }
}
