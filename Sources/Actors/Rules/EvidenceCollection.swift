/// Rows sorted into what is evidence and what is not.
public struct CollectedEvidence: Sendable, Hashable {
  /// Every usable cycle, newest first by timestamp, then by id.
  public var usable: [Cycle]
  /// Every other row, newest first likewise; rows without a timestamp last.
  public var leftOut: [LeftOutRow]

  /// Makes it from its parts.
  public init(usable: [Cycle] = [], leftOut: [LeftOutRow] = []) {
    self.usable = usable
    self.leftOut = leftOut
  }
}

extension Evidence {
  /// Sorts rows, in any order, into evidence and the rest.
  ///
  /// Of rows with the same id the first one counts; an empty id names no row. A row is left out for the first reason
  /// that holds, in the order of the checks below: what is wrong with the row itself comes first.
  ///
  /// - Parameters:
  ///   - windowStart: cycles that began before it are of an earlier version of the model. One that lies ahead of the
  ///     clock by more than `RuleBounds.futureTolerance` was written by a wrong clock and is ignored: it would keep
  ///     every cycle out until the clock gets there.
  ///   - now: the wall clock.
  public static func collect(rows: [CycleRow], windowStart: Timestamp?, now: Timestamp) -> CollectedEvidence {
    let latest = now.adding(RuleBounds.futureTolerance)
    let earliestStart = windowStart.flatMap { $0 > latest ? nil : $0 }
    var result = CollectedEvidence()
    result.usable.reserveCapacity(rows.count)
    var seen = SeenRows(count: rows.count)
    for (index, row) in rows.enumerated() {
      if seen.isRepeated(index, of: rows) {
        result.leftOut.append(LeftOutRow(id: row.id.cutLabel, timestamp: row.timestamp, why: .duplicate))
        continue
      }
      switch judge(row, earliestStart: earliestStart, latest: latest) {
      case .success(let cycle): result.usable.append(cycle)
      case .failure(let refusal):
        result.leftOut.append(LeftOutRow(id: row.id.cutLabel, timestamp: row.timestamp, why: refusal.why))
      }
    }
    result.sortNewestFirst()
    return result
  }

  /// Why a row is no evidence, as an error for `Result`.
  private struct Refusal: Error {
    /// The reason.
    var why: Exclusion
  }

  /// Checks one row.
  private static func judge(
    _ row: CycleRow, earliestStart: Timestamp?, latest: Timestamp
  ) -> Result<Cycle, Refusal> {
    guard let timestamp = row.timestamp else { return .failure(Refusal(why: .noTimestamp)) }
    if timestamp > latest { return .failure(Refusal(why: .fromTheFuture)) }
    if let why = fault(in: row) { return .failure(Refusal(why: why)) }
    guard let evidence = Evidence(row) else { return .failure(Refusal(why: .noJudgement)) }
    let start = timestamp.startOfCycle(minutes: row.windowMinutes)
    if let earliestStart, start < earliestStart { return .failure(Refusal(why: .beforeModelChange)) }
    return .success(
      Cycle(
        id: row.id, modelVersion: row.modelVersion?.cutLabel, timestamp: timestamp, start: start, evidence: evidence))
  }

  /// What is wrong with a row's numbers. A bad rate condemns a row that has counts, too: its writer is broken.
  private static func fault(in row: CycleRow) -> Exclusion? {
    if row.id.utf8.count > RuleBounds.longestLabel { return .idTooLong }
    if isNegative(row.accepted) || isNegative(row.rejected) || isNegative(row.edited) || isNegative(row.totalEvents) {
      return .negativeCount
    }
    if let rate = row.acceptRate {
      if rate.isNaN { return .rateNotANumber }
      if rate < 0 || rate > 1 { return .rateOutOfRange }
    }
    if let accepted = row.accepted, let total = row.totalEvents, accepted > total { return .acceptedAboveTotal }
    return nil
  }

  /// True for a count below zero.
  private static func isNegative(_ count: Int64?) -> Bool { count.map { $0 < 0 } ?? false }

  /// What a row without a fault says; nil where nothing was judged in it.
  ///
  /// Both counts win over the rate, even where they say that nothing was judged and the rate says 0: that is a cycle
  /// with edits only. One count without the other is no count, as NULL may mean anything; then the rate stands alone.
  private init?(_ row: CycleRow) {
    if let accepted = row.accepted, let rejected = row.rejected {
      guard accepted > 0 || rejected > 0 else { return nil }
      self = .counted(accepted: accepted, rejected: rejected, edited: row.edited ?? 0)
      return
    }
    guard let rate = row.acceptRate else { return nil }
    // A rate of 0 says that every judgement was a rejection. Where the row also says that there was no rejection, or no
    // event at all, it is what its writer made of nothing divided by nothing.
    if rate == 0, row.rejected == 0 || row.totalEvents == 0 { return nil }
    // Adding 0 makes a negative zero positive.
    self = .uncounted(rate: rate + 0)
  }
}

extension String {
  /// At most as many bytes as a label may have.
  fileprivate var cutLabel: String { cut(to: RuleBounds.longestLabel) }

  /// At most so many bytes of it; a character that would be torn becomes a mark for what is unreadable.
  func cut(to bytes: Int) -> String {
    utf8.count <= bytes ? self : String(decoding: utf8.prefix(bytes), as: UTF8.self)
  }
}

extension Timestamp {
  /// Begin of the cycle that ends here; here where its length is missing, negative or longer than is believed.
  func startOfCycle(minutes: Int64?) -> Timestamp {
    guard let minutes, (0...RuleBounds.longestCycleMinutes).contains(minutes) else { return self }
    let (start, isTooEarly) = microseconds.subtractingReportingOverflow(minutes * 60 * Timestamp.perSecond)
    return isTooEarly ? Timestamp(microseconds: .min) : Timestamp(microseconds: start)
  }
}

extension CollectedEvidence {
  /// Brings both lists into their order; costs one pass where the store gave them so.
  fileprivate mutating func sortNewestFirst() {
    let newerCycle = { (left: Cycle, right: Cycle) in
      left.timestamp == right.timestamp ? left.id > right.id : left.timestamp > right.timestamp
    }
    if !usable.isSorted(by: newerCycle) { usable.sort(by: newerCycle) }
    let newerRow = { (left: LeftOutRow, right: LeftOutRow) in
      guard left.timestamp != right.timestamp else { return left.id > right.id }
      guard let rightTime = right.timestamp else { return true }
      return left.timestamp.map { $0 > rightTime } ?? false
    }
    if !leftOut.isSorted(by: newerRow) { leftOut.sort(by: newerRow) }
  }
}

extension Array {
  /// True where no element belongs before the one in front of it.
  fileprivate func isSorted(by belongsBefore: (Element, Element) -> Bool) -> Bool {
    !indices.dropFirst().contains { belongsBefore(self[$0], self[$0 - 1]) }
  }
}

/// Which ids have been read already.
private struct SeenRows {
  /// The ids; nil where there are so few rows that comparing is faster.
  private var ids: Set<String>?

  /// Prepares for so many rows.
  init(count: Int) { ids = count > RuleBounds.rowsComparedPairwise ? Set(minimumCapacity: count) : nil }

  /// True where an earlier row has the same id.
  mutating func isRepeated(_ index: Int, of rows: [CycleRow]) -> Bool {
    let id = rows[index].id
    if id.isEmpty { return false }
    guard ids == nil else { return ids?.insert(id).inserted == false }
    return rows[..<index].contains { $0.id == id }
  }
}
