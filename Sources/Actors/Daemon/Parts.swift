public import Journal
public import Ollama
public import Platform
public import Stores
public import Supervision

/// The effects of a daemon: what a simulation swaps. The default parts are the real ones.
public struct Parts: Sendable {
  /// The model server.
  public var server: any ModelServer
  /// Where cycles come from.
  public var stats: @Sendable (Journal) -> any StatsSource
  /// Where events go.
  public var sink: @Sendable (Journal) -> any EventSink
  /// The clock of durations; it counts suspend.
  public var clock: SupervisionClock
  /// The clock of stamps.
  public var wallClock: WallClock
  /// The log.
  public var log: Log
  /// Makes ids of runs and events.
  public var identifiers: IdentifierSource
  /// Seeds jitter.
  public var seed: UInt64
  /// The file whose lock keeps two daemons from overlapping on one endpoint; nil for none.
  public var laneLock: String?

  /// Makes parts.
  public init(
    server: any ModelServer, stats: @escaping @Sendable (Journal) -> any StatsSource,
    sink: @escaping @Sendable (Journal) -> any EventSink, clock: SupervisionClock, wallClock: WallClock, log: Log,
    identifiers: IdentifierSource, seed: UInt64, laneLock: String?
  ) {
    self.server = server
    self.stats = stats
    self.sink = sink
    self.clock = clock
    self.wallClock = wallClock
    self.log = log
    self.identifiers = identifiers
    self.seed = seed
    self.laneLock = laneLock
  }
}
