/// Why a request has no answer, or only a part of one.
public struct HTTPFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it is, for decisions.
  public enum Kind: Sendable, Hashable {
    /// The URL is none, or not one of HTTP.
    case invalidURL
    /// The host is not known or nobody listens there: nothing was sent.
    case unreachable
    /// No connection within the time for it: nothing was sent.
    case connectTimeout
    /// Connected, but no answer began in time. The request may have been acted upon.
    case firstByteTimeout
    /// The answer began and then stood still.
    case stalled
    /// The whole took too long.
    case totalTimeout
    /// The peer closed the connection before the answer was complete. The request may have been acted upon.
    case truncated
    /// The answer is larger than the request allows.
    case tooLarge
    /// The proxy on the way is not there or does not let the request through: nothing reached the host.
    case proxy
    /// No trust, or no agreement, between the two ends of TLS.
    case tls
    /// The task was cancelled; the connection is closed.
    case cancelled
    /// This process or its host has no descriptor, thread or memory left for it: nothing was sent.
    case exhausted
    /// Anything else, such as a missing library.
    case other
  }

  /// What kind it is.
  public var kind: Kind
  /// For people: what happened, where, what to do. Names the URL without credentials and query.
  public var description: String
  /// The same without the URL, for who must not show its path; nil where it is no more than the kind says.
  public var reason: String?

  /// Makes a failure.
  public init(_ kind: Kind, _ description: String, reason: String? = nil) {
    self.kind = kind
    self.description = description
    self.reason = reason
  }
}
