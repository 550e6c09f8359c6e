import CShims
import Glibc
import Platform

/// A program that the suite started, as the leader of its own process group.
final class Child: Sendable {
  /// How it ended.
  enum End: Sendable, Hashable {
    /// It returned this code.
    case exit(Int32)
    /// This signal killed it.
    case signal(Int32)
  }

  /// Its process id.
  let pid: pid_t
  /// What it was called with, for messages.
  let words: [String]
  /// The file that its standard output goes to.
  let outputPath: String
  /// The file that its standard error goes to.
  let errorPath: String
  /// Nil while it runs. A process id is used only under this lock, and not after the end: it may be another's then.
  private let ended = Guarded<End?>(nil)

  /// Starts a program.
  ///
  /// HUP, USR1 and TERM are blocked before it begins, as every daemon's starter has to who wants to signal it at once:
  /// its mask is inherited, so none of them can kill in the first moments.
  init(
    _ program: String, _ arguments: [String], environment: [String: String], directory: String, output: String,
    error: String
  ) throws {
    words = [program] + arguments
    outputPath = output
    errorPath = error
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, error, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addchdir_np(&actions, directory)
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var blocked = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGHUP)
    sigaddset(&blocked, SIGUSR1)
    sigaddset(&blocked, SIGTERM)
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigmask(&attributes, &blocked)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    let argv = words.map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process = pid_t()
    let code = posix_spawn(&process, program, &actions, &attributes, argv, envp)
    guard code == 0 else { throw HarnessFailure("\(program) cannot be started: \(String(cString: strerror(code)))") }
    pid = process
  }

  /// What it has written to standard output.
  var output: String { Files.text(outputPath) }
  /// What it has written to standard error.
  var error: String { Files.text(errorPath) }

  /// Sends a signal; nothing where it has ended.
  func send(_ signal: Int32) {
    ended.withLock { ended in
      refresh(&ended)
      if ended == nil { kill(pid, signal) }
    }
  }

  /// How it ended; nil while it runs.
  var end: End? {
    ended.withLock { ended in
      refresh(&ended)
      return ended
    }
  }

  /// Waits for its end.
  @discardableResult
  func waitForEnd(deadline: Double = Patience.event) async throws -> End {
    try await waitFor("the end of \(words.joined(separator: " ").prefix(300))", deadline: deadline) { self.end }
  }

  /// Kills it with all of its group, and waits until it is gone.
  func killAndReap() async {
    ended.withLock { ended in
      refresh(&ended)
      if ended == nil { kill(-pid, SIGKILL) }
    }
    _ = try? await waitForEnd()
  }

  private func refresh(_ ended: inout End?) {
    guard ended == nil else { return }
    var signalled: Int32 = 0
    var status: Int32 = 0
    guard retraind_child_ended(pid, 1, &signalled, &status) == 1 else { return }
    ended = signalled != 0 ? .signal(status) : .exit(status)
  }
}

/// A command that has ended.
struct Finished: Sendable {
  /// How.
  var end: Child.End
  /// Its standard output.
  var output: String
  /// Its standard error.
  var error: String

  /// The exit code; nil where a signal killed it.
  var code: Int32? {
    if case .exit(let code) = end { return code }
    return nil
  }

  /// The output as JSON.
  func json() throws -> JSONValue { try JSONValue(parsing: output) }
}
