/// Counts restarts in a sliding window: more than `intensity` within `period` is too many.
///
/// The window stands still while a child hangs. It would close on nobody otherwise whose start timeout is long beside the
/// period: a child that hangs in every start would be tried again for ever.
struct RestartIntensity: Sendable {
  /// How many restarts fit into the window.
  private(set) var intensity: Int
  /// The length of the window.
  private(set) var period: Duration
  /// Times of the newest restarts, at most `intensity` of them; a ring once it is full.
  private var times: [Duration] = []
  /// Where the oldest one is, once the ring is full.
  private var oldest = 0

  /// Time that does not count, because children hung.
  private var leftOut = Duration.zero
  /// Until when that was looked at: what hangs at the same time is left out once.
  private var leftOutUntil = Duration.zero

  /// Begins with an empty window.
  init(intensity: Int, period: Duration) {
    self.intensity = intensity
    self.period = period
  }

  /// Counts a restart. False where it is one too many.
  mutating func charge(at now: Duration) -> Bool {
    guard intensity > 0 else { return false }
    let now = now - leftOut
    if times.count < intensity {
      times.append(now)
      return true
    }
    // This one and the `intensity` before it fall into the window if the oldest of those does.
    guard now - times[oldest] > period else { return false }
    times[oldest] = now
    oldest = oldest + 1 == intensity ? 0 : oldest + 1
    return true
  }

  /// Leaves out a time in which a child hung; from the end of the one before, where they overlap.
  mutating func leaveOut(from begin: Duration, to end: Duration) {
    leftOut += max(.zero, end - max(begin, leftOutUntil))
    leftOutUntil = max(leftOutUntil, end)
  }

  /// Goes on under other limits, with the restarts that were counted.
  mutating func change(intensity: Int, period: Duration) {
    times = Array((times[oldest...] + times[..<oldest]).suffix(intensity))
    oldest = 0
    self.intensity = intensity
    self.period = period
  }
}
