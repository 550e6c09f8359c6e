import Ollama
import Rules

/// A version that is still loaded although the server has another one under its name.
struct StaleRunner: Sendable, Hashable {
  /// Runners that are looked at closely: two questions each.
  static let maximum = 5

  /// The name by which it was loaded.
  var model: String
  /// A name that still stands for what is loaded; nil where nothing does.
  var holder: String?

  /// Those among what is loaded.
  static func all(in running: [ModelDigest], tags: [ModelDigest]) -> [StaleRunner] {
    running.prefix(maximum).compactMap { runner in
      guard let listed = tags.first(where: { ModelName.isSame($0.model, runner.model) }),
        !runner.digest.isEmpty, !listed.digest.isEmpty, listed.digest != runner.digest
      else { return nil }
      return StaleRunner(model: listed.model, holder: tags.first { $0.digest == runner.digest }?.model)
    }
  }

  /// The findings about some models.
  static func findings(_ runners: [StaleRunner], about models: [String]) -> [Finding] {
    runners.filter { runner in models.contains { ModelName.isSame($0, runner.model) } }.map(\.finding)
  }

  /// The finding.
  var finding: Finding {
    let beside =
      "whoever asks for it next gets the new one beside it, and both take memory until the old one's time is up"
    guard let holder else {
      return Finding(
        .warning, .ollama, "an older version of \(model.shownName) is still loaded",
        why:
          "unless only its template or its parameters are others now, \(beside); no name stands for it any more, so that "
          + "only a restart of Ollama unloads it sooner; `ollama ps` says until when it stays",
        type: "ollama ps\nsudo systemctl restart ollama")
    }
    return Finding(
      .warning, .ollama, "an older version of \(model.shownName) is still loaded", why: beside,
      type: "ollama stop \(ProgramPath.quoted(holder.shownName))")
  }
}
