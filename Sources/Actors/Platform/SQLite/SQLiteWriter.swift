#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Who keeps others from writing a database. Looked up in the system's table of locks: nothing is locked, written or made
/// for it.
///
/// Only for a process that has the file not open yet: the system takes a process's locks on a file away when it closes
/// any descriptor of it.
public enum SQLiteWriter {
  /// A lock that is held.
  public struct Holder: Sendable, Hashable {
    /// The process; nil where the system does not name it.
    public var process: Int32?

    /// Somebody who holds a lock.
    public init(process: Int32?) { self.process = process }
  }

  /// Where the right to write the log lies in its index (`WAL_WRITE_LOCK`).
  private static let logWriter: (start: off_t, length: off_t) = (120, 1)
  /// Where the rights to write the file itself lie: pending, reserved, and the range of those who read it.
  private static let fileWriters: (start: off_t, length: off_t) = (0x4000_0000, 512)

  /// Who writes the database at this moment, or holds its lock without writing; nil where nobody does.
  public static func now(path: String) -> Holder? {
    holder(path: path + "-shm", logWriter, wants: Int16(F_WRLCK))
      ?? holder(path: path, fileWriters, wants: Int16(F_RDLCK))
  }

  private static func holder(path: String, _ range: (start: off_t, length: off_t), wants: Int16) -> Holder? {
    guard let descriptor = Descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) else { return nil }
    var lock = flock()
    lock.l_type = wants
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = range.start
    lock.l_len = range.length
    guard fcntl(descriptor.number, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return nil }
    return Holder(process: lock.l_pid > 0 ? lock.l_pid : nil)
  }
}
