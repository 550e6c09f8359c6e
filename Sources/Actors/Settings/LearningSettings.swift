/// How judgements become cycles.
public struct LearningSettings: Sendable, Hashable {
  /// A judgement that is older than this when it comes is kept, and counts in no cycle.
  public static let lateBound = Duration.seconds(7 * 86_400)

  /// Whether they do; never where cycles come from Supabase.
  public var isEnabled: Bool
  /// Length of a cycle.
  public var interval: Duration
  /// How long after its end a cycle is made, so that judgements which take their time get in.
  public var settle: Duration

  /// The defaults: as long as the interval of the checks, and time for judgements on their way.
  public init(
    isEnabled: Bool = true, interval: Duration = .seconds(60 * 60), settle: Duration = .seconds(2 * 60)
  ) {
    self.isEnabled = isEnabled
    self.interval = interval
    self.settle = settle
  }
}

extension Settings {
  /// Whether this daemon makes cycles of judgements: where they come from Supabase, another system does.
  public var makesCycles: Bool { learning.isEnabled && supabase?.isComplete != true }
}
