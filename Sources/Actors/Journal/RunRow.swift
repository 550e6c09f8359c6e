public import Rules

/// A run as the journal keeps it.
public struct RunRow: Sendable, Hashable {
  /// Its id; each of its effects is idempotent by it.
  public var id: String
  /// The model.
  public var model: String
  /// What it is meant to do.
  public var kind: RunKind
  /// Who asked for it.
  public var trigger: RunTrigger
  /// Where it stands.
  public var state: RunState
  /// What it does there, in a word or two: `copying backup`.
  public var stage: String
  /// Attempts so far, counted from 1.
  public var attempt: Int
  /// The number of the one that may act for it; see `Journal.takeFence(run:)`.
  public var fence: Int64
  /// What came of it: `updated`, `already current`, `unverified`; nil while it is open.
  public var result: String?
  /// Why it failed, for people.
  public var error: String?
  /// When it was asked for.
  public var requestedAt: Timestamp
  /// When it first did something.
  public var startedAt: Timestamp?
  /// When it ended; nil while it is open.
  public var endedAt: Timestamp?
  /// When a failed run may be tried again.
  public var retryAt: Timestamp?
  /// The served digest before it; nil where it is not known yet, or nothing was served.
  public var digestBefore: String?
  /// True where nothing was served before it.
  public var wasAbsent: Bool
  /// The served digest after it.
  public var digestAfter: String?
  /// The mean accept rate that fired; nil where a person asked.
  public var averageAcceptRate: Double?
  /// The threshold then.
  public var threshold: Double?
  /// Cycles that the mean used.
  public var cyclesUsed: Int?
  /// The event that tells of it.
  public var eventID: String?
  /// The decision that it follows from.
  public var decisionID: Int64?
  /// The configuration that it was requested with, JSON; never a secret.
  public var configuration: String
  /// Bytes that had arrived at the best moment of any attempt.
  public var progressBytes: Int64

  /// Makes a run.
  public init(
    id: String, model: String, kind: RunKind = .pull, trigger: RunTrigger, state: RunState = .requested,
    stage: String = "", attempt: Int = 1, fence: Int64 = 0, result: String? = nil, error: String? = nil,
    requestedAt: Timestamp, startedAt: Timestamp? = nil, endedAt: Timestamp? = nil, retryAt: Timestamp? = nil,
    digestBefore: String? = nil, wasAbsent: Bool = false, digestAfter: String? = nil,
    averageAcceptRate: Double? = nil, threshold: Double? = nil, cyclesUsed: Int? = nil, eventID: String? = nil,
    decisionID: Int64? = nil,
    configuration: String = "{}", progressBytes: Int64 = 0
  ) {
    self.id = id
    self.model = model
    self.kind = kind
    self.trigger = trigger
    self.state = state
    self.stage = stage
    self.attempt = attempt
    self.fence = fence
    self.result = result
    self.error = error
    self.requestedAt = requestedAt
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.retryAt = retryAt
    self.digestBefore = digestBefore
    self.wasAbsent = wasAbsent
    self.digestAfter = digestAfter
    self.averageAcceptRate = averageAcceptRate
    self.threshold = threshold
    self.cyclesUsed = cyclesUsed
    self.eventID = eventID
    self.decisionID = decisionID
    self.configuration = configuration
    self.progressBytes = progressBytes
  }
}

/// What a transition changes in its run besides the state; nil leaves a field as it is.
public struct RunChangeSet: Sendable, Hashable {
  /// The served digest before the run.
  public var digestBefore: String?
  /// True: nothing was served before the run.
  public var wasAbsent: Bool?
  /// The served digest after it.
  public var digestAfter: String?
  /// What came of it.
  public var result: String?
  /// Why it failed, for people.
  public var error: String?
  /// When it first did something.
  public var startedAt: Timestamp?
  /// When it ended.
  public var endedAt: Timestamp?
  /// When it may be tried again.
  public var retryAt: Timestamp?
  /// The number of the attempt.
  public var attempt: Int?
  /// Bytes that had arrived at the best moment.
  public var progressBytes: Int64?

  /// Makes a change; everything may be left out.
  public init(
    digestBefore: String? = nil, wasAbsent: Bool? = nil, digestAfter: String? = nil, result: String? = nil,
    error: String? = nil, startedAt: Timestamp? = nil, endedAt: Timestamp? = nil, retryAt: Timestamp? = nil,
    attempt: Int? = nil,
    progressBytes: Int64? = nil
  ) {
    self.digestBefore = digestBefore
    self.wasAbsent = wasAbsent
    self.digestAfter = digestAfter
    self.result = result
    self.error = error
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.retryAt = retryAt
    self.attempt = attempt
    self.progressBytes = progressBytes
  }
}

/// One step of a run's history.
public struct RunStepRow: Sendable, Hashable {
  /// The run.
  public var run: String
  /// When.
  public var at: Timestamp
  /// The attempt that it belongs to.
  public var attempt: Int
  /// The fence that it was written under.
  public var fence: Int64
  /// Where the run stood from then on.
  public var state: RunState
  /// What it did there.
  public var stage: String
  /// More, for people.
  public var detail: String?

  /// Makes a step.
  public init(
    run: String, at: Timestamp, attempt: Int, fence: Int64, state: RunState, stage: String, detail: String?
  ) {
    self.run = run
    self.at = at
    self.attempt = attempt
    self.fence = fence
    self.state = state
    self.stage = stage
    self.detail = detail
  }
}
