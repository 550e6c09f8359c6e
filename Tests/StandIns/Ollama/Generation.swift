/// Which servers the stand-in behaves like, where the recorded one differs from them. Taken from their sources.
enum Generation: String, Sendable, CaseIterable {
  /// The first ones: requests call the model `name` alone, and nobody can ask what is loaded.
  case first
  /// Those that came next: names that differ in upper and lower case are two, of which the second is refused; what is
  /// missing cannot be removed; a model is loaded to be unloaded.
  case second
  /// The recorded one.
  case recorded
  /// The recorded one with its other client for the registry: layers without a status, errors as a status.
  case otherClient = "client2"

  /// True where names are found in whatever case.
  var foldsCase: Bool { self == .recorded || self == .otherClient }

  /// The name that a request is about.
  func model(in request: JSON?) -> String {
    let name = request?["name"]?.text ?? ""
    return self == .first ? name : request?["model"]?.text ?? name
  }

  /// What a request without a name is answered.
  var nameless: String { self == .first ? "name is required" : "model is required" }

  /// A line of a pull, as this server writes it.
  func line(_ line: String) -> String {
    guard self == .otherClient, let message = JSON(line) else { return line }
    if let error = message["error"]?.text {
      let words = error.hasSuffix("file does not exist") ? #"model "?" not found"# : error
      return #"{"status":\#(JSON.quoted("error: " + words))}"#
    }
    guard message["digest"] != nil, let status = message["status"]?.text else { return line }
    return line.replacing(#""status":\#(JSON.quoted(status)),"#, with: "")
  }
}
