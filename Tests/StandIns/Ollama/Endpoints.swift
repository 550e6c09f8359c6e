/// What the endpoints other than pull answer: the recorded bodies, with the names that were asked for put in.
struct Endpoints: Sendable {
  /// Paths that exist, with the methods that they take.
  static let paths: [String: Set<String>] = [
    "/": ["GET", "HEAD"], "/api/version": ["GET", "HEAD"], "/api/tags": ["GET", "HEAD"], "/api/ps": ["GET"],
    "/api/pull": ["POST"], "/api/copy": ["POST"], "/api/delete": ["DELETE"], "/api/generate": ["POST"],
    "/api/show": ["POST"],
  ]

  private let calls: [CurlCall]
  /// `{"name":"apic:latest", ...}`: one element of `/api/tags`.
  private let tag: String
  /// One element of `/api/ps`.
  private let runner: String
  /// The answer of `/api/show`, up to what the recorder cut off.
  private let show: String
  /// The answer of `/api/generate` to a prompt.
  private let generated: String
  /// The answers to requests that cannot be read, by the word that the recorder gave them.
  private let refusals: [String: String]

  /// Takes them from the recordings.
  init(_ library: RecordingLibrary) throws(StandInFailure) {
    calls = try library.recording("S29").calls
    let tags = try library.recording("S29").text  // cut off after the first element
    let inference = try library.recording("S35").text
    let moved = try library.recording("S22").text
    guard let tag = Self.firstElement(in: tags), let runner = Self.firstElement(in: inference),
      let generated = inference.split(separator: "\n").first(where: { $0.contains(#""done_reason":"length""#) }),
      let show = moved.firstRange(of: " show {"), let cut = moved.firstRange(of: #","model_info":"#)
    else {
      throw StandInFailure("the recordings S22, S29 and S35 in \(library.folder) are not what they were")
    }
    self.tag = tag
    self.runner = runner
    self.generated = String(generated)
    self.show = moved[moved.index(before: show.upperBound)..<cut.lowerBound] + #","model_info":{}}"#
    var refusals: [String: String] = [:]
    for word in ["bad name", "empty", "no body", "bad json"] {
      let text = try library.recording("S03").text
      if let at = text.firstRange(of: "\(word) (400, '") {
        refusals[word] = String(text[at.upperBound...].prefix { $0 != "'" })
      }
    }
    self.refusals = refusals
  }

  /// A request that cannot be read.
  func refusal(_ word: String) -> HTTPAnswer {
    HTTPAnswer(status: 400, contentType: "application/json; charset=utf-8", body: refusals[word] ?? "{}")
  }

  /// The recorded answer to a call whose request held `sent`, with the recorded name replaced.
  func recorded(
    _ method: String, _ path: String, sent: String = "", replacing name: String = "", by other: String = ""
  ) -> HTTPAnswer {
    guard
      let call = calls.first(where: {
        $0.method == method && $0.path == path && (sent.isEmpty || $0.sent.contains(sent))
      })
    else { return HTTPAnswer(status: 500, contentType: "text/plain", body: "not recorded: \(method) \(path)") }
    var body = call.body
    if !name.isEmpty { body = body.replacing(name, with: JSON.quoted(other).dropFirst().dropLast()) }
    return HTTPAnswer(status: call.status, contentType: call.contentType, body: body)
  }

  /// `/api/tags`, newest first.
  func tags(_ models: [String: ModelTable.Model]) -> HTTPAnswer {
    let order = models.sorted { ($0.value.modifiedAt, $1.key) > ($1.value.modifiedAt, $0.key) }
    let elements = order.map { name, model in
      var text = Self.replacing("name", in: tag, with: name)
      text = Self.replacing("model", in: text, with: name)
      text = Self.replacing("modified_at", in: text, with: model.modifiedAt)
      return Self.replacing("digest", in: text, with: model.digest)
    }
    return json(#"{"models":[\#(elements.joined(separator: ","))]}"#)
  }

  /// `/api/ps`.
  func runners(_ runners: [ModelTable.Runner]) -> HTTPAnswer {
    guard !runners.isEmpty else { return recorded("GET", "/api/ps") }
    let elements = runners.map { loaded in
      let text = Self.replacing("name", in: runner, with: loaded.name)
      return Self.replacing("digest", in: Self.replacing("model", in: text, with: loaded.name), with: loaded.digest)
    }
    return json(#"{"models":[\#(elements.joined(separator: ","))]}"#)
  }

  /// `/api/show`.
  func show(_ name: String, _ model: ModelTable.Model) -> HTTPAnswer {
    var text = show.replacing("localhost:5001/library/moving:latest", with: JSON.quoted(name).dropFirst().dropLast())
    if let blob = text.firstRange(of: "sha256-") {
      let end = text.index(blob.upperBound, offsetBy: 64, limitedBy: text.endIndex) ?? text.endIndex
      text.replaceSubrange(blob.upperBound..<end, with: model.weights)
    }
    return json(text)
  }

  /// `/api/generate` with `keep_alive: 0`.
  func unloaded(_ name: String) -> HTTPAnswer {
    var answer = recorded("POST", "/api/generate", sent: #""tiny","keep_alive":0"#)
    answer.body = Self.replacing("model", in: answer.body, with: name)
    answer.body = Self.replacing("created_at", in: answer.body, with: WallClock.rfc3339)
    return answer
  }

  /// `/api/generate` with a prompt.
  func generated(_ name: String) -> HTTPAnswer {
    let text = Self.replacing("model", in: generated, with: name)
    return json(Self.replacing("created_at", in: text, with: WallClock.rfc3339))
  }

  /// An error in the server's form.
  static func error(_ text: String, status: Int) -> HTTPAnswer {
    HTTPAnswer(
      status: status, contentType: "application/json; charset=utf-8", body: #"{"error":\#(JSON.quoted(text))}"#)
  }

  private func json(_ body: String) -> HTTPAnswer {
    HTTPAnswer(status: 200, contentType: "application/json; charset=utf-8", body: body)
  }

  /// The first element of `"models":[`, whole.
  static func firstElement(in text: String) -> String? {
    guard let start = text.firstRange(of: #""models":[{"#) else { return nil }
    let begin = text.index(before: start.upperBound)
    var depth = 0
    for index in text.indices[begin...] {
      if text[index] == "{" { depth += 1 }
      if text[index] == "}" { depth -= 1 }
      if depth == 0 { return String(text[begin...index]) }
    }
    return nil
  }

  /// The text with the value of its first member of that name replaced.
  static func replacing(_ key: String, in text: String, with value: String) -> String {
    guard let start = text.firstRange(of: "\"\(key)\":\""),
      let end = text[start.upperBound...].firstIndex(of: "\"")
    else { return text }
    return text[..<text.index(before: start.upperBound)] + JSON.quoted(value) + text[text.index(after: end)...]
  }
}

extension Server {
  /// Answers one request; false where the connection is to end.
  func answer(_ request: HTTPRequest, on connection: inout Connection) -> Bool {
    guard request.isForLocalHost else {
      return connection.send(HTTPAnswer(status: 403, contentType: "", body: "").text(to: request))
    }
    if request.method == "POST", request.path == "/api/pull" { return pull(request, on: &connection) }
    return connection.send(plainAnswer(to: request).text(to: request))
  }

  private func plainAnswer(to request: HTTPRequest) -> HTTPAnswer {
    guard let methods = Endpoints.paths[request.path] else {
      return HTTPAnswer(status: 404, contentType: "text/plain", body: "404 page not found")
    }
    guard methods.contains(request.method) else {
      return HTTPAnswer(status: 405, contentType: "text/plain", body: "405 method not allowed")
    }
    if options.generation == .first, request.path == "/api/ps" {
      return HTTPAnswer(status: 404, contentType: "text/plain", body: "404 page not found")
    }
    let sent = JSON(request.body)
    let name = request.path == "/api/generate" ? sent?["model"]?.text ?? "" : options.generation.model(in: sent)
    switch request.path {
    case "/", "/api/version": return endpoints.recorded("GET", request.path)
    case "/api/tags": return endpoints.tags(withTable { $0.models })
    case "/api/ps": return endpoints.runners(withTable { $0.runners })
    case _ where sent == nil: return endpoints.refusal("no body")
    case "/api/delete" where name.isEmpty, "/api/show" where name.isEmpty:
      return Endpoints.error(options.generation.nameless, status: 400)
    case "/api/copy":
      let source = sent?["source"]?.text ?? ""
      let destination = sent?["destination"]?.text ?? ""
      if withTable({ $0.isTaken(destination) }) { return Endpoints.error(ModelTable.taken, status: 400) }
      if withTable({ $0.copy(source, to: destination, now: WallClock.rfc3339) }) {
        return endpoints.recorded("POST", request.path, sent: #""apic""#)
      }
      return endpoints.recorded("POST", request.path, sent: #""nope""#, replacing: "nope", by: source)
    case "/api/delete":
      if withTable({ $0.delete(name) }) { return endpoints.recorded("DELETE", request.path, sent: #""apic2""#) }
      if options.generation == .second {
        let path = "/root/.ollama/models/manifests/registry.ollama.ai/library/\(name)"
        return Endpoints.error("open \(path): no such file or directory", status: 500)
      }
      return endpoints.recorded("DELETE", request.path, sent: #""nope""#, replacing: "nope", by: name)
    case "/api/show":
      if let model = withTable({ $0.model(name) }) { return endpoints.show(ModelTable.full(name), model) }
      return endpoints.recorded(
        "POST", request.path, sent: #""nope""#, replacing: "nope:latest", by: ModelTable.full(name))
    default:
      let isUnload = sent?["keep_alive"]?.value == 0 && (sent?["prompt"]?.text ?? "").isEmpty
      // Before it could be ended by itself a model was loaded for no time, or for the usual one.
      if !options.generation.foldsCase, withTable({ $0.load(name) }), options.generation == .first {
        return endpoints.generated(name)
      }
      guard withTable({ isUnload ? $0.unload(name) : $0.load(name) }) else {
        return endpoints.recorded("POST", request.path, sent: #""nope""#, replacing: "nope", by: name)
      }
      return isUnload ? endpoints.unloaded(name) : endpoints.generated(name)
    }
  }

  private func pull(_ request: HTTPRequest, on connection: inout Connection) -> Bool {
    guard !request.body.isEmpty else { return connection.send(endpoints.refusal("no body").text(to: request)) }
    guard case .object? = JSON(request.body) else {
      return connection.send(endpoints.refusal("bad json").text(to: request))
    }
    let name = options.generation.model(in: JSON(request.body))
    if name.isEmpty, options.generation == .first {
      return connection.send(Endpoints.error(options.generation.nameless, status: 400).text(to: request))
    }
    if withTable({ $0.isTaken(name) }) {
      return connection.send(Endpoints.error(ModelTable.taken, status: 400).text(to: request))
    }
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "._-:/".contains($0) }) else {
      return connection.send(endpoints.refusal(name.isEmpty ? "empty" : "bad name").text(to: request))
    }
    let (id, play) = beginPull(name, descriptor: connection.descriptor)
    var player = PullPlayer(
      speed: options.speed, isStreaming: JSON(request.body)?["stream"]?.flag ?? true, generation: options.generation)
    let outcome = player.play(play, to: request, on: &connection) { outcome, partial in
      endPull(id, model: name, outcome, partial: partial)
    }
    return outcome == .success || outcome == .error
  }
}
