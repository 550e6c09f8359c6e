public import Rules

/// Names of models; what they look like is told by the rules, which keep what is known of a model under its name.
public typealias ModelName = Rules.ModelName

extension ModelName {
  /// Refuses what is no name.
  static func validate(_ model: String) throws(ModelNameFailure) {
    if let problem = problem(with: model) { throw ModelNameFailure(model, problem) }
  }
}

/// A text that is no name of a model.
public struct ModelNameFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// Characters of a refused name that are shown.
  static let shown = 80
  /// For people.
  public var description: String

  /// Makes a failure; what cannot be printed is shown as `?`.
  init(_ model: String, _ why: String) {
    let safe = ServerText.printable(model, limit: Self.shown)
    description =
      "\"\(safe)\" is no model name: it \(why). "
      + "Names look like llama3.2, psa-engine:latest or hf.co/user/name:tag"
  }
}
