public import Rules

/// A decision with every number behind it, as `retraind explain` prints it.
public struct DecisionRow: Sendable, Hashable {
  /// The journal's number for it; 0 before it is stored.
  public var id: Int64
  /// When it was made.
  public var at: Timestamp
  /// The model; nil where the rows name none and none is configured.
  public var model: String?
  /// What the rule found.
  public var evaluation: Evaluation
  /// What the policy did: `none`, `started`, `joined`, `suppressed`, `exhausted` ...
  public var action: String
  /// Why, in words.
  public var why: String
  /// The served digest then, where known.
  public var digest: String?
  /// The run that it started or joined.
  public var run: String?

  /// Makes a decision.
  public init(
    id: Int64 = 0, at: Timestamp, model: String?, evaluation: Evaluation, action: String, why: String,
    digest: String? = nil, run: String? = nil
  ) {
    self.id = id
    self.at = at
    self.model = model
    self.evaluation = evaluation
    self.action = action
    self.why = why
    self.digest = digest
    self.run = run
  }
}
