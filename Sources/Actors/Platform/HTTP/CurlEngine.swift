internal import Synchronization

/// The queue between callers and the thread that runs their transfers.
final class CurlEngine: Sendable {
  /// Requests of one transport that may be on their way at once. Each has a connection of its own, and a process has
  /// 1,024 descriptors unless told otherwise.
  static let maximumTransfers = 512
  /// How long an idle connection is kept, and the thread with it.
  static let idleConnectionLife = Duration.seconds(30)

  /// What the thread is asked to do.
  enum Command: Sendable {
    /// Begin a transfer.
    case start(CurlTransfer)
    /// End a transfer and close its connection.
    case cancel(CurlTransfer)
  }

  /// curl's multi handle, in so far as other threads may use it.
  ///
  /// Unchecked: the pointer is only passed to `curl_multi_wakeup`, which any thread may call, and only under the
  /// mutex, under which it is also taken away before the handle is destroyed.
  private struct Waker: @unchecked Sendable {
    /// The library.
    let curl: CurlLibrary
    /// The multi handle.
    let multi: UnsafeMutableRawPointer
  }

  /// What callers and the thread share.
  private struct Shared {
    /// In order of arrival; at most one start and one cancel for each of `inFlight`.
    var commands: [Command] = []
    /// Transfers submitted and not finished.
    var inFlight = 0
    /// True while a thread runs, or is about to.
    var isRunning = false
    /// True once the transport is gone: the thread ends as soon as it has nothing to do.
    var isRetired = false
    /// How to wake the thread; nil while it is not in its loop.
    var waker: Waker?
  }

  /// What the transfers have in common.
  let options: CurlOptions
  /// What callers and the thread share.
  private let shared = Guarded(Shared())

  /// Makes an engine without a thread.
  init(_ options: CurlOptions) { self.options = options }

  /// Queues a transfer, and starts the thread where none runs.
  func submit(_ transfer: CurlTransfer) {
    let refused = shared.withLock { shared in
      guard shared.inFlight < Self.maximumTransfers else { return true }
      shared.inFlight += 1
      shared.commands.append(.start(transfer))
      wake(&shared)
      return false
    }
    if refused {
      let text = "\(transfer.request.displayURL): \(Self.maximumTransfers) requests are on their way already"
      transfer.continuation?.resume(returning: .failure(HTTPFailure(.other, text)))
      transfer.continuation = nil
    }
  }

  /// Ends a transfer; one that is not submitted yet ends when it is.
  func cancel(_ transfer: CurlTransfer) {
    transfer.isCancelled.store(true, ordering: .sequentiallyConsistent)
    shared.withLock { shared in
      guard shared.isRunning else { return }
      shared.commands.append(.cancel(transfer))
      wake(&shared)
    }
  }

  /// The transport is gone.
  func retire() {
    shared.withLock { shared in
      shared.isRetired = true
      if shared.isRunning { wake(&shared) }
    }
  }

  /// The thread is in its loop and can be woken.
  func opened(_ curl: CurlLibrary, _ multi: UnsafeMutableRawPointer) {
    let waker = Waker(curl: curl, multi: multi)
    shared.withLock { $0.waker = waker }
  }

  /// Takes what is asked for.
  func takeCommands() -> [Command] {
    shared.withLock { shared in
      defer { shared.commands.removeAll(keepingCapacity: shared.commands.capacity <= 64) }
      return shared.commands
    }
  }

  /// A transfer is over.
  func finished() { shared.withLock { $0.inFlight -= 1 } }

  /// Asks whether the thread may end; where it may, nobody wakes it any more and the next request starts another.
  func mayEnd(idleFor idle: Duration) -> Bool {
    shared.withLock { shared in
      guard shared.commands.isEmpty, shared.inFlight == 0, shared.isRetired || idle >= Self.idleConnectionLife else {
        return false
      }
      shared.isRunning = false
      shared.waker = nil
      return true
    }
  }

  /// The thread could not begin or go on: everything queued is handed back and the next request starts another thread.
  func abandoned() -> [CurlTransfer] {
    shared.withLock { shared in
      let started = shared.commands.compactMap { command in
        if case .start(let transfer) = command { transfer } else { nil as CurlTransfer? }
      }
      shared.commands.removeAll()
      shared.inFlight -= started.count
      shared.isRunning = false
      shared.waker = nil
      return started
    }
  }

  /// Starts a thread; returns the error number where that fails.
  private static func failure(startingThread body: @escaping @Sendable () -> Void) -> Int32? {
    let code = OwnThread.start(name: "retraind-http", body)
    return code == 0 ? nil : code
  }

  /// Wakes the thread, or starts one.
  private func wake(_ shared: inout Shared) {
    if let waker = shared.waker {
      _ = waker.curl.multiWakeup(waker.multi)
    } else if !shared.isRunning {
      shared.isRunning = true
      if let code = Self.failure(startingThread: { CurlLoop(self).run() }) {
        shared.isRunning = false
        let failure = HTTPFailure(
          .exhausted, "no thread can be started for HTTP requests: \(Shortage.words(code))")
        for case .start(let transfer) in shared.commands {
          shared.inFlight -= 1
          transfer.continuation?.resume(returning: .failure(failure))
          transfer.continuation = nil
        }
        shared.commands.removeAll()
      }
    }
  }
}
