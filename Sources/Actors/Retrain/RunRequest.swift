public import Journal
public import Rules

/// What the retrain lane is asked for.
public struct RunRequest: Sendable {
  /// The model.
  public var model: String
  /// A refresh or a rollback.
  public var kind: RunKind
  /// Who asks.
  public var trigger: RunTrigger
  /// The finding that asks for it; nil where a person does.
  public var evaluation: Evaluation?
  /// The decision that stored the finding.
  public var decision: Int64?

  /// Makes a request.
  public init(
    model: String, kind: RunKind, trigger: RunTrigger, evaluation: Evaluation? = nil, decision: Int64? = nil
  ) {
    self.model = model
    self.kind = kind
    self.trigger = trigger
    self.evaluation = evaluation
    self.decision = decision
  }
}

/// What became of a request.
public struct RunTicket: Sendable, Hashable {
  /// The run that answers it.
  public var run: String
  /// True where that run was already waiting or running.
  public var isJoined: Bool
}

/// How an attempt of a run ended, for whoever waits for it.
public struct RunEnd: Sendable, Hashable {
  /// The run.
  public var run: String
  /// Its state then.
  public var state: RunState
  /// `updated`, `already current`, `unverified`, `rolled back`; nil where it did not succeed.
  public var result: String?
  /// Why it did not succeed.
  public var error: String?

  /// How it ended: `succeeded: updated`, `rolled back`, `failed: no such model`.
  public var words: String {
    guard let more = result ?? error, more != state.words else { return state.words }
    return "\(state.words): \(more)"
  }

  /// True where it did what it is for.
  public var hasSucceeded: Bool { state == .succeeded || state == .rolledBack }
}

/// A request that was not taken.
public struct RunRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// For people: what happened and what to do.
  public var description: String
  /// True where the same request may be taken later without anybody's doing.
  public var isTransient = false
  /// True where nothing here and not the model server knows the model.
  public var isUnknownModel = false
}

/// What a run keeps of the configuration that it was requested with.
struct RunConfiguration: Codable, Sendable, Hashable {
  /// Time the run may take, in milliseconds.
  var pullTimeoutMilliseconds: Int64
  /// Time between asking it to stop and killing it, in milliseconds.
  var stopGraceMilliseconds: Int64
  /// Whether a version to go back to is kept.
  var backup: Bool

  /// From the configuration now.
  init(_ settings: Settings) {
    pullTimeoutMilliseconds = settings.ollama.pullTimeout.wholeMilliseconds
    stopGraceMilliseconds = settings.ollama.stopGrace.wholeMilliseconds
    backup = settings.ollama.backup
  }

  /// As a duration.
  var pullTimeout: Duration { .milliseconds(pullTimeoutMilliseconds) }
  /// As a duration.
  var stopGrace: Duration { .milliseconds(stopGraceMilliseconds) }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
