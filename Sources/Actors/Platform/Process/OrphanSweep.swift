#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ends children that outlived the process that started them: it was killed, and nobody could end them.
///
/// Each child carries its owner in its environment. Whoever holds the owner's lock knows that any process with that mark
/// is an orphan. Linux only: elsewhere the service manager ends a job with all its processes.
public enum OrphanSweep {
  /// The variable with the owner.
  public static let variable = "RETRAIND_OWNER"
  /// Time from SIGTERM to SIGKILL.
  static let grace: Int32 = 2_000
  /// Pause between two looks, in milliseconds.
  static let pause: Int32 = 20
  /// Bytes of a process's environment that are read; the mark is looked for in them.
  static let maximumEnvironment = 1 << 20

  /// Ends the process groups of an owner's orphans and returns their ids. Blocks for up to the grace.
  ///
  /// - Parameter owner: what the children's mark says; the caller holds the lock that makes it the only owner.
  public static func end(owner: String) -> [Int32] {
    #if os(Linux)
      let groups = find(owner: owner)
      guard !groups.isEmpty else { return [] }
      for group in groups { signal(group, SIGTERM) }
      var waited: Int32 = 0
      while waited < grace, !find(owner: owner).isEmpty {
        _ = poll(nil, 0, pause)
        waited += pause
      }
      for group in find(owner: owner) { signal(group, SIGKILL) }
      return groups.sorted()
    #else
      return []
    #endif
  }

  #if os(Linux)
    private static func signal(_ group: Int32, _ number: Int32) {
      _ = kill(-group, number)
      _ = kill(-group, SIGCONT)
    }

    /// Groups, other than our own, that a living process with the mark belongs to.
    private static func find(owner: String) -> Set<Int32> {
      guard let directory = opendir("/proc") else { return [] }
      defer { closedir(directory) }
      let mark = Array("\(variable)=\(owner)\0".utf8)
      let own = getpgrp()
      var groups: Set<Int32> = []
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard let process = Int32(name), process != getpid(), carries(mark, process) else { continue }
        let group = getpgid(process)
        if group > 1, group != own { groups.insert(group) }
      }
      return groups
    }

    /// A zombie has no environment any more, so that only living processes carry a mark.
    private static func carries(_ mark: [UInt8], _ process: Int32) -> Bool {
      let descriptor = open("/proc/\(process)/environ", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return false }
      defer { _ = close(descriptor) }
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while bytes.count < maximumEnvironment {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { break }
        bytes += buffer[..<count]
      }
      return bytes.split(separator: 0).contains { $0.elementsEqual(mark.dropLast()) }
    }
  #endif
}
