import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The number of the last error of this thread.
func lastError() -> Int32 { errno }

/// Reads lines from a socket, each bounded in length and in time.
struct SocketLineReader: Sendable {
  /// Bytes read at once.
  static let readSize = 16_384

  /// What a read came to.
  enum Outcome: Sendable, Hashable {
    /// A line, without its end.
    case line(String)
    /// The other end is done.
    case end
    /// The line is longer than the bound.
    case tooLong
    /// The bytes are no UTF-8.
    case malformed
    /// Nothing more came in time.
    case timedOut
    /// An error number.
    case failed(Int32)
  }

  /// The longest line, in bytes.
  let maximumLine: Int
  /// What has been read and not handed out.
  private var held: [UInt8] = []
  /// Bytes of it that are known to hold no newline.
  private var searched = 0

  /// A reader that has read nothing.
  init(maximumLine: Int) { self.maximumLine = maximumLine }

  /// The next line; blocks until the moment at most, for ever where it is nil.
  mutating func next(from number: Int32, until deadline: MonotonicMoment?) -> Outcome {
    while true {
      if let newline = held[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = held[..<newline]
        searched = 0
        defer { held.removeSubrange(...newline) }
        return line.count > maximumLine ? .tooLong : Self.text(line)
      }
      searched = held.count
      if held.count > maximumLine { return .tooLong }
      var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      let ready = poll(&entry, 1, deadline?.pollTimeout() ?? -1)
      if ready == 0 { return .timedOut }
      if ready < 0 {
        if errno == EINTR { continue }
        return .failed(errno)
      }
      var buffer = [UInt8](repeating: 0, count: Self.readSize)
      let count = recv(number, &buffer, buffer.count, 0)
      if count > 0 {
        held.append(contentsOf: buffer.prefix(count))
      } else if count == 0 {
        if held.isEmpty { return .end }
        // A last line without its end, as `printf status | nc -U` sends it.
        let line = held[...]
        held = []
        searched = 0
        return Self.text(line)
      } else if errno != EINTR {
        return errno == EAGAIN ? .timedOut : .failed(errno)
      }
    }
  }

  private static func text(_ line: ArraySlice<UInt8>) -> Outcome {
    let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    return String(validating: line, as: UTF8.self).map { .line($0) } ?? .malformed
  }
}

/// Writes lines to a socket.
enum SocketLineWriter {
  /// Sends a line with its end; an error number, or 0. A newline within it would be a second line: it becomes a space.
  static func send(_ line: String, to number: Int32) -> Int32 {
    var bytes = line.utf8.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }
    bytes.append(UInt8(ascii: "\n"))
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { raw -> Int in
        let rest = UnsafeRawBufferPointer(rebasing: raw[sent...])
        return retraind_send(number, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        sent += count
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
