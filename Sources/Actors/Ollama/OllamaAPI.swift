public import Platform
internal import Rules

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// An Ollama server, through its API.
public struct OllamaAPI: ModelServer {
  /// How long a question that is answered at once may take.
  public static let questionTimeouts = HTTPTimeouts(
    connect: .seconds(5), firstByte: .seconds(30), stall: .seconds(10), total: .seconds(60))
  /// Time for the connection of a pull; the rest is the watchdog's.
  static let pullConnect = Duration.seconds(10)
  /// Bytes of the answer to a pull: at 17 lines of 200 bytes a second, days.
  static let maximumPullAnswer = 1 << 30

  /// Where it is.
  let endpoint: OllamaEndpoint
  /// What carries requests.
  let transport: any HTTPTransport
  /// How long a pull may go without getting on.
  let timeouts: PullTimeouts
  /// What pulls are watched with.
  let clock: PullClock
  /// How long a question may take.
  let questions: HTTPTimeouts
  /// True where registries are asked without TLS.
  let isInsecure: Bool

  /// Makes a client; connects to nothing yet.
  public init(
    endpoint: OllamaEndpoint, transport: any HTTPTransport, timeouts: PullTimeouts = PullTimeouts(),
    clock: PullClock = .system, questions: HTTPTimeouts = OllamaAPI.questionTimeouts, isInsecure: Bool = false
  ) {
    self.endpoint = endpoint
    self.transport = transport
    self.timeouts = timeouts
    self.clock = clock
    self.questions = questions
    self.isInsecure = isInsecure
  }

  /// The address.
  public var name: String { endpoint.display }

  /// The server's version, `0.33.0`.
  public func version() async throws(ModelServerFailure) -> String {
    let response = try await answer(HTTPRequest(.get, endpoint.url + "/api/version", timeouts: questions))
    try expectSuccess(response, "the version")
    return ServerText.printable(try decode(VersionAnswer.self, response, "the version").version, limit: 40)
  }

  /// What the server has under a name.
  public func digest(of model: String) async throws(ModelServerFailure) -> ModelDigest? {
    try Self.check(model)
    return try await models().named(model)
  }

  /// Every model that the server has.
  public func models() async throws(ModelServerFailure) -> [ModelDigest] {
    let response = try await answer(HTTPRequest(.get, endpoint.url + "/api/tags", timeouts: questions))
    try expectSuccess(response, "the list of models")
    let tags = try decode(TagsAnswer.self, response, "the list of models")
    return tags.digests
  }

  /// What a name holds.
  public func content(of model: String) async throws(ModelServerFailure) -> ModelContent? {
    try Self.check(model)
    let response = try await act(.post, "/api/show", ModelBody(model))
    if response.status == 404, errorText(response) != nil { return nil }
    try expectSuccess(response, "what \(model) consists of")
    return ModelContent(modelfile: try decode(ShowAnswer.self, response, "what \(model) consists of").modelfile ?? "")
  }

  /// Gives a model a second name.
  public func copy(_ model: String, to other: String) async throws(ModelServerFailure) {
    try Self.check(model)
    try Self.check(other)
    let response = try await act(.post, "/api/copy", CopyBody(source: model, destination: other))
    try expectSuccess(response, "the copy of \(model) to \(other)")
  }

  /// Removes a name.
  public func delete(_ model: String) async throws(ModelServerFailure) {
    try Self.check(model)
    let response = try await act(.delete, "/api/delete", ModelBody(model))
    // Without any body it is a wrong path, not a missing model.
    if let text = errorText(response), response.status == 404 || ServerText.tellsOfNoManifest(text) { return }
    try expectSuccess(response, "the deletion of \(model)")
  }

  /// Refuses what is no name.
  static func check(_ model: String) throws(ModelServerFailure) {
    do throws(ModelNameFailure) {
      try ModelName.validate(model)
    } catch {
      throw ModelServerFailure(.unknownModel, error.description)
    }
  }

  // MARK: - One question, one answer

  /// Sends a body as JSON.
  func act(
    _ method: HTTPMethod, _ path: String, _ body: some Encodable
  ) async throws(ModelServerFailure) -> HTTPResponse {
    try await answer(
      HTTPRequest(
        method, endpoint.url + path, headers: [HTTPHeader("Content-Type", "application/json")],
        body: try Self.encode(body), timeouts: questions))
  }

  /// Asks.
  func answer(_ request: HTTPRequest) async throws(ModelServerFailure) -> HTTPResponse {
    do throws(HTTPFailure) {
      return try await transport.collect(request)
    } catch {
      throw ModelServerFailure(error)
    }
  }

  /// As JSON.
  static func encode(_ body: some Encodable) throws(ModelServerFailure) -> [UInt8] {
    do {
      return [UInt8](try JSONEncoder().encode(body))
    } catch {
      throw ModelServerFailure(.malformed, "a request cannot be written as JSON")
    }
  }

  /// From JSON.
  func decode<T: Decodable>(
    _ type: T.Type, _ response: HTTPResponse, _ what: String
  ) throws(ModelServerFailure) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(response.body))
    } catch {
      throw ModelServerFailure(
        .malformed, "\(name): the answer about \(what) is not understood; check that an Ollama server listens there")
    }
  }

  /// The server's own words about an error.
  func errorText(_ response: HTTPResponse) -> String? {
    try? JSONDecoder().decode(ErrorAnswer.self, from: Data(response.body)).error.text
  }

  /// Turns an answer that is none into a failure.
  func expectSuccess(_ response: HTTPResponse, _ what: String) throws(ModelServerFailure) {
    guard !response.isSuccess else { return }
    guard let text = errorText(response) else {
      var failure = ModelServerFailure(
        .server, "\(name): \(what) failed with HTTP \(response.status)\(ServerText.remedy(ofStatus: response.status))")
      failure.status = response.status
      throw failure
    }
    throw ModelServerFailure(ServerText.kind(ofError: text), "\(name): \(what) failed: \(ServerText.printable(text))")
  }
}

extension ModelServerFailure {
  /// The failure of a request, as one of a model server.
  init(_ failure: HTTPFailure) {
    let kind: Kind =
      switch failure.kind {
      case .cancelled: .cancelled
      case .invalidURL, .unreachable, .connectTimeout, .proxy, .tls: .unreachable
      case .firstByteTimeout, .stalled, .totalTimeout: .stalled
      case .truncated, .tooLarge: .malformed
      case .exhausted: .exhausted
      case .other: .server
      }
    self.init(kind, failure.description)
  }
}
