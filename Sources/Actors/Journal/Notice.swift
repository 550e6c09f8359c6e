public import Rules

/// Something that people are to be told, with what makes it news.
public struct Notice: Sendable {
  /// What is remembered of a subject, so that people are told of a change only, also by the next process.
  public struct Standing: Sendable, Equatable {
    /// The subject: `verdict m:7b`.
    public var key: String
    /// How it stands; nil for how it stands with everything that nobody was told of.
    public var value: String?
    /// True where only a subject of which something is remembered changes.
    public var onlyIfPresent: Bool
    /// False where the change is remembered and nobody is told.
    public var isTold: Bool

    /// Makes a standing.
    public init(_ key: String, _ value: String?, onlyIfPresent: Bool = false, isTold: Bool = true) {
      self.key = key
      self.value = value
      self.onlyIfPresent = onlyIfPresent
      self.isTold = isTold
    }
  }

  /// What a finding rests on: a refresh that ends between the look and the record makes it one on the version before.
  public struct Premise: Sendable, Equatable {
    /// The model, as its memory is asked for.
    public var model: String
    /// Where its window began.
    public var windowStart: Timestamp?

    /// Makes a premise.
    public init(_ model: String, windowStart: Timestamp?) {
      self.model = model
      self.windowStart = windowStart
    }
  }

  /// Its id, the same for every sink and every try.
  public var id: String
  /// What it is about, in a word: `degraded`.
  public var kind: String
  /// The model; nil where it is about none.
  public var model: String?
  /// In a sentence.
  public var text: String
  /// The same for programs: a JSON object.
  public var details: String
  /// Who is told.
  public var sinks: [String]
  /// What makes it news; nil where it always is.
  public var standing: Standing?
  /// What must still hold when it is recorded; nil where it holds by itself.
  public var premise: Premise?
  /// When it came about.
  public var at: Timestamp

  /// Makes a notice.
  public init(
    id: String, kind: String, model: String?, text: String, details: String = "{}", sinks: [String],
    standing: Standing? = nil, premise: Premise? = nil, at: Timestamp
  ) {
    self.id = id
    self.kind = kind
    self.model = model
    self.text = text
    self.details = details
    self.sinks = sinks
    self.standing = standing
    self.premise = premise
    self.at = at
  }
}

/// A notice on its way to one sink.
public struct NoticeRow: Sendable {
  /// What became of it so far.
  public enum State: String, Sendable {
    /// It is tried, or tried again.
    case pending
    /// The sink has it.
    case delivered
    /// It is given up.
    case dead
  }

  /// The journal's number for it.
  public var id: Int64
  /// The notice's id.
  public var event: String
  /// Who is told.
  public var sink: String
  /// What it is about, in a word.
  public var kind: String
  /// The model; nil where it is about none.
  public var model: String?
  /// In a sentence.
  public var text: String
  /// The same for programs: a JSON object.
  public var details: String
  /// What became of it.
  public var state: State
  /// Why it was given up.
  public var why: String?
  /// Tries so far.
  public var attempts: Int
  /// Why the last try that failed did.
  public var lastError: String?
  /// When it is tried next.
  public var nextAttemptAt: Timestamp
  /// When it came about.
  public var createdAt: Timestamp
  /// When it was delivered or given up.
  public var endedAt: Timestamp?
}

/// What became of one try.
public enum NoticeOutcome: Sendable {
  /// The sink has it.
  case delivered
  /// It failed, and is tried again then.
  case retry(error: String, at: Timestamp)
  /// It is given up.
  case dead(why: String)
}

/// How it stands with one sink.
public struct SinkCounts: Sendable {
  /// Its name.
  public var sink: String
  /// Wait for it.
  public var pending = 0
  /// It has, of those that are kept.
  public var delivered = 0
  /// Were given up, of those that are kept.
  public var dead = 0
  /// When it last took one.
  public var lastDelivery: Timestamp?
  /// When a try last failed.
  public var lastFailureAt: Timestamp?
  /// Why.
  public var lastFailure: String?
  /// Why the newest one that was given up was.
  public var deadWhy: String?
  /// When the first one that waits is tried next.
  public var nextAttempt: Timestamp?

  /// Nothing was ever sent there.
  public init(_ sink: String) { self.sink = sink }
}
