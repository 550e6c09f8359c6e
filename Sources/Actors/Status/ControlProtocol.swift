public import Rules

/// What a command asks of a running daemon: one line of JSON on the control socket.
public struct ControlRequest: Sendable, Hashable, Codable {
  /// What is asked.
  public enum Command: String, Sendable, Hashable, Codable {
    /// The status.
    case status
    /// A check.
    case check
    /// A refresh of a model.
    case retrain
    /// The version before the last change.
    case rollback
    /// The configuration file again.
    case reload
    /// A cycle to add.
    case record
    /// Judgements to add.
    case feedback
  }
  /// A cycle to add, as `record` takes it.
  public struct Cycle: Sendable, Hashable, Codable {
    /// The row's id; nil for a new one.
    public var id: String?
    /// The model; nil for none.
    public var model: String?
    /// The model's version.
    public var modelVersion: String?
    /// End of the cycle in microseconds since 1970; nil for now.
    public var microseconds: Int64?
    /// Length in minutes.
    public var windowMinutes: Int64?
    /// Accepted judgements.
    public var accepted: Int64?
    /// Rejected judgements.
    public var rejected: Int64?
    /// Edited answers.
    public var edited: Int64?
    /// Accept rate, where there are no counts.
    public var acceptRate: Double?

    /// An empty cycle.
    public init() {}
  }

  /// What is asked.
  public var command: Command
  /// The model that it is about; nil for all.
  public var model: String?
  /// Only evaluate.
  public var isDryRun: Bool?
  /// Answer only when the run has ended.
  public var waits: Bool?
  /// A person typed the name of the model, and may have mistyped it: one that nothing knows is refused.
  public var isTyped: Bool?
  /// The cycle to add.
  public var cycle: Cycle?
  /// The judgements to add.
  public var judgements: [Judgement]?

  /// Makes a request.
  public init(
    _ command: Command, model: String? = nil, isDryRun: Bool? = nil, waits: Bool? = nil, cycle: Cycle? = nil,
    judgements: [Judgement]? = nil
  ) {
    self.judgements = judgements
    self.command = command
    self.model = model
    self.isDryRun = isDryRun
    self.waits = waits
    self.cycle = cycle
  }
}

/// One line of a daemon's answer; the last one has neither `progress` nor `isPart`.
public struct ControlReply: Sendable, Hashable, Codable {
  /// How far a run is, in between.
  public var progress: StatusReport.Lane.Run?
  /// The status.
  public var status: StatusReport?
  /// What a check found; of very many models in several lines.
  public var checks: [CheckEntry]?
  /// True where more of the checks follow in the next line.
  public var isPart: Bool?
  /// How a run ended, or that it was taken.
  public var run: RunAnswer?
  /// What a reload changed.
  public var reload: ReloadAnswer?
  /// The cycle that was recorded.
  public var recorded: RecordAnswer?
  /// What became of the judgements.
  public var feedback: FeedbackAnswer?
  /// Why nothing was done, for people.
  public var error: String?
  /// The exit code that goes with `error`.
  public var exitCode: Int32?

  /// An empty reply.
  public init() {}

  /// True for the last line of an answer.
  public var isFinal: Bool { progress == nil && isPart != true }

  /// Cycles and models in one line of an answer: what the longest names and ids make of them stays well below the
  /// longest line that a client takes.
  static let maximumWeight = 2048

  /// What a check found, as the lines before the last one, and the rest for that.
  static func parts(_ checks: [CheckEntry]) -> (before: [ControlReply], last: [CheckEntry]) {
    var before: [ControlReply] = []
    var part: [CheckEntry] = []
    var weight = 0
    for check in checks {
      let own = 1 + check.cycles.count
      if weight + own > maximumWeight, !part.isEmpty {
        var reply = ControlReply()
        reply.checks = part
        reply.isPart = true
        before.append(reply)
        (part, weight) = ([], 0)
      }
      part.append(check)
      weight += own
    }
    return (before, part)
  }
}

/// What became of a request for a run.
public struct RunAnswer: Sendable, Hashable, Codable {
  /// The run.
  public var run: String
  /// Its model.
  public var model: String
  /// True where a run for the model was already waiting or running.
  public var isJoined: Bool
  /// Its state; `recorded` where nobody waited.
  public var state: String
  /// Its result.
  public var result: String?
  /// Why it failed.
  public var error: String?
}

/// A recorded cycle.
public struct RecordAnswer: Sendable, Hashable, Codable {
  /// The row's id.
  public var id: String
  /// True where the model had none before.
  public var isFirst: Bool
  /// Its length as it stands in the store.
  public var windowMinutes: Int64?
  /// True where a cycle with this id, which says the same, stood there before.
  public var isThere: Bool?
}

/// What became of judgements, in the order in which they were sent.
public struct FeedbackAnswer: Sendable, Hashable, Codable {
  /// What became of one.
  public enum Outcome: String, Sendable, Hashable, Codable {
    /// It is a new row.
    case added
    /// It was there already.
    case alreadyThere = "already_there"
    /// Its id is another one's.
    case refused
  }
  /// One of them.
  public struct Entry: Sendable, Hashable, Codable {
    /// The row's id.
    public var id: String
    /// What became of it.
    public var outcome: Outcome
    /// Why it was refused.
    public var why: String?
  }
  /// One after the other.
  public var judgements: [Entry]
}

/// What a reload did.
public struct ReloadAnswer: Sendable, Hashable, Codable {
  /// Fields that changed, in words.
  public var changes: [String] = []
  /// Fields whose change needs a restart, in words.
  public var needsRestart: [String] = []
  /// Why the new configuration was refused; nil where it is in force.
  public var error: String?

  /// An answer without changes.
  public init() {}
}
