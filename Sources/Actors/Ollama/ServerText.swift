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
    default: ""
    }
  }

  /// What kind of failure the server's own words tell of.
  static func kind(ofError text: String) -> ModelServerFailure.Kind {
    let words = text.lowercased()
    if words.contains("could not connect to ollama") { return .unreachable }
    if words.contains("invalid model name") || words.contains("invalid model path") { return .unknownModel }
    // The registry has no such manifest, or a layer of it is gone.
    if words.hasSuffix("file does not exist") || words.hasPrefix("pull model manifest: 404") { return .unknownModel }
    // `model 'x' not found`, `couldn't find model "x" to stop`: not every "not found" is about the model.
    if words.hasPrefix("model ") && words.hasSuffix("not found") { return .unknownModel }
    if words.hasPrefix("couldn't find model") { return .unknownModel }
    // The CLI's words for a server that died while it was listening to it.
    if words == "unexpected eof" || words == "eof" { return .malformed }
    return .server
  }
}
