internal import CCurl
internal import Synchronization

/// One request on its way through libcurl.
///
/// Unchecked: until it is submitted only the task that makes it touches it; from then on only the engine's thread
/// does, which also runs the callbacks. The hand-over goes through the engine's mutex. The flag is atomic.
final class CurlTransfer: @unchecked Sendable {
  /// Bytes of heads that are taken, redirects and all.
  static let maximumHead = 256 << 10

  /// What is asked for.
  let request: HTTPRequest
  /// Who takes the body.
  let onBody: @Sendable (ArraySlice<UInt8>) -> Void
  /// Set from any thread; looked at when the transfer starts.
  let isCancelled = Atomic<Bool>(false)
  /// Who waits for the answer.
  var continuation: CheckedContinuation<Result<HTTPResponse, HTTPFailure>, Never>?
  /// The timeouts, from the moment of submission.
  var timers: TransferTimers
  /// curl's handle, from start to finish.
  var easy: UnsafeMutableRawPointer?
  /// curl's list of headers, which must outlive the handle.
  var list: CurlLibrary.List = nil
  /// Where curl writes what went wrong.
  let errorText: UnsafeMutablePointer<CChar>
  /// The proxy that it goes through; nil for none.
  var proxy: ChosenProxy?
  /// The file of certificates that are trusted; nil for the system's.
  var certificates: String?
  /// The head of the answer so far.
  var headers: [HTTPHeader] = []
  /// Bytes of heads so far.
  var headBytes = 0
  /// Bytes of body so far.
  var bodyBytes = 0
  /// Bytes sent when last looked at.
  var sentBytes: Int64 = 0
  /// True where a callback refused what arrived because it is too much.
  var isTooLarge = false

  /// Makes a transfer that has not started.
  init(_ request: HTTPRequest, onBody: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
    self.request = request
    self.onBody = onBody
    timers = TransferTimers(request.timeouts, start: ContinuousClock.now)
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit { errorText.deallocate() }

  /// A piece of the body. False refuses it and ends the transfer.
  func take(body: UnsafeBufferPointer<UInt8>) -> Bool {
    timers.onReceived(at: ContinuousClock.now)
    guard body.count <= request.maximumBody - bodyBytes else {
      isTooLarge = true
      return false
    }
    bodyBytes += body.count
    onBody(Array(body)[...])
    return true
  }

  /// A line of the head. A status line begins a new head: the one after `100 Continue` or a redirect.
  func take(head line: UnsafeBufferPointer<UInt8>) -> Bool {
    timers.onReceived(at: ContinuousClock.now)
    headBytes += line.count
    guard headBytes <= Self.maximumHead else {
      isTooLarge = true
      return false
    }
    if line.starts(with: Array("HTTP/".utf8)) {
      headers.removeAll()
    } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
      headers.append(
        HTTPHeader(
          String(decoding: line[..<colon], as: UTF8.self).trimmedBlanks,
          String(decoding: line[(colon + 1)...], as: UTF8.self).trimmedBlanks))
    }
    return true
  }
}

/// Called by curl with a piece of the body.
let curlBodyArrived: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
  pointer, size, count, user in
  curlArrived(pointer, size * count, user) { $0.take(body: $1) }
}

/// Called by curl with a line of the head.
let curlHeadArrived: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
  pointer, size, count, user in
  curlArrived(pointer, size * count, user) { $0.take(head: $1) }
}

/// Finds the transfer that a callback is about. Returns what curl wants: the count, or another number to stop.
private func curlArrived(
  _ pointer: UnsafeMutablePointer<CChar>?, _ count: Int, _ user: UnsafeMutableRawPointer?,
  _ take: (CurlTransfer, UnsafeBufferPointer<UInt8>) -> Bool
) -> Int {
  guard let user else { return -1 }
  let transfer = Unmanaged<CurlTransfer>.fromOpaque(user).takeUnretainedValue()
  guard let pointer, count > 0 else { return count }
  return pointer.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
    take(transfer, UnsafeBufferPointer(start: bytes, count: count)) ? count : -1
  }
}

extension String {
  /// Without blanks, tabs and line ends on either side.
  fileprivate var trimmedBlanks: String {
    let blanks: Set<UInt8> = [0x20, 0x09, 0x0d, 0x0a]
    let bytes = Array(utf8)
    guard let first = bytes.firstIndex(where: { !blanks.contains($0) }),
      let last = bytes.lastIndex(where: { !blanks.contains($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}
