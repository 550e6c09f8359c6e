import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A child from its start to the end of its group, on a thread that does nothing else.
struct ChildProcess: ~Copyable {
  /// Bytes read at once.
  static let readSize = 65_536
  /// Reads of one stream before the other things get their turn.
  static let readsPerTurn = 8
  /// How often to look after the leader where the system gives no notice of its end.
  static let lookInterval: Int32 = 50

  /// Its process group.
  private let group: ProcessGroup
  /// Readable at the leader's end; nil where the system has no such thing.
  private let exitNotice: Descriptor?
  /// Our end of its standard output.
  private let output: Descriptor
  /// Our end of its standard error.
  private let error: Descriptor

  /// Starts it.
  init(_ command: ProcessCommand) throws(ProcessFailure) {
    let file = try Self.checked(command)
    let arguments = [command.program] + command.arguments
    let entries = ChildEnvironment.entries(command.environment)
    let output = try Pipe(for: command.program)
    let error = try Pipe(for: command.program)
    retraind_keep_ended_children()
    var process: pid_t = 0
    let code = CStringArray.with(arguments) { arguments in
      CStringArray.with(entries) { entries in
        retraind_spawn(
          file, arguments, entries, command.directory, output.writeEnd.number, error.writeEnd.number, &process)
      }
    }
    if code != 0 { throw ProgramSearch.failure(code, starting: file, directory: command.directory) }
    group = ProcessGroup(id: process)
    LiveGroups.onStarted(process)
    exitNotice = Descriptor(retraind_exit_notice(process))
    // Dropping the pipes closes our copies of the write ends: else the streams would never end.
    self.output = output.intoReadEnd()
    self.error = error.intoReadEnd()
  }

  /// Serves it until its group is gone.
  func run(
    _ command: ProcessCommand, cancellation: WakeUp, onOutput: (ProcessOutput) -> Void
  ) -> ProcessResult {
    var life = ChildLifecycle(grace: command.grace)
    var ending = ProcessResult.Ending.exited(code: -1)
    var standardOutput = OutputTail(limit: command.keptOutput)
    var standardError = OutputTail(limit: command.keptOutput)
    var buffer = [UInt8](repeating: 0, count: Self.readSize)
    var entries = [
      pollfd(fd: output.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: error.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: exitNumber, events: Int16(POLLIN), revents: 0),
      pollfd(fd: cancellation.readEnd.number, events: Int16(POLLIN), revents: 0),
    ]
    while !life.isFinished {
      _ = poll(&entries, nfds_t(entries.count), timeout(life))
      drain(&entries[0], &buffer) {
        onOutput(.standardOutput($0))
        standardOutput.append($0)
      }
      drain(&entries[1], &buffer) {
        onOutput(.standardError($0))
        standardError.append($0)
      }
      if !life.hasEnded, let how = endOfLeader(reap: false) {
        ending = how
        entries[2].fd = -1
        perform(life.onLeaderEnded(now: .now()))
      }
      if entries[3].revents != 0 {
        entries[3].fd = -1
        perform(life.onCancel(now: .now()))
      }
      if entries[0].fd < 0 && entries[1].fd < 0 { perform(life.onOutputEnded()) }
      perform(life.onTime(now: .now()))
    }
    group.waitUntilGone()
    return ProcessResult(
      ending: ending, processID: group.id, standardOutput: standardOutput.bytes, standardError: standardError.bytes,
      wasTerminated: life.wasTerminated)
  }

  private func perform(_ action: ChildLifecycle.Action) {
    switch action {
    case .none, .finish: break
    case .terminate:
      group.send(SIGTERM)
      group.send(SIGCONT)
    case .kill: group.send(SIGKILL)
    case .killAndReap:
      group.send(SIGKILL)
      LiveGroups.onGone(group.id)
      _ = endOfLeader(reap: true)
    }
  }

  /// What to poll for the leader's end; -1 for nothing.
  private var exitNumber: Int32 {
    switch exitNotice {
    case .some(let notice): notice.number
    case .none: -1
    }
  }

  /// How long poll(2) may wait.
  private func timeout(_ life: ChildLifecycle) -> Int32 {
    let untilDeadline = life.deadline?.pollTimeout() ?? -1
    guard exitNumber < 0, !life.hasEnded else { return untilDeadline }
    return untilDeadline < 0 ? Self.lookInterval : min(untilDeadline, Self.lookInterval)
  }

  /// How the leader ended; nil while it runs. Where somebody else in this process reaped it, an exit with code -1.
  private func endOfLeader(reap: Bool) -> ProcessResult.Ending? {
    var isSignal: Int32 = 0
    var status: Int32 = 0
    switch retraind_child_ended(group.id, reap ? 1 : 0, &isSignal, &status) {
    case 0: return nil
    case 1: return isSignal != 0 ? .signalled(signal: status) : .exited(code: status)
    default: return .exited(code: -1)
    }
  }

  /// Reads what has come; at the stream's end the entry is polled no more.
  private func drain(_ entry: inout pollfd, _ buffer: inout [UInt8], _ take: ([UInt8]) -> Void) {
    guard entry.fd >= 0, entry.revents != 0 else { return }
    for _ in 0..<Self.readsPerTurn {
      let count = read(entry.fd, &buffer, buffer.count)
      if count > 0 {
        take(Array(buffer.prefix(count)))
      } else {
        if count == 0 || (errno != EAGAIN && errno != EINTR) { entry.fd = -1 }
        return
      }
    }
  }

  /// The file to start, where nothing in the command would be cut or misread on its way through C.
  private static func checked(_ command: ProcessCommand) throws(ProcessFailure) -> String {
    let texts = [command.program, command.directory ?? ""] + command.arguments
    for text in texts where text.utf8.contains(0) {
      throw ProcessFailure(code: EINVAL, "\(command.program): an argument contains a NUL character; remove it")
    }
    for (name, value) in command.environment ?? [:]
    where name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) || value.utf8.contains(0) {
      throw ProcessFailure(
        code: EINVAL, "\(command.program): an environment variable has no name, or '=' in it, or a NUL character")
    }
    let path = ChildEnvironment.value(of: "PATH", in: ChildEnvironment.entries(command.environment))
    return try ProgramSearch.file(of: command.program, path: path)
  }

  /// A pipe whose read end does not block.
  private struct Pipe: ~Copyable {
    /// Where we read.
    private let readEnd: Descriptor
    /// Where the child writes.
    let writeEnd: Descriptor

    init(for program: String) throws(ProcessFailure) {
      var ends: [Int32] = [-1, -1]
      guard retraind_pipe(&ends) == 0, let readEnd = Descriptor(ends[0]), let writeEnd = Descriptor(ends[1]) else {
        throw ProgramSearch.failure(errno, starting: program, directory: nil)
      }
      self.readEnd = readEnd
      self.writeEnd = writeEnd
      _ = retraind_set_blocking(self.readEnd.number, 0)
    }

    /// Closes the write end and hands over the other.
    consuming func intoReadEnd() -> Descriptor { readEnd }
  }
}

/// Arrays of C strings for as long as a call lasts.
private enum CStringArray {
  static func with<Value>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value) -> Value {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
