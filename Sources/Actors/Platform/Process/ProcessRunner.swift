/// Runs child processes to their end.
public protocol ProcessRunner: Sendable {
  /// Runs a program in a process group of its own and returns when the *group* is confirmed gone.
  ///
  /// Cancelling the task sends SIGTERM to the group, SIGKILL after the grace; the call still returns the result, with
  /// `wasTerminated` set. Output is drained all the time, handed to `onOutput` in pieces, and its last bytes are kept.
  ///
  /// - Parameter onOutput: called in order on a thread of the runner; must not block.
  /// - Throws: `ProcessFailure` where the program cannot be started.
  func run(
    _ command: ProcessCommand, onOutput: @escaping @Sendable (ProcessOutput) -> Void
  ) async throws(ProcessFailure) -> ProcessResult
}

/// What to run.
public struct ProcessCommand: Sendable, Hashable {
  /// Absolute path, or a name to look up in `PATH`.
  public var program: String
  /// Arguments without the program's own name; passed as they are, never through a shell.
  public var arguments: [String]
  /// The child's whole environment; nil inherits ours less NOTIFY_SOCKET, WATCHDOG_* and LISTEN_*.
  public var environment: [String: String]?
  /// Working directory; nil for ours.
  public var directory: String?
  /// Time from SIGTERM to SIGKILL.
  public var grace: Duration
  /// Bytes of each stream that the result keeps, counted from the end.
  public var keptOutput: Int

  /// Makes a command.
  public init(
    program: String, arguments: [String] = [], environment: [String: String]? = nil, directory: String? = nil,
    grace: Duration = .seconds(10), keptOutput: Int = 65_536
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.grace = grace
    self.keptOutput = keptOutput
  }
}

/// A piece of a child's output.
public enum ProcessOutput: Sendable, Hashable {
  /// From standard output.
  case standardOutput([UInt8])
  /// From standard error.
  case standardError([UInt8])
}

/// How a child ended.
public struct ProcessResult: Sendable, Hashable {
  /// The end of the group's leader.
  public enum Ending: Sendable, Hashable {
    /// It exited by itself with this code.
    case exited(code: Int32)
    /// A signal ended it.
    case signalled(signal: Int32)
  }
  /// How the leader ended.
  public var ending: Ending
  /// Process id of the leader, which is the id of its group.
  public var processID: Int32
  /// Last bytes of standard output.
  public var standardOutput: [UInt8]
  /// Last bytes of standard error.
  public var standardError: [UInt8]
  /// True where our cancellation ended it.
  public var wasTerminated: Bool

  /// Makes a result.
  public init(
    ending: Ending, processID: Int32, standardOutput: [UInt8], standardError: [UInt8], wasTerminated: Bool
  ) {
    self.ending = ending
    self.processID = processID
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.wasTerminated = wasTerminated
  }
}

/// A program that could not be started.
public struct ProcessFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The error number of the failed call (`ENOENT` where the program is missing).
  public var code: Int32
  /// For people: what, where, what to do.
  public var description: String

  /// Makes a failure.
  public init(code: Int32, _ description: String) {
    self.code = code
    self.description = description
  }
}
