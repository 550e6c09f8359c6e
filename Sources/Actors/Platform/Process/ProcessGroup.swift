import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A process group of ours.
struct ProcessGroup: Sendable {
  /// Longest pause between two looks whether the group is gone.
  static let longestPause: Int32 = 500
  /// Looks before /proc is asked, which is slow but tells a dead process that nobody reaped from a living one.
  static let quickLooks = 5

  /// Id of the group, which is the id of its leader.
  let id: pid_t

  /// Sends a signal to all of it.
  func send(_ signal: Int32) { _ = kill(-id, signal) }

  /// Blocks until nothing of the group lives. To be called after the leader was reaped and the group killed.
  ///
  /// A process that sits in an uninterruptible system call outlives SIGKILL; this waits for it, because whoever is told
  /// that the group is gone starts the next one. The group's number cannot be given to another while a member lives.
  func waitUntilGone() {
    var pause: Int32 = 1
    var looks = 0
    while true {
      reapAdopted()
      if kill(-id, 0) != 0 && errno == ESRCH { return }
      looks += 1
      if looks > Self.quickLooks && !hasLivingMember() { return }
      _ = poll(nil, 0, pause)
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// Reaps members that became our own children because we are process 1 of a container.
  private func reapAdopted() {
    var status: Int32 = 0
    while waitpid(-id, &status, WNOHANG) > 0 {}
  }

  #if os(Linux)
    /// True where a member is neither dead nor a zombie.
    private func hasLivingMember() -> Bool {
      guard let directory = opendir("/proc") else { return false }
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
          String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard let process = pid_t(name), let member = Self.state(of: process), member.group == id else { continue }
        if member.state != "Z" && member.state != "X" { return true }
      }
      return false
    }

    /// State and group of a process, out of the fields behind its name in `/proc/N/stat`.
    private static func state(of process: pid_t) -> (state: Substring, group: pid_t)? {
      guard let file = Descriptor(open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)) else { return nil }
      var buffer = [UInt8](repeating: 0, count: 1024)
      let count = read(file.number, &buffer, buffer.count)
      guard count > 0 else { return nil }
      let text = String(decoding: buffer.prefix(count), as: UTF8.self)
      guard let name = text.lastIndex(of: ")") else { return nil }
      let fields = text[text.index(after: name)...].split(separator: " ", maxSplits: 3)
      guard fields.count >= 3, let group = pid_t(fields[2]) else { return nil }
      return (fields[0], group)
    }
  #else
    /// launchd reaps at once, so that whatever is left lives.
    private func hasLivingMember() -> Bool { true }
  #endif
}
