/// How long a pull may go without getting on.
public struct PullTimeouts: Sendable, Hashable {
  /// Until the first line about a layer: the server puts no limit of its own on asking the registry.
  public var firstLayer: Duration
  /// Without a new maximum of bytes. Well above 63 s, after which the server itself gives up retrying.
  public var stall: Duration
  /// From the last line about a layer to `success`. The server verifies the layers then, silently: minutes for
  /// tens of gigabytes on a slow disk.
  public var finishing: Duration

  /// Makes timeouts.
  public init(
    firstLayer: Duration = .seconds(60), stall: Duration = .seconds(90), finishing: Duration = .seconds(600)
  ) {
    self.firstLayer = firstLayer
    self.stall = stall
    self.finishing = finishing
  }

  /// For the CLI, which shows a hundredth of a layer at best: a slow large one stays at the same number for minutes.
  public static let cli = PullTimeouts(stall: .seconds(300))
}

/// Watches whether a pull gets on. Told of every line and when; says when to look again.
///
/// The sum over the layers falls legitimately, because the server rolls a stalled part back: only a new maximum counts.
public struct PullWatchdog: Sendable {
  /// Layers that are told apart; models have about ten. More count as no progress.
  public static let maximumLayers = 1024

  /// What a pull that does not get on was doing.
  public enum Stall: Sendable, Hashable {
    /// No line about a layer came.
    case beforeFirstLayer
    /// The bytes stood still, at this many.
    case downloading(bytes: Int64)
    /// The end did not come.
    case finishing
  }

  /// Where the pull is.
  private enum Phase {
    /// Asking the registry.
    case asking
    /// Layers arrive.
    case downloading
    /// Verifying and writing.
    case finishing
  }

  /// The limits.
  public let timeouts: PullTimeouts
  /// Where it is.
  private var phase = Phase.asking
  /// Bytes by layer, as last told.
  private var layers: [String: Int64] = [:]
  /// Their sum.
  private var sum: Int64 = 0
  /// The largest sum so far: what the pull has reached.
  public private(set) var maximum: Int64 = 0
  /// When it last got on.
  private var lastProgress: Duration

  /// Starts watching at a time of the caller's clock.
  public init(timeouts: PullTimeouts, at now: Duration) {
    self.timeouts = timeouts
    lastProgress = now
  }

  /// A line came.
  public mutating func onProgress(_ progress: PullProgress, at now: Duration) {
    guard let digest = progress.digest else {
      // `verifying`, `writing`, `removing`, whatever they are called: each one is a step.
      if phase != .asking {
        phase = .finishing
        lastProgress = now
      }
      return
    }
    if phase != .downloading {
      phase = .downloading
      lastProgress = now
    }
    guard layers[digest] != nil || layers.count < Self.maximumLayers else { return }
    let completed = max(0, progress.completed)
    let others = sum - (layers[digest] ?? 0)
    let (total, overflow) = others.addingReportingOverflow(completed)
    guard !overflow else { return }
    layers[digest] = completed
    sum = total
    if sum > maximum {
      maximum = sum
      lastProgress = now
    }
  }

  /// When what goes on now stands still, on the caller's clock.
  public var deadline: Duration { lastProgress + limit }

  /// When to look again, on the caller's clock: a line may come meanwhile after which less is allowed.
  public func nextLook(after now: Duration) -> Duration {
    min(deadline, now + min(timeouts.firstLayer, timeouts.stall, timeouts.finishing))
  }

  /// What stands still, if anything does.
  public func stall(at now: Duration) -> Stall? {
    guard now >= deadline else { return nil }
    switch phase {
    case .asking: return .beforeFirstLayer
    case .downloading: return .downloading(bytes: maximum)
    case .finishing: return .finishing
    }
  }

  /// What may pass in this phase.
  private var limit: Duration {
    switch phase {
    case .asking: timeouts.firstLayer
    case .downloading: timeouts.stall
    case .finishing: timeouts.finishing
    }
  }
}
