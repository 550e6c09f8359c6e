#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a process or its host runs out of for a while: descriptors, processes, threads, memory. Whoever failed for want
/// of it may try again later; nobody else is to blame.
public enum Shortage {
  /// True for an error number that says so.
  public static func isMeant(by code: Int32) -> Bool {
    switch code {
    case EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS: true
    default: false
    }
  }

  /// The error number of a file that cannot be opened for want of a descriptor now; nil where one can. For a library that
  /// says only that something failed.
  static func ofDescriptors() -> Int32? {
    let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard descriptor < 0 else {
      close(descriptor)
      return nil
    }
    return errno == EMFILE || errno == ENFILE ? errno : nil
  }

  /// In words, with what to do.
  static func words(_ code: Int32) -> String {
    switch code {
    case EMFILE, ENFILE: "\(SystemError.text(code)); look at ulimit -n"
    case EAGAIN, ENOMEM: "\(SystemError.text(code)); look at ulimit -u, ulimit -v and free memory"
    default: SystemError.text(code)
    }
  }
}
