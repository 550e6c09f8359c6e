public import Rules

/// What a check did about a model.
public enum CheckAction: String, Sendable, Hashable, Codable {
  /// Nothing: the verdict does not act, or this was only an evaluation.
  case none
  /// A run was started; nobody waited for its end.
  case started
  /// A run for the model was already waiting or running.
  case joined
  /// The verdict would act, but patience holds it back.
  case suppressed
  /// The last run changed nothing, so another one would not help either.
  case exhausted
  /// The run failed, or could not be recorded.
  case failed
  /// The run succeeded.
  case succeeded
}

/// What one check found of one model, and what came of it.
public struct CheckResult: Sendable, Hashable {
  /// The finding with its numbers.
  public var evaluation: Evaluation
  /// What was done.
  public var action: CheckAction
  /// Finding and action in words.
  public var reason: String
  /// The run that the action is about.
  public var run: String?
  /// True where the action failed for a reason that may be over soon, such as a store that somebody else holds.
  public var isTemporary: Bool

  /// Makes a result.
  public init(
    evaluation: Evaluation, action: CheckAction, reason: String, run: String? = nil, isTemporary: Bool = false
  ) {
    self.isTemporary = isTemporary
    self.evaluation = evaluation
    self.action = action
    self.reason = reason
    self.run = run
  }

  /// The run that the action is about has ended.
  mutating func note(_ end: RunEnd) {
    // What it joined neither waits nor runs any more.
    if action == .joined { reason = evaluation.reason }
    action = end.hasSucceeded ? .succeeded : .failed
    reason += "; run \(end.run) \(end.words)"
  }
}
