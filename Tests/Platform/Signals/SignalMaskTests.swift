import Glibc
import Platform
import Testing

@Suite(.timeLimit(.minutes(5))) struct SignalMaskTests {
  /// In a process of its own, on a thread whose mask is emptied first, as that of a main function is.
  @Test func signalsWaitAndDoNotKill() async {
    await #expect(processExitsWith: .success) {
      let signals = try await onOwnThread(name: "main") {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        signal(SIGCHLD, SIG_IGN)
        SignalMask.blockDaemonSignals()
        for unheard in [SIGUSR2, SIGPIPE] { pthread_kill(pthread_self(), unheard) }
        var got: [Int32] = []
        for sent in [SIGHUP, SIGUSR1, SIGTERM, SIGINT] {
          for _ in 0..<3 { pthread_kill(pthread_self(), sent) }
          got.append(SignalMask.waitForSignal())
        }
        return got
      }
      #expect(signals == [SIGHUP, SIGUSR1, SIGTERM, SIGINT])
      // SIGCHLD is not ignored any more: a child's end can be seen.
      #expect(try await shell("exit 3").ending == .exited(code: 3))
    }
  }
}
