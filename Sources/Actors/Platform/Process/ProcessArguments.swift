#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The words that this process was started with.
public enum ProcessArguments {
  /// Bytes that are read of them: the kernel's own bound is an eighth of the smallest stack, 2 MiB by default.
  static let maximumBytes = 8 << 20

  /// The words behind the program's name.
  ///
  /// - Parameter own: all words as Swift found them.
  ///
  /// On Linux the Swift runtime looks for them on the stack, from the environment backwards, and finds none where a
  /// library that is loaded first has moved the environment with `setenv`. The kernel knows them.
  public static func current(_ own: [String]) -> [String] {
    if own.count > 1 { return Array(own.dropFirst()) }
    #if os(Linux)
      return Array(words(in: read("/proc/self/cmdline")).dropFirst())
    #else
      return []
    #endif
  }

  /// The words in what the kernel shows: each ends with a zero byte.
  static func words(in bytes: [UInt8]) -> [String] {
    var pieces = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    return pieces.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func read(_ path: String) -> [UInt8] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return [] }
    defer { _ = close(number) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < maximumBytes {
      #if canImport(Glibc)
        let count = Glibc.read(number, &buffer, buffer.count)
      #elseif canImport(Musl)
        let count = Musl.read(number, &buffer, buffer.count)
      #else
        let count = Darwin.read(number, &buffer, buffer.count)
      #endif
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
    }
    return bytes
  }
}
