internal import Platform
internal import Rules

/// A model server that is asked by the names that it lists: older servers tell upper and lower case apart, and do not
/// find `PSA-Engine:7b` where they have `psa-engine:7b`, or refuse it as a name that is taken.
///
/// A name is spelled as listed once its digest has been asked for; until then as it comes.
public final class ListedNames: ModelServer {
  /// Spellings that are remembered; a run uses four names.
  static let maximumNames = 16

  /// What does the work.
  private let server: any ModelServer
  /// How the server writes names that came otherwise.
  private let listed = Guarded<[String: String]>([:])

  /// Takes a server.
  public init(_ server: any ModelServer) { self.server = server }

  /// What it is.
  public var name: String { server.name }

  /// What the server has under a name.
  public func digest(of model: String) async throws(ModelServerFailure) -> ModelDigest? {
    let found = try await server.digest(of: model)
    listed.withLock { listed in
      if let found, found.model != model, ModelName.normalised(found.model) != ModelName.normalised(model) {
        guard listed.count < Self.maximumNames else { return }
        listed[model] = found.model
      } else {
        listed[model] = nil
      }
    }
    return found
  }

  /// Every model that the server has.
  public func models() async throws(ModelServerFailure) -> [ModelDigest] { try await server.models() }

  /// What a name holds.
  public func content(of model: String) async throws(ModelServerFailure) -> ModelContent? {
    try await server.content(of: spelled(model))
  }

  /// Downloads the newest version.
  public func pull(
    _ model: String, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws(ModelServerFailure) {
    try await server.pull(spelled(model), progress: progress)
  }

  /// Gives a model a second name.
  public func copy(_ model: String, to other: String) async throws(ModelServerFailure) {
    try await server.copy(spelled(model), to: spelled(other))
  }

  /// Removes a name.
  public func delete(_ model: String) async throws(ModelServerFailure) { try await server.delete(spelled(model)) }

  /// Ends the runner that serves a name's weights.
  public func unload(_ model: String) async throws(ModelServerFailure) { try await server.unload(spelled(model)) }

  /// As the server lists it.
  private func spelled(_ model: String) -> String { listed.withLock { $0[model] ?? model } }
}
