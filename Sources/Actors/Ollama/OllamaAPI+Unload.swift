internal import Platform
internal import Rules

extension OllamaAPI {
  /// What a server says of a path that it does not have.
  private static let noSuchPath = "404 page not found"

  /// What is loaded, under the names by which it was; nil where the server does not say.
  ///
  /// The digests are those that the names stood for then.
  public func running() async throws(ModelServerFailure) -> [ModelDigest]? {
    let response = try await answer(HTTPRequest(.get, endpoint.url + "/api/ps", timeouts: questions))
    // Servers without this list have one runner, which makes room for the next by itself: nothing has to be unloaded.
    if response.status == 404,
      ServerText.printable(String(decoding: response.body, as: UTF8.self)).hasPrefix(Self.noSuchPath)
    {
      return []
    }
    guard response.isSuccess, let list = try? decode(TagsAnswer.self, response, "what is loaded") else { return nil }
    return list.digests
  }

  /// Ends the runner that serves a name's weights; a name that is not there has none.
  public func unload(_ model: String) async throws(ModelServerFailure) {
    try Self.check(model)
    // Older servers load what is to be unloaded first. What is loaded may go by any tag of the model.
    if let running = try await running(), !running.contains(where: { ModelName.isSameFamily($0.model, model) }) {
      return
    }
    var response = try await act(.post, "/api/generate", UnloadBody(model: model))
    if response.status == 404, errorText(response) != nil { return }
    if response.status == 400, errorText(response)?.hasSuffix("support generate") == true {
      // Older servers do not take this for a model that can only embed.
      response = try await act(.post, "/api/embeddings", UnloadBody(model: model))
    }
    try expectSuccess(response, "unloading \(model)")
  }
}
