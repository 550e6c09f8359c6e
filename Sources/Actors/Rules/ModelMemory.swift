/// What a finished run did to the served model.
public enum RunChange: String, Sendable, Hashable, CaseIterable, Codable {
  /// The served digest changed.
  case updated
  /// The server already had the newest version.
  case alreadyCurrent
  /// Digests could not be read: counts as a change for the window.
  case unverified
}

/// Whether automatic work on a model is allowed.
public enum Circuit: Sendable, Hashable {
  /// Automatic work is allowed.
  case closed
  /// No automatic work until a success or a change of the model's configuration; why, in words.
  case open(reason: String)
}

/// A change of what is known of a model. It is applied where the memory is kept, in one transaction with what caused
/// it, so that nothing that comes in between is lost.
public typealias MemoryChange = @Sendable (inout ModelMemory) -> Void

/// What earlier decisions and runs left behind for one model: the policy's whole memory, kept in the journal.
public struct ModelMemory: Sendable, Hashable {
  /// Timestamp of the newest cycle that the last firing used.
  public var firedThrough: Timestamp?
  /// End of the last run.
  public var lastRunEnded: Timestamp?
  /// What the last successful run did.
  public var lastChange: RunChange?
  /// Cycles that began before this instant say nothing of the version served now.
  public var windowStart: Timestamp?
  /// Failed attempts of the current run so far.
  public var failures: Int
  /// When the failed run may be tried again.
  public var retryAt: Timestamp?
  /// The failed run that a retry continues.
  public var retryRun: String?
  /// The run that waits or is running.
  public var activeRun: String?
  /// Whether automatic work is allowed.
  public var circuit: Circuit

  /// A model that nothing is known of.
  public init(
    firedThrough: Timestamp? = nil, lastRunEnded: Timestamp? = nil, lastChange: RunChange? = nil,
    windowStart: Timestamp? = nil, failures: Int = 0, retryAt: Timestamp? = nil, retryRun: String? = nil,
    activeRun: String? = nil, circuit: Circuit = .closed
  ) {
    self.firedThrough = firedThrough
    self.lastRunEnded = lastRunEnded
    self.lastChange = lastChange
    self.windowStart = windowStart
    self.failures = failures
    self.retryAt = retryAt
    self.retryRun = retryRun
    self.activeRun = activeRun
    self.circuit = circuit
  }
}

/// What the policy does about a finding, and why in words.
public enum PolicyAction: Sendable, Hashable {
  /// Nothing: the verdict does not act.
  case none(why: String)
  /// Start a run.
  case fire(why: String)
  /// Try the failed run again.
  case retry(run: String, why: String)
  /// A run for the model waits or is running: this evidence belongs to it.
  case join(run: String, why: String)
  /// The verdict would act, but a rule of patience holds it back.
  case suppressed(why: String)
  /// The last run changed nothing, so another one would not help either.
  case exhausted(why: String)
}
