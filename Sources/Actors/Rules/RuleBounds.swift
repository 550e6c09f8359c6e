/// Every number that the rules and the policy fix by themselves, in one place.
public enum RuleBounds {
  /// How far ahead of the clock a stamp may lie before it is taken for a wrong clock's.
  public static let futureTolerance: Duration = .seconds(5 * 60)
  /// Earliest stamp that is taken of a cycle or a judgement, 2015-01-01T00:00:00Z: no model that is watched here is
  /// older, but a clock that was never set is.
  public static let earliestStamp = Timestamp(microseconds: 1_420_070_400_000_000)
  /// Longest cycle that is believed; a longer `window_minutes` counts as absent.
  public static let longestCycleMinutes: Int64 = 366 * 24 * 60
  /// Most cycles that a rule's window may hold; a longer one is cut to it.
  public static let longestWindow = 10_000
  /// Longest id or version of a row, in bytes: the row of a longer id is quarantined, a longer version is cut.
  public static let longestLabel = 512
  /// Standard normal quantile of 0.975, for two-sided intervals at 95 %.
  public static let z95 = 1.959963984540054
  /// Delay before the second attempt of a failed run; doubles with each failure.
  public static let retryBase: Duration = .seconds(15 * 60)
  /// Longest delay between two attempts, jitter included.
  public static let retryCeiling: Duration = .seconds(24 * 3600)
  /// Jitter lengthens a delay by up to this share of it, so that many models do not try in step.
  public static let retrySpread = 0.25
  /// Failed attempts that open a model's circuit.
  public static let failuresToOpen = 3
  /// Shortest pause after a run that changed nothing: a pull is tried at most once in it.
  public static let exhaustedPause: Duration = .seconds(24 * 3600)
  /// Rows up to which duplicates are found by comparing each with each, which is faster than hashing there.
  static let rowsComparedPairwise = 16
}

extension RuleSettings {
  /// `window`, kept in what the rules can hold.
  var effectiveWindow: Int { min(max(window, 1), RuleBounds.longestWindow) }
  /// `minStats`, kept in 1...`effectiveWindow`: more than the window could never be had.
  var effectiveNeed: Int { min(max(minStats, 1), effectiveWindow) }
}
