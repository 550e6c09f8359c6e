/// Counts restarts in a sliding window: more than `intensity` within `period` is too many.
struct RestartIntensity: Sendable {
  /// How many restarts fit into the window.
  private(set) var intensity: Int
  /// The length of the window.
  private(set) var period: Duration
  /// Times of the newest restarts, at most `intensity` of them; a ring once it is full.
  private var times: [Duration] = []
  /// Where the oldest one is, once the ring is full.
  private var oldest = 0

  /// Begins with an empty window.
  init(intensity: Int, period: Duration) {
    self.intensity = intensity
    self.period = period
  }

  /// Counts a restart. False where it is one too many.
  mutating func charge(at now: Duration) -> Bool {
    guard intensity > 0 else { return false }
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

  /// Goes on under other limits, with the restarts that were counted.
  mutating func change(intensity: Int, period: Duration) {
    times = Array((times[oldest...] + times[..<oldest]).suffix(intensity))
    oldest = 0
    self.intensity = intensity
    self.period = period
  }
}
