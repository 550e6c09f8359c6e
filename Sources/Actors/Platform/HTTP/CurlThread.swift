#if canImport(Darwin)
  internal import Darwin
#else
  internal import Glibc
#endif

/// A thread that may block.
enum CurlThread {
  /// Bytes of stack: TLS handshakes need tens of thousands, and 8 MB of address space each would be too much.
  static let stackSize = 512 << 10

  /// What a new thread is to run.
  private final class Start: Sendable {
    /// Its body.
    let body: @Sendable () -> Void
    /// Makes a start.
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts a thread; returns the error number where that fails.
  static func start(_ body: @escaping @Sendable () -> Void) -> Int32? {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let argument = Unmanaged.passRetained(Start(body))
    #if canImport(Darwin)
      var thread: pthread_t?
      let code = pthread_create(&thread, &attributes, { CurlThread.run($0) }, argument.toOpaque())
    #else
      var thread = pthread_t()
      let code = pthread_create(
        &thread, &attributes, { argument in argument.flatMap { CurlThread.run($0) } }, argument.toOpaque())
    #endif
    if code != 0 {
      argument.release()
      return code
    }
    return nil
  }

  /// The first function of the thread.
  private static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    blockSignals()
    Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
    return nil
  }

  /// Keeps signals away from this thread: those of the process belong to main, and SIGPIPE of a closed TLS connection
  /// would kill the process. Faults stay open, so that a crash is reported.
  private static func blockSignals() {
    var mask = sigset_t()
    sigfillset(&mask)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&mask, fault) }
    pthread_sigmask(SIG_BLOCK, &mask, nil)
  }
}
