internal import CCurl
internal import Synchronization

/// What the engine's thread does: start, carry, time out and finish transfers. Lives and dies on that thread.
struct CurlLoop {
  /// Idle connections that are kept.
  static let idleConnections = 8

  /// The queue.
  private let engine: CurlEngine

  /// Makes the loop.
  init(_ engine: CurlEngine) { self.engine = engine }

  /// Runs until there has been nothing to do for a while.
  func run() {
    let curl: CurlLibrary
    switch CurlLibrary.shared() {
    case .success(let library): curl = library
    case .failure(let failure): return abandon(failure)
    }
    guard let multi = curl.multiInit() else {
      return abandon(HTTPFailure(.exhausted, "libcurl has no memory for requests"))
    }
    // Where no descriptor was left for it, nothing would wake the loop for the next request.
    guard curl.multiWakeup(multi) == CURLM_OK else {
      _ = curl.multiCleanup(multi)
      return abandon(HTTPFailure(.exhausted, "libcurl has no descriptor left for requests; look at ulimit -n"))
    }
    _ = retraind_curl_multi_setopt_long(curl.multiSetopt, multi, CURLMOPT_MAXCONNECTS, Self.idleConnections)
    engine.opened(curl, multi)
    var running = CurlRunning(engine: engine, curl: curl, multi: multi)
    running.runToEnd()
    _ = curl.multiCleanup(multi)
  }

  /// Nothing can be done: everybody who waits is told why.
  private func abandon(_ failure: HTTPFailure) {
    for transfer in engine.abandoned() {
      transfer.continuation?.resume(returning: .failure(failure))
      transfer.continuation = nil
    }
  }
}

/// The loop once the library is there.
private struct CurlRunning {
  /// The longest single wait; with a transfer under way that has no limit at all the loop looks around this often.
  static let longestWait = Duration.seconds(3600)

  /// The queue.
  let engine: CurlEngine
  /// The library.
  let curl: CurlLibrary
  /// curl's multi handle.
  let multi: UnsafeMutableRawPointer
  /// What is under way, by curl's handle.
  var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]

  /// Loops until the engine lets it end.
  mutating func runToEnd() {
    var idleSince = ContinuousClock.now
    while true {
      for command in engine.takeCommands() {
        switch command {
        case .start(let transfer): start(transfer)
        case .cancel(let transfer): finish(transfer, .failure(cancelled(transfer)))
        }
      }
      var count: Int32 = 0
      let performed = curl.multiPerform(multi, &count)
      readMessages()
      if performed != CURLM_OK { failAll(performed) }
      let now = ContinuousClock.now
      let deadline = expire(at: now)
      let wait: Duration
      if active.isEmpty {
        let idle = idleSince.duration(to: now)
        if engine.mayEnd(idleFor: idle) { return }
        wait = max(CurlEngine.idleConnectionLife - idle, .milliseconds(1))
      } else {
        idleSince = now
        wait = min(deadline.map { now.duration(to: $0) } ?? Self.longestWait, Self.longestWait)
      }
      // Wakes for what arrives on a socket, for curl's own timers, and for `curl_multi_wakeup`.
      _ = curl.multiPoll(multi, nil, 0, Self.milliseconds(wait), nil)
    }
  }

  /// Begins a transfer.
  private mutating func start(_ transfer: CurlTransfer) {
    if transfer.isCancelled.load(ordering: .sequentiallyConsistent) {
      return answer(transfer, .failure(cancelled(transfer)))
    }
    do throws(HTTPFailure) {
      try transfer.prepare(curl, engine.options)
    } catch {
      transfer.dispose(curl)
      return answer(transfer, .failure(error))
    }
    guard let easy = transfer.easy, curl.multiAdd(multi, easy) == CURLM_OK else {
      transfer.dispose(curl)
      return answer(transfer, .failure(HTTPFailure(.exhausted, "libcurl refused a request for want of memory")))
    }
    active[easy] = transfer
  }

  /// Finishes what curl says is done.
  private mutating func readMessages() {
    var left: Int32 = 0
    while let message = curl.multiMessage(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
        let transfer = active[easy]
      else { continue }
      // Read before the handle goes: the message does not outlive it.
      let code = retraind_curl_message_result(message)
      if code == CURLE_OK {
        var status = 0
        _ = retraind_curl_getinfo_long(curl.getinfo, easy, CURLINFO_RESPONSE_CODE, &status)
        if status == 407, let proxy = transfer.proxy {
          finish(transfer, .failure(transfer.failure(of: proxy, status: status)))
        } else {
          finish(transfer, .success(HTTPResponse(status: status, headers: transfer.headers)))
        }
      } else {
        finish(transfer, .failure(transfer.failure(code, curl)))
      }
    }
  }

  /// Ends what has taken too long; returns when the next one will have.
  private mutating func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    var next: ContinuousClock.Instant?
    for (easy, transfer) in active {
      look(at: transfer, easy, now)
      if let kind = transfer.timers.expired(at: now) {
        finish(transfer, .failure(transfer.timedOut(kind)))
      } else if let deadline = transfer.timers.deadline {
        next = next.map { min($0, deadline) } ?? deadline
      }
    }
    return next
  }

  /// Notices a connection that has become ready, and bytes that have left: curl has no call for either in all versions.
  private func look(at transfer: CurlTransfer, _ easy: UnsafeMutableRawPointer, _ now: ContinuousClock.Instant) {
    if transfer.timers.isConnecting {
      var microseconds: curl_off_t = 0
      _ = retraind_curl_getinfo_size(curl.getinfo, easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
      if microseconds > 0 { transfer.timers.onConnected(at: now) }
    }
    if transfer.request.body != nil, !transfer.timers.isReceiving {
      var sent: curl_off_t = 0
      _ = retraind_curl_getinfo_size(curl.getinfo, easy, CURLINFO_SIZE_UPLOAD_T, &sent)
      if Int64(sent) > transfer.sentBytes {
        transfer.sentBytes = Int64(sent)
        transfer.timers.onSent(at: now)
      }
    }
  }

  /// Ends a transfer, closes its connection unless the answer is complete, and answers. No-op where it is over.
  private mutating func finish(_ transfer: CurlTransfer, _ result: Result<HTTPResponse, HTTPFailure>) {
    guard let easy = transfer.easy, active.removeValue(forKey: easy) != nil else { return }
    if case .failure = result {
      _ = retraind_curl_setopt_long(curl.setopt, easy, CURLOPT_FORBID_REUSE, 1)
    }
    _ = curl.multiRemove(multi, easy)
    transfer.dispose(curl)
    answer(transfer, result)
  }

  /// Tells the caller.
  private func answer(_ transfer: CurlTransfer, _ result: Result<HTTPResponse, HTTPFailure>) {
    engine.finished()
    transfer.continuation?.resume(returning: result)
    transfer.continuation = nil
  }

  /// curl itself is broken, for want of memory mostly: every transfer ends.
  private mutating func failAll(_ code: CURLMcode) {
    for transfer in active.values {
      let text = "\(transfer.request.displayURL): libcurl cannot go on (error \(code.rawValue))"
      finish(transfer, .failure(HTTPFailure(.other, text)))
    }
  }

  /// What a cancelled transfer ends with.
  private func cancelled(_ transfer: CurlTransfer) -> HTTPFailure {
    HTTPFailure(.cancelled, "\(transfer.request.displayURL): cancelled; the connection is closed")
  }

  /// Rounded up: rounded down, the loop would spin through the last millisecond.
  private static func milliseconds(_ duration: Duration) -> Int32 {
    let (seconds, attoseconds) = duration.components
    let whole = max(0, seconds) * 1000 + (max(0, attoseconds) + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: whole)
  }
}
