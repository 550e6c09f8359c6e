#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Standard error as a place for lines. It may be a pipe that nobody reads: it gets what it takes soon, and what it does
/// not take is dropped and counted, with a line that tells so when it takes lines again. Used by the log's own thread
/// alone.
struct LogEcho {
  /// How long a batch of lines waits for a reader. One that has let a batch go is not waited for until it reads again.
  static let patience: Duration = .milliseconds(500)
  /// Bytes written at once: a pipe that is ready takes so many without blocking (PIPE_BUF).
  #if os(Linux)
    static let pieceBytes = 4096
  #else
    static let pieceBytes = 512
  #endif

  /// The descriptor.
  private let number: Int32
  /// True while nobody reads.
  private var isStuck = false
  /// True where the last that was written does not end a line.
  private var isMidLine = false
  /// Lines dropped that no line has told of.
  private var untold = 0

  /// Lines for a descriptor.
  init(_ number: Int32) { self.number = number }

  /// Writes lines as far as they are taken.
  ///
  /// - Parameter lossLine: makes the line that tells how many are missing, and why.
  /// - Returns: an error number, or 0; and the lines that were dropped because nobody reads.
  mutating func write(_ lines: [UInt8], lossLine: (Int, String) -> [UInt8]) -> (code: Int32, dropped: Int) {
    let deadline = MonotonicMoment.now().advanced(by: isStuck ? .zero : Self.patience)
    if untold > 0 {
      var notice = isMidLine ? [UInt8(ascii: "\n")] : []
      notice += lossLine(untold, "nobody read standard error")
      if put(notice[...], until: deadline) == 0 { untold = 0 }
    }
    var rest = lines[...]
    let code = untold > 0 ? EAGAIN : put(&rest, until: deadline)
    isStuck = code == EAGAIN
    guard isStuck else { return (code, 0) }
    let dropped = rest.count { $0 == UInt8(ascii: "\n") }
    untold += dropped
    return (code, dropped)
  }

  private mutating func put(_ bytes: ArraySlice<UInt8>, until deadline: MonotonicMoment) -> Int32 {
    var bytes = bytes
    return put(&bytes, until: deadline)
  }

  /// Takes what was written away from the front; an error number, EAGAIN where nobody reads, or 0.
  private mutating func put(_ bytes: inout ArraySlice<UInt8>, until deadline: MonotonicMoment) -> Int32 {
    if number < 0 { return EBADF }
    while !bytes.isEmpty {
      var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      let ready = poll(&entry, 1, deadline.pollTimeout())
      if ready == 0 { return EAGAIN }
      if ready < 0 {
        if errno == EINTR { continue }
        return errno
      }
      let piece = Self.piece(of: bytes)
      let count = piece.withUnsafeBytes { DescriptorWriter.writeOnce(number, $0) }
      if count > 0 {
        isMidLine = piece.prefix(count).last != UInt8(ascii: "\n")
        bytes = bytes.dropFirst(count)
      } else if count == 0 {
        return EIO
      } else if errno == EAGAIN {
        // Made non-blocking by somebody, and ready for less than a piece.
        if deadline.pollTimeout() == 0 { return EAGAIN }
        _ = poll(nil, 0, 1)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// What is written at once: whole lines where they fit.
  private static func piece(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let piece = bytes.prefix(pieceBytes)
    guard let newline = piece.lastIndex(of: UInt8(ascii: "\n")) else { return piece }
    return piece[...newline]
  }
}

/// What the log's thread writes to.
struct LogSinks: ~Copyable {
  /// The file; without a path where there is none.
  var file: LogFile
  /// What the file has still to take.
  var backlog = LogBacklog()
  /// Standard error.
  var echo: LogEcho
}
