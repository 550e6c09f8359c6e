/// The whole daemon at one moment: what `status --json`, `status.json` and the USR1 dump show. Keys are snake_case.
public struct StatusReport: Sendable, Hashable, Codable {
  /// A child of the supervisor.
  public struct Child: Sendable, Hashable, Codable {
    /// Its id in the tree.
    public var id: String
    /// `ready`, `starting`, `restarting` ...
    public var state: String
    /// Counts its incarnations.
    public var generation: UInt64
    /// Restarts since the start.
    public var restarts: Int
    /// Why the last incarnation ended.
    public var lastError: String?
  }
  /// A child or job that ignored its cancellation and has not ended yet.
  public struct Orphan: Sendable, Hashable, Codable {
    /// Its id.
    public var id: String
    /// Its incarnation.
    public var generation: UInt64
    /// Seconds since it was abandoned.
    public var ageSeconds: Double
  }
  /// A model as the last check saw it.
  public struct Model: Sendable, Hashable, Codable {
    /// The check's entry.
    public var check: CheckEntry
    /// Why no automatic work is done on it; nil where it is.
    public var circuitOpen: String?
    /// When a failed run is tried again, RFC 3339.
    public var retryAt: String?
  }
  /// The retrain lane.
  public struct Lane: Sendable, Hashable, Codable {
    /// A run in it.
    public struct Run: Sendable, Hashable, Codable {
      /// The run's id.
      public var id: String
      /// Its model.
      public var model: String
      /// What it does now.
      public var stage: String
      /// The server's word on the download.
      public var progress: String?
      /// Bytes of the layer that have arrived.
      public var completed: Int64?
      /// Size of the layer in bytes.
      public var total: Int64?

      /// A run that waits.
      public init(id: String, model: String, stage: String) {
        self.id = id
        self.model = model
        self.stage = stage
      }
    }
    /// The run that has the lane.
    public var running: Run?
    /// The runs that wait.
    public var waiting: [Run] = []
    /// The model server.
    public var server: String = ""
  }
  /// Events on their way.
  public struct Outbox: Sendable, Hashable, Codable {
    /// Wait for their store.
    public var pending: Int = 0
    /// Are in it.
    public var delivered: Int = 0
    /// Wait for a person.
    public var blocked: Int = 0
    /// Why the newest blocked one is.
    public var blockedWhy: String?
  }
  /// How far cycles are made of judgements.
  public struct Learning: Sendable, Hashable, Codable {
    /// A cycle that was made.
    public struct Cycle: Sendable, Hashable, Codable {
      /// The row's id.
      public var id: String
      /// Its model.
      public var model: String?
      /// The model's version.
      public var modelVersion: String?
      /// Its end, RFC 3339.
      public var timestamp: String?
      /// Accepted judgements.
      public var accepted: Int64?
      /// Rejected judgements.
      public var rejected: Int64?
      /// Edited answers.
      public var edited: Int64?
    }
    /// Judgements that stand in no cycle yet; 10,000 where there are more.
    public var pending: Int
    /// Cycles that ended by then are made, RFC 3339.
    public var through: String?
    /// The newest cycle that was made.
    public var lastCycle: Cycle?
    /// Why none can be made just now.
    public var lastError: String?

    /// Nothing is made yet.
    init(pending: Int, through: String?) {
      self.pending = pending
      self.through = through
    }
  }
  /// A place where people are told.
  public struct Sink: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// `webhook` or `command`; nil where the configuration does not name it any more.
    public var type: String?
    /// `ok`, `waiting` (a try failed, and is repeated), `unusable`, `gone`, or `removed`.
    public var state: String
    /// Why it can take nothing, and what to do; nil where it can.
    public var problem: String?
    /// Wait for it.
    public var pending: Int
    /// It has, of those that are kept.
    public var delivered: Int
    /// Were given up, of those that are kept.
    public var dead: Int
    /// Why the newest of these was.
    public var deadWhy: String?
    /// When it last took one, RFC 3339.
    public var lastDelivery: String?
    /// When a try last failed, RFC 3339.
    public var lastFailureAt: String?
    /// Why.
    public var lastFailure: String?
    /// When the next try is due, RFC 3339; nil where nothing waits.
    public var nextAttempt: String?
  }
  /// The schedule.
  public struct Monitor: Sendable, Hashable, Codable {
    /// Scheduled checks so far.
    public var checks: Int = 0
    /// When the last check ended, RFC 3339.
    public var lastCheck: String?
    /// When the next one comes, RFC 3339.
    public var nextCheck: String?
    /// Why the last one failed.
    public var lastError: String?
    /// Models that it saw.
    public var models: Int = 0
  }
  /// The configuration in force and the last reload.
  public struct Configuration: Sendable, Hashable, Codable {
    /// The file; nil where there is none.
    public var file: String?
    /// Keys and values in words.
    public var effective: [String: String] = [:]
    /// When the last reload was tried, RFC 3339.
    public var lastReload: String?
    /// Why it was refused; nil where it was taken.
    public var lastReloadError: String?
    /// Reloads so far.
    public var reloads: Int = 0
  }
  /// A store elsewhere.
  public struct Store: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// `available`, `away`, or `untried` before the first question.
    public var state: String
    /// Since when, RFC 3339.
    public var since: String?
    /// Why it cannot be read, and what to do.
    public var why: String?
    /// When its cycles were last read in full, RFC 3339.
    public var mirroredAt: String?
    /// What else a person should know or do.
    public var notes: [String]
  }
  /// The journal.
  public struct JournalStatus: Sendable, Hashable, Codable {
    /// Its file.
    public var path: String
    /// Why it cannot be written; nil where it can.
    public var unwritable: String?

    /// A journal's file, and why it cannot be written.
    public init(path: String, unwritable: String? = nil) {
      self.path = path
      self.unwritable = unwritable
    }
  }

  /// When this was written, RFC 3339 with microseconds.
  public var writtenAt: String
  /// Counts the statuses that this process wrote.
  public var sequence: Int = 0
  /// `running`, `stopping`, `stopped`; `not running` where a command found no daemon.
  public var state: String
  /// The daemon's process id; nil where none runs.
  public var pid: Int32?
  /// The program's version.
  public var version: String
  /// When it started, RFC 3339.
  public var startedAt: String?
  /// The supervision tree.
  public var children: [Child] = []
  /// Models, worst verdict first.
  public var models: [Model] = []
  /// Models on which nothing is done by itself, also those that no check sees; at most 20. nil in the status of a
  /// daemon that does not tell.
  public var circuits: [Circuit]?
  /// The lane.
  public var lane = Lane()
  /// The outbox.
  public var outbox = Outbox()
  /// Where people are told, in the order of the configuration, then what it does not name any more.
  public var sinks: [Sink] = []
  /// The store; nil where it is the embedded one.
  public var store: Store?
  /// Cycles that are made of judgements; nil where none are made here.
  public var learning: Learning?
  /// The schedule.
  public var monitor = Monitor()
  /// The configuration.
  public var configuration = Configuration()
  /// What did not end when asked.
  public var orphans: [Orphan] = []
  /// The journal.
  public var journal: JournalStatus

  /// A status without details.
  public init(writtenAt: String, state: String, version: String, journal: JournalStatus) {
    self.writtenAt = writtenAt
    self.state = state
    self.version = version
    self.journal = journal
  }
}
