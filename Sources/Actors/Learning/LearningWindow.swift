import Rules

/// How time is divided into intervals, and which of them are closed. Pure: it is told what time it is.
///
/// Each moment belongs to one interval and always to the same: where the configured length changes, the new one holds
/// from the end of the last interval that was closed, and what lies before stays as it was divided. So no judgement is
/// ever in two cycles.
struct LearningWindow: Sendable, Hashable {
  /// A judgement that is later than this no longer changes a cycle.
  static let lateBound = LearningSettings.lateBound
  /// Changes of the length that are remembered.
  static let mostStretches = 32

  /// From a moment on, intervals of one length, whose borders are multiples of it since 1970.
  struct Stretch: Sendable, Hashable {
    /// Where it begins; the first one has no begin.
    var from: Int64
    /// Length of its intervals in microseconds, at least 1.
    var length: Int64
  }

  /// An interval: begin, and the first moment that no longer belongs to it.
  struct Interval: Sendable, Hashable {
    /// The first moment.
    var start: Timestamp
    /// The first moment of the next one.
    var end: Timestamp
  }

  /// In the order of time, never empty.
  private(set) var stretches: [Stretch]

  /// Intervals of one length from the beginning.
  init(length: Duration) { stretches = [Stretch(from: .min, length: Self.microseconds(length))] }

  /// As it was written down; nil where that cannot be read.
  init?(text: String) {
    stretches = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 2, let from = Int64(words[0]), let length = Int64(words[1]), length > 0,
        stretches.count < Self.mostStretches, stretches.last.map({ $0.from < from }) ?? true
      else { return nil }
      stretches.append(Stretch(from: from, length: length))
    }
    guard !stretches.isEmpty else { return nil }
    stretches[0].from = .min
  }

  /// To write it down: a line for each stretch.
  var text: String { stretches.map { "\($0.from) \($0.length)" }.joined(separator: "\n") }

  /// The interval that a moment belongs to.
  func interval(of moment: Timestamp) -> Interval {
    let index = stretches.lastIndex { $0.from <= moment.microseconds } ?? 0
    let stretch = stretches[index]
    let (quotient, rest) = moment.microseconds.quotientAndRemainder(dividingBy: stretch.length)
    let number = Int128(quotient) - (rest < 0 ? 1 : 0)
    let start = number * Int128(stretch.length)
    var end = start + Int128(stretch.length)
    if index + 1 < stretches.count { end = min(end, Int128(stretches[index + 1].from)) }
    return Interval(
      start: Timestamp(microseconds: Int64(clamping: max(start, Int128(stretch.from)))),
      end: Timestamp(microseconds: Int64(clamping: end)))
  }

  /// Intervals that end by then are closed: their judgements have had time to come in.
  func closed(now: Timestamp, settle: Duration) -> Timestamp { interval(of: now.adding(.zero - settle)).start }

  /// Time until the next interval is closed.
  func untilNextClose(now: Timestamp, settle: Duration) -> Duration {
    interval(of: now.adding(.zero - settle)).end.adding(settle) - now
  }

  /// What may have to be made: from the first moment of an interval up to what is closed.
  ///
  /// - Parameters:
  ///   - through: what was closed the last time; nil where everything is to be looked at again.
  ///   - late: the earliest judgement that came since.
  func span(now: Timestamp, settle: Duration, through: Timestamp?, late: Timestamp?) -> Interval? {
    let closed = closed(now: now, settle: settle)
    let oldest = oldest(now: now)
    var start = through ?? oldest
    if let late { start = min(start, late) }
    start = interval(of: max(start, oldest)).start
    // An interval that reaches beyond the bound is made of all that is in it, or not at all.
    return start < closed ? Interval(start: start, end: closed) : nil
  }

  /// The begin of the oldest interval that is still corrected.
  func oldest(now: Timestamp) -> Timestamp { interval(of: now.adding(.zero - Self.lateBound)).start }

  /// Whether this length is not the one that holds now.
  func isNews(_ length: Duration) -> Bool { stretches.last?.length != Self.microseconds(length) }

  /// Takes over a length from the end of what is closed on.
  ///
  /// - Parameter made: the end of the newest cycle that was ever made. It lies behind what is closed now where the clock
  ///   went back or judgements are waited for longer than before; the new length holds from there on then.
  /// - Returns: false where it changed so often that the old length stays for now.
  mutating func adopt(_ length: Duration, now: Timestamp, settle: Duration, made: Timestamp?) -> Bool {
    guard isNews(length) else { return true }
    let length = Self.microseconds(length)
    let made = made?.microseconds ?? .min
    let closed = max(closed(now: now, settle: settle).microseconds, made)
    // A change that was made by a clock that ran ahead is forgotten, unless cycles were made of it.
    while stretches.count > 1, let last = stretches.last, last.from >= closed, last.from >= made {
      stretches.removeLast()
    }
    if stretches.last?.length == length { return true }
    let oldest = oldest(now: now).microseconds
    while stretches.count > 1, stretches[1].from <= oldest { stretches.removeFirst() }
    guard stretches.count < Self.mostStretches else { return false }
    stretches.append(Stretch(from: closed, length: length))
    stretches[0].from = .min
    return true
  }

  private static func microseconds(_ duration: Duration) -> Int64 {
    let parts = duration.components
    return max(parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000, 1)
  }
}
