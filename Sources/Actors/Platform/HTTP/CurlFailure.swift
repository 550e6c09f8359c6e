internal import CCurl

/// What libcurl's error codes mean to people and to decisions.
extension CurlTransfer {
  /// Turns a code into a failure.
  func failure(_ code: CURLcode, _ curl: CurlLibrary) -> HTTPFailure {
    let url = request.displayURL
    if isTooLarge {
      let what =
        headBytes > Self.maximumHead
        ? "the head of the answer is larger than \(Self.maximumHead) bytes"
        : "the answer is larger than the \(request.maximumBody) bytes that are allowed"
      return HTTPFailure(.tooLarge, "\(url): \(what)")
    }
    if isEndlessLine(code, curl) {
      return HTTPFailure(.tooLarge, "\(url): a line in the head of the answer is longer than any server's")
    }
    if let proxy, let failure = failure(of: proxy, code, curl) { return failure }
    let kind = kind(code)
    let detail = detail(code, curl)
    switch kind {
    case .invalidURL:
      return HTTPFailure(kind, "\(url): not a usable URL (\(detail))")
    case .unreachable:
      return HTTPFailure(kind, "\(url): nobody answers (\(detail)); check the address and that the server runs")
    case .truncated:
      return HTTPFailure(kind, "\(url): the connection ended before the answer was complete (\(detail))")
    case .tls:
      let reason = distrust(code, detail)
      return HTTPFailure(kind, "\(url): \(reason)", reason: reason)
    case .tooLarge:
      return HTTPFailure(kind, "\(url): the answer is larger than the \(request.maximumBody) bytes that are allowed")
    case .connectTimeout, .firstByteTimeout, .stalled, .totalTimeout:
      return timedOut(kind)
    case .exhausted:
      let shortage = Shortage.ofDescriptors().map(Shortage.words) ?? detail
      return HTTPFailure(kind, "\(url): nothing could be sent (\(shortage))")
    case .proxy, .cancelled, .other:
      return HTTPFailure(kind, "\(url): the request failed (\(detail))")
    }
  }

  /// The failure for a limit that was reached.
  func timedOut(_ kind: HTTPFailure.Kind) -> HTTPFailure {
    let url = request.displayURL
    func text(_ limit: Duration?) -> String {
      limit.map { $0.formattedSeconds } ?? "the time allowed"
    }
    let what =
      switch kind {
      case .connectTimeout:
        "no connection within \(text(request.timeouts.connect))"
          + (proxy.map { " through \($0.name); \($0.advice)" } ?? "; check the address and the network")
      case .firstByteTimeout: "connected, but no answer within \(text(request.timeouts.firstByte)); the server may hang"
      case .stalled: "the answer stood still for \(text(request.timeouts.stall))"
      default: "not done within \(text(request.timeouts.total))"
      }
    return HTTPFailure(kind, "\(url): \(what)")
  }

  /// CURLE_TOO_LARGE, which older headers do not have.
  private static let tooLarge: UInt32 = 100

  /// Whether a line in the head of the answer was longer than libcurl takes. Most versions call that a want of memory;
  /// where there is none, a request does not get as far as a connection that is ready.
  private func isEndlessLine(_ code: CURLcode, _ curl: CurlLibrary) -> Bool {
    if UInt32(code.rawValue) == Self.tooLarge { return true }
    guard code == CURLE_OUT_OF_MEMORY, let easy else { return false }
    var microseconds: curl_off_t = 0
    _ = retraind_curl_getinfo_size(curl.getinfo, easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
    return microseconds > 0
  }

  /// What kind of failure a code is.
  private func kind(_ code: CURLcode) -> HTTPFailure.Kind {
    switch code {
    case CURLE_URL_MALFORMAT: .invalidURL
    case CURLE_OUT_OF_MEMORY: .exhausted
    // Why no socket can be had it tells nobody.
    case CURLE_COULDNT_RESOLVE_HOST where Shortage.ofDescriptors() != nil,
      CURLE_COULDNT_CONNECT where Shortage.ofDescriptors() != nil:
      .exhausted
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED: .unreachable
    case CURLE_COULDNT_RESOLVE_PROXY: .proxy
    case CURLE_OPERATION_TIMEDOUT: .connectTimeout
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM,
      CURLE_HTTP3, CURLE_QUIC_CONNECT_ERROR:
      .truncated
    case CURLE_FILESIZE_EXCEEDED: .tooLarge
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ENGINE_NOTFOUND,
      CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
      .tls
    default: .other
    }
  }

  /// curl's own words: the text for this transfer where there is one, else that for the code.
  private func detail(_ code: CURLcode, _ curl: CurlLibrary) -> String {
    let own = String(cString: errorText)
    // Where curl cannot read a proxy's address, it shows all of it, the password too.
    if !own.isEmpty, proxy?.url.contains("@") != true { return own }
    return curl.easyText(code).map { String(cString: $0) } ?? "curl error \(code.rawValue)"
  }
}

extension Duration {
  /// `90 s`, `0.25 s`.
  var formattedSeconds: String {
    let (seconds, attoseconds) = components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    if milliseconds == 0 { return "\(seconds) s" }
    var fraction = String(milliseconds)
    fraction = String(repeating: "0", count: max(0, 3 - fraction.count)) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    return "\(seconds).\(fraction) s"
  }
}
