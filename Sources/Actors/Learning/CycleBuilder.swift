import Journal
import Platform
import Rules

/// Makes cycles of judgements: one for each interval, model and version. Pure, and the order in which judgements come
/// makes no difference.
struct CycleBuilder: Sendable {
  /// What a cycle is about.
  private struct Subject: Hashable {
    /// The interval's begin.
    var start: Int64
    /// The model's normalised name.
    var model: String?
    /// Its version.
    var version: String?
  }

  /// What was counted so far.
  private struct Tally {
    /// The first moment behind the interval.
    var end: Timestamp
    /// Approvals, rejections, corrections, edits.
    var counts: [Judgement.Kind: Int64] = [:]
    /// Confidences of what was accepted.
    var accepted = ConfidenceSum()
    /// The same of what was rejected.
    var rejected = ConfidenceSum()
  }

  /// How time is divided.
  let window: LearningWindow
  private var tallies: [Subject: Tally] = [:]
  /// Judgements that contradict themselves and count in no cycle: approvals that were not approved, and the like.
  private(set) var contradictions = 0

  /// A builder without judgements.
  init(window: LearningWindow) { self.window = window }

  /// Counts a judgement. What is none, a retrain above all, counts nowhere.
  mutating func add(_ event: JudgedEvent) {
    guard let kind = Judgement.Kind(rawValue: event.type) else { return }
    if let said = event.isApproved, let meant = kind.isApproved, said != meant {
      contradictions += 1
      return
    }
    let interval = window.interval(of: event.at)
    let subject = Subject(
      start: interval.start.microseconds, model: event.model.map(ModelName.normalised), version: event.modelVersion)
    var tally = tallies[subject] ?? Tally(end: interval.end)
    tally.counts[kind, default: 0] += 1
    if let confidence = Judgement.confidence(event.confidence) {
      switch kind {
      case .approval: tally.accepted.add(confidence)
      case .rejection, .correction: tally.rejected.add(confidence)
      case .edited: break
      }
    }
    tallies[subject] = tally
  }

  /// Takes out the cycles that ended by then, in the order of time. An interval in which nothing was judged has none.
  ///
  /// - Parameter spelling: a model's name as its rows are to have it.
  mutating func take(through end: Timestamp, spelling: (String) -> String = { $0 }) -> [BuiltCycle] {
    var cycles: [BuiltCycle] = []
    for (subject, tally) in tallies where tally.end <= end {
      tallies[subject] = nil
      let count = { (kind: Judgement.Kind) in tally.counts[kind] ?? 0 }
      guard count(.approval) + count(.rejection) + count(.correction) > 0 else { continue }
      var cycle = BuiltCycle(
        id: Self.id(model: subject.model, version: subject.version, start: subject.start),
        model: subject.model.map(spelling), modelVersion: subject.version,
        start: Timestamp(microseconds: subject.start), end: tally.end)
      cycle.accepted = count(.approval)
      cycle.rejected = count(.rejection) + count(.correction)
      cycle.edited = count(.edited) + count(.correction)
      cycle.corrections = count(.correction)
      cycle.total = count(.approval) + count(.rejection) + count(.correction) + count(.edited)
      cycle.acceptedConfidence = tally.accepted.mean
      cycle.rejectedConfidence = tally.rejected.mean
      cycles.append(cycle)
    }
    return cycles.sorted { ($0.end, $0.id) < ($1.end, $1.id) }
  }

  /// The row's id: made anew, the same cycle has the same one.
  static func id(model: String?, version: String?, start: Int64) -> String {
    // No name holds a line end, and a text that is missing differs from an empty one.
    StableIdentifier.of(
      "cycle\n\(start)\n\(model.map { "m" + $0 } ?? "")\n\(version.map { "v" + $0 } ?? "")")
  }
}

/// A sum of confidences that is the same in every order: in whole billionths.
private struct ConfidenceSum {
  private var billionths: Int64 = 0
  private var count: Int64 = 0

  mutating func add(_ confidence: Double) {
    billionths += Int64((confidence * 1e9).rounded())
    count += 1
  }

  /// nil where there are none.
  var mean: Double? { count > 0 ? Double(billionths) / Double(count) / 1e9 : nil }
}
