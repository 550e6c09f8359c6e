/// Where the daemon keeps what it keeps. Absolute wherever the working directory was known.
public struct StatePaths: Sendable, Hashable {
  /// The SQLite file.
  public var database: String
  /// The log file.
  public var log: String
  /// What USR1 writes.
  public var status: String
  /// The control socket.
  public var socket: String
  /// What the one daemon of this state holds locked.
  public var lock: String

  /// Status, socket and lock lie beside the database, so that two states never share one of them.
  public init(database: String, log: String) {
    let directory = StatePaths.directory(of: database)
    self.database = database
    self.log = log
    status = StatePaths.join(directory, "status.json")
    socket = StatePaths.join(directory, "control.sock")
    lock = StatePaths.join(directory, "retraind.lock")
  }

  /// The paths of a configuration, seen from a working directory.
  public init(of settings: Settings, workingDirectory: String) {
    self.init(
      database: StatePaths.join(workingDirectory, settings.store.path),
      log: StatePaths.join(workingDirectory, settings.log.file))
  }

  /// The directory that all but the log lie in.
  public var directory: String { StatePaths.directory(of: database) }

  /// `path` seen from `directory`: an absolute path stays what it is.
  public static func join(_ directory: String, _ path: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty { return path }
    var rest = path[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    return directory.hasSuffix("/") ? directory + String(rest) : directory + "/" + String(rest)
  }

  /// The directory part of a path: `.` where it has none.
  public static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
