internal import Rules

/// Pulls from a registry that speaks plain HTTP, as one on this host or in a laboratory does. The server asks it so only
/// where it is told to (`insecure`).
struct PlainRegistry: Sendable {
  /// How Go's client says that TLS was answered in plain HTTP; each version of the server passes it on.
  static let words = "server gave HTTP response to HTTPS client"

  /// True where every registry is asked without TLS.
  private let isConfigured: Bool
  /// True once one on this host has turned out to have none.
  private var isFound = false

  /// A pull that has not begun.
  init(isConfigured: Bool) { self.isConfigured = isConfigured }

  /// True where the registry is asked without TLS.
  var isInsecure: Bool { isConfigured || isFound }

  /// A pull has failed for good.
  ///
  /// - Returns: nil where it is to be tried once more, without TLS: the registry is on this host, so that nobody can
  ///   stand in between. Else what is to be said.
  mutating func onFailure(_ failure: ModelServerFailure, of model: String) -> ModelServerFailure? {
    guard !isInsecure, failure.description.contains(Self.words) else { return failure }
    if ModelName.isOnThisHost(model) {
      isFound = true
      return nil
    }
    var failure = failure
    failure.description += "; where that registry is meant to have no TLS, set ollama.insecure: true"
    return failure
  }
}
