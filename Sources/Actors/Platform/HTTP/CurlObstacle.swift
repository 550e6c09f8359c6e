internal import CCurl

/// What stands between this machine and a host: a proxy, or a certificate that nobody vouches for.
extension CurlTransfer {
  /// CURLE_PROXY, which older headers do not have.
  private static let handshake: UInt32 = 97

  /// The failure where it is the proxy's; nil where the proxy has done its part.
  func failure(of proxy: ChosenProxy, _ code: CURLcode, _ curl: CurlLibrary) -> HTTPFailure? {
    guard let easy else { return nil }
    var answered = 0
    _ = retraind_curl_getinfo_long(curl.getinfo, easy, CURLINFO_HTTP_CONNECTCODE, &answered)
    if answered >= 300 { return failure(of: proxy, status: answered) }
    var microseconds: curl_off_t = 0
    _ = retraind_curl_getinfo_size(curl.getinfo, easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
    switch code {
    case CURLE_COULDNT_RESOLVE_PROXY:
      return failure(of: proxy, "the name of \(proxy.name) is not known, or its address is none")
    case CURLE_COULDNT_CONNECT where Shortage.ofDescriptors() == nil:
      return failure(of: proxy, "nobody answers at \(proxy.name)")
    case CURLE_RECV_ERROR where answered == 0 && microseconds == 0,
      CURLE_SEND_ERROR where answered == 0 && microseconds == 0,
      CURLE_GOT_NOTHING where answered == 0 && microseconds == 0:
      return failure(of: proxy, "\(proxy.name) closes the connection before the host is reached")
    case _ where UInt32(code.rawValue) == Self.handshake:
      return failure(of: proxy, "\(proxy.name) does not reach the host, or is no proxy of its kind")
    default: return nil
    }
  }

  /// The failure where the proxy answers instead of the host.
  func failure(of proxy: ChosenProxy, status: Int) -> HTTPFailure {
    guard status == 407 else {
      return failure(of: proxy, "\(proxy.name) answers \(status) instead of reaching the host")
    }
    return failure(of: proxy, "\(proxy.name) wants a user and a password that it knows (407)")
  }

  private func failure(of proxy: ChosenProxy, _ what: String) -> HTTPFailure {
    let reason = "\(what); \(proxy.advice)"
    return HTTPFailure(.proxy, "\(request.displayURL): \(reason)", reason: reason)
  }

  /// Why there is no trust, and what to do.
  func distrust(_ code: CURLcode, _ detail: String) -> String {
    switch code {
    case CURLE_SSL_CACERT_BADFILE:
      if let certificates {
        return "no secure connection: the file of certificates \(certificates), which SSL_CERT_FILE names, cannot be "
          + "read or holds none; correct or unset SSL_CERT_FILE"
      }
      return "no secure connection: the system's certificates cannot be read (\(detail)); install them (Debian, "
        + "Ubuntu, Alpine, Fedora: the package ca-certificates)"
    case CURLE_PEER_FAILED_VERIFICATION:
      if let certificates {
        return "no secure connection (\(detail)); check the server's certificate, and that \(certificates), which "
          + "SSL_CERT_FILE names, holds the CA that signed it"
      }
      return "no secure connection (\(detail)); check the server's certificate; where a CA of your own signed it, set "
        + "SSL_CERT_FILE to a file with that CA"
    default: return "no secure connection (\(detail)); check the server's certificate"
    }
  }
}
