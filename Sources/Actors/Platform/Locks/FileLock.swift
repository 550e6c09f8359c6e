#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An exclusive lock on a file, held until it is released, the object goes, or the process ends in whatever way.
///
/// The lock is the kernel's (flock), so that it is never stale; the process id in the file is for people. The file is
/// never removed: whoever opened it before would lock a file that nobody else sees.
public final class FileLock: Sendable {
  /// Who may take the lock.
  public enum Access: Sendable, Hashable {
    /// The owner of the file: mode 0600.
    case owner
    /// Everybody on the host: mode 0666, for locks that programs of different users share.
    case everyone

    /// The file's mode.
    fileprivate var mode: mode_t { self == .owner ? 0o600 : 0o666 }
  }

  /// How often a file that is replaced under our hands is opened anew.
  private static let maximumAttempts = 8

  /// The locked file.
  public let path: String
  /// Its descriptor, whose closing releases the lock; -1 once that has happened.
  private let descriptor: Guarded<Int32>

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = Guarded(descriptor)
  }

  deinit { release() }

  /// Lets go of the lock; a second time does nothing.
  public func release() {
    descriptor.withLock {
      if $0 >= 0 {
        // A child between its birth and its program holds a copy of every descriptor: closing ours would not do.
        _ = flock($0, LOCK_UN)
        _ = close($0)
      }
      $0 = -1
    }
  }

  /// Whether the file is still the one at its path: where it is not, somebody else may hold what looks like this lock.
  public var isInPlace: Bool { descriptor.withLock { $0 >= 0 && Self.isStill($0, at: path) } }

  /// The process that holds the lock at a path, as the file names it; nil where nobody does, or that cannot be told.
  ///
  /// Asked only where that process lives: to find out, the lock is taken for a moment, which whoever wants it just then
  /// would take for another instance.
  public static func holder(at path: String) -> Int32? {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard number >= 0 else { return nil }
    defer { _ = close(number) }
    guard let process = readProcessID(number), process > 0, kill(process, 0) == 0 || errno == EPERM else { return nil }
    if flock(number, LOCK_SH | LOCK_NB) == 0 {
      _ = flock(number, LOCK_UN)
      return nil
    }
    return errno == EWOULDBLOCK ? process : nil
  }

  /// Takes the lock or says at once why not; never waits.
  public static func acquire(path: String, access: Access = .owner) throws(LockFailure) -> FileLock {
    for _ in 0..<maximumAttempts {
      guard let (number, isWritable) = try openFile(path, access) else { continue }
      do throws(LockFailure) {
        try lock(number, path)
      } catch {
        _ = close(number)
        throw error
      }
      guard isStill(number, at: path) else {
        _ = close(number)
        continue
      }
      if isWritable { writeProcessID(number) }
      return FileLock(path: path, descriptor: number)
    }
    throw .failed("lock \(path): the file is replaced again and again; find out what removes it")
  }

  /// Opens the file, making it where it is missing; nil where it came or went between two looks.
  ///
  /// Opened first and made second: in a directory such as /run/lock the kernel refuses to "create" what another user
  /// made already (fs.protected_regular). A file that may only be read can be locked all the same.
  private static func openFile(_ path: String, _ access: Access) throws(LockFailure) -> (Int32, isWritable: Bool)? {
    let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    var number = open(path, O_RDWR | flags)
    if number < 0 && errno == ENOENT {
      number = open(path, O_RDWR | O_CREAT | O_EXCL | flags, access.mode)
      if number < 0 && errno == EEXIST { return nil }
      if number >= 0 && access == .everyone { _ = fchmod(number, access.mode) }
    }
    var isWritable = number >= 0
    if number < 0 && (errno == EACCES || errno == EROFS) {
      let refusal = errno
      number = open(path, O_RDONLY | flags)
      if number < 0 { errno = refusal }
    }
    if number < 0 { throw failure(errno, path) }
    var status = stat()
    guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      _ = close(number)
      throw .failed("lock \(path): it is no plain file; remove it or choose another place")
    }
    // Somebody may have linked the name to a file of ours that must not be written into.
    if status.st_nlink > 1 { isWritable = false }
    return (number, isWritable)
  }

  private static func lock(_ number: Int32, _ path: String) throws(LockFailure) {
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      if code == EWOULDBLOCK { throw .held(byPID: readProcessID(number)) }
      throw failure(code, path)
    }
  }

  private static func failure(_ code: Int32, _ path: String) -> LockFailure {
    switch code {
    case EACCES, EPERM, EROFS:
      .denied("lock \(path): \(SystemError.text(code)); run as its owner, or choose a place that may be written")
    case ELOOP: .denied("lock \(path): it is a symbolic link, which is not followed; remove it")
    case ENOENT: .failed("lock \(path): its directory does not exist; create it")
    case ENOLCK, ENOTSUP: .unsupported("lock \(path): this file system has no locks; choose a local directory")
    default: .failed("lock \(path): \(SystemError.text(code))")
    }
  }

  /// True where the path still leads to what we locked.
  private static func isStill(_ number: Int32, at path: String) -> Bool {
    var ours = stat()
    var there = stat()
    return fstat(number, &ours) == 0 && lstat(path, &there) == 0 && ours.st_ino == there.st_ino
      && ours.st_dev == there.st_dev
  }

  /// The process that a lock file names: whoever holds the lock, or held it last; nil where it names none.
  public static func processID(at path: String) -> Int32? {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard number >= 0 else { return nil }
    defer { _ = close(number) }
    return readProcessID(number)
  }

  private static func writeProcessID(_ number: Int32) {
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(number, 0) == 0 else { return }
    _ = pwrite(number, text, text.count, 0)
  }

  private static func readProcessID(_ number: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(number, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let digits = bytes.prefix(count).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    return Int32(String(decoding: digits, as: UTF8.self))
  }
}

/// Why a lock was not taken.
public enum LockFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// Somebody else holds it: this process by what the file says, nil where it says nothing.
  case held(byPID: Int32?)
  /// The file may not be opened or made; why and what to do, in words.
  case denied(String)
  /// The file system has no locks; what to do, in words.
  case unsupported(String)
  /// Something else; what and what to do, in words.
  case failed(String)

  /// For people.
  public var description: String {
    switch self {
    case .held(let process?): "another instance holds the lock (process \(process)); stop it first"
    case .held(nil): "another instance holds the lock; stop it first"
    case .denied(let text), .unsupported(let text), .failed(let text): text
    }
  }
}
