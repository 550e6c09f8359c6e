import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file that the log goes to. Used by the log's own thread alone.
struct LogFile: ~Copyable {
  /// Mode of a new file: people of the group may read, others not.
  static let mode: mode_t = 0o640
  /// Mode of a new directory above it.
  static let directoryMode: mode_t = 0o750

  /// Where it is.
  let path: String
  /// The open file; nil before the first line, and while it cannot be opened.
  private var descriptor: Descriptor?

  /// A file that is opened at the first write.
  init(path: String) {
    self.path = path
    descriptor = nil
  }

  /// Lets go of the file, so that the next write opens the path anew.
  mutating func close() { descriptor = nil }

  /// Opens the file where it is not; an error number, or 0.
  mutating func open() -> Int32 {
    if isOpen { return 0 }
    // Not blocking: a pipe that nobody reads would hold the log's thread for good.
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    var number = openFile(path, flags)
    if number < 0 && errno == ENOENT {
      makeDirectories()
      number = openFile(path, flags)
    }
    let code = errno
    descriptor = Descriptor(number)
    if number >= 0, !Self.takesLines(number) {
      descriptor = nil
      return EINVAL
    }
    return number < 0 ? code : 0
  }

  /// Writes from the front of the bytes and takes away what was written; an error number, or 0 where all of it was.
  mutating func write(_ bytes: inout [UInt8]) -> Int32 {
    let code = open()
    if code != 0 { return code }
    let failure = DescriptorWriter.write(&bytes, to: number)
    if failure != 0 { descriptor = nil }
    return failure
  }

  /// False for pipes, sockets and disks: lines would be lost or do damage. /dev/null is as good as a file.
  private static func takesLines(_ number: Int32) -> Bool {
    var information = stat()
    guard fstat(number, &information) == 0 else { return false }
    return [S_IFREG, S_IFCHR].contains(information.st_mode & S_IFMT)
  }

  private var isOpen: Bool { number >= 0 }

  private var number: Int32 {
    switch descriptor {
    case .some(let descriptor): descriptor.number
    case .none: -1
    }
  }

  private func openFile(_ path: String, _ flags: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.open(path, flags, Self.mode)
    #elseif canImport(Musl)
      Musl.open(path, flags, Self.mode)
    #else
      Darwin.open(path, flags, Self.mode)
    #endif
  }

  private func makeDirectories() {
    var index = path.startIndex
    while let slash = path[index...].firstIndex(of: "/") {
      if slash > path.startIndex { _ = mkdir(String(path[..<slash]), Self.directoryMode) }
      index = path.index(after: slash)
    }
  }
}

/// Writes to a descriptor as far as it goes.
enum DescriptorWriter {
  /// How long a descriptor that somebody made non-blocking may stay full before it counts as failed.
  static let fullBound: Int32 = 1000

  /// Takes what was written away from the front; an error number, or 0 where all of it was written.
  static func write(_ bytes: inout [UInt8], to number: Int32) -> Int32 {
    var written = 0
    var failure: Int32 = 0
    while written < bytes.count && failure == 0 {
      let count = bytes.withUnsafeBytes { raw -> Int in
        let rest = UnsafeRawBufferPointer(rebasing: raw[written...])
        return writeOnce(number, rest)
      }
      if count > 0 {
        written += count
      } else if count == 0 {
        failure = EIO
      } else if errno == EAGAIN {
        var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        if poll(&entry, 1, fullBound) == 0 { failure = EAGAIN }
      } else if errno != EINTR {
        failure = errno
      }
    }
    bytes.removeFirst(written)
    return failure
  }

  /// Writes once; what write(2) returns.
  static func writeOnce(_ number: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(number, bytes.baseAddress, bytes.count)
  }

  private static func write(_ number: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    guard let start else { return 0 }
    #if canImport(Glibc)
      return Glibc.write(number, start, count)
    #elseif canImport(Musl)
      return Musl.write(number, start, count)
    #else
      return Darwin.write(number, start, count)
    #endif
  }
}
