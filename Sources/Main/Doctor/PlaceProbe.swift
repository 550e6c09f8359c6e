import Actors
import Platform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Looks at files and directories; makes nothing. Blocks on the disk.
enum PlaceProbe {
  /// A file's place.
  ///
  /// - Parameter hasLog: whether a database's log may lie beside it.
  static func look(at path: String, hasLog: Bool) -> PlaceFacts {
    var directory = StatePaths.directory(of: path)
    let own = directory
    var found = status(of: directory)
    // Up to what exists: the root does.
    while found.kind == .absent, directory != "/", directory != "." {
      directory = StatePaths.directory(of: directory)
      found = status(of: directory)
    }
    let file = status(of: path)
    var facts = PlaceFacts(
      path: path, kind: file.kind, isWritable: access(path, W_OK) == 0, isOpenToOthers: file.mode & 0o077 != 0,
      size: file.size, directory: directory, directoryKind: found.kind, hasDirectory: directory == own,
      isDirectoryWritable: access(directory, W_OK | X_OK) == 0, isDirectoryOpenToAll: found.mode & 0o002 != 0,
      directoryOwner: found.owner, user: geteuid(), free: nil,
      isReadOnly: access(directory, W_OK) != 0 && errno == EROFS)
    var disk = statvfs()
    if statvfs(directory, &disk) == 0 {
      let (bytes, isHuge) = UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize))
      facts.free = isHuge ? .max : Int64(clamping: bytes)
    }
    if hasLog { facts.walSize = status(of: path + "-wal").size }
    return facts
  }

  /// Whether there is a file that a database could be in.
  static func isFile(_ path: String) -> Bool { status(of: path).kind == .file }

  /// Kind, mode, owner and size.
  private static func status(of path: String) -> (kind: PlaceFacts.Kind, mode: mode_t, owner: UInt32, size: Int64) {
    var information = stat()
    guard stat(path, &information) == 0 else {
      let code = errno
      // A file where a directory should be hides nothing.
      let isAbsent = code == ENOENT || code == ENOTDIR
      return (isAbsent ? .absent : .hidden(String(cString: strerror(code))), 0, 0, 0)
    }
    let kind: PlaceFacts.Kind =
      switch information.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      default: .other
      }
    return (kind, information.st_mode, information.st_uid, Int64(information.st_size))
  }
}

/// Looks at a process from outside, where the system shows it.
enum ProcessProbe {
  /// Files that a process has open, and may have; nil where that is not shown to this user.
  static func descriptors(of process: Int32) -> (open: Int, limit: Int)? {
    guard let directory = opendir("/proc/\(process)/fd") else { return nil }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    guard case .contents(let bytes, _) = ConfigurationFile.read("/proc/\(process)/limits") else { return nil }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Max open files") }
    guard let limit = line?.split(separator: " ").dropFirst(3).first.flatMap({ Int($0) }) else { return nil }
    // The two names of every directory do not count.
    return (max(0, count - 2), limit)
  }
}

/// Looks at clock, limits and what the service manager said.
enum SystemProbe {
  /// Where the unit of this project keeps its state.
  static let stateOfService = "/var/lib/retraind"

  /// The machine as it is now.
  static func look(_ environment: [String: String], stateDirectory: String) -> SystemFacts {
    let socket = environment["NOTIFY_SOCKET"]
    let isThere = socket.map { $0.hasPrefix("@") || access($0, F_OK) == 0 } ?? false
    let hasOther = stateDirectory != stateOfService && access(stateOfService, F_OK) == 0
    return SystemFacts(
      seconds: WallClock.system.microseconds() / 1_000_000, descriptorLimit: DescriptorLimit.raise(),
      notifySocket: socket, hasNotifySocket: isThere, watchdog: environment["WATCHDOG_USEC"],
      otherState: hasOther ? stateOfService : nil)
  }
}
