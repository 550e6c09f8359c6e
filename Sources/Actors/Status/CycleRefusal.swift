public import Rules

/// Why a cycle is not recorded, whoever sends it: `record` says the same of its options before it asks.
public struct CycleRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// Most judgements of a cycle, so that no sum of two counts can overflow.
  public static let mostJudgements: Int64 = 1_000_000_000_000_000
  /// Longest cycle, in minutes: ten years.
  public static let mostMinutes: Int64 = 5_256_000

  /// For people: which member, what is wrong with it.
  public var description: String

  /// Looks at what is there; nil where it may be recorded.
  static func check(_ cycle: ControlRequest.Cycle, now: Timestamp) throws(CycleRefusal) {
    for (name, count) in [("accepted", cycle.accepted), ("rejected", cycle.rejected), ("edited", cycle.edited)] {
      guard let count, !(0...mostJudgements).contains(count) else { continue }
      throw CycleRefusal(description: "\(name): \(count) is not between 0 and \(mostJudgements)")
    }
    if let minutes = cycle.windowMinutes, !(0...mostMinutes).contains(minutes) {
      // 0 is a cycle of less than a minute.
      throw CycleRefusal(description: "windowMinutes: \(minutes) is not between 0 and \(mostMinutes)")
    }
    if let rate = cycle.acceptRate {
      guard (0...1).contains(rate) else {
        throw CycleRefusal(description: "acceptRate: \(rate) is no rate: rates are between 0 and 1")
      }
      guard cycle.accepted == nil, cycle.rejected == nil else {
        throw CycleRefusal(description: "acceptRate stands beside counts: the rate follows from accepted and rejected")
      }
    } else if cycle.accepted == nil || cycle.rejected == nil {
      throw CycleRefusal(description: "a cycle needs accepted and rejected, or acceptRate where nobody counted")
    } else if cycle.accepted == 0, cycle.rejected == 0 {
      throw CycleRefusal(description: nothingJudged)
    }
    for (name, label) in [("id", cycle.id), ("modelVersion", cycle.modelVersion)] {
      guard let label else { continue }
      guard label.utf8.count <= RuleBounds.longestLabel else {
        throw CycleRefusal(description: "\(name): it has more than \(RuleBounds.longestLabel) bytes")
      }
      guard label.unicodeScalars.allSatisfy(PrintableText.isSafe) else {
        throw CycleRefusal(description: "\(name): it contains a control character")
      }
    }
    if let microseconds = cycle.microseconds,
      let why = untimely(Timestamp(microseconds: microseconds), now: now)
    {
      throw CycleRefusal(description: "microseconds: \(why)")
    }
  }

  /// Why a cycle cannot have ended at an instant, in words that follow the name of the field; nil where it can.
  public static func untimely(_ end: Timestamp, now: Timestamp) -> String? {
    if end > now.adding(RuleBounds.futureTolerance) {
      return "\(end.rfc3339) lies in the future (it is \(now.rfc3339)): a cycle is recorded when it has ended"
    }
    return end < RuleBounds.earliestStamp ? "\(end.rfc3339) \(tooOld)" : nil
  }

  /// What is wrong with a stamp before the earliest, and what to do.
  static let tooOld = "lies before \(RuleBounds.earliestStamp.rfc3339), the earliest that is taken: correct the year"

  /// Why counts are no evidence.
  public static let nothingJudged =
    "nothing was accepted or rejected, which is no evidence: a rate of nothing is not 0; record cycles in which "
    + "something was judged"
}
