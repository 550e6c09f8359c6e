#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The stream into the system's journal that a service manager gave to this process, as `JOURNAL_STREAM` names it.
///
/// The variable alone says nothing: it is inherited by whoever is started with standard error in a file or a pipe of
/// its own. Only where it names what the descriptor leads to does the journal read it.
public struct JournalStream: Sendable, Hashable {
  /// The device that it is on.
  let device: UInt64
  /// Its number there.
  let inode: UInt64

  /// Reads `device:inode`, both decimal; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 2, let device = Self.number(parts[0]), let inode = Self.number(parts[1]) else { return nil }
    self.device = device
    self.inode = inode
  }

  /// Whether a descriptor leads to it.
  public func isBehind(_ descriptor: Int32) -> Bool {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { return false }
    return UInt64(truncatingIfNeeded: information.st_dev) == device
      && UInt64(truncatingIfNeeded: information.st_ino) == inode
  }

  /// Whether standard error of a process with this environment is the system's journal.
  public static func isStandardError(_ environment: [String: String], descriptor: Int32 = 2) -> Bool {
    environment["JOURNAL_STREAM"].flatMap { JournalStream($0) }?.isBehind(descriptor) ?? false
  }

  /// Digits only: `Int` would take a sign, too.
  private static func number(_ text: Substring) -> UInt64? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt64(text) : nil
  }
}
