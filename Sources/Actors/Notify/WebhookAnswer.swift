import Platform
import Rules

/// What a receiver's answer means for the message.
enum WebhookAnswer {
  /// Longest time that a receiver may ask for.
  static let longestWish = Duration.seconds(24 * 3600)

  /// Reads an answer.
  ///
  /// - Parameters:
  ///   - host: the receiver, for words.
  ///   - now: the wall clock, which a wish that is a date is compared with.
  static func read(_ response: HTTPResponse, from host: String, now: Timestamp) -> DeliveryAttempt {
    let said = "\(host) answers \(response.status)"
    let wish = response.header("Retry-After").flatMap {
      RetryAfter.wish($0, now: now, longest: longestWish)
    }
    switch response.status {
    case 200..<300: return .delivered(said)
    case 301, 308:
      return .refused(
        "\(said): it has moved\(place(response)), and redirects are not followed; write its new address into url")
    case 300..<400:
      return .failed(
        "\(said), a redirect\(place(response)): redirects are not followed; write its right address into url")
    case 410:
      return .gone(
        "\(said): the receiver wants no messages any more; remove the sink, or `retraind reload` once it wants them again"
      )
    case 408, 425, 429: return .failed("\(said): it may take the message later", after: wish)
    case 401, 403:
      return .refused("\(said): does the receiver have the same secret, and a clock that is right?")
    case 404: return .refused("\(said): nothing listens at this path; correct url")
    case 400..<500: return .refused("\(said): it refuses such messages")
    default: return .failed("\(said): a fault of the receiver; its own log tells why", after: wish)
    }
  }

  /// What a request that got no answer means.
  static func read(_ failure: HTTPFailure, from host: String, timeout: Duration) -> DeliveryAttempt {
    switch failure.kind {
    // Nothing of the URL but its host is shown: the failure's own words name its path.
    case .invalidURL: .refused("\(host): url cannot be requested; correct it")
    case .unreachable:
      .failed("\(host): nobody listens there, or the name is not known; does the receiver run, and is url right?")
    case .connectTimeout:
      .failed("\(host): no connection in time; does the receiver run, and may this machine reach it?")
    case .firstByteTimeout, .stalled, .totalTimeout:
      .failed(
        "\(host): no complete answer within \(timeout.inWords); does the receiver hang, or should timeout be longer?")
    case .truncated: .failed("\(host) closes the connection before its answer is complete")
    case .tooLarge: .failed("\(host) answers with more than \(WebhookNotifier.longestAnswer) bytes")
    case .proxy: .failed("\(host): \(failure.reason ?? "the proxy on the way does not let the message through")")
    case .tls:
      .failed("\(host): \(failure.reason ?? "the two ends do not agree on TLS, or its certificate is not trusted")")
    case .cancelled: .failed("cancelled")
    case .exhausted: .failed("this process has no descriptor, thread or memory left for a request")
    case .other: .failed("\(host): the request failed; is libcurl installed?")
    }
  }

  /// Where a redirect leads, without the path: that may be a secret there, too.
  private static func place(_ response: HTTPResponse) -> String {
    response.header("Location").flatMap { HTTPAddress($0) }.map { " to \(PrintableText.clip($0.origin, to: 120))" }
      ?? ""
  }
}
