/// What a rule says of a model on the evidence at hand.
public enum Verdict: String, Sendable, Hashable, CaseIterable, Codable {
  /// The rule finds no decline.
  case healthy
  /// The rule finds a decline: the only verdict that acts.
  case degraded
  /// Fewer usable cycles than the rule needs.
  case insufficient
  /// The newest usable cycle is too old to say anything of today.
  case stale
  /// The rows name no model and none is configured: there is nothing to act on.
  case unattributed
}

/// Why a row is not part of the evidence.
public enum Exclusion: String, Sendable, Hashable, CaseIterable, Codable {
  /// It has no readable timestamp.
  case noTimestamp
  /// Its timestamp lies more than five minutes ahead of the clock.
  case fromTheFuture
  /// Its accept rate is not a number.
  case rateNotANumber
  /// Its accept rate lies outside 0...1.
  case rateOutOfRange
  /// One of its counts is negative.
  case negativeCount
  /// It has more accepted answers than events.
  case acceptedAboveTotal
  /// Its id is longer than any that a program makes.
  case idTooLong
  /// Nothing was accepted or rejected in it: no evidence, never a rate of zero.
  case noJudgement
  /// A row with the same id was read already.
  case duplicate
  /// The cycle began before the model's last change.
  case beforeModelChange

  /// True where the row itself is wrong, so that it is counted and shown as quarantined.
  public var isQuarantine: Bool {
    switch self {
    case .noTimestamp, .fromTheFuture, .rateNotANumber, .rateOutOfRange, .negativeCount, .acceptedAboveTotal,
      .idTooLong:
      true
    case .noJudgement, .duplicate, .beforeModelChange: false
    }
  }
}

/// What a cycle says: counts where the row has them, else a bare rate.
public enum Evidence: Sendable, Hashable {
  /// Judgements counted; `accepted + rejected` is positive.
  case counted(accepted: Int64, rejected: Int64, edited: Int64)
  /// A rate in 0...1 without counts.
  case uncounted(rate: Double)
}

/// A row that passed every check.
public struct Cycle: Sendable, Hashable {
  /// The row's id.
  public var id: String
  /// The model's version, where the row has it.
  public var modelVersion: String?
  /// End of the cycle.
  public var timestamp: Timestamp
  /// Begin of the cycle: `timestamp` less the row's window.
  public var start: Timestamp
  /// What it says.
  public var evidence: Evidence

  /// Makes a cycle.
  public init(id: String, modelVersion: String? = nil, timestamp: Timestamp, start: Timestamp, evidence: Evidence) {
    self.id = id
    self.modelVersion = modelVersion
    self.timestamp = timestamp
    self.start = start
    self.evidence = evidence
  }
}

/// A row that is not part of the evidence, and why.
public struct LeftOutRow: Sendable, Hashable {
  /// The row's id.
  public var id: String
  /// The row's timestamp, where it has one.
  public var timestamp: Timestamp?
  /// Why it was left out.
  public var why: Exclusion

  /// Makes a row.
  public init(id: String, timestamp: Timestamp?, why: Exclusion) {
    self.id = id
    self.timestamp = timestamp
    self.why = why
  }
}

/// A rule's finding with every number behind it.
public struct Evaluation: Sendable, Hashable {
  /// The model; nil where the rows name none and none is configured.
  public var model: String?
  /// What was found.
  public var verdict: Verdict
  /// Unweighted mean of the accept rates of `used`; nil where `used` is empty.
  public var average: Double?
  /// The threshold that it was compared with.
  public var threshold: Double
  /// Usable cycles at hand, at most the rule's window.
  public var have: Int
  /// Usable cycles that the rule needs.
  public var need: Int
  /// The cycles that count, newest first.
  public var used: [Cycle]
  /// The newest rows that do not, newest first; at most `maximumLeftOut`.
  public var leftOut: [LeftOutRow]
  /// How many rows do not count, by reason: all of them, listed in `leftOut` or not.
  public var leftOutCounts: [Exclusion: Int]
  /// Accepted judgements in `used` (k).
  public var accepted: Int64
  /// Judgements in `used` (n).
  public var judged: Int64
  /// Wilson interval at 95 % for k of n; nil where n is 0.
  public var interval: ClosedRange<Double>?
  /// The rule's name.
  public var rule: String
  /// Hash of the rule and its parameters, 16 hexadecimal digits.
  public var ruleHash: String
  /// The finding in words.
  public var reason: String

  /// Left-out rows that a finding lists. Every decision is stored with its list, so a table full of rows that do not
  /// count must not make it grow.
  public static let maximumLeftOut = 50

  /// Makes a finding.
  ///
  /// - Parameters:
  ///   - leftOut: rows that do not count, newest first; those behind the first `maximumLeftOut` are only counted.
  ///   - leftOutCounts: how many rows do not count, where `leftOut` is not all of them; nil counts `leftOut`.
  public init(
    model: String?, verdict: Verdict, average: Double?, threshold: Double, have: Int, need: Int, used: [Cycle],
    leftOut: [LeftOutRow], leftOutCounts: [Exclusion: Int]? = nil, accepted: Int64, judged: Int64,
    interval: ClosedRange<Double>?, rule: String, ruleHash: String, reason: String
  ) {
    self.model = model
    self.verdict = verdict
    self.average = average
    self.threshold = threshold
    self.have = have
    self.need = need
    self.used = used
    self.leftOut = leftOut.count > Self.maximumLeftOut ? Array(leftOut.prefix(Self.maximumLeftOut)) : leftOut
    self.leftOutCounts =
      leftOutCounts ?? leftOut.reduce(into: [:]) { counts, row in counts[row.why, default: 0] += 1 }
    self.accepted = accepted
    self.judged = judged
    self.interval = interval
    self.rule = rule
    self.ruleHash = ruleHash
    self.reason = reason
  }
}
