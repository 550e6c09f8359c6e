/// Decides whether a pull that broke off is begun again: the server resumes it, and a new connection keeps the bytes
/// that the server's own retries throw away.
struct PullRetry: Sendable {
  /// Times that one pull is begun again.
  static let maximumRepulls = 20
  /// Times in a row that a server which went away during the pull is looked for.
  static let maximumReconnects = 5
  /// The first wait for a server that broke off; each next one is twice as long.
  static let firstWait = Duration.seconds(1)
  /// The longest wait.
  static let longestWait = Duration.seconds(30)

  /// How an attempt broke off.
  enum Break: Sendable {
    /// It stood still.
    case stalled
    /// The answer ended early: the connection broke, or the server died.
    case truncated
    /// Nobody answers.
    case refused

    /// What is shown in place of the last progress, which no longer holds, until the next attempt gets on.
    var progress: PullProgress {
      switch self {
      case .stalled: PullProgress(status: "stood still; begun again")
      case .truncated: PullProgress(status: "broken off by the server; begun again")
      case .refused: PullProgress(status: "the server does not answer; looking for it again")
      }
    }
  }

  /// Begun again so far.
  private(set) var repulls = 0
  /// The most bytes that an attempt reached.
  private var reached: Int64 = 0
  /// Broken off or refused in a row without new bytes.
  private var broken = 0
  /// Found nobody in a row.
  private var refused = 0

  /// An attempt broke off; returns how long to wait before the next, nil to give up.
  mutating func onBreak(_ how: Break, bytes: Int64) -> Duration? {
    if bytes > reached {
      reached = bytes
      broken = 0
    }
    switch how {
    case .stalled:
      refused = 0
      broken = 0
    case .truncated:
      refused = 0
      broken += 1
    case .refused:
      // At the first attempt nobody was there to begin with: that is the answer. Later it is a server that restarts.
      refused += 1
      broken += 1
      guard repulls > 0, refused <= Self.maximumReconnects else { return nil }
    }
    guard repulls < Self.maximumRepulls else { return nil }
    repulls += 1
    return broken == 0 ? .zero : min(Self.longestWait, Self.firstWait * (1 << min(broken - 1, 10)))
  }
}
