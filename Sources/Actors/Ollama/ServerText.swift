/// What a server or a program says, made fit for a log line.
enum ServerText {
  /// Characters that are kept of a message.
  static let maximumLength = 300

  /// One line without control characters, cut to a limit.
  static func printable(_ text: String, limit: Int = maximumLength) -> String {
    var kept = ""
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else { return kept + "…" }
      let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
      let changesDirection = (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
      let breaksLine = scalar.value == 0x2028 || scalar.value == 0x2029
      kept.unicodeScalars.append(
        isControl || changesDirection || breaksLine ? (scalar == "\n" || scalar == "\t" ? " " : "?") : scalar)
      count += 1
    }
    return kept
  }

  /// What to do about a status that says nothing itself; empty where nothing is known.
  static func remedy(ofStatus status: Int) -> String {
    switch status {
    case 403:
      " (a server that listens on loopback refuses host names that it does not know: give its IP address in OLLAMA_HOST)"
    case 401: " (something there asks for a login; check that it is an Ollama server and not a proxy in front of it)"
    case 404, 405: " (there is no such path; check the address, and what follows the port in it)"
    case 502, 503, 504: " (a proxy in front of the server does not reach it, or the server is busy)"
    default: ""
    }
  }

  /// What to do about the registry's answer to a pull that is no use to repeat.
  static func remedy(ofPullError text: String) -> String {
    registryStatus(in: text.lowercased()) == 412
      ? "To have it, update Ollama on that server"
      : "Check the name; the registry does not have it, or the name is refused"
  }

  /// What a registry answered when it was asked for a manifest, where the server tells it: `pull model manifest: 412: …`.
  private static func registryStatus(in words: String) -> Int? {
    let prefix = "pull model manifest: "
    guard words.hasPrefix(prefix) else { return nil }
    let digits = words.dropFirst(prefix.count).prefix { $0 != ":" }
    return digits.utf8.count == 3 ? Int(digits) : nil
  }

  /// True where the words are those of a server that looked for a model's manifest and did not find it, as some tell it.
  static func tellsOfNoManifest(_ text: String) -> Bool {
    let words = text.lowercased()
    return words.hasPrefix("open ") && words.contains("manifests")
      && (words.hasSuffix("no such file or directory") || words.contains("the system cannot find the"))
  }

  /// What kind of failure the server's own words tell of.
  static func kind(ofError text: String) -> ModelServerFailure.Kind {
    let words = text.lowercased()
    if words.contains("could not connect to ollama") { return .unreachable }
    if words.contains("invalid model name") || words.contains("invalid model path") { return .unknownModel }
    // The registry has no such manifest, or a layer of it is gone.
    if words.hasSuffix("file does not exist") { return .unknownModel }
    // It does not take the name, has no such model, or has one that this server is too old for.
    if let status = registryStatus(in: words), [400, 404, 412].contains(status) { return .unknownModel }
    // `model 'x' not found`, `couldn't find model "x" to stop`: not every "not found" is about the model.
    if words.hasPrefix("model ") && (words.hasSuffix("not found") || words.hasSuffix("not found, try pulling it first"))
    {
      return .unknownModel
    }
    if words.hasPrefix("couldn't find model") || tellsOfNoManifest(words) { return .unknownModel }
    // The CLI's words for a server that died while it was listening to it.
    if words == "unexpected eof" || words == "eof" { return .malformed }
    return .server
  }
}
