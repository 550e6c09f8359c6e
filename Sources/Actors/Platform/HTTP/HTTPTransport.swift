/// Carries requests over HTTP.
public protocol HTTPTransport: Sendable {
  /// Sends a request and hands the answer's body over in pieces.
  ///
  /// Cancelling the task closes the connection before this returns, with `cancelled`. An answer of any status is an
  /// answer, not a failure.
  ///
  /// - Parameter onBody: called in order, on a thread of the transport; must not block.
  func send(
    _ request: HTTPRequest, onBody: @escaping @Sendable (ArraySlice<UInt8>) -> Void
  ) async throws(HTTPFailure) -> HTTPResponse
}

extension HTTPTransport {
  /// Sends a request and returns the answer with its whole body, at most `request.maximumBody` bytes of it.
  public func collect(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
    // The transport bounds it.
    let collected = Guarded<[UInt8]>([])
    var response = try await send(request) { piece in collected.withLock { $0 += piece } }
    response.body = collected.withLock { $0 }
    return response
  }
}
