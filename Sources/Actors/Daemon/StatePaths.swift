/// Where a daemon keeps its files.
public struct StatePaths: Sendable, Hashable {
  /// The journal and embedded store.
  public var database: String
  /// The log file.
  public var log: String
  /// The status that USR1 writes.
  public var status: String
  /// The control socket.
  public var socket: String
  /// The instance lock.
  public var lock: String

  /// All of it under one directory, as `--state-dir` asks.
  public init(stateDirectory directory: String) {
    self.init(
      database: "\(directory)/retraind.db", log: "\(directory)/model_retrainer.log", besideDatabase: directory)
  }

  /// A database and a log at places of their own; status, socket and lock beside the database.
  public init(database: String, log: String) {
    let parts = database.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let directory = parts.isEmpty ? "." : parts.joined(separator: "/")
    self.init(database: database, log: log, besideDatabase: directory.isEmpty ? "/" : directory)
  }

  private init(database: String, log: String, besideDatabase directory: String) {
    self.database = database
    self.log = log
    status = "\(directory)/status.json"
    socket = "\(directory)/control.sock"
    lock = "\(directory)/retraind.lock"
  }
}
