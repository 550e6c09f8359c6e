import Journal
import Ollama
import Rules

/// One effect of a run, with the state and stage that the journal shows while it is under way.
enum RunStep: Sendable, Hashable {
  /// Read what the server has under these names, in this order.
  case inspect([String])
  /// Give `from` the second name `to`.
  case copy(from: String, to: String)
  /// Download the newest version.
  case pull(String)
  /// Read what the server has under the model's name after the download.
  case verify(String)
  /// Compare what two names hold: equal content can have two digests.
  case compare(String, String)
  /// End the runner that serves this name's weights.
  case unload(String)
  /// Remove a name.
  case delete(String)
  /// The run is complete.
  case finish(RunChange)
  /// The run cannot succeed, however often it is tried.
  case refuse(String)

  /// The state of a refresh while the step is under way.
  ///
  /// - Parameter pulled: whether the download has succeeded.
  func state(pulled: Bool) -> RunState {
    switch self {
    case .inspect, .pull: .pulling
    case .verify, .compare: .verifying
    case .copy, .unload, .delete, .refuse: pulled ? .promoting : .pulling
    case .finish: .promoting
    }
  }

  /// The step in words.
  var stage: String {
    switch self {
    case .inspect: "reading digests"
    case .copy(let from, let to): "copying \(from) to \(to)"
    case .pull(let model): "pulling \(model)"
    case .verify: "verifying"
    case .compare(let one, let other): "comparing \(one) with \(other)"
    case .unload(let name): "unloading \(name)"
    case .delete(let name): "removing \(name)"
    case .finish: "finishing"
    case .refuse: "refused"
    }
  }

  /// True where the run has succeeded in what it is for, so that a failure of this step is only worth a warning.
  func isTidying(pulled: Bool) -> Bool {
    switch self {
    case .unload, .delete: true
    case .copy: pulled
    case .inspect, .pull, .verify, .compare, .finish, .refuse: false
    }
  }
}

/// The tags that a run uses beside the model's own.
struct RunTags: Sendable, Hashable {
  /// The model as it was requested.
  var model: String
  /// Keeps the version before the last change, for `rollback`.
  var previous: String
  /// Holds the served version while a pull is under way and `previous` still keeps an older one, so that a pull which
  /// changes nothing does not cost the way back.
  var standby: String
  /// Holds a rejected version until its runner is unloaded.
  var rejected: String

  /// Tags of a model.
  init(model: String) {
    self.model = model
    previous = Ollama.ModelName.backup(of: model)
    standby = Ollama.ModelName.backup(of: model, as: .standby)
    rejected = Ollama.ModelName.backup(of: model, as: .rejected)
  }
}

/// The course of a refresh by pull: inspect → back up → pull → verify → (compare) → unload the old runner → tidy.
///
/// Each step is idempotent, so a run that died at any instant starts again from the top: `before` comes from the
/// journal then, and a served digest that differs from it says that the download had already been taken over.
struct PullRun: Sendable {
  /// The tags.
  let tags: RunTags
  /// Whether a version to go back to is kept.
  let keepsBackup: Bool
  /// Digest served before the run's first attempt changed anything; nil where nobody has looked yet, or `wasAbsent`.
  private(set) var before: String?
  /// True where the model was not there before the run.
  private(set) var wasAbsent: Bool
  /// Digest served after the download.
  private(set) var after: String?
  /// Where the old version is held; nil where nothing is.
  private(set) var holding: String?
  /// True once the download has succeeded.
  private(set) var hasPulled = false
  /// True where a version to go back to was there before.
  private var hadPrevious = false
  /// True where the content is what it was, although the digest is another one.
  private var hasSameContent = false
  /// Steps that remain after the verdict on the digests.
  private var remaining: [RunStep] = []

  /// A run, new or resumed.
  ///
  /// - Parameters:
  ///   - before: the digest that an earlier attempt wrote down; nil for a first attempt.
  ///   - wasAbsent: true where an earlier attempt wrote down that the model was not there.
  init(model: String, keepsBackup: Bool, before: String?, wasAbsent: Bool = false) {
    tags = RunTags(model: model)
    self.keepsBackup = keepsBackup
    self.before = wasAbsent ? nil : before
    self.wasAbsent = wasAbsent
  }

  /// The first step.
  func start() -> RunStep { .inspect([tags.model, tags.previous, tags.standby]) }

  /// The digests of `inspect`; nil where the server has nothing under a name.
  mutating func onInspected(_ digests: [String?]) -> RunStep {
    let current = digests[0]
    let previous = digests[1]
    let standby = digests[2]
    hadPrevious = previous != nil
    // Whatever is there came with an earlier attempt: nothing of the time before it needs keeping.
    if wasAbsent { return .pull(tags.model) }
    if let before, let current {
      let isSame = RunDigest.isSame(before, current)
      let held = standby != nil ? tags.standby : previous != nil ? tags.previous : nil
      if isSame == false || isSame == nil && held != nil {
        // An earlier attempt's download was taken over, or may have been: what it held is the way back, and must not be
        // copied over.
        holding = held
        return .pull(tags.model)
      }
      self.before = isSame == true ? RunDigest.longer(before, current) : before
    } else {
      before = current
      wasAbsent = current == nil
    }
    guard keepsBackup, let current else { return .pull(tags.model) }
    let keepsOlder = previous != nil && RunDigest.isSame(previous, current) != true
    let place = keepsOlder ? tags.standby : tags.previous
    holding = place
    return .copy(from: tags.model, to: place)
  }

  /// A copy is done: the backup before the download, or one of the steps after it.
  mutating func onCopied() -> RunStep { hasPulled ? nextRemaining() : .pull(tags.model) }

  /// The server said `success`.
  mutating func onPulled() -> RunStep {
    hasPulled = true
    return .verify(tags.model)
  }

  /// The digest after the download; nil or empty where it cannot be read.
  mutating func onVerified(_ digest: String?) -> RunStep {
    after = digest
    if change == .updated, let holding { return .compare(tags.model, holding) }
    return onVerdict()
  }

  /// Whether the version after the download holds what the one before it held; nil where that cannot be told.
  mutating func onCompared(isSame: Bool?) -> RunStep {
    hasSameContent = isSame == true
    return onVerdict()
  }

  /// What remains to be done, now that the change is known.
  private mutating func onVerdict() -> RunStep {
    switch change {
    case .updated, .unverified:
      switch holding {
      case tags.standby?:
        remaining = [
          .copy(from: tags.standby, to: tags.previous), .unload(tags.previous), .delete(tags.standby),
        ]
      case .some: remaining = [.unload(tags.previous)]
      // Without a backup of its own, what is there is older than the version before: nobody is to be rolled back to that.
      case nil: remaining = hadPrevious && !keepsBackup && !wasAbsent ? [.delete(tags.previous)] : []
      }
    case .alreadyCurrent: remaining = holding.map { [.delete($0)] } ?? []
    }
    return nextRemaining()
  }

  /// A step after the download is done, or failed with a warning.
  mutating func onTidied() -> RunStep { nextRemaining() }

  /// What the download changed, as far as digests and contents tell.
  var change: RunChange {
    guard let after, !after.isEmpty else { return .unverified }
    if hasSameContent { return .alreadyCurrent }
    if wasAbsent { return .updated }
    return switch RunDigest.isSame(before, after) {
    case true?: .alreadyCurrent
    case false?: .updated
    case nil: .unverified
    }
  }

  private mutating func nextRemaining() -> RunStep {
    remaining.isEmpty ? .finish(change) : remaining.removeFirst()
  }
}
