#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A process that a measurement starts, and ends.
struct ChildProcess {
  /// Its process id.
  let pid: pid_t
  /// When it was about to be started.
  let begin: ContinuousClock.Instant
  /// Where its standard error goes.
  let errors: String

  /// Longest time that any one process may take.
  static let limitSeconds: UInt32 = 120
  /// Longest time from SIGTERM to the end.
  static let stopSeconds: UInt32 = 15
  /// Bytes of standard error that a failure shows.
  static let shownBytes = 2000

  /// Starts a process with an environment of its own: nothing of the caller's reaches it but the path.
  init(
    _ arguments: [String], in directory: String, environment: [String: String] = [:], output: String = "/dev/null"
  ) throws(Failure) {
    errors = directory + "/stderr.txt"
    var variables = [
      "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, "TZ": "UTC", "LANG": "C.UTF-8",
      "OLLAMA_HOST": "http://127.0.0.1:1",
    ]
    variables.merge(environment) { $1 }

    #if canImport(Glibc)
      var actions = posix_spawn_file_actions_t()
    #else
      var actions: posix_spawn_file_actions_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      argv.forEach { free($0) }
      envp.forEach { free($0) }
    }
    // A child starts where its parent stands; every path here is absolute, so the parent may stay there.
    guard chdir(directory) == 0 else { throw Failure("cannot enter \(directory): \(errorText())") }
    var child: pid_t = 0
    let begin = ContinuousClock.now
    let code = posix_spawn(&child, arguments[0], &actions, nil, &argv, &envp)
    guard code == 0 else { throw Failure("cannot start \(arguments[0]): \(String(cString: strerror(code)))") }
    self.begin = begin
    pid = child
  }

  /// Waits for the end; a process that takes longer than the limit is killed and reported.
  func wait(atMost seconds: UInt32 = limitSeconds) throws(Failure) -> Ending {
    Self.handleAlarmOnce
    alarm(seconds)
    defer { alarm(0) }
    var status: Int32 = 0
    let answer = waitpid(pid, &status, 0)
    let end = ContinuousClock.now
    if answer == pid {
      let isExit = status & 0x7f == 0
      return Ending(code: isExit ? (status >> 8) & 0xff : 128 + (status & 0x7f), took: begin.duration(to: end))
    }
    let reason = errno == EINTR ? "it ran longer than \(seconds) s" : errorText()
    kill(pid, SIGKILL)
    waitpid(pid, &status, 0)
    throw Failure("process \(pid) was killed: \(reason)\n\(shownErrors)")
  }

  /// Asks it to end and waits.
  func stop() throws(Failure) -> Ending {
    kill(pid, SIGTERM)
    return try wait(atMost: Self.stopSeconds)
  }

  /// The end of what it said on standard error.
  var shownErrors: String { String(contents(of: errors).suffix(Self.shownBytes)) }

  /// How a process ended.
  struct Ending {
    /// The exit code, or 128 and the signal's number.
    let code: Int32
    /// From before its start to after its end.
    let took: Duration
  }

  /// An alarm interrupts `waitpid` instead of ending this process.
  private static let handleAlarmOnce: Void = {
    var action = sigaction()
    #if canImport(Glibc)
      action.__sigaction_handler.sa_handler = { _ in }
    #else
      action.__sigaction_u.__sa_handler = { _ in }
    #endif
    sigaction(SIGALRM, &action, nil)
  }()
}
