import CShims

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The daemon's way with signals: all of them blocked from the first statement of `main` on, one thread waits for them.
///
/// None can kill, none can be lost. The main function has to be synchronous: an `async` one undoes the mask.
public enum SignalMask {
  /// What `waitForSignal` hands back.
  private static let awaited = [SIGHUP, SIGUSR1, SIGTERM, SIGINT]
  /// What is blocked without being waited for: PIPE, so that a broken pipe is an error like any other; USR2, which has
  /// no meaning here and must not kill.
  private static let unheard = [SIGUSR2, SIGPIPE]

  /// Blocks the daemon's signals in the calling thread and every thread that it starts from now on. Also undoes an
  /// inherited ignoring of SIGCHLD, under which no child could be waited for.
  public static func blockDaemonSignals() {
    var set = makeSet(awaited + unheard)
    pthread_sigmask(SIG_BLOCK, &set, nil)
    retraind_keep_ended_children()
  }

  /// Blocks the thread until HUP, USR1, TERM or INT comes. Signals coalesce: they are levels, never counts.
  public static func waitForSignal() -> Int32 {
    var set = makeSet(awaited)
    var signal: Int32 = 0
    while sigwait(&set, &signal) != 0 {}
    return signal
  }

  private static func makeSet(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    return set
  }
}
