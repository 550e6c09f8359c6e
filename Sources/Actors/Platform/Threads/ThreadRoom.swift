#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whether the system has room for the threads that a program needs. Asked before the first task: where the cooperative
/// pool gets no thread it waits for one without end and without a word.
public enum ThreadRoom {
  /// Threads of our own that a daemon or a run has at once, with room for some one-off ones.
  public static let forRuns = 10
  /// The same for a command that only asks or writes a row.
  public static let forCommands = 4
  /// Stacks of pool threads beyond those that it has: room for what the program maps after it has asked.
  private static let spareStacks = 3
  /// Stack of a thread of the pool.
  private static let poolStack = 8 << 20

  /// Starts so many threads at once, and ends them.
  ///
  /// - Parameters:
  ///   - own: threads of our own.
  ///   - mostOfPool: threads of the pool at most; it has one for each processor.
  /// - Returns: why that failed; nil where there is room.
  public static func shortage(own: Int, mostOfPool: Int = .max) -> ThreadFailure? {
    let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let stacks =
      Array(repeating: OwnThread.stackSize, count: own)
      + Array(repeating: poolStack, count: min(processors, mostOfPool) + (mostOfPool == .max ? spareStacks : 0))
    return shortage(stacks: stacks) { stack, body in OwnThread.start(name: "room", stack: stack, body) }
  }

  /// The same with other threads, for tests.
  static func shortage(
    stacks: [Int], start: (Int, @escaping @Sendable () -> Void) -> Int32
  ) -> ThreadFailure? {
    let running = Guarded((count: 0, mayEnd: false))
    var failure: ThreadFailure?
    for (index, stack) in stacks.enumerated() {
      running.change { $0.count += 1 }
      let code = start(stack) {
        running.wait { $0.mayEnd ? () : nil }
        running.change { $0.count -= 1 }
      }
      guard code != 0 else { continue }
      running.change { $0.count -= 1 }
      failure = ThreadFailure(
        code: code,
        "only \(index) of the \(stacks.count) threads that this needs can be started "
          + "(\(SystemError.text(code))): raise ulimit -u or ulimit -v, or end other programs of this user")
      break
    }
    running.change { $0.mayEnd = true }
    running.wait { $0.count == 0 ? () : nil }
    return failure
  }
}
