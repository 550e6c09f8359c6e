/// Carries requests through libcurl, all of them on one thread that ends when there has been nothing to do for a while.
public final class CurlTransport: HTTPTransport {
  /// The thread and its queue.
  private let engine: CurlEngine

  /// Makes a transport; nothing is loaded, opened or started before the first request.
  ///
  /// - Parameters:
  ///   - proxy: whether requests to other machines go through a proxy.
  ///   - certificates: a file of certificates to trust instead of the system's file.
  public init(proxy: HTTPProxy = .none, certificates: String? = nil) {
    engine = CurlEngine(CurlOptions(proxy: proxy, certificates: certificates))
  }

  /// Makes a transport of a network.
  public convenience init(_ network: HTTPNetwork) {
    self.init(proxy: network.proxy, certificates: network.certificates)
  }

  deinit { engine.retire() }

  /// Sends a request and hands the answer's body over in pieces.
  public func send(
    _ request: HTTPRequest, onBody: @escaping @Sendable (ArraySlice<UInt8>) -> Void
  ) async throws(HTTPFailure) -> HTTPResponse {
    try request.check()
    let transfer = CurlTransfer(request, onBody: onBody)
    let engine = engine
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        transfer.continuation = continuation
        engine.submit(transfer)
      }
    } onCancel: {
      engine.cancel(transfer)
    }
    return try result.get()
  }
}
