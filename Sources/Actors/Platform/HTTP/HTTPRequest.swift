/// What is asked for.
public enum HTTPMethod: String, Sendable, Hashable {
  /// Reads.
  case get = "GET"
  /// Reads the head only.
  case head = "HEAD"
  /// Creates or acts.
  case post = "POST"
  /// Replaces.
  case put = "PUT"
  /// Changes in part.
  case patch = "PATCH"
  /// Removes.
  case delete = "DELETE"
}

/// A header of a request or of a response.
public struct HTTPHeader: Sendable, Hashable {
  /// Its name as written; names are compared without regard to case.
  public var name: String
  /// Its value without surrounding blanks.
  public var value: String

  /// Makes a header.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// How long each part of a request may take; nil is without limit. Fractions of a second count.
public struct HTTPTimeouts: Sendable, Hashable {
  /// From the start until the connection is ready, names looked up and TLS agreed.
  public var connect: Duration?
  /// From the last byte sent until the first byte of the answer's head.
  public var firstByte: Duration?
  /// Between two pieces of the answer.
  public var stall: Duration?
  /// All of it.
  public var total: Duration?

  /// Makes timeouts.
  public init(
    connect: Duration? = .seconds(10), firstByte: Duration? = .seconds(30), stall: Duration? = .seconds(30),
    total: Duration? = .seconds(60)
  ) {
    self.connect = connect
    self.firstByte = firstByte
    self.stall = stall
    self.total = total
  }

  /// No limit at all: for callers that watch over the request themselves.
  public static let none = HTTPTimeouts(connect: nil, firstByte: nil, stall: nil, total: nil)
}

/// A request over HTTP or HTTPS.
public struct HTTPRequest: Sendable, Hashable {
  /// Bytes of an answer that are taken where a request does not say otherwise.
  public static let defaultMaximumBody = 16 << 20

  /// What is asked for.
  public var method: HTTPMethod
  /// Where, `http://` or `https://`.
  public var url: String
  /// Headers; those of the transfer itself (`Host`, `Content-Length`) are added.
  public var headers: [HTTPHeader]
  /// What is sent; nil for nothing.
  public var body: [UInt8]?
  /// How long it may take.
  public var timeouts: HTTPTimeouts
  /// Bytes of the answer's body beyond which the request fails as `tooLarge`.
  public var maximumBody: Int
  /// Redirects that are followed; 0 hands a redirect back as the answer. Headers go along to the new place, except
  /// `Authorization` and `Cookie` to another host.
  public var maximumRedirects: Int

  /// Makes a request.
  public init(
    _ method: HTTPMethod, _ url: String, headers: [HTTPHeader] = [], body: [UInt8]? = nil,
    timeouts: HTTPTimeouts = HTTPTimeouts(), maximumBody: Int = HTTPRequest.defaultMaximumBody,
    maximumRedirects: Int = 0
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeouts = timeouts
    self.maximumBody = maximumBody
    self.maximumRedirects = maximumRedirects
  }
}

/// An answer.
public struct HTTPResponse: Sendable, Hashable {
  /// 200, 404, ...
  public var status: Int
  /// In the order in which they came.
  public var headers: [HTTPHeader]
  /// The body; empty where the caller took it in pieces.
  public var body: [UInt8]

  /// Makes an answer.
  public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The value of the first header of a name, without regard to case.
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  /// True for 200 to 299.
  public var isSuccess: Bool { (200..<300).contains(status) }
}
