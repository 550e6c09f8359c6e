import Journal
import Ollama
import Rules

/// The course of a rollback: hold the rejected version, put the previous one back, unload the rejected runner.
///
/// The order is the measured one: a runner can be unloaded only through a name that still points to its weights.
struct RollbackRun: Sendable {
  /// The tags.
  let tags: RunTags
  /// Digest served before; nil where nobody has looked yet, or `wasAbsent`.
  private(set) var before: String?
  /// True where the model was not there before the run.
  private(set) var wasAbsent: Bool
  /// Digest put back.
  private(set) var after: String?
  private var remaining: [RunStep] = []

  /// A rollback, new or resumed.
  init(model: String, before: String?, wasAbsent: Bool = false) {
    tags = RunTags(model: model)
    self.before = wasAbsent ? nil : before
    self.wasAbsent = wasAbsent
  }

  /// The first step.
  func start() -> RunStep { .inspect([tags.model, tags.previous, tags.rejected]) }

  /// The digests of `inspect`.
  mutating func onInspected(_ digests: [String?]) -> RunStep {
    let current = digests[0]
    guard let previous = digests[1] else {
      return .refuse(
        "nothing to roll back to: the server has no \(tags.previous); a refresh keeps one only when it changes the "
          + "model and ollama.backup is true")
    }
    after = previous
    if before == nil, !wasAbsent {
      before = current
      wasAbsent = current == nil
    }
    let tidy: [RunStep] = [.unload(tags.rejected), .delete(tags.rejected)]
    if RunDigest.isSame(current, previous) == true {
      remaining = digests[2] == nil ? [] : tidy
      // Where an earlier attempt of this run put it back, another version was served before.
      if !wasAbsent, RunDigest.isSame(before, current) == true {
        remaining.append(
          .refuse(
            "nothing to roll back to: \(tags.previous) holds the version that is served already "
              + "(\(previous.prefix(12))); the next refresh that changes the model keeps the one before it"))
      }
    } else if current == nil {
      remaining = [.copy(from: tags.previous, to: tags.model)]
    } else {
      let copies: [RunStep] = [.copy(from: tags.model, to: tags.rejected), .copy(from: tags.previous, to: tags.model)]
      remaining = copies + tidy
    }
    return onDone()
  }

  /// A step is done, or failed with a warning where it only tidies.
  mutating func onDone() -> RunStep { remaining.isEmpty ? .finish(.updated) : remaining.removeFirst() }
}
