internal import CCurl

/// What every transfer of one transport has in common.
struct CurlOptions: Sendable {
  /// Who stands between.
  var proxy: HTTPProxy
  /// A file of certificates to trust instead of the system's file.
  var certificates: String?
}

/// Tells libcurl what a transfer is to do.
extension CurlTransfer {
  /// Makes curl's handle and sets it up.
  func prepare(_ curl: CurlLibrary, _ options: CurlOptions) throws(HTTPFailure) {
    guard let easy = curl.easyInit() else { throw HTTPFailure(.other, "libcurl has no memory for a request") }
    self.easy = easy
    /// Set up once, then read by curl alone until the handle is cleaned up.
    let user = Unmanaged.passUnretained(self).toOpaque()
    func set(_ option: CURLoption, _ value: Int) throws(HTTPFailure) {
      try check(retraind_curl_setopt_long(curl.setopt, easy, option, value), curl)
    }
    func set(_ option: CURLoption, _ value: String) throws(HTTPFailure) {
      try check(retraind_curl_setopt_string(curl.setopt, easy, option, value), curl)
    }
    func set(_ option: CURLoption, pointer value: UnsafeRawPointer?) throws(HTTPFailure) {
      try check(retraind_curl_setopt_pointer(curl.setopt, easy, option, value), curl)
    }

    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_ERRORBUFFER, pointer: UnsafeRawPointer(errorText))
    try set(CURLOPT_WRITEDATA, pointer: user)
    try set(CURLOPT_HEADERDATA, pointer: user)
    try check(retraind_curl_setopt_callback(curl.setopt, easy, CURLOPT_WRITEFUNCTION, curlBodyArrived), curl)
    try check(retraind_curl_setopt_callback(curl.setopt, easy, CURLOPT_HEADERFUNCTION, curlHeadArrived), curl)
    // The engine measures all four timeouts; curl's own would be 300 s for the connection.
    try set(CURLOPT_CONNECTTIMEOUT_MS, Int(Int32.max))
    // A connection that has been idle for longer is not used again: servers and firewalls drop theirs unannounced.
    try set(CURLOPT_MAXAGE_CONN, Int(CurlEngine.idleConnectionLife.components.seconds))
    // Where a connection that was used before breaks off without a word, curl sends the request again by itself, also
    // one that was done. On a new one it never does.
    if request.method == .post || request.method == .patch { try set(CURLOPT_FRESH_CONNECT, 1) }
    // Cancelling during a slow name lookup must not wait for it. Unknown to versions before 7.87.
    _ = retraind_curl_setopt_long(curl.setopt, easy, CURLOPT_QUICK_EXIT, 1)
    if request.maximumRedirects > 0 {
      try set(CURLOPT_FOLLOWLOCATION, 1)
      try set(CURLOPT_MAXREDIRS, request.maximumRedirects)
      // From 7.85 on; before it the default is narrower than all, and file: is never in it.
      _ = retraind_curl_setopt_string(curl.setopt, easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    }
    certificates = options.certificates
    if let certificates { try set(CURLOPT_CAINFO, certificates) }
    if let chosen = options.proxy.chosen(for: request.url) {
      if !chosen.isPassedBy { proxy = chosen }
      try set(CURLOPT_PROXY, chosen.url)
      try set(CURLOPT_NOPROXY, chosen.exceptions)
      // What a proxy says before the host is reached is no part of the answer.
      try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    } else {
      try set(CURLOPT_NOPROXY, "*")
    }
    try prepareBody(curl, easy)
    try prepareHeaders(curl, easy)
  }

  /// Method and body.
  private func prepareBody(_ curl: CurlLibrary, _ easy: UnsafeMutableRawPointer) throws(HTTPFailure) {
    if request.method == .head {
      try check(retraind_curl_setopt_long(curl.setopt, easy, CURLOPT_NOBODY, 1), curl)
      return
    }
    let body = request.body ?? (request.method == .get || request.method == .delete ? nil : [])
    if let body {
      // The size comes first: COPYPOSTFIELDS copies that many bytes.
      try check(
        retraind_curl_setopt_size(curl.setopt, easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)), curl)
      let copied = body.withUnsafeBytes { bytes in
        // An empty array has no address, and for curl none means "read the body from a callback".
        guard let address = bytes.baseAddress, !bytes.isEmpty else {
          return retraind_curl_setopt_string(curl.setopt, easy, CURLOPT_COPYPOSTFIELDS, "")
        }
        return retraind_curl_setopt_pointer(curl.setopt, easy, CURLOPT_COPYPOSTFIELDS, address)
      }
      try check(copied, curl)
    } else {
      try check(retraind_curl_setopt_long(curl.setopt, easy, CURLOPT_HTTPGET, 1), curl)
    }
    try check(
      retraind_curl_setopt_string(curl.setopt, easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue), curl)
  }

  /// The headers, less two of curl's own: it would wait a second for `100 Continue` before a large body, and call
  /// every body a form.
  private func prepareHeaders(_ curl: CurlLibrary, _ easy: UnsafeMutableRawPointer) throws(HTTPFailure) {
    var lines = ["Expect:"]
    if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) { lines.append("Content-Type:") }
    for header in request.headers {
      // A header without a value ends in a semicolon for curl; a colon would remove it.
      lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
    }
    for line in lines {
      guard let longer = curl.listAppend(list, line) else {
        throw HTTPFailure(.other, "libcurl has no memory for a header")
      }
      list = longer
    }
    try check(retraind_curl_setopt_pointer(curl.setopt, easy, CURLOPT_HTTPHEADER, list), curl)
  }

  /// Frees curl's handle and list; the handle must have left its multi handle.
  func dispose(_ curl: CurlLibrary) {
    curl.easyCleanup(easy)
    curl.listFree(list)
    easy = nil
    list = nil
  }

  /// Turns a refused option into a failure.
  private func check(_ code: CURLcode, _ curl: CurlLibrary) throws(HTTPFailure) {
    guard code == CURLE_OK else {
      let text = curl.easyText(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
      throw HTTPFailure(.other, "\(request.displayURL): libcurl refused an option of the request (\(text))")
    }
  }
}
